//! Values of MySQL and MariaDB in their binary format: read from rows, bound to statements.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use sqlx_core::arguments::Arguments as _;
use sqlx_core::column::Column as _;
use sqlx_core::row::Row as _;
use sqlx_core::type_info::TypeInfo as _;
use sqlx_core::value::ValueRef as _;
use sqlx_mysql::{MySqlArguments, MySqlRow};
use uuid::Uuid;

use super::super::Value;
use super::super::row::{misread, out_of_range};
use crate::error::{Error, Result};
use crate::types::{Date, Timestamp};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

pub(in super::super) fn is_null(row: &MySqlRow, at: usize) -> Result<bool> {
    row.try_get_raw(at).map(|value| value.is_null()).map_err(Error::internal)
}

pub(in super::super) fn bytes(row: &MySqlRow, at: usize) -> Result<&[u8]> {
    row.try_get_unchecked(at).map_err(|cause| misread(at, cause))
}

pub(in super::super) fn text(row: &MySqlRow, at: usize) -> Result<&str> {
    row.try_get_unchecked(at).map_err(|cause| misread(at, cause))
}

/// A whole number; the sum of several is a decimal.
pub(in super::super) fn integer(row: &MySqlRow, at: usize) -> Result<i64> {
    let ty = row.columns().get(at).map_or("", |column| column.type_info().name());
    if ty == "DECIMAL" {
        return decimal(row, at, 0)?.to_i64().ok_or_else(|| out_of_range(at));
    }
    if ty.ends_with("UNSIGNED") {
        let number: u64 = row.try_get_unchecked(at).map_err(|cause| misread(at, cause))?;
        return i64::try_from(number).map_err(|_| out_of_range(at));
    }
    row.try_get_unchecked(at).map_err(|cause| misread(at, cause))
}

pub(in super::super) fn float(row: &MySqlRow, at: usize) -> Result<f64> {
    row.try_get_unchecked(at).map_err(|cause| misread(at, cause))
}

pub(in super::super) fn uuid(row: &MySqlRow, at: usize) -> Result<Uuid> {
    Uuid::from_slice(bytes(row, at)?).map_err(|cause| misread(at, cause))
}

/// A `DATETIME`: its length, year, month, day, and as far as they are not zero hour, minute, second and microseconds.
pub(in super::super) fn timestamp(row: &MySqlRow, at: usize) -> Result<Timestamp> {
    let cell = bytes(row, at)?;
    let days = days(cell).ok_or_else(|| out_of_range(at))?;
    let part = |index: usize| cell.get(index).copied().map_or(0, i64::from);
    let seconds = (part(5) * 60 + part(6)) * 60 + part(7);
    let micros = match cell.get(8..12) {
        Some(&[a, b, c, d]) => i64::from(u32::from_le_bytes([a, b, c, d])),
        _ => 0,
    };
    let all = (days * SECONDS_PER_DAY + seconds) * MICROS_PER_SECOND + micros;
    Timestamp::from_micros(all).ok_or_else(|| out_of_range(at))
}

pub(in super::super) fn date(row: &MySqlRow, at: usize) -> Result<Date> {
    days(bytes(row, at)?).and_then(Date::from_days).ok_or_else(|| out_of_range(at))
}

/// Days since 1970 of a value that starts with a length and a day.
fn days(cell: &[u8]) -> Option<i64> {
    let &[_, low, high, month, day, ..] = cell else { return None };
    let year = i32::from(u16::from_le_bytes([low, high]));
    Date::new(year, i32::from(month), i32::from(day)).map(Date::days)
}

pub(in super::super) fn decimal(row: &MySqlRow, at: usize, scale: u32) -> Result<Decimal> {
    let mut value = Decimal::from_str_exact(text(row, at)?).map_err(|cause| misread(at, cause))?;
    value.rescale(scale);
    Ok(value)
}

/// Values on their way to the server.
pub(super) fn arguments(values: &[Value]) -> Result<MySqlArguments> {
    let mut arguments = MySqlArguments::default();
    for value in values {
        match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Bool(value) => arguments.add(*value),
            Value::I64(number) => arguments.add(*number),
            // Zero has no sign, as in SQLite.
            Value::F64(number) => arguments.add(*number + 0.0),
            Value::Text(text) | Value::Json(text) => arguments.add(text.as_str()),
            Value::Bytes(bytes) => arguments.add(bytes.as_slice()),
            Value::Uuid(uuid) => arguments.add(uuid.as_bytes().as_slice()),
            Value::Timestamp(time) => arguments.add(datetime(*time)),
            Value::Duration(span) => arguments.add(span.micros()),
            Value::Date(date) => arguments.add(date.to_string()),
            Value::Unfit(why) => Err(why.as_str().into()),
            Value::Decimal { value, .. } => arguments.add(*value),
        }
        .map_err(Error::internal)?;
    }
    Ok(arguments)
}

/// `2026-01-31 12:30:00.000000`
fn datetime(time: Timestamp) -> String {
    time.to_string().replacen('T', " ", 1).trim_end_matches('Z').to_owned()
}
