//! JSON input: members by name, with the presence that the schema promises, and every mistake reported at once.

mod strict;

use std::collections::BTreeMap;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::types::{Bytes, Date, Duration, Enumeration, Name, Num, Stringed, Timestamp, Uid};
use crate::violations::Violations;
pub(crate) use strict::parse;

/// A type that JSON can carry.
pub trait FromJson: Sized {
    /// From a JSON value that is not null. What is wrong with it is added to `found`, and nothing is answered.
    fn from_json(value: Value, found: &mut Violations) -> Option<Self>;
}

/// A value of ours as JSON. Our shapes have text keys and no fallible serialisers, so this cannot fail.
pub fn to_json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The members of a JSON object.
pub struct Object<'f> {
    members: Map<String, Value>,
    asked: Vec<&'static str>,
    ignored: &'static [&'static str],
    found: &'f mut Violations,
}

impl<'f> Object<'f> {
    /// The members of a value that must be an object.
    pub fn new(value: Value, found: &'f mut Violations) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self { members, asked: Vec::new(), ignored: &[], found }),
            other => {
                found.add("", "object", format!("must be an object, not {}", kind(&other)));
                None
            }
        }
    }

    /// A member that must be there.
    pub fn required<T: FromJson + Default>(&mut self, name: &'static str) -> T {
        match self.take(name) {
            Some(Value::Null) | None => {
                self.found.add(name, "required", "must be there");
                T::default()
            }
            Some(value) => self.parse(name, value).unwrap_or_default(),
        }
    }

    /// A member that is zero when it is absent.
    pub fn plain<T: FromJson + Default>(&mut self, name: &'static str) -> T {
        self.or(name, T::default)
    }

    /// A member with a default.
    pub fn or<T: FromJson>(&mut self, name: &'static str, default: impl Fn() -> T) -> T {
        match self.take(name) {
            Some(Value::Null) | None => default(),
            Some(value) => self.parse(name, value).unwrap_or_else(default),
        }
    }

    /// A member that may be null, and is when it is absent.
    pub fn optional<T: FromJson>(&mut self, name: &'static str) -> Option<T> {
        match self.take(name) {
            Some(Value::Null) | None => None,
            Some(value) => self.parse(name, value),
        }
    }

    /// A change of a member that must be there: absent is unchanged, null is a mistake.
    pub fn change<T: FromJson>(&mut self, name: &'static str) -> Option<T> {
        match self.take(name)? {
            Value::Null => {
                // In the words of gRPC, which knows no null.
                self.found.add(name, "required", "must be there");
                None
            }
            value => self.parse(name, value),
        }
    }

    /// A change of a member with a default: absent is unchanged, null is the default.
    pub fn change_or<T: FromJson>(&mut self, name: &'static str, default: impl Fn() -> T) -> Option<T> {
        match self.take(name)? {
            Value::Null => Some(default()),
            value => self.parse(name, value),
        }
    }

    /// A change of a member that may be null: absent is unchanged, null is null.
    pub fn change_optional<T: FromJson>(&mut self, name: &'static str) -> Option<Option<T>> {
        match self.take(name)? {
            Value::Null => Some(None),
            value => self.parse(name, value).map(Some),
        }
    }

    /// Members that only the service writes: a client may send them back, and they are passed over.
    pub fn ignore(&mut self, names: &'static [&'static str]) {
        for name in names {
            self.members.swap_remove(*name);
        }
        self.ignored = names;
    }

    /// Reports the members that nobody asked for.
    pub fn finish(self) {
        for name in self.members.keys() {
            let nearest = self.asked.iter().chain(self.ignored).map(|asked| (strsim::jaro_winkler(asked, name), asked));
            let nearest = nearest.filter(|(nearness, _)| *nearness > 0.8).max_by(|(a, _), (b, _)| a.total_cmp(b));
            let message = match nearest {
                Some((_, asked)) => format!("is no member here; did you mean {asked}?"),
                None => format!("is no member here; {}", self.known()),
            };
            self.found.add(name, "unknown", message);
        }
    }

    /// The members that there are, for whoever wrote another.
    fn known(&self) -> String {
        let written = format!("known are {}", self.asked.join(", "));
        match self.ignored {
            [] => written,
            ignored => format!("{written}; read-only are {}", ignored.join(", ")),
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.asked.push(name);
        // Order does not matter here, and a swap does not shift the rest.
        self.members.swap_remove(name)
    }

    fn parse<T: FromJson>(&mut self, name: &str, value: Value) -> Option<T> {
        self.found.within(name, |found| T::from_json(value, found))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn text(value: Value, found: &mut Violations) -> Option<String> {
    match value {
        Value::String(text) => checked_text(text, found),
        other => {
            found.add("", "string", format!("must be a text, not {}", kind(&other)));
            None
        }
    }
}

/// A text without NUL, which no database keeps.
pub(crate) fn checked_text(text: String, found: &mut Violations) -> Option<String> {
    if text.contains('\0') {
        found.add("", "string.nul", "must not contain the character NUL");
        return None;
    }
    Some(text)
}

fn parsed<T>(value: Value, rule: &str, found: &mut Violations) -> Option<T>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text = text(value, found)?;
    text.parse().map_err(|message: T::Err| found.add("", rule, message.to_string())).ok()
}

fn whole<T: TryFrom<i64>>(value: &Value, rule: &str, range: &str, found: &mut Violations) -> Option<T> {
    let number = value.as_i64().or_else(|| whole_float(value)).and_then(|number| T::try_from(number).ok());
    if number.is_none() {
        let what = if value.is_number() { String::new() } else { format!(", not {}", kind(value)) };
        found.add("", rule, format!("must be a whole number between {range}{what}"));
    }
    number
}

/// JSON knows one kind of number: `2.0` is as whole as `2`. From 2^53 on a fraction may have been rounded away.
#[allow(clippy::cast_possible_truncation)]
fn whole_float(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = value.as_f64().filter(|number| value.is_f64() && number.fract() == 0.0 && number.abs() < EXACT)?;
    Some(number as i64)
}

impl FromJson for Value {
    fn from_json(value: Value, _found: &mut Violations) -> Option<Self> {
        Some(value)
    }
}

impl FromJson for bool {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        let truth = value.as_bool();
        if truth.is_none() {
            found.add("", "bool", format!("must be true or false, not {}", kind(&value)));
        }
        truth
    }
}

