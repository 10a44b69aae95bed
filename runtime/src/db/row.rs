//! Rows as they come from the database, read by position with the type that is expected there.

use std::borrow::Cow;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::Value;
use super::frozen::cell as frozen;
#[cfg(feature = "mysql")]
use super::mysql::cell as mysql;
#[cfg(feature = "postgres")]
use super::postgres::cell as postgres;
use super::sqlite::cell as sqlite;
use crate::error::{Error, Result};
use crate::json::FromJson;
use crate::types::{Bytes, Date, Duration, Enumeration, Name, Num, Timestamp, Uid};
use crate::violations::Violations;

/// One row of an answer.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    source: Source<'a>,
    offset: usize,
}

/// The row as its engine gives it.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    /// Values that were kept elsewhere.
    Frozen(&'a [Value]),
    #[cfg(feature = "postgres")]
    Postgres(&'a tokio_postgres::Row),
    #[cfg(feature = "mysql")]
    Mysql(&'a sqlx_mysql::MySqlRow),
}

/// A type that a column can hold.
pub trait Stored: Sized {
    /// As it travels to the database.
    fn to_value(&self) -> Value;
    /// As it came from the database.
    fn read(row: &Row<'_>, at: usize) -> Result<Self>;
}

/// Asks the engine's own cells.
macro_rules! read {
    ($row:expr, $at:expr, $what:ident $(, $more:expr)?) => {{
        let at = $row.offset + $at;
        match $row.source {
            Source::Sqlite(row) => sqlite::$what(row, at $(, $more)?),
            Source::Frozen(row) => frozen::$what(row, at $(, $more)?),
            #[cfg(feature = "postgres")]
            Source::Postgres(row) => postgres::$what(row, at $(, $more)?),
            #[cfg(feature = "mysql")]
            Source::Mysql(row) => mysql::$what(row, at $(, $more)?),
        }
    }};
}

impl<'a> Row<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self { source, offset: 0 }
    }

    /// The same row, counted from column `by` on.
    #[must_use]
    pub fn shifted(&self, by: usize) -> Self {
        Self { source: self.source, offset: self.offset + by }
    }

    /// The value at a position, from 0.
    pub fn get<T: Stored>(&self, at: usize) -> Result<T> {
        T::read(self, at)
    }

    /// A decimal with `scale` digits behind the point.
    pub fn decimal(&self, at: usize, scale: u32) -> Result<Decimal> {
        read!(self, at, decimal, scale)
    }

    /// A decimal or NULL.
    pub fn optional_decimal(&self, at: usize, scale: u32) -> Result<Option<Decimal>> {
        if self.is_null(at)? { Ok(None) } else { self.decimal(at, scale).map(Some) }
    }

    /// A value stored as JSON.
    pub fn json<T: FromJson>(&self, at: usize) -> Result<T> {
        let value = serde_json::from_str(&self.text(at)?).map_err(Error::internal)?;
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
        read!(self, at, is_null)
    }

    /// A value of the same type as another, for keys whose type only the database knows.
    pub(crate) fn like(&self, at: usize, other: &Value) -> Result<Value> {
        match other {
            Value::I64(_) => self.integer(at).map(Value::I64),
            Value::Uuid(_) => self.uuid(at).map(Value::Uuid),
            _ => self.text(at).map(|text| Value::Text(text.into_owned())),
        }
    }

    fn text(&self, at: usize) -> Result<Cow<'a, str>> {
        let at = self.offset + at;
        match self.source {
            Source::Sqlite(row) => sqlite::text(row, at),
            Source::Frozen(row) => frozen::text(row, at).map(Cow::Borrowed),
            #[cfg(feature = "postgres")]
            Source::Postgres(row) => postgres::text(row, at).map(Cow::Borrowed),
            #[cfg(feature = "mysql")]
            Source::Mysql(row) => mysql::text(row, at).map(Cow::Borrowed),
        }
    }

    fn integer(&self, at: usize) -> Result<i64> {
        read!(self, at, integer)
    }

    fn float(&self, at: usize) -> Result<f64> {
        read!(self, at, float)
    }

    fn bytes(&self, at: usize) -> Result<&'a [u8]> {
        read!(self, at, bytes)
    }

    fn uuid(&self, at: usize) -> Result<Uuid> {
        read!(self, at, uuid)
    }

    fn timestamp(&self, at: usize) -> Result<Timestamp> {
        read!(self, at, timestamp)
    }

    fn date(&self, at: usize) -> Result<Date> {
        read!(self, at, date)
    }
}

/// A column that holds something else than its type says.
pub(super) fn misread(at: usize, cause: impl std::fmt::Display) -> Error {
    Error::internal(format!("column {at}: {cause}"))
}

pub(super) fn out_of_range(at: usize) -> Error {
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
        // A number that is too large stays what it is, so that it is refused and not bent.
        i64::try_from(*self).map_or_else(|_| Value::decimal(Decimal::from(*self), 0), Value::I64)
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
        row.float(at)
    }
}

impl Stored for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.text(at).map(Cow::into_owned)
    }
}

impl Stored for Timestamp {
    fn to_value(&self) -> Value {
        Value::Timestamp(*self)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.timestamp(at)
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
        row.date(at)
    }
}

impl<E> Stored for Uid<E> {
    fn to_value(&self) -> Value {
        Value::Uuid(self.0)
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.uuid(at).map(Self::new)
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
        row.text(at).map(|text| Self::new(text.into_owned()))
    }
}

impl Stored for Bytes {
    fn to_value(&self) -> Value {
        Value::Bytes(self.0.clone())
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        row.bytes(at).map(|bytes| Self(bytes.to_vec()))
    }
}

impl<T: Enumeration> Stored for T {
    fn to_value(&self) -> Value {
        Value::Text(self.name().to_owned())
    }
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        let name = row.text(at)?;
        Self::from_name(&name).ok_or_else(|| Error::internal(format!("column {at} holds the unknown name {name:?}")))
    }
}
