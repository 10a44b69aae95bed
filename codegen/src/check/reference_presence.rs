//! A reference is either there or null: an empty text is no key.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{FieldRole, Model, OnDelete, Type};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        let keys = model.entity(&resource.entity).map(|entity| entity.foreign_keys.as_slice()).unwrap_or_default();
        for field in &resource.fields {
            let Some(key) = keys.iter().find(|key| key.field == field.name) else { continue };
            if !field.optional && !field.required && !field.output_only && field.role != FieldRole::Key {
                found.push(presence(&field.name, &field.span));
            }
            if key.on_delete == OnDelete::SetNull && !field.optional {
                found.push(
                    Diagnostic::at("arcana::set_null", &field.span, format!("`{}` cannot become null", field.name))
                        .help("make it `optional`, or choose RESTRICT or CASCADE")
                        .word("SET_NULL"),
                );
            }
        }
    }
    for field in model.messages.iter().flat_map(|message| &message.fields) {
        if matches!(field.ty, Type::Id { .. }) && !field.optional && !field.required {
            found.push(presence(&field.name, &field.span));
        }
    }
}

fn presence(name: &str, span: &crate::model::Span) -> Diagnostic {
    Diagnostic::at(
        "arcana::reference_presence",
        span,
        format!("the reference `{name}` is neither REQUIRED nor `optional`"),
    )
    .help("add `(google.api.field_behavior) = REQUIRED`, or make it `optional`: an empty text is no key")
}

#[cfg(test)]
mod tests {
    use super::super::testing::entity_codes;

    #[test]
    fn refuses_references_that_may_be_empty() {
        let field = "string a = 2 [(arcana.field) = { references: \"t.v1.Thing\" }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::reference_presence"]);
        assert!(entity_codes(super::check, &format!("optional {field}")).is_empty());
    }

    #[test]
    fn refuses_set_null_where_null_cannot_be() {
        let field = "string a = 2 [(google.api.field_behavior) = REQUIRED, \
                     (arcana.field) = { references: \"t.v1.Thing\" on_delete: SET_NULL }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::set_null"]);
    }
}
