//! Values that JSON shows in another form than Rust holds them.

use std::fmt::{self, Display};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde::ser::Error;
use serde::{Serialize, Serializer};

/// Bytes: base64 in JSON (RFC 4648 with padding).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub Vec<u8>);

/// A whole number of 64 bits that JSON shows as a text (`jstype = JS_STRING`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stringed<T>(pub T);

/// A number that goes into JSON only if every database keeps it: finite, and no larger than 2^63-1.
#[derive(Debug, Clone, Copy)]
pub struct Kept<T>(pub T);

/// A decimal that is shown with all digits of its scale.
#[derive(Debug, Clone, Copy)]
pub struct Fixed(pub Decimal, pub u32);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl Serialize for Stringed<i64> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for Stringed<u64> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&counted(self.0)?)
    }
}

impl Serialize for Kept<u64> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        counted(self.0)?.serialize(serializer)
    }
}

impl Serialize for Kept<f64> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            self.0.serialize(serializer)
        } else {
            Err(S::Error::custom("it holds no finite number"))
        }
    }
}

impl Serialize for Kept<f32> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            self.0.serialize(serializer)
        } else {
            Err(S::Error::custom("it holds no finite number"))
        }
    }
}

fn counted<E: Error>(number: u64) -> Result<i64, E> {
    i64::try_from(number).map_err(|_| E::custom("it holds a number above 2^63-1"))
}

impl Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0;
        value.rescale(self.1);
        value.fmt(f)
    }
}

impl Serialize for Fixed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Stands in debug output for a value that it must not show.
pub struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
