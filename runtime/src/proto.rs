//! gRPC input and output: protobuf values to ours and back, with the same rules and the same words as JSON input.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::context::Context;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::json::{checked_text, decimal, uuid};
use crate::service::{Request, read_new, read_request};
use crate::types::{Bytes, Date, Duration, Enumeration, Fixed, Name, Num, Struct, Timestamp, Uid};
use crate::violations::Violations;

/// `google.type.Date`: there is no crate of it that fits, and it is three numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct DateMessage {
    /// Year, 1 to 9999.
    #[prost(int32, tag = "1")]
    pub year: i32,
    /// Month, 1 to 12.
    #[prost(int32, tag = "2")]
    pub month: i32,
    /// Day, 1 to 31.
    #[prost(int32, tag = "3")]
    pub day: i32,
}

/// A type that a protobuf value of type `P` becomes.
pub trait FromProto<P>: Sized {
    /// From a protobuf value. What is wrong with it is added to `found`, and nothing is answered.
    fn from_proto(value: P, found: &mut Violations) -> Option<Self>;
}

/// A type that becomes a protobuf value of type `P`.
pub trait IntoProto<P> {
    /// As a protobuf value.
    fn into_proto(self) -> P;
}

/// What protobuf types that hold each other put in a box.
impl<T: IntoProto<P>, P> IntoProto<Box<P>> for T {
    fn into_proto(self) -> Box<P> {
        Box::new(self.into_proto())
    }
}

/// The row that a reference is shown as.
pub fn expanded<T: Clone + IntoProto<P>, P>(row: Option<Arc<T>>) -> Option<P> {
    row.map(|row| Arc::unwrap_or_clone(row).into_proto())
}

/// A member that must be there.
pub fn required<T: FromProto<P> + Default, P>(name: &str, value: Option<P>, found: &mut Violations) -> T {
    match value {
        None => {
            found.add(name, "required", "must be there");
            T::default()
        }
        Some(value) => plain(name, value, found),
    }
}

/// A member that is always there: protobuf knows no absence of it.
pub fn plain<T: FromProto<P> + Default, P>(name: &str, value: P, found: &mut Violations) -> T {
    found.within(name, |found| T::from_proto(value, found)).unwrap_or_default()
}

/// A member with a default.
pub fn or<T: FromProto<P>, P>(name: &str, value: Option<P>, default: impl Fn() -> T, found: &mut Violations) -> T {
    optional(name, value, found).unwrap_or_else(default)
}

/// A member that may be null.
pub fn optional<T: FromProto<P>, P>(name: &str, value: Option<P>, found: &mut Violations) -> Option<T> {
    value.and_then(|value| found.within(name, |found| T::from_proto(value, found)))
}

/// A list that must be there: protobuf tells an empty list from no list as little as we do.
pub fn required_list<T: FromProto<P>, P>(name: &str, values: Vec<P>, found: &mut Violations) -> Vec<T> {
    if values.is_empty() {
        found.add(name, "required", "must be there");
    }
    found.within(name, |found| Vec::from_proto(values, found)).unwrap_or_default()
}

/// Whether a member of a replacement says nothing.
pub fn is_absent<P: Default + PartialEq>(value: &P) -> bool {
    *value == P::default()
}

/// A member that never changes is what the row has, if a replacement says nothing of it.
pub fn keep<P: Default + PartialEq>(value: &mut P, stored: P) {
    if is_absent(value) {
        *value = stored;
    }
}

/// The row inside a request, which must be there.
pub fn body<P>(name: &str, value: Option<P>) -> Result<P> {
    value.ok_or_else(|| Error::invalid(name, "required", "must be there"))
}

/// A custom request, from its protobuf form.
pub fn decode<R: FromProto<P> + Request, P>(value: P) -> Result<R> {
    let mut found = Violations::new();
    let request = R::from_proto(value, &mut found);
    read_request(request, found)
}

/// A row that a client sent, from its protobuf form.
pub fn decode_new<E: Entity, P>(cx: &Context, value: P) -> Result<E::New>
where
    E::New: FromProto<P>,
{
    let mut found = Violations::new();
    let new = E::New::from_proto(value, &mut found);
    read_new::<E>(cx, new, found)
}

/// The members that an update names, checked against those that may be named.
pub struct Mask {
    paths: Vec<String>,
}

impl Mask {
    /// From a request's `update_mask`; `None` when all members are replaced (no mask, or `*`).
    pub fn new(mask: Option<prost_types::FieldMask>, known: &[&str], found: &mut Violations) -> Option<Self> {
        let paths = mask?.paths;
        if paths.iter().any(|path| path == "*") || paths.is_empty() {
            return None;
        }
        for path in &paths {
            if !known.contains(&path.as_str()) {
                let message = format!("has {path:?}; known are {}", known.join(", "));
                found.add("update_mask", "update_mask", message);
            }
        }
        Some(Self { paths })
    }

