//! Behaviours of a field do not contradict each other.

use super::all_fields;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Field, Model};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for field in all_fields(model) {
        for (broken, first, second, help) in contradictions(field) {
            if broken {
                found.push(
                    Diagnostic::at(
                        "arcana::behavior",
                        &field.span,
                        format!("`{}` is both {first} and {second}", field.name),
                    )
                    .help(help),
                );
            }
        }
    }
}

fn contradictions(field: &Field) -> [(bool, &'static str, &'static str, &'static str); 5] {
    [
        (
            field.required && field.output_only,
            "REQUIRED",
            "OUTPUT_ONLY",
            "keep OUTPUT_ONLY if the service sets it, REQUIRED if the client must",
        ),
        (
            field.input_only && field.output_only,
            "INPUT_ONLY",
            "OUTPUT_ONLY",
            "a field that is never sent either way is `(arcana.field).internal`",
        ),
        (
            field.required && field.optional,
            "REQUIRED",
            "`optional`",
            "remove `optional` if it must be there, REQUIRED if it may be null",
        ),
        (
            field.required && field.internal,
            "REQUIRED",
            "internal",
            "no client can send an internal field: remove REQUIRED, and set it in the logic",
        ),
        (
            field.input_only && field.immutable,
            "INPUT_ONLY",
            "IMMUTABLE",
            "the client could not see what it must not change: keep one of them",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::testing::entity_codes;

    #[test]
    fn refuses_contradictions() {
        let both = "string a = 2 [(google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = OUTPUT_ONLY];";
        assert_eq!(entity_codes(super::check, both), ["arcana::behavior"]);
        let nullable = "optional string a = 2 [(google.api.field_behavior) = REQUIRED];";
        assert_eq!(entity_codes(super::check, nullable), ["arcana::behavior"]);
        assert!(entity_codes(super::check, "string a = 2 [(google.api.field_behavior) = REQUIRED];").is_empty());
    }
}
