//! Values of the embedded engine: read from its rows, bound to its statements.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::Value;
use super::super::row::{misread, out_of_range};
use super::super::value::scaled;
use super::error;
use crate::error::{Error, Result};
use crate::types::{Date, Timestamp};

fn value<'a>(row: &'a rusqlite::Row<'a>, at: usize) -> Result<ValueRef<'a>> {
    row.get_ref(at).map_err(Error::internal)
}

pub(in super::super) fn is_null(row: &rusqlite::Row<'_>, at: usize) -> Result<bool> {
    Ok(matches!(value(row, at)?, ValueRef::Null))
}

/// A text. A column that is called `DATE` or the like makes numbers of texts that look like one; they are read as texts again.
pub(in super::super) fn text<'a>(row: &'a rusqlite::Row<'a>, at: usize) -> Result<Cow<'a, str>> {
    match value(row, at)? {
        ValueRef::Integer(number) => Ok(number.to_string().into()),
        ValueRef::Real(number) => Ok(number.to_string().into()),
        other => other.as_str().map(Cow::Borrowed).map_err(|cause| misread(at, cause)),
    }
}

pub(in super::super) fn integer(row: &rusqlite::Row<'_>, at: usize) -> Result<i64> {
    value(row, at)?.as_i64().map_err(|cause| misread(at, cause))
}

/// A number. A column that is called `NUMERIC` or `DECIMAL` keeps a whole one as such.
pub(in super::super) fn float(row: &rusqlite::Row<'_>, at: usize) -> Result<f64> {
    match value(row, at)? {
        #[allow(clippy::cast_precision_loss)]
        ValueRef::Integer(number) => Ok(number as f64),
        other => other.as_f64().map_err(|cause| misread(at, cause)),
    }
}

pub(in super::super) fn bytes<'a>(row: &'a rusqlite::Row<'a>, at: usize) -> Result<&'a [u8]> {
    value(row, at)?.as_blob().map_err(|cause| misread(at, cause))
}

pub(in super::super) fn uuid(row: &rusqlite::Row<'_>, at: usize) -> Result<Uuid> {
    Uuid::from_slice(bytes(row, at)?).map_err(|cause| misread(at, cause))
}

pub(in super::super) fn timestamp(row: &rusqlite::Row<'_>, at: usize) -> Result<Timestamp> {
    Timestamp::from_micros(integer(row, at)?).ok_or_else(|| out_of_range(at))
}

pub(in super::super) fn date(row: &rusqlite::Row<'_>, at: usize) -> Result<Date> {
    text(row, at)?.parse().map_err(|cause| misread(at, cause))
}

/// A decimal, which is stored as a whole number of its smallest unit.
pub(in super::super) fn decimal(row: &rusqlite::Row<'_>, at: usize, scale: u32) -> Result<Decimal> {
    Decimal::try_from_i128_with_scale(i128::from(integer(row, at)?), scale).map_err(|cause| misread(at, cause))
}

pub(super) fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value]) -> Result<()> {
    for (at, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(at + 1, value).map_err(error)?;
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number = |number: i64| ToSqlOutput::Owned(rusqlite::types::Value::Integer(number));
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Bool(value) => number(i64::from(*value)),
            Self::I64(value) => number(*value),
            Self::F64(value) => ToSqlOutput::Owned(rusqlite::types::Value::Real(*value)),
            Self::Text(text) | Self::Json(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Self::Uuid(uuid) => ToSqlOutput::Borrowed(ValueRef::Blob(uuid.as_bytes())),
            Self::Timestamp(time) => number(time.micros()),
            Self::Duration(span) => number(span.micros()),
            Self::Date(date) => ToSqlOutput::Owned(rusqlite::types::Value::Text(date.to_string())),
            Self::Unfit(why) => return Err(rusqlite::Error::ToSqlConversionFailure(why.as_str().into())),
            Self::Decimal { value, scale } => number(scaled(*value, *scale).ok_or_else(|| {
                rusqlite::Error::ToSqlConversionFailure(format!("{value} has more than {scale} decimals").into())
            })?),
        })
    }
}
