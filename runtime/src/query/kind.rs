//! Values written as text in a query, by the kind of the column.

use crate::check;
use crate::db::Value;
use crate::entity::Kind;
use crate::json::{plain_decimal, plain_uuid};

impl Kind {
    /// A value of this kind from its text, or what is wrong with it.
    pub fn parse(self, text: &str) -> Result<Value, String> {
        let whole = |least: i64, most: i64| match text.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Value::I64(number)),
            _ => Err(format!("must be a whole number between {least} and {most}")),
        };
        match self {
            Self::Bool => text.parse().map(Value::Bool).map_err(|_| "must be true or false".to_owned()),
            Self::I32 => whole(i64::from(i32::MIN), i64::from(i32::MAX)),
            Self::I64 => whole(i64::MIN, i64::MAX),
            Self::U32 => whole(0, i64::from(u32::MAX)),
            Self::U64 => whole(0, i64::MAX),
            // In the precision of the column, so that a value is met by what is shown of it.
            Self::F32 => match text.parse::<f32>() {
                Ok(number) if number.is_finite() => Ok(Value::F64(f64::from(number))),
                _ => Err("must be a number".to_owned()),
            },
            Self::F64 => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Value::F64(number)),
                _ => Err("must be a number".to_owned()),
            },
            Self::Text if text.contains('\0') => Err("must not contain the character NUL".to_owned()),
            Self::Text => Ok(Value::Text(text.to_owned())),
            Self::Uuid => plain_uuid(text).map(Value::Uuid).ok_or_else(|| "must be a UUID".to_owned()),
            Self::Timestamp => text.parse().map(Value::Timestamp).map_err(str::to_owned),
            Self::Duration => text.parse().map(Value::Duration).map_err(str::to_owned),
            Self::Date => text.parse().map(Value::Date).map_err(str::to_owned),
            Self::Decimal { precision, scale } => decimal(text, precision, scale),
            Self::Enum(names) if names.contains(&text) => Ok(Value::Text(text.to_owned())),
            Self::Enum(names) => Err(format!("must be one of {}", names.join(", "))),
            Self::Bytes | Self::Json => Err("cannot be compared".to_owned()),
        }
    }
}

fn decimal(text: &str, precision: u32, scale: u32) -> Result<Value, String> {
    let message = || format!("must be a decimal number of {precision} digits, {scale} of them behind the point");
    let value = plain_decimal(text).ok_or_else(message)?;
    if check::is_of(&value, precision, scale) { Ok(Value::decimal(value, scale)) } else { Err(message()) }
}

/// A value as text that [`Kind::parse`] understands.
pub(crate) fn write(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::I64(value) => Some(value.to_string()),
        Value::F64(value) => Some(value.to_string()),
        Value::Text(text) | Value::Json(text) => Some(text.clone()),
        Value::Bytes(_) | Value::Unfit(_) => None,
        Value::Uuid(uuid) => Some(uuid.to_string()),
        Value::Timestamp(time) => Some(time.to_string()),
        Value::Duration(span) => Some(span.to_string()),
        Value::Date(date) => Some(date.to_string()),
        Value::Decimal { value, .. } => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_no_more_digits_before_the_point_than_its_column() {
        for (text, precision, scale) in [("0", 18, 18), ("-0.43", 18, 18), ("9", 1, 0), ("-9999.99", 6, 2)] {
            assert!(decimal(text, precision, scale).is_ok(), "{text}");
        }
        for (text, precision, scale) in
            [("-9.43", 18, 18), ("1", 18, 18), ("10", 1, 0), ("10000", 6, 2), ("0.001", 6, 2)]
        {
            assert!(decimal(text, precision, scale).is_err(), "{text}");
        }
    }
}
