//! Rows as they come from the database, read by position with the type that is expected there.

use rusqlite::types::ValueRef;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Value;
use crate::error::{Error, Result};
use crate::json::FromJson;
use crate::types::{Bytes, Date, Duration, Enumeration, Name, Num, Timestamp, Uid};
use crate::violations::Violations;

/// One row of an answer.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    row: &'a rusqlite::Row<'a>,
    offset: usize,
}

/// A type that a column can hold.
pub trait Stored: Sized {
    /// As it travels to the database.
    fn to_value(&self) -> Value;
    /// As it came from the database.
    fn read(row: &Row<'_>, at: usize) -> Result<Self>;
}

impl<'a> Row<'a> {
    pub(super) fn new(row: &'a rusqlite::Row<'a>) -> Self {
        Self { row, offset: 0 }
    }

    /// The same row, counted from column `by` on.
    #[must_use]
    pub fn shifted(&self, by: usize) -> Self {
        Self { row: self.row, offset: self.offset + by }
    }

    /// The value at a position, from 0.
    pub fn get<T: Stored>(&self, at: usize) -> Result<T> {
        T::read(self, at)
    }

    /// A decimal with `scale` digits behind the point.
    pub fn decimal(&self, at: usize, scale: u32) -> Result<Decimal> {
        let scaled = self.integer(at)?;
        Decimal::try_from_i128_with_scale(i128::from(scaled), scale).map_err(Error::internal)
    }

    /// A decimal or NULL.
    pub fn optional_decimal(&self, at: usize, scale: u32) -> Result<Option<Decimal>> {
        if self.is_null(at)? { Ok(None) } else { self.decimal(at, scale).map(Some) }
    }

    /// A value stored as JSON.
    pub fn json<T: FromJson>(&self, at: usize) -> Result<T> {
        let value = serde_json::from_str(self.text(at)?).map_err(Error::internal)?;
        let mut found = Violations::new();
        let parsed = T::from_json(value, &mut found);
        match (parsed, found.is_empty()) {
            (Some(parsed), true) => Ok(parsed),
            _ => Err(Error::internal(format!("column {at} holds JSON of another shape: {found:?}"))),
        }
    }

    /// A value stored as JSON, or NULL.
    pub fn optional_json<T: FromJson>(&self, at: usize) -> Result<Option<T>> {
        if self.is_null(at)? { Ok(None) } else { self.json(at).map(Some) }
    }

    /// Whether NULL stands there.
    pub fn is_null(&self, at: usize) -> Result<bool> {
        Ok(matches!(self.value(at)?, ValueRef::Null))
    }

    /// The raw value, for keys whose type only the database knows.
    pub(crate) fn raw(&self, at: usize) -> Result<Value> {
        Ok(match self.value(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::I64(number),
            ValueRef::Real(number) => Value::F64(number),
            ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => match Uuid::from_slice(bytes) {
                Ok(uuid) => Value::Uuid(uuid),
                Err(_) => Value::Bytes(bytes.to_vec()),
            },
        })
    }

    fn value(&self, at: usize) -> Result<ValueRef<'a>> {
        self.row.get_ref(self.offset + at).map_err(Error::internal)
    }

    fn text(&self, at: usize) -> Result<&'a str> {
        self.value(at)?.as_str().map_err(|cause| Error::internal(format!("column {at}: {cause}")))
    }

    fn integer(&self, at: usize) -> Result<i64> {
        self.value(at)?.as_i64().map_err(|cause| Error::internal(format!("column {at}: {cause}")))
    }
}

fn out_of_range(at: usize) -> Error {
    Error::internal(format!("column {at} holds a value outside the range of its type"))
}

impl<T: Stored> Stored for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        if row.is_null(at)? { Ok(None) } else { T::read(row, at).map(Some) }
    }
}

impl Stored for bool {
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        Ok(row.integer(at)? != 0)
    }
}

impl Stored for i32 {
    fn to_value(&self) -> Value {
        Value::I64(i64::from(*self))
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.integer(at)?.try_into().map_err(|_| out_of_range(at))
    }
}

impl Stored for i64 {
    fn to_value(&self) -> Value {
        Value::I64(*self)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.integer(at)
    }
}

impl Stored for u32 {
    fn to_value(&self) -> Value {
        Value::I64(i64::from(*self))
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.integer(at)?.try_into().map_err(|_| out_of_range(at))
    }
}

/// Databases count to 2^63-1; what is above is refused by validation before it comes here.
impl Stored for u64 {
    fn to_value(&self) -> Value {
        Value::I64(i64::try_from(*self).unwrap_or(i64::MAX))
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.integer(at)?.try_into().map_err(|_| out_of_range(at))
    }
}

impl Stored for f32 {
    fn to_value(&self) -> Value {
        Value::F64(f64::from(*self))
    }
    #[allow(clippy::cast_possible_truncation)]
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        f64::read(row, at).map(|number| number as Self)
    }
}

impl Stored for f64 {
    fn to_value(&self) -> Value {
        Value::F64(*self)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.value(at)?.as_f64().map_err(|cause| Error::internal(format!("column {at}: {cause}")))
    }
}

impl Stored for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.text(at).map(str::to_owned)
    }
}

impl Stored for Timestamp {
    fn to_value(&self) -> Value {
        Value::Timestamp(*self)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        Self::from_micros(row.integer(at)?).ok_or_else(|| out_of_range(at))
    }
}

impl Stored for Duration {
    fn to_value(&self) -> Value {
        Value::Duration(*self)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        Self::from_micros(row.integer(at)?).ok_or_else(|| out_of_range(at))
    }
}

impl Stored for Date {
    fn to_value(&self) -> Value {
        Value::Date(*self)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.text(at)?.parse().map_err(Error::internal)
    }
}

impl<E> Stored for Uid<E> {
    fn to_value(&self) -> Value {
        Value::Uuid(self.0)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        let bytes = row.value(at)?.as_blob().map_err(|cause| Error::internal(format!("column {at}: {cause}")))?;
        Uuid::from_slice(bytes).map(Self::new).map_err(Error::internal)
    }
}

impl<E> Stored for Num<E> {
    fn to_value(&self) -> Value {
        Value::I64(self.0)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.integer(at).map(Self::new)
    }
}

impl<E> Stored for Name<E> {
    fn to_value(&self) -> Value {
        Value::Text(self.0.clone())
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.text(at).map(|text| Self::new(text.to_owned()))
    }
}

impl Stored for Bytes {
    fn to_value(&self) -> Value {
        Value::Bytes(self.0.clone())
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        let bytes = row.value(at)?.as_blob().map_err(|cause| Error::internal(format!("column {at}: {cause}")))?;
        Ok(Self(bytes.to_vec()))
    }
}

impl<T: Enumeration> Stored for T {
    fn to_value(&self) -> Value {
        Value::Text(self.name().to_owned())
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        let name = row.text(at)?;
        Self::from_name(name).ok_or_else(|| Error::internal(format!("column {at} holds the unknown name {name:?}")))
    }
}
