//! Defaults and examples fit the type of their field.

use super::all_fields;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Field, FieldRole, Model, Type};
use crate::nearest::hint;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for field in all_fields(model) {
        let texts =
            [("default", "arcana::bad_default", &field.default), ("example", "arcana::bad_example", &field.example)];
        for (what, code, text) in texts {
            if let Some(text) = text
                && let Err(help) = fits(model, &field.ty, text)
            {
                found.push(
                    Diagnostic::at(
                        code,
                        &field.span,
                        format!("the {what} `{text}` of `{}` does not fit its type", field.name),
                    )
                    .help(help)
                    .word(text.clone()),
                );
            }
        }
        if field.default.is_some() && !takes_default(field) {
            found.push(
                Diagnostic::at(
                    "arcana::default_unused",
                    &field.span,
                    format!("the default of `{}` is never used", field.name),
                )
                .help("remove it: keys, references, lists and what the client must send have none")
                .word("default"),
            );
        }
    }
}

fn takes_default(field: &Field) -> bool {
    let holds_one = !matches!(
        field.ty,
        Type::List(_) | Type::Map(..) | Type::Message(_) | Type::Struct | Type::Id { .. } | Type::Resource(_)
    );
    field.role == FieldRole::Plain && !field.required && holds_one
}

/// Whether a text is a value of the type; else what would be one.
fn fits(model: &Model, ty: &Type, text: &str) -> Result<(), String> {
    let number = |fits: bool, what: &str| if fits { Ok(()) } else { Err(format!("write {what} in quotes")) };
    match ty {
        Type::Bool => number(text.parse::<bool>().is_ok(), "`true` or `false`"),
        Type::I32 => number(text.parse().is_ok_and(|n: i32| n.to_string() == text), "a whole number of 32 bits"),
        Type::I64 => number(text.parse().is_ok_and(|n: i64| n.to_string() == text), "a whole number of 64 bits"),
        Type::U32 => number(
            text.parse().is_ok_and(|n: u32| n.to_string() == text),
            "a whole number of 32 bits that is not negative",
        ),
        Type::U64 => number(text.parse().is_ok_and(|n: i64| n >= 0 && n.to_string() == text), "a number up to 2^63-1"),
        Type::F32 => number(is_float(text) && text.parse().is_ok_and(f32::is_finite), "a finite number"),
        Type::F64 => number(is_float(text) && text.parse().is_ok_and(f64::is_finite), "a finite number"),
        Type::Date => number(is_date(text), "a date such as 2026-01-31"),
        Type::Timestamp => number(is_time(text), "a time such as 2026-01-31T12:00:00Z"),
        Type::Duration => number(text.strip_suffix('s').is_some_and(is_seconds), "seconds such as 1.5s"),
        Type::Decimal { precision, scale } => number(
            is_decimal(text, *precision, *scale),
            &format!(
                "a number with at most {} digits before the point and {scale} behind it",
                precision.saturating_sub(*scale)
            ),
        ),
        Type::Enum(name) => {
            let names = model.enumeration(name).map(|e| e.values.as_slice()).unwrap_or_default();
            if names.iter().any(|value| value.name == text) {
                Ok(())
            } else {
                Err(hint(text, names.iter().map(|value| value.name.as_str()), "name one of the values"))
            }
        }
        _ => Ok(()),
    }
}

/// A number as every language writes it: digits on both sides of the point, if there is one.
fn is_float(text: &str) -> bool {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    is_seconds(number) && exponent.strip_prefix('-').unwrap_or(exponent).chars().all(|c| c.is_ascii_digit())
}

fn is_seconds(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, part].iter().all(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let within = |text: &str, len: usize, most: u32| {
        text.len() == len && text.parse().is_ok_and(|n: u32| (1..=most).contains(&n))
    };
    matches!(parts.as_slice(), [year, month, day] if within(year, 4, 9999) && within(month, 2, 12) && within(day, 2, 31))
}

fn is_time(text: &str) -> bool {
    let Some((date, time)) = text.strip_suffix('Z').and_then(|text| text.split_once('T')) else { return false };
    let parts: Vec<&str> = time.split(':').collect();
    let below = |text: &str, most: u32| text.len() == 2 && text.parse().is_ok_and(|n: u32| n < most);
    let seconds = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        below(whole, 60) && (1..=6).contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit())
    };
    is_date(date) && matches!(parts.as_slice(), [h, m, s] if below(h, 24) && below(m, 60) && seconds(s))
}

fn is_decimal(text: &str, precision: u32, scale: u32) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let room = usize::try_from(precision.saturating_sub(scale)).unwrap_or_default();
    let behind = usize::try_from(scale).unwrap_or_default();
    let fraction = if digits.contains('.') { part.len() } else { 0 };
    let shaped = !whole.is_empty() && !part.is_empty() && all(whole) && all(part);
    shaped && whole.trim_start_matches('0').len() <= room && fraction <= behind
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ENTITY, codes, entity_codes};

    #[test]
    fn refuses_defaults_that_do_not_fit() {
        let field = "int32 a = 2 [(arcana.field) = { default: \"many\" }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::bad_default"]);
        let text = format!(
            "enum E {{ E_UNSPECIFIED = 0; E_OPEN = 1; }} \
             message Thing {{ {ENTITY} E e = 2 [(arcana.field) = {{ default: \"OPEN\" }}]; }}"
        );
        assert_eq!(codes(super::check, &text), ["arcana::bad_default"]);
    }

    #[test]
    fn refuses_examples_that_do_not_fit() {
        let field = "string a = 2 [(arcana.field) = { decimal: { precision: 4 scale: 2 } example: \"123.45\" }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::bad_example"]);
    }

    #[test]
    fn refuses_defaults_that_are_never_used() {
        let field = "repeated string a = 2 [(arcana.field) = { default: \"x\" }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::default_unused"]);
    }
}
