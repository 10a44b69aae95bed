//! What must not leave the service cannot be found out through queries either.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.resources.iter().flat_map(|resource| &resource.fields) {
        let hidden = if field.sensitive {
            "sensitive"
        } else if field.internal {
            "internal"
        } else if field.input_only && field.searchable {
            "input only"
        } else {
            continue;
        };
        let options =
            [(field.filterable, "filterable"), (field.sortable, "sortable"), (field.searchable, "searchable")];
        for (_, option) in options.into_iter().filter(|(set, _)| *set) {
            found.push(
                Diagnostic::at(
                    "arcana::sensitive_query",
                    &field.span,
                    format!("`{}` is both {hidden} and {option}", field.name),
                )
                .help(format!("remove `{option}`: a query would tell what the field holds"))
                .word(option),
            );
        }
        if field.example.is_some() {
            found.push(
                Diagnostic::at(
                    "arcana::sensitive_example",
                    &field.span,
                    format!("`{}` is {hidden}, and has an example", field.name),
                )
                .help("remove `example`: the documentation does not show the field")
                .word("example"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::entity_codes;

    #[test]
    fn refuses_queries_of_secrets() {
        let field = "string a = 2 [(arcana.field) = { sensitive: true filterable: true sortable: true }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::sensitive_query", "arcana::sensitive_query"]);
        assert!(entity_codes(super::check, "string a = 2 [(arcana.field) = { sensitive: true }];").is_empty());
    }
}
