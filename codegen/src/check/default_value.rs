//! Defaults and examples fit the type of their field.

use super::all_fields;
use super::nearest::hint;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Field, FieldRole, Model, Type};

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
    let holds_one =
        !matches!(field.ty, Type::List(_) | Type::Map(..) | Type::Message(_) | Type::Id { .. } | Type::Resource(_));
    field.role == FieldRole::Plain && !field.required && holds_one
}

/// Whether a text is a value of the type; else what would be one.
fn fits(model: &Model, ty: &Type, text: &str) -> Result<(), String> {
    let number = |fits: bool, what: &str| if fits { Ok(()) } else { Err(format!("write {what} in quotes")) };
    match ty {
        Type::Bool => number(text.parse::<bool>().is_ok(), "`true` or `false`"),
        Type::I32 => number(text.parse::<i32>().is_ok(), "a whole number of 32 bits"),
        Type::I64 => number(text.parse::<i64>().is_ok(), "a whole number of 64 bits"),
        Type::U32 => number(text.parse::<u32>().is_ok(), "a whole number of 32 bits that is not negative"),
        Type::U64 => number(text.parse::<u64>().is_ok_and(|n| i64::try_from(n).is_ok()), "a number up to 2^63-1"),
        Type::F32 | Type::F64 => number(text.parse::<f64>().is_ok_and(f64::is_finite), "a finite number"),
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

fn is_decimal(text: &str, precision: u32, scale: u32) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let room = usize::try_from(precision.saturating_sub(scale)).unwrap_or_default();
    let behind = usize::try_from(scale).unwrap_or_default();
    !whole.is_empty() && all(whole) && all(part) && whole.trim_start_matches('0').len() <= room && part.len() <= behind
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
