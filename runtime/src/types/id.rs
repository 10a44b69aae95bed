//! Keys of entities: typed by the entity, so that an order's id cannot be taken for a customer's.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::db::Value;
use crate::error::Violation;

/// The key of a row: one value, or several for a composite key.
pub trait Key: Clone + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// Values in the order of the key's columns.
    fn values(&self) -> Vec<Value>;
    /// From the segments of a path (or of the text form, joined by `/`); `fields` names them in errors.
    fn parse(segments: &[&str], fields: &[&str]) -> Result<Self, Vec<Violation>>;
}

/// A UUID key of entity `E`.
pub struct Uid<E>(pub Uuid, PhantomData<fn() -> E>);

/// A number key of entity `E`.
pub struct Num<E>(pub i64, PhantomData<fn() -> E>);

/// A text key of entity `E`.
pub struct Name<E>(pub String, PhantomData<fn() -> E>);

/// What the three single keys share; derives would ask the same of `E`.
macro_rules! key {
    ($name:ident, $inner:ty, $rule:literal, $message:literal, $value:expr, $parse:expr) => {
        impl<E> $name<E> {
            /// Wraps a value.
            pub fn new(value: $inner) -> Self {
                Self(value, PhantomData)
            }
        }
        impl<E> PartialEq for $name<E> {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }
        impl<E> Eq for $name<E> {}
        impl<E> PartialOrd for $name<E> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl<E> Ord for $name<E> {
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.cmp(&other.0)
            }
        }
        impl<E> Hash for $name<E> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.hash(state);
            }
        }
        impl<E> Default for $name<E> {
            fn default() -> Self {
                Self::new(<$inner>::default())
            }
        }
        impl<E> fmt::Debug for $name<E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        impl<E> fmt::Display for $name<E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
        impl<E> From<$inner> for $name<E> {
            fn from(value: $inner) -> Self {
                Self::new(value)
            }
        }
        impl<E> Serialize for $name<E> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }
        impl<E: 'static> Key for $name<E> {
            fn values(&self) -> Vec<Value> {
                vec![$value(self.0.clone())]
            }
            fn parse(segments: &[&str], fields: &[&str]) -> Result<Self, Vec<Violation>> {
                let parsed = match segments {
                    [one] => $parse(one),
                    _ => None,
                };
                parsed
                    .map(Self::new)
                    .ok_or_else(|| vec![Violation::new(fields.first().copied().unwrap_or("id"), $rule, $message)])
            }
        }
    };
}

key!(Uid, Uuid, "string.uuid", "must be a UUID, such as 0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e", Value::Uuid, uuid);
key!(
    Num,
    i64,
    "int64",
    "must be a whole number between -9223372036854775808 and 9223372036854775807",
    Value::I64,
    |text: &&str| text.parse().ok()
);
key!(Name, String, "string", "must be a text that is not empty", Value::Text, name);

/// The usual form only: 32 hexadecimal digits with four hyphens.
fn uuid(text: &&str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

fn name(text: &&str) -> Option<String> {
    (!text.is_empty() && !text.contains('\0')).then(|| (*text).to_owned())
}

impl<E> Clone for Uid<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Clone for Num<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Clone for Name<E> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl<E> Copy for Uid<E> {}
impl<E> Copy for Num<E> {}

/// The segments of a composite key with the fields that they stand for, for [`key_part`].
pub fn key_parts<'a>(segments: &'a [&'a str], fields: &'a [&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    segments.iter().copied().zip(fields.iter().copied())
}

/// The next part of a composite key.
pub fn key_part<'a, K: Key>(parts: &mut impl Iterator<Item = (&'a str, &'a str)>) -> Result<K, Vec<Violation>> {
    match parts.next() {
        Some((segment, field)) => K::parse(&[segment], &[field]),
        None => Err(vec![Violation::new("key", "required", "lacks a part")]),
    }
}