    /// The same for requests in which all members without a mask are all that it could name, but for those in `kept`: a
    /// name, and whether the row says nothing of it. These never change, so that a replacement may leave them out.
    pub fn or_all(
        mask: Option<prost_types::FieldMask>,
        known: &[&str],
        kept: &[(&str, bool)],
        found: &mut Violations,
    ) -> Self {
        Self::new(mask, known, found).unwrap_or_else(|| {
            let is_kept = |name: &str| kept.iter().any(|(kept, absent)| *absent && *kept == name);
            Self { paths: known.iter().filter(|name| !is_kept(name)).map(|name| (*name).to_owned()).collect() }
        })
    }

    /// Whether a member is named.
    pub fn has(&self, name: &str) -> bool {
        self.paths.iter().any(|path| path == name)
    }
}

macro_rules! same {
    ($($type:ty),*) => {
        $(
            impl FromProto<$type> for $type {
                fn from_proto(value: $type, _found: &mut Violations) -> Option<Self> {
                    Some(value)
                }
            }
            impl IntoProto<$type> for $type {
                fn into_proto(self) -> $type {
                    self
                }
            }
        )*
    };
}

same!(bool, i32, i64, u32);

impl FromProto<u64> for u64 {
    fn from_proto(value: u64, found: &mut Violations) -> Option<Self> {
        if i64::try_from(value).is_err() {
            found.add("", "uint64", "must be a whole number between 0 and 9223372036854775807");
            return None;
        }
        Some(value)
    }
}

impl IntoProto<u64> for u64 {
    fn into_proto(self) -> u64 {
        self
    }
}

impl FromProto<f64> for f64 {
    fn from_proto(value: f64, found: &mut Violations) -> Option<Self> {
        if !value.is_finite() {
            found.add("", "double", "must be a number, not NaN or infinite");
            return None;
        }
        Some(value)
    }
}

impl IntoProto<f64> for f64 {
    fn into_proto(self) -> f64 {
        self
    }
}

impl FromProto<f32> for f32 {
    fn from_proto(value: f32, found: &mut Violations) -> Option<Self> {
        f64::from_proto(f64::from(value), found).map(|_| value)
    }
}

impl IntoProto<f32> for f32 {
    fn into_proto(self) -> f32 {
        self
    }
}

impl FromProto<String> for String {
    fn from_proto(value: String, found: &mut Violations) -> Option<Self> {
        checked_text(value, found)
    }
}

impl IntoProto<String> for String {
    fn into_proto(self) -> String {
        self
    }
}

impl FromProto<Vec<u8>> for Bytes {
    fn from_proto(value: Vec<u8>, _found: &mut Violations) -> Option<Self> {
        Some(Self(value))
    }
}

impl IntoProto<Vec<u8>> for Bytes {
    fn into_proto(self) -> Vec<u8> {
        self.0
    }
}

impl FromProto<String> for Decimal {
    fn from_proto(value: String, found: &mut Violations) -> Option<Self> {
        decimal(&value, found)
    }
}

impl IntoProto<String> for Fixed {
    fn into_proto(self) -> String {
        self.to_string()
    }
}

impl FromProto<prost_types::Timestamp> for Timestamp {
    fn from_proto(value: prost_types::Timestamp, found: &mut Violations) -> Option<Self> {
        let time = Self::from_parts(value.seconds, value.nanos);
        if time.is_none() {
            found.add("", "timestamp", "must be a time between the years 0001 and 9999");
        }
        time
    }
}

impl IntoProto<prost_types::Timestamp> for Timestamp {
    fn into_proto(self) -> prost_types::Timestamp {
        let (seconds, nanos) = self.parts();
        prost_types::Timestamp { seconds, nanos }
    }
}

impl FromProto<prost_types::Duration> for Duration {
    fn from_proto(value: prost_types::Duration, found: &mut Violations) -> Option<Self> {
        let span = Self::from_parts(value.seconds, value.nanos);
        if span.is_none() {
            found.add("", "duration", "must be a span of at most 315576000000 s, its parts of one sign");
        }
        span
    }
}

impl IntoProto<prost_types::Duration> for Duration {
    fn into_proto(self) -> prost_types::Duration {
        let (seconds, nanos) = self.parts();
        prost_types::Duration { seconds, nanos }
    }
}

impl FromProto<DateMessage> for Date {
    fn from_proto(value: DateMessage, found: &mut Violations) -> Option<Self> {
        let date = Self::new(value.year, value.month, value.day);
        if date.is_none() {
            found.add("", "date", "must be a day, with year, month and day");
        }
        date
    }
}

impl IntoProto<DateMessage> for Date {
    fn into_proto(self) -> DateMessage {
        let (year, month, day) = self.parts();
        DateMessage { year, month, day }
    }
}