impl FromJson for i32 {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        whole(&value, "int32", "-2147483648 and 2147483647", found)
    }
}

impl FromJson for i64 {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        whole(&value, "int64", "-9223372036854775808 and 9223372036854775807", found)
    }
}

impl FromJson for u32 {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        whole(&value, "uint32", "0 and 4294967295", found)
    }
}

impl FromJson for u64 {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        whole(&value, "uint64", "0 and 9223372036854775807", found)
    }
}

impl FromJson for f64 {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        let number = value.as_f64();
        if number.is_none() {
            found.add("", "double", format!("must be a number, not {}", kind(&value)));
        }
        number
    }
}

impl FromJson for f32 {
    #[allow(clippy::cast_possible_truncation)]
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        let number = f64::from_json(value, found)? as Self;
        if !number.is_finite() {
            found.add("", "float", "must be a number between -3.4028235e38 and 3.4028235e38");
            return None;
        }
        Some(number)
    }
}

impl FromJson for String {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        text(value, found)
    }
}

impl FromJson for Bytes {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        let text = text(value, found)?;
        STANDARD.decode(text).map(Self).map_err(|_| found.add("", "bytes", "must be base64, as in RFC 4648")).ok()
    }
}

impl FromJson for Decimal {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        decimal(&text(value, found)?, found)
    }
}

/// A decimal from its text: digits, with a point between them if need be.
pub(crate) fn decimal(text: &str, found: &mut Violations) -> Option<Decimal> {
    let value = plain_decimal(text);
    if value.is_none() {
        found.add("", "decimal", "must be a decimal number as text, such as \"49.90\"");
    }
    value
}

/// A decimal from its text, wherever it stands; the parser behind it would take exponents and underscores too.
pub(crate) fn plain_decimal(text: &str) -> Option<Decimal> {
    let number = text.strip_prefix('-').unwrap_or(text);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = number.split_once('.').map_or_else(|| digits(number), |(a, b)| digits(a) && digits(b));
    if shaped { text.parse().ok() } else { None }
}

/// A UUID in its usual form: 32 hexadecimal digits with four hyphens (RFC 9562).
pub(crate) fn plain_uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// The same, with words for one that is none.
pub(crate) fn uuid(text: &str, found: &mut Violations) -> Option<Uuid> {
    let uuid = plain_uuid(text);
    if uuid.is_none() {
        found.add("", "string.uuid", "must be a UUID, such as 0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e");
    }
    uuid
}

impl FromJson for Timestamp {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        parsed(value, "timestamp", found)
    }
}

impl FromJson for Duration {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        parsed(value, "duration", found)
    }
}

impl FromJson for Date {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        parsed(value, "date", found)
    }
}

impl FromJson for Map<String, Value> {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        Object::new(value, found).map(|object| object.members)
    }
}

impl<E> FromJson for Uid<E> {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        uuid(&text(value, found)?, found).map(Self::new)
    }
}

impl<E> FromJson for Num<E> {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        i64::from_json(value, found).map(Self::new)
    }
}

impl<E> FromJson for Name<E> {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        text(value, found).map(Self::new)
    }
}

impl<T: TryFrom<i64>> FromJson for Stringed<T> {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        let number = text(value, found)?.parse::<i64>().ok().and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            found.add("", "int64", "must be a whole number as text");
        }
        number.map(Self)
    }
}

impl<T: Enumeration> FromJson for T {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        let name = text(value, found)?;
        let known = Self::from_name(&name);
        if known.is_none() {
            found.add("", "enum.defined_only", format!("must be one of {}", Self::NAMES.join(", ")));
        }
        known
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        let Value::Array(items) = value else {
            found.add("", "list", format!("must be a list, not {}", kind(&value)));
            return None;
        };
        let parse = |(index, item): (usize, Value)| {
            found.item("", index, |found| {
                if item.is_null() {
                    found.add("", "required", "cannot be null");
                    return None;
                }
                T::from_json(item, found)
            })
        };
        Some(items.into_iter().enumerate().filter_map(parse).collect())
    }
}

impl<K: FromStr + Ord, T: FromJson> FromJson for BTreeMap<K, T> {
    fn from_json(value: Value, found: &mut Violations) -> Option<Self> {
        let Value::Object(members) = value else {
            found.add("", "map", format!("must be an object, not {}", kind(&value)));
            return None;
        };
        let mut map = Self::new();
        for (name, value) in members {
            let value = found.within(&format!("[{name:?}]"), |found| {
                if value.is_null() {
                    found.add("", "required", "cannot be null");
                    return None;
                }
                T::from_json(value, found)
            });
            match name.parse::<K>() {
                Ok(key) if !name.contains('\0') => map.extend(value.map(|value| (key, value))),
                _ => found.add(&format!("[{name:?}]"), "map.key", "is no key of this map"),
            }
        }
        Some(map)
    }
}
