//! What rows that exist hold when a column is added or becomes required.

use crate::lock::{Column, Storage};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A value, before a database has words for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Integer(i64),
    Float(f64),
    /// Digits with an optional sign and point.
    Decimal(String),
    Text(String),
    NoBytes,
    /// A UTC time such as `2026-01-31 12:00:00.5`, and the microseconds since 1970.
    Timestamp(String, i64),
}

/// The default of a column, if it has one that fits its type.
pub(super) fn of(column: &Column) -> Option<Value> {
    let written = column.default.as_deref()?;
    let or = |zero: &'static str| if written.is_empty() { zero } else { written };
    match &column.storage {
        Storage::Bool => or("false").parse().ok().map(Value::Bool),
        Storage::I32 | Storage::I64 | Storage::U32 | Storage::U64 => or("0").parse().ok().map(Value::Integer),
        Storage::F32 | Storage::F64 => or("0").parse().ok().map(Value::Float),
        Storage::Decimal { scale, .. } => decimal(or("0"), *scale),
        Storage::String => Some(Value::Text(written.to_owned())),
        Storage::Enum { values, .. } => values.iter().find(|value| *value == written).cloned().map(Value::Text),
        Storage::Bytes => written.is_empty().then_some(Value::NoBytes),
        Storage::Timestamp => timestamp(or("1970-01-01T00:00:00Z")),
        Storage::Duration => micros(or("0s").strip_suffix('s')?).map(Value::Integer),
        Storage::Date => Some(Value::Text(or("1970-01-01").to_owned())),
        Storage::JsonObject => Some(Value::Text(or("{}").to_owned())),
        Storage::JsonArray => Some(Value::Text(or("[]").to_owned())),
        Storage::Uuid => None,
    }
}

/// For people.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Decimal(value) | Value::Timestamp(value, _) => value.clone(),
        Value::Text(value) => crate::sql::text(value),
        Value::NoBytes => "no bytes".to_owned(),
    }
}

fn decimal(written: &str, scale: u32) -> Option<Value> {
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = !digits.is_empty() && digits.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit());
    let fits = usize::try_from(scale).is_ok_and(|scale| fraction.len() <= scale);
    (plain && fits).then(|| Value::Decimal(written.to_owned()))
}

/// Seconds as microseconds.
fn micros(seconds: &str) -> Option<i64> {
    let (sign, digits) = seconds.strip_prefix('-').map_or((1, seconds), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let whole = whole.parse::<i64>().ok()?.checked_mul(MICROS_PER_SECOND)?;
    whole.checked_add(fraction)?.checked_mul(sign)
}

/// A time such as `2026-01-31T12:00:00.5Z`.
fn timestamp(written: &str) -> Option<Value> {
    let (date, time) = written.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = date.split('-').map(str::parse::<i64>).collect::<Result<Vec<_>, _>>().ok()?[..] else {
        return None;
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = clock.split(':').map(str::parse::<i64>).collect::<Result<Vec<_>, _>>().ok()?[..]
    else {
        return None;
    };
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    let micros = seconds.checked_mul(MICROS_PER_SECOND)?.checked_add(micros(&format!("0.{fraction}"))?)?;
    Some(Value::Timestamp(format!("{date} {time}"), micros))
}

/// Days since 1970-01-01 in the Gregorian calendar: years are counted from March, so that a leap day ends one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_and_durations() {
        let at = |text: &str| match timestamp(text) {
            Some(Value::Timestamp(_, micros)) => micros,
            other => panic!("{other:?}"),
        };
        assert_eq!(at("1970-01-01T00:00:00Z"), 0);
        assert_eq!(at("2000-02-29T12:00:00.25Z"), 951_825_600_250_000);
        assert_eq!(at("1969-12-31T23:59:59Z"), -1_000_000);
        assert_eq!(micros("-1.5"), Some(-1_500_000));
        assert_eq!(micros("1e3"), None);
    }

    #[test]
    fn takes_decimals_that_fit() {
        assert_eq!(decimal("-12.5", 2), Some(Value::Decimal("-12.5".to_owned())));
        assert!(decimal("1.234", 2).is_none() && decimal("", 2).is_none() && decimal("1; DROP", 2).is_none());
    }
}
