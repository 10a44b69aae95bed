//! Names of fields work in Rust, JSON and queries.

use std::collections::BTreeMap;

use heck::ToSnakeCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Field, Model};

/// Rust names that not even `r#` makes usable.
const NO_RAW: [&str; 4] = ["self", "super", "crate", "_"];
/// Parameters of every list, which `?name=value` filters would hide.
const LIST_PARAMETERS: [&str; 12] = [
    "page",
    "size",
    "sort",
    "order",
    "page_token",
    "page_size",
    "skip",
    "filter",
    "include_total",
    "show_deleted",
    "expand",
    "q",
];

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        names(&resource.fields, found);
        for field in &resource.fields {
            if field.filterable && LIST_PARAMETERS.contains(&field.name.as_str()) {
                found.push(
                    Diagnostic::at(
                        "arcana::list_parameter",
                        &field.span,
                        format!("`{}` is a parameter of every list, and cannot be a filter", field.name),
                    )
                    .help("rename the field (`column` can keep the name in the database), or remove `filterable`"),
                );
            }
        }
    }
    model.messages.iter().for_each(|message| names(&message.fields, found));
}

fn names(fields: &[Field], found: &mut Diagnostics) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for field in fields {
        if NO_RAW.contains(&field.name.as_str()) {
            found.push(
                Diagnostic::at("arcana::reserved_word", &field.span, format!("`{}` is reserved in Rust", field.name))
                    .help("rename the field; `column` can keep the name in the database"),
            );
        } else if field.name != field.name.to_snake_case() {
            found.push(
                Diagnostic::at("arcana::field_name", &field.span, format!("`{}` is not in snake_case", field.name))
                    .help(format!("write `{}`", field.name.to_snake_case())),
            );
        }
        if let Some(other) = seen.insert(field.name.to_snake_case(), &field.name) {
            found.push(
                Diagnostic::at(
                    "arcana::name_collision",
                    &field.span,
                    format!("`{}` and `{other}` become one name", field.name),
                )
                .help("rename one of them"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::entity_codes;

    #[test]
    fn refuses_names_that_rust_cannot_have() {
        assert_eq!(entity_codes(super::check, "string self = 2;"), ["arcana::reserved_word"]);
        assert!(entity_codes(super::check, "string type = 2;").is_empty());
    }

    #[test]
    fn refuses_other_cases() {
        assert_eq!(entity_codes(super::check, "string firstName = 2;"), ["arcana::field_name"]);
    }

    #[test]
    fn refuses_filters_named_like_parameters() {
        let field = "int32 size = 2 [(arcana.field) = { filterable: true }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::list_parameter"]);
    }
}
