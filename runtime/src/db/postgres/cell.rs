//! Values of PostgreSQL in its binary format: read from rows, bound to statements by the types that the server expects.

use std::error::Error as StdError;
use std::fmt::{self, Write};

use bytes::{BufMut, BytesMut};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use tokio_postgres::Row;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::super::Value;
use super::super::row::{misread, out_of_range};
use crate::error::{Error, Result};
use crate::types::{Date, Timestamp};

/// Microseconds from 1970 to 2000, where the server's time starts.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// Days from 1970 to 2000.
const EPOCH_DAYS: i64 = 10_957;

/// The type of a value that the server is to find out.
pub(super) const UNASKED: Type = Type::UNKNOWN;

type Failure = Box<dyn StdError + Sync + Send>;

/// The bytes of a value, and its type.
struct Cell<'a> {
    bytes: &'a [u8],
    json: bool,
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(ty: &Type, bytes: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self { bytes, json: *ty == Type::JSONB })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn cell(row: &Row, at: usize) -> Result<Cell<'_>> {
    row.try_get(at).map_err(Error::internal)
}

pub(in super::super) fn is_null(row: &Row, at: usize) -> Result<bool> {
    row.try_get::<_, Option<Cell<'_>>>(at).map(|cell| cell.is_none()).map_err(Error::internal)
}

pub(in super::super) fn bytes(row: &Row, at: usize) -> Result<&[u8]> {
    cell(row, at).map(|cell| cell.bytes)
}

pub(in super::super) fn text(row: &Row, at: usize) -> Result<&str> {
    let cell = cell(row, at)?;
    // A version stands before binary JSON.
    let bytes = if cell.json { cell.bytes.get(1..).unwrap_or_default() } else { cell.bytes };
    std::str::from_utf8(bytes).map_err(|cause| misread(at, cause))
}

/// A whole number of any width, or a truth value; the sum of large numbers is a decimal.
pub(in super::super) fn integer(row: &Row, at: usize) -> Result<i64> {
    if row.columns().get(at).is_some_and(|column| *column.type_() == Type::NUMERIC) {
        return decimal(row, at, 0)?.to_i64().ok_or_else(|| out_of_range(at));
    }
    match *bytes(row, at)? {
        [value] => Ok(i64::from(value)),
        [a, b] => Ok(i64::from(i16::from_be_bytes([a, b]))),
        [a, b, c, d] => Ok(i64::from(i32::from_be_bytes([a, b, c, d]))),
        [a, b, c, d, e, f, g, h] => Ok(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
        ref other => Err(misread(at, format!("a whole number of {} bytes", other.len()))),
    }
}

pub(in super::super) fn float(row: &Row, at: usize) -> Result<f64> {
    match *bytes(row, at)? {
        [a, b, c, d] => Ok(f64::from(f32::from_be_bytes([a, b, c, d]))),
        [a, b, c, d, e, f, g, h] => Ok(f64::from_be_bytes([a, b, c, d, e, f, g, h])),
        ref other => Err(misread(at, format!("a floating point number of {} bytes", other.len()))),
    }
}

pub(in super::super) fn uuid(row: &Row, at: usize) -> Result<Uuid> {
    Uuid::from_slice(bytes(row, at)?).map_err(|cause| misread(at, cause))
}

pub(in super::super) fn timestamp(row: &Row, at: usize) -> Result<Timestamp> {
    let micros = integer(row, at)?.checked_add(EPOCH_MICROS);
    micros.and_then(Timestamp::from_micros).ok_or_else(|| out_of_range(at))
}

pub(in super::super) fn date(row: &Row, at: usize) -> Result<Date> {
    Date::from_days(integer(row, at)? + EPOCH_DAYS).ok_or_else(|| out_of_range(at))
}

pub(in super::super) fn decimal(row: &Row, at: usize, scale: u32) -> Result<Decimal> {
    let mut value: Decimal = row.try_get(at).map_err(|cause| misread(at, cause))?;
    value.rescale(scale);
    Ok(value)
}

/// A value on its way to the server: in the type that the statement has at its place or, if nobody asked for that, as a
/// text, which the server reads in that type.
pub(super) struct Bound<'a>(pub &'a Value);

/// Without the value: the driver prints the parameters of a statement to the log at level debug.
impl fmt::Debug for Bound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        if *ty == UNASKED {
            return text_to(self.0, out);
        }
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Bool(value) => out.put_u8(u8::from(*value)),
            Value::I64(number) => return integer_to(*number, ty, out),
            Value::F64(number) if *ty == Type::FLOAT4 => {
                #[allow(clippy::cast_possible_truncation)]
                out.put_f32((*number + 0.0) as f32);
            }
            // Zero has no sign, as in SQLite.
            Value::F64(number) => out.put_f64(*number + 0.0),
            Value::Json(text) => {
                if *ty == Type::JSONB {
                    out.put_u8(1);
                }
                out.put_slice(text.as_bytes());
            }
            Value::Text(text) => out.put_slice(text.as_bytes()),
            Value::Bytes(bytes) => out.put_slice(bytes),
            Value::Uuid(uuid) if *ty == Type::UUID || *ty == Type::BYTEA => out.put_slice(uuid.as_bytes()),
            Value::Uuid(uuid) => out.put_slice(uuid.to_string().as_bytes()),
            Value::Timestamp(time) => {
                out.put_i64(time.micros().checked_sub(EPOCH_MICROS).ok_or("the time is out of range")?);
            }
            Value::Duration(span) => return integer_to(span.micros(), ty, out),
            Value::Date(date) => out.put_i32(i32::try_from(date.days() - EPOCH_DAYS)?),
            Value::Unfit(why) => return Err(why.as_str().into()),
            Value::Decimal { value, .. } => return value.to_sql(ty, out),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, ty: &Type) -> Format {
        if *ty == UNASKED { Format::Text } else { Format::Binary }
    }

    to_sql_checked!();
}

fn text_to(value: &Value, out: &mut BytesMut) -> Result<IsNull, Failure> {
    match value {
        Value::Null => return Ok(IsNull::Yes),
        Value::Bool(value) => write!(out, "{value}")?,
        Value::I64(number) => write!(out, "{number}")?,
        Value::F64(number) => write!(out, "{}", number + 0.0)?,
        Value::Text(text) | Value::Json(text) => out.put_slice(text.as_bytes()),
        Value::Bytes(bytes) => {
            out.put_slice(b"\\x");
            bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
        }
        Value::Uuid(uuid) => write!(out, "{uuid}")?,
        Value::Timestamp(time) => write!(out, "{time}")?,
        Value::Duration(span) => write!(out, "{}", span.micros())?,
        Value::Date(date) => write!(out, "{date}")?,
        Value::Unfit(why) => return Err(why.as_str().into()),
        Value::Decimal { value, .. } => write!(out, "{value}")?,
    }
    Ok(IsNull::No)
}

fn integer_to(number: i64, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
    match *ty {
        Type::INT2 => out.put_i16(i16::try_from(number)?),
        Type::INT4 => out.put_i32(i32::try_from(number)?),
        Type::FLOAT8 => out.put_f64(number.to_f64().unwrap_or_default()),
        Type::NUMERIC => return Decimal::from(number).to_sql(ty, out),
        _ => out.put_i64(number),
    }
    Ok(IsNull::No)
}