impl<E> FromProto<String> for Uid<E> {
    fn from_proto(value: String, found: &mut Violations) -> Option<Self> {
        uuid(&value, found).map(Self::new)
    }
}

impl<E> IntoProto<String> for Uid<E> {
    fn into_proto(self) -> String {
        self.0.to_string()
    }
}

impl<E> FromProto<i64> for Num<E> {
    fn from_proto(value: i64, _found: &mut Violations) -> Option<Self> {
        Some(Self::new(value))
    }
}

impl<E> IntoProto<i64> for Num<E> {
    fn into_proto(self) -> i64 {
        self.0
    }
}

impl<E> FromProto<String> for Name<E> {
    fn from_proto(value: String, found: &mut Violations) -> Option<Self> {
        checked_text(value, found).map(Self::new)
    }
}

impl<E> IntoProto<String> for Name<E> {
    fn into_proto(self) -> String {
        self.0
    }
}

impl<T: Enumeration> FromProto<i32> for T {
    fn from_proto(value: i32, found: &mut Violations) -> Option<Self> {
        let known = Self::from_number(value);
        if known.is_none() {
            found.add("", "enum.defined_only", format!("must be one of {}", Self::NAMES.join(", ")));
        }
        known
    }
}

impl<T: Enumeration> IntoProto<i32> for T {
    fn into_proto(self) -> i32 {
        self.number()
    }
}

impl<T: FromProto<P>, P> FromProto<Vec<P>> for Vec<T> {
    fn from_proto(values: Vec<P>, found: &mut Violations) -> Option<Self> {
        let parse = |(index, value)| found.item("", index, |found| T::from_proto(value, found));
        Some(values.into_iter().enumerate().filter_map(parse).collect())
    }
}

impl<T: IntoProto<P>, P> IntoProto<Vec<P>> for Vec<T> {
    fn into_proto(self) -> Vec<P> {
        self.into_iter().map(T::into_proto).collect()
    }
}

impl<T: IntoProto<P>, P> IntoProto<Option<P>> for Option<T> {
    fn into_proto(self) -> Option<P> {
        self.map(T::into_proto)
    }
}

impl<K: Ord + std::fmt::Debug, T: FromProto<P>, P> FromProto<BTreeMap<K, P>> for BTreeMap<K, T> {
    fn from_proto(values: BTreeMap<K, P>, found: &mut Violations) -> Option<Self> {
        let parse = |(key, value): (K, P)| {
            let place = format!("[{key:?}]");
            found
                .within(&place, |found| {
                    if place.contains("\\0") {
                        found.add("", "map.key", "is no key of this map");
                    }
                    T::from_proto(value, found)
                })
                .map(|value| (key, value))
        };
        Some(values.into_iter().filter_map(parse).collect())
    }
}

impl<K: Ord, T: IntoProto<P>, P> IntoProto<BTreeMap<K, P>> for BTreeMap<K, T> {
    fn into_proto(self) -> BTreeMap<K, P> {
        self.into_iter().map(|(key, value)| (key, value.into_proto())).collect()
    }
}

impl FromProto<prost_types::Struct> for Struct {
    fn from_proto(value: prost_types::Struct, found: &mut Violations) -> Option<Self> {
        let member = |(name, value): (String, prost_types::Value)| {
            let value = found.within(&name, |found| json_value(value, found));
            (name, value)
        };
        Some(value.fields.into_iter().map(member).collect())
    }
}

fn json_value(value: prost_types::Value, found: &mut Violations) -> serde_json::Value {
    use prost_types::value::Kind;
    match value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::BoolValue(truth)) => truth.into(),
        Some(Kind::NumberValue(number)) => match f64::from_proto(number, found) {
            Some(number) => number.into(),
            None => serde_json::Value::Null,
        },
        Some(Kind::StringValue(text)) => checked_text(text, found).unwrap_or_default().into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(|value| json_value(value, found)).collect(),
        Some(Kind::StructValue(object)) => Struct::from_proto(object, found).unwrap_or_default().into(),
    }
}

impl IntoProto<prost_types::Struct> for Struct {
    fn into_proto(self) -> prost_types::Struct {
        prost_types::Struct { fields: self.into_iter().map(|(name, value)| (name, proto_value(value))).collect() }
    }
}

fn proto_value(value: serde_json::Value) -> prost_types::Value {
    use prost_types::value::Kind;
    let kind = match value {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(truth) => Kind::BoolValue(truth),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => Kind::StringValue(text),
        serde_json::Value::Array(items) => {
            Kind::ListValue(prost_types::ListValue { values: items.into_iter().map(proto_value).collect() })
        }
        serde_json::Value::Object(members) => Kind::StructValue(members.into_proto()),
    };
    prost_types::Value { kind: Some(kind) }
}
