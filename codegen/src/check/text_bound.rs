//! Texts in an index have a bound that fits every dialect.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Column, Entity, KeyKind, Model, Type};

/// Characters of an index in total: what MySQL takes at four bytes each.
const MOST: u64 = 768;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let resource = model.resource(&entity.full_name);
        let queried = |column: &Column| {
            resource
                .and_then(|resource| resource.field(&column.field))
                .is_some_and(|f| f.unique || f.filterable || f.sortable)
        };
        let mut unbounded: BTreeMap<&str, &Column> = BTreeMap::new();
        for column in entity.columns.iter().filter(|column| is_text(column)) {
            let indexed = entity.indexes.iter().any(|index| index.columns.contains(&column.name))
                || entity.key.columns.contains(&column.name);
            if (indexed || queried(column)) && column.max_len.is_none_or(|length| length > MOST) {
                unbounded.insert(&column.name, column);
            }
        }
        for column in unbounded.values() {
            found.push(
                Diagnostic::at(
                    "arcana::unbounded_index",
                    &column.span,
                    format!(
                        "`{}` is in an index, a filter or an order, but has no bound of at most {MOST} characters",
                        column.field
                    ),
                )
                .help("add `(buf.validate.field).string.max_len = 120`, or whatever fits"),
            );
        }
        total(entity, &unbounded, found);
    }
}

fn total(entity: &Entity, unbounded: &BTreeMap<&str, &Column>, found: &mut Diagnostics) {
    for index in entity.indexes.iter().filter(|index| !index.columns.iter().any(|c| unbounded.contains_key(c.as_str())))
    {
        let columns = entity.columns.iter().filter(|column| index.columns.contains(&column.name) && is_text(column));
        let sum: u64 = columns.filter_map(|column| column.max_len).sum();
        if sum > MOST {
            found.push(
                Diagnostic::at(
                    "arcana::long_index",
                    &entity.span,
                    format!(
                        "the index over {} holds up to {sum} characters, {MOST} are possible",
                        index.columns.join(", ")
                    ),
                )
                .help("lower `max_len` of its fields, or take one of them out")
                .word("indexes"),
            );
        }
    }
}

/// Text whose length the schema decides; keys made by the service have a fixed one.
fn is_text(column: &Column) -> bool {
    match &column.ty {
        Type::String => true,
        Type::Id { kind: KeyKind::String, .. } => !column.hidden && column.max_len.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, entity_codes};

    #[test]
    fn refuses_unbounded_texts_in_queries() {
        assert_eq!(
            entity_codes(super::check, "string a = 2 [(arcana.field) = { filterable: true }];"),
            ["arcana::unbounded_index"]
        );
        let long = "string a = 2 [(buf.validate.field).string.max_len = 769, (arcana.field) = { unique: true }];";
        assert_eq!(entity_codes(super::check, long), ["arcana::unbounded_index"]);
    }

    #[test]
    fn refuses_indexes_that_are_too_long_in_total() {
        let text = "message A { option (arcana.entity) = { indexes: [{ fields: [\"a\", \"b\"] }] }; \
                    string a = 1 [(buf.validate.field).string.max_len = 500]; \
                    string b = 2 [(buf.validate.field).string.max_len = 500]; }";
        assert_eq!(codes(super::check, text), ["arcana::long_index"]);
    }
}
