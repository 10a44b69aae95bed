//! Rows outside their tables: frozen to bytes with their owned children, and read again as if they came from a query.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::row::Source;
use super::{Row, Value};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::types::{Date, Duration, Timestamp};

pub(super) mod cell;

/// A row with its children, as bytes.
pub(crate) fn freeze<E: Entity>(row: &E) -> Vec<u8> {
    let values = |values: &[Value]| values.iter().map(write).collect::<Json>();
    let children = E::owned().iter().map(|owned| (owned.rows)(row).iter().map(|child| values(child)).collect::<Json>());
    json!([values(&row.values()), children.collect::<Json>()]).to_string().into_bytes()
}

/// The row that was frozen.
pub(crate) fn thaw<E: Entity>(bytes: &[u8]) -> Result<E> {
    let (row, children): (Vec<Json>, Vec<Vec<Vec<Json>>>) = serde_json::from_slice(bytes).map_err(Error::internal)?;
    let read_all = |values: &[Json]| {
        let values =
            values.iter().map(|value| read(value).ok_or_else(|| Error::internal("a frozen value has no type")));
        values.collect::<Result<Vec<_>>>()
    };
    let mut thawed = E::read(&Row::new(Source::Frozen(&read_all(&row)?)))?;
    for (owned, rows) in E::owned().iter().zip(&children) {
        (owned.clear)(&mut thawed);
        for row in rows {
            (owned.push)(&mut thawed, &Row::new(Source::Frozen(&read_all(row)?)))?;
        }
    }
    Ok(thawed)
}

/// A value as a pair of its type and itself.
fn write(value: &Value) -> Json {
    match value {
        // What no column takes is refused by the commit, and its answer with it.
        Value::Null | Value::Unfit(_) => Json::Null,
        Value::Bool(value) => json!(["bool", value]),
        Value::I64(value) => json!(["i64", value]),
        // By its bits: JSON has neither all numbers nor all digits.
        Value::F64(value) => json!(["f64", value.to_bits()]),
        Value::Text(text) => json!(["text", text]),
        Value::Bytes(bytes) => json!(["bytes", STANDARD.encode(bytes)]),
        Value::Uuid(uuid) => json!(["uuid", uuid]),
        Value::Timestamp(time) => json!(["timestamp", time.micros()]),
        Value::Duration(span) => json!(["duration", span.micros()]),
        Value::Date(date) => json!(["date", date.days()]),
        Value::Decimal { value, scale } => json!(["decimal", value.to_string(), scale]),
        Value::Json(text) => json!(["json", text]),
    }
}

fn read(frozen: &Json) -> Option<Value> {
    if frozen.is_null() {
        return Some(Value::Null);
    }
    let (kind, value) = (frozen.get(0)?.as_str()?, frozen.get(1)?);
    Some(match kind {
        "bool" => Value::Bool(value.as_bool()?),
        "i64" => Value::I64(value.as_i64()?),
        "f64" => Value::F64(f64::from_bits(value.as_u64()?)),
        "text" => Value::Text(value.as_str()?.to_owned()),
        "bytes" => Value::Bytes(STANDARD.decode(value.as_str()?).ok()?),
        "uuid" => Value::Uuid(value.as_str()?.parse().ok()?),
        "timestamp" => Value::Timestamp(Timestamp::from_micros(value.as_i64()?)?),
        "duration" => Value::Duration(Duration::from_micros(value.as_i64()?)?),
        "date" => Value::Date(Date::from_days(value.as_i64()?)?),
        "decimal" => {
            let scale = u32::try_from(frozen.get(2)?.as_u64()?).ok()?;
            Value::Decimal { value: value.as_str()?.parse::<Decimal>().ok()?, scale }
        }
        "json" => Value::Json(value.as_str()?.to_owned()),
        _ => return None,
    })
}
