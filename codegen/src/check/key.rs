//! Every entity has a key, of fields that exist and are never null.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{KeyKind, Model};
use crate::nearest::hint;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        let Some(entity) = model.entity(&resource.entity) else { continue };
        if entity.key.fields.is_empty() {
            found.push(
                Diagnostic::at("arcana::missing_key", &resource.span, format!("`{}` has no key", resource.name))
                    .help("add `string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];`"),
            );
        }
        if entity.key.kind == KeyKind::Composite && entity.key.fields.len() == 1 {
            found.push(
                Diagnostic::at("arcana::composite_key", &resource.span, "a composite key has at least two fields")
                    .help("mark the one field with `(arcana.field) = { primary_key: … }` instead")
                    .word("primary_key"),
            );
        }
        for column in entity.columns.iter().filter(|column| column.sequence) {
            found.push(
                Diagnostic::at(
                    "arcana::key_sequence",
                    &column.span,
                    format!("`{}` would be numbered by the database, as only tables of Arcana's own are", column.name),
                )
                .help("write `primary_key: INT64`: the service allots the numbers, and knows them before it writes")
                .word("SEQUENCE"),
            );
        }
        for name in &entity.key.fields {
            match resource.field(name) {
                None => found.push(
                    Diagnostic::at(
                        "arcana::composite_key",
                        &resource.span,
                        format!("the key names `{name}`, which is no field"),
                    )
                    .help(hint(name, resource.fields.iter().map(|field| field.name.as_str()), "name a field"))
                    .word(name.clone()),
                ),
                Some(field) if field.optional || field.sensitive || field.internal => found.push(
                    Diagnostic::at(
                        "arcana::key_hidden",
                        &field.span,
                        format!("`{name}` is the key, and must always be seen"),
                    )
                    .help("remove `optional`, `sensitive` and `internal` from it"),
                ),
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_entities_without_a_key() {
        assert_eq!(
            codes(super::check, "message A { option (arcana.entity) = {}; string id = 1; }"),
            ["arcana::missing_key"]
        );
    }

    #[test]
    fn refuses_unknown_and_single_parts() {
        let found = |key: &str| {
            let options = format!("option (arcana.entity) = {{ primary_key: [{key}] }};");
            codes(super::check, &format!("message A {{ {options} string a = 1; string b = 2; }}"))
        };
        assert_eq!(found("\"a\", \"c\""), ["arcana::composite_key"]);
        assert_eq!(found("\"a\""), ["arcana::composite_key"]);
        assert!(found("\"a\", \"b\"").is_empty());
    }

    #[test]
    fn refuses_keys_that_the_database_would_make() {
        let field = "int64 id = 1 [(arcana.field) = { primary_key: SEQUENCE }];";
        assert_eq!(
            codes(super::check, &format!("message A {{ option (arcana.entity) = {{}}; {field} }}")),
            ["arcana::key_sequence"]
        );
    }

    #[test]
    fn refuses_keys_that_may_be_null() {
        let field = "optional string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];";
        assert_eq!(
            codes(super::check, &format!("message A {{ option (arcana.entity) = {{}}; {field} }}")),
            ["arcana::key_hidden"]
        );
    }
}
