//! Values as they travel to the database: plain data, so that a write can be handed to another thread or process.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use crate::types::{Date, Duration, Timestamp};

/// One value of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    I64(i64),
    /// A floating point number.
    F64(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A UUID.
    Uuid(Uuid),
    /// A point in time.
    Timestamp(Timestamp),
    /// A span of time.
    Duration(Duration),
    /// A day.
    Date(Date),
    /// A decimal number with the scale of its column.
    Decimal {
        /// The number.
        value: Decimal,
        /// Digits behind the point.
        scale: u32,
    },
    /// JSON, as text.
    Json(String),
    /// What JSON cannot hold, and why: it is refused before it is sent.
    Unfit(String),
}

impl Value {
    /// A decimal of a column with `scale` digits behind the point.
    pub fn decimal(value: Decimal, scale: u32) -> Self {
        Self::Decimal { value, scale }
    }

    /// The value, or NULL.
    pub fn option<T>(value: Option<T>, convert: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, convert)
    }

    /// Anything that serialises, as JSON.
    pub fn json(value: &impl serde::Serialize) -> Self {
        serde_json::to_string(value).map_or_else(|cause| Self::Unfit(cause.to_string()), Self::Json)
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// The whole number that stands for a decimal of `scale` digits behind the point, if it fits 64 bits exactly.
pub(crate) fn scaled(value: Decimal, scale: u32) -> Option<i64> {
    let mut shifted = value.normalize();
    if shifted.scale() > scale {
        return None;
    }
    shifted.rescale(scale);
    (shifted.scale() == scale).then(|| shifted.mantissa().to_i64()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_scale_exactly_or_not_at_all() {
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(scaled(number("49.9"), 2), Some(4990));
        assert_eq!(scaled(number("-0.01"), 2), Some(-1));
        assert_eq!(scaled(number("1.10000"), 2), Some(110));
        assert_eq!(scaled(number("0.001"), 2), None);
        assert_eq!(scaled(number("9999999999999999.99"), 2), Some(999_999_999_999_999_999));
    }
}
