//! What no database may keep, or not all of them alike: refused before it is sent. Clients never get this far with it; what
//! logic hands in is looked at here.

use super::Value;
use super::value::scaled;
use crate::entity::{ColumnSpec, EntitySpec, Kind};
use crate::error::{Error, Result};

/// Looks at the values of a row, in the order of these columns.
pub(super) fn check(spec: &EntitySpec, columns: &[ColumnSpec], values: &[Value]) -> Result<()> {
    columns.iter().zip(values).try_for_each(|(column, value)| one(spec, column, value))
}

/// Looks at the value of a column by its name.
pub(super) fn check_named(spec: &EntitySpec, name: &str, value: &Value) -> Result<()> {
    spec.columns.iter().find(|column| column.name == name).map_or(Ok(()), |column| one(spec, column, value))
}

fn one(spec: &EntitySpec, column: &ColumnSpec, value: &Value) -> Result<()> {
    let why = match value {
        Value::F64(number) if !number.is_finite() => "it is not a finite number",
        Value::Text(text) if text.contains('\0') => "it holds the character NUL",
        Value::Json(text) if holds_nul(text) => "it holds the character NUL",
        Value::Unfit(why) => why,
        Value::Decimal { value, scale } if scaled(*value, *scale).is_none_or(|whole| !fits(column.kind, whole)) => {
            "it has more digits than its column"
        }
        // What 64 bits with a sign do not hold comes as a decimal.
        Value::Decimal { .. } if column.kind == Kind::U64 => "it is above 2^63-1",
        _ => return Ok(()),
    };
    Err(Error::internal(format!("the value of {} of {} cannot be stored: {why}", column.field, spec.full_name)))
}

fn fits(kind: Kind, whole: i64) -> bool {
    match kind {
        Kind::Decimal { precision, .. } => {
            10_u64.checked_pow(precision).is_none_or(|beyond| whole.unsigned_abs() < beyond)
        }
        _ => true,
    }
}

/// Whether a text of JSON writes NUL: `\u0000` behind an even number of backslashes.
fn holds_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        let before = json.get(..at).unwrap_or_default();
        (before.len() - before.trim_end_matches('\\').len()).is_multiple_of(2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_nul_in_json_and_not_what_looks_like_it() {
        assert!(holds_nul(r#"{"a":"x\u0000"}"#));
        assert!(holds_nul(r#""\\\u0000""#));
        assert!(!holds_nul(r#""\\u0000""#));
    }
}
