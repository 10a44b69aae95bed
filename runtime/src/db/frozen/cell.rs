//! Values of a frozen row, by the type that is expected.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::Value;
use super::super::row::misread;
use crate::error::Result;
use crate::types::{Date, Timestamp};

fn at(row: &[Value], at: usize) -> Result<&Value> {
    row.get(at).ok_or_else(|| misread(at, "is not there"))
}

fn other<T>(place: usize, value: &Value) -> Result<T> {
    Err(misread(place, format!("holds {value:?}")))
}

pub(in super::super) fn is_null(row: &[Value], place: usize) -> Result<bool> {
    at(row, place).map(Value::is_null)
}

pub(in super::super) fn text(row: &[Value], place: usize) -> Result<&str> {
    match at(row, place)? {
        Value::Text(text) | Value::Json(text) => Ok(text),
        value => other(place, value),
    }
}

pub(in super::super) fn integer(row: &[Value], place: usize) -> Result<i64> {
    match at(row, place)? {
        Value::I64(number) => Ok(*number),
        Value::Bool(truth) => Ok(i64::from(*truth)),
        Value::Duration(span) => Ok(span.micros()),
        value => other(place, value),
    }
}

pub(in super::super) fn float(row: &[Value], place: usize) -> Result<f64> {
    match at(row, place)? {
        Value::F64(number) => Ok(*number),
        value => other(place, value),
    }
}

pub(in super::super) fn bytes(row: &[Value], place: usize) -> Result<&[u8]> {
    match at(row, place)? {
        Value::Bytes(bytes) => Ok(bytes),
        value => other(place, value),
    }
}

pub(in super::super) fn uuid(row: &[Value], place: usize) -> Result<Uuid> {
    match at(row, place)? {
        Value::Uuid(uuid) => Ok(*uuid),
        value => other(place, value),
    }
}

pub(in super::super) fn timestamp(row: &[Value], place: usize) -> Result<Timestamp> {
    match at(row, place)? {
        Value::Timestamp(time) => Ok(*time),
        value => other(place, value),
    }
}

pub(in super::super) fn date(row: &[Value], place: usize) -> Result<Date> {
    match at(row, place)? {
        Value::Date(date) => Ok(*date),
        value => other(place, value),
    }
}

pub(in super::super) fn decimal(row: &[Value], place: usize, _scale: u32) -> Result<Decimal> {
    match at(row, place)? {
        Value::Decimal { value, .. } => Ok(*value),
        value => other(place, value),
    }
}
