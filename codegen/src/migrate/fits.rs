//! Which values of a column have no place in its new type, where the database would take them all the same: numbers of
//! several types are stored as one, and what is too large for the type of the schema could not be read any more.

use crate::lock::Storage;

/// Least and greatest value of a type of whole numbers.
pub(super) fn range(storage: &Storage) -> Option<(i64, i64)> {
    match storage {
        Storage::I32 => Some((i32::MIN.into(), i32::MAX.into())),
        Storage::I64 => Some((i64::MIN, i64::MAX)),
        Storage::U32 => Some((0, u32::MAX.into())),
        Storage::U64 => Some((0, i64::MAX)),
        _ => None,
    }
}

/// What numbers of a column must meet when they become whole numbers of another type; none if all of them fit.
pub(super) fn condition(name: &str, old: &Storage, new: &Storage) -> Option<String> {
    let (least, greatest) = range(new)?;
    match old {
        Storage::F32 | Storage::F64 => Some(format!("{name} >= {least}.0 AND {name} < {greatest}.0 + 1.0")),
        _ => {
            let (before, after) = range(old)?;
            (before < least || after > greatest).then(|| between(name, (least, greatest)))
        }
    }
}

/// A number within a range.
pub(super) fn between(value: &str, (least, greatest): (i64, i64)) -> String {
    match least {
        // The least of all numbers has no literal: its digits alone are too large.
        i64::MIN => format!("{value} <= {greatest}"),
        least => format!("{value} BETWEEN {least} AND {greatest}"),
    }
}

/// A decimal that is stored as a whole number, with another number of digits behind the point; with fewer it is rounded half away
/// from zero, as the servers do. A floating-point number would not hold all of its digits.
pub(super) fn rescaled(name: &str, from: u32, to: u32) -> String {
    if from <= to {
        return format!("{name} * {}", 10_i64.saturating_pow(to - from));
    }
    let by = 10_i64.saturating_pow(from - to);
    let half = by / 2;
    format!("({name} + CASE WHEN {name} < 0 THEN -{half} ELSE {half} END) / {by}")
}
