//! Guards of an adjustment, as conditions on the row as it is: equal to what must hold for the row as it will be.
//!
//! What is added is taken off the bound, here and not in SQL: an engine would stop the statement where a sum leaves the
//! range of its type, instead of finding the condition false.

use rust_decimal::Decimal;

use super::{Dialect, Value};
use crate::changes::{Guard, GuardCheck, Set};
use crate::entity::{ColumnSpec, EntitySpec, Kind};
use crate::error::Error;

/// One condition, and the error if it does not hold.
pub(super) struct Condition {
    pub sql: String,
    pub values: Vec<Value>,
    pub broken: Error,
}

/// The conditions of all guards, and of the ranges of what is added to. A member that is set must keep its own guards.
pub(super) fn conditions(
    dialect: Dialect,
    spec: &EntitySpec,
    sets: &[Set],
    guards: &[Guard],
) -> Result<Vec<Condition>, Error> {
    let own = guards.iter().cloned().chain(sets.iter().filter_map(|set| range(spec, set)));
    let mut conditions = Vec::new();
    for guard in own {
        let broken = broken(spec, &guard);
        let set = sets.iter().find(|set| matches!(set, Set::To(name, _) | Set::Add(name, _) if *name == guard.column));
        let (sql, values) = match (guard.check, set) {
            (GuardCheck::Was, _) => (format!("{} {} ?", guard.column, dialect.same()), vec![guard.value]),
            (check, Some(Set::To(_, value))) => match holds(check, value, &guard.value) {
                true => continue,
                false => return Err(broken),
            },
            (check, added) => {
                let column = spec.columns.iter().find(|known| known.name == guard.column);
                let bound = match added {
                    Some(Set::Add(_, added)) => less(&guard.value, added),
                    _ => Some(guard.value),
                };
                match (bound.and_then(|bound| within(column, check, bound)), check) {
                    (Some(bound), GuardCheck::AtLeast) => (format!("{} >= ?", guard.column), vec![bound]),
                    (Some(bound), _) => (format!("{} <= ?", guard.column), vec![bound]),
                    (None, _) => ("FALSE".to_owned(), Vec::new()),
                }
            }
        };
        conditions.push(Condition { sql, values, broken });
    }
    Ok(conditions)
}

/// What is added to a number must leave it in the range of its type: an engine may keep more than can be read back.
fn range(spec: &EntitySpec, set: &Set) -> Option<Guard> {
    let Set::Add(column, added) = set else { return None };
    let column = spec.columns.iter().find(|known| known.name == *column)?;
    let (least, most) = limits(column.kind)?;
    let negative = match added {
        Value::I64(number) => *number < 0,
        Value::Decimal { value, .. } => value.is_sign_negative(),
        _ => return None,
    };
    let (check, value) = if negative { (GuardCheck::AtLeast, least) } else { (GuardCheck::AtMost, most) };
    Some(Guard { field: column.field, column: column.name, check, value })
}

fn limits(kind: Kind) -> Option<(Value, Value)> {
    let whole = |least: i64, most: i64| Some((Value::I64(least), Value::I64(most)));
    match kind {
        Kind::I32 => whole(i64::from(i32::MIN), i64::from(i32::MAX)),
        Kind::U32 => whole(0, i64::from(u32::MAX)),
        Kind::I64 => whole(i64::MIN, i64::MAX),
        Kind::U64 => whole(0, i64::MAX),
        Kind::Decimal { precision, scale } => {
            let most = Decimal::try_from_i128_with_scale(10_i128.checked_pow(precision)? - 1, scale).ok()?;
            Some((Value::decimal(-most, scale), Value::decimal(most, scale)))
        }
        _ => None,
    }
}

/// `bound - added`; whole numbers that leave 64 bits stop at their end.
fn less(bound: &Value, added: &Value) -> Option<Value> {
    match (bound, added) {
        (Value::I64(bound), Value::I64(added)) => Some(Value::I64(bound.saturating_sub(*added))),
        (Value::F64(bound), Value::F64(added)) => Some(Value::F64(bound - added)),
        (Value::Decimal { value: bound, scale }, Value::Decimal { value: added, .. }) => {
            bound.checked_sub(*added).map(|value| Value::decimal(value, *scale))
        }
        _ => None,
    }
}

/// The bound as a value that the column can be compared with; none if no value of the column reaches it.
fn within(column: Option<&ColumnSpec>, check: GuardCheck, bound: Value) -> Option<Value> {
    let limits = column.and_then(|column| limits(column.kind));
    let (Some((Value::I64(least), Value::I64(most))), Value::I64(number)) = (limits, &bound) else {
        return Some(bound);
    };
    match check {
        GuardCheck::AtLeast if *number > most => None,
        GuardCheck::AtMost if *number < least => None,
        _ => Some(Value::I64((*number).clamp(least, most))),
    }
}

fn holds(check: GuardCheck, value: &Value, bound: &Value) -> bool {
    let order = match (value, bound) {
        (Value::I64(value), Value::I64(bound)) => value.partial_cmp(bound),
        (Value::F64(value), Value::F64(bound)) => value.partial_cmp(bound),
        (Value::Text(value), Value::Text(bound)) => value.partial_cmp(bound),
        (Value::Timestamp(value), Value::Timestamp(bound)) => value.partial_cmp(bound),
        (Value::Duration(value), Value::Duration(bound)) => value.partial_cmp(bound),
        (Value::Date(value), Value::Date(bound)) => value.partial_cmp(bound),
        (Value::Decimal { value, .. }, Value::Decimal { value: bound, .. }) => value.partial_cmp(bound),
        _ => None,
    };
    order.is_some_and(|order| match check {
        GuardCheck::AtLeast => order.is_ge(),
        GuardCheck::AtMost => order.is_le(),
        GuardCheck::Was => true,
    })
}

fn broken(spec: &EntitySpec, guard: &Guard) -> Error {
    let what = match guard.check {
        GuardCheck::AtLeast => "would fall below what is allowed",
        GuardCheck::AtMost => "would rise above what is allowed",
        GuardCheck::Was => "is not what this step needs",
    };
    Error::precondition_on(guard.field, format!("{} of the {} {what}", guard.field, spec.name))
}
