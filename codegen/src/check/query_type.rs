//! Filters, orders, searches and unique checks are on fields of a type that can bear them.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Type};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for (resource, field) in
        model.resources.iter().flat_map(|resource| resource.fields.iter().map(move |field| (resource, field)))
    {
        let compound = matches!(
            field.ty,
            Type::List(_) | Type::Map(..) | Type::Message(_) | Type::Struct | Type::Resource(_) | Type::Bytes
        );
        let text = matches!(field.ty, Type::String);
        let options = [
            (field.filterable && compound, "filterable", "scalars, enums, keys and timestamps"),
            (field.sortable && compound, "sortable", "scalars, enums, keys and timestamps"),
            (field.unique && compound, "unique", "scalars, enums, keys and timestamps"),
            (field.searchable && !text, "searchable", "strings"),
        ];
        let owned = model.entity(&resource.entity).is_some_and(|entity| entity.parent.is_some());
        if field.searchable && owned {
            found.push(
                Diagnostic::at(
                    "arcana::owned_search",
                    &field.span,
                    format!("`{}` is searchable, and `{}` is owned, which no list shows", field.name, resource.name),
                )
                .help("remove `searchable`: it is for the fields of entities that have lists of their own")
                .word("searchable"),
            );
        }
        for (broken, option, types) in options {
            if broken {
                found.push(
                    Diagnostic::at("arcana::query_type", &field.span, format!("`{}` cannot be {option}", field.name))
                        .help(format!("remove `{option}`: it is for {types} only"))
                        .word(option),
                );
            }
        }
    }
    for field in model.messages.iter().flat_map(|message| &message.fields) {
        let stored = [
            (field.filterable, "filterable"),
            (field.sortable, "sortable"),
            (field.searchable, "searchable"),
            (field.unique, "unique"),
        ];
        for (_, option) in stored.into_iter().filter(|(set, _)| *set) {
            found.push(
                Diagnostic::at(
                    "arcana::not_stored",
                    &field.span,
                    format!("`{}` is in no entity, and cannot be {option}", field.name),
                )
                .help(format!("remove `{option}`, or make the message an entity"))
                .word(option),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, entity_codes};

    #[test]
    fn refuses_lists_as_filters() {
        let field = "repeated string a = 2 [(arcana.field) = { filterable: true }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::query_type"]);
    }

    #[test]
    fn refuses_searches_in_numbers() {
        let owned = "message Parent { option (arcana.entity) = {}; string id = 1 [(arcana.field) = { primary_key: UUID_V7 }]; \
                     repeated Child children = 2 [(arcana.field).owned = true]; } \
                     message Child { option (arcana.entity) = { methods: [NONE] }; \
                     string id = 1 [(arcana.field) = { primary_key: UUID_V7 }]; string a = 2 [(arcana.field).searchable = true]; }";
        assert_eq!(codes(super::check, owned), ["arcana::owned_search"]);
        let field = "int32 a = 2 [(arcana.field) = { searchable: true }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::query_type"]);
    }

    #[test]
    fn refuses_queries_of_what_is_not_stored() {
        let text = "message A { string a = 1 [(arcana.field) = { sortable: true }]; }";
        assert_eq!(codes(super::check, text), ["arcana::not_stored"]);
    }
}
