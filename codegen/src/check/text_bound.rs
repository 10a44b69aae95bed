//! Texts in an index have a bound that fits every dialect.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Column, Entity, KeyKind, Model, Type};
use crate::sql::enum_length;

/// Characters of one text. MySQL takes 3072 bytes of an index, PostgreSQL a little less of a row in it.
const MOST: u64 = 640;
/// Bytes of an index: what PostgreSQL takes, less what it writes before a row.
const MOST_BYTES: u64 = 2704 - 16;
/// A character, in the worst case.
const CHARACTER_BYTES: u64 = 4;
/// The length of a text, and what aligns the value behind it.
const TEXT_EXTRA_BYTES: u64 = 8;
/// Any other value: a UUID is the largest.
const OTHER_BYTES: u64 = 16;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let resource = model.resource(&entity.full_name);
        let queried = |column: &Column| {
            resource
                .and_then(|resource| resource.field(&column.field))
                .is_some_and(|f| f.unique || f.filterable || f.sortable)
        };
        let mut unbounded: BTreeMap<&str, &Column> = BTreeMap::new();
        for column in entity.columns.iter().filter(|column| is_text(entity, column)) {
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
                        "`{}` is in a key, an index, a filter or an order, but has no bound of at most {MOST} characters",
                        column.field
                    ),
                )
                .help("add `(buf.validate.field).string.max_len = 120`, or whatever fits"),
            );
        }
        let indexes = entity.indexes.iter().map(|index| &index.columns);
        for columns in indexes.chain([&entity.key.columns]) {
            if !columns.iter().any(|column| unbounded.contains_key(column.as_str())) {
                total(model, entity, columns, found);
            }
        }
    }
}

fn total(model: &Model, entity: &Entity, columns: &[String], found: &mut Diagnostics) {
    let known = columns.iter().filter_map(|name| entity.columns.iter().find(|column| column.name == *name));
    let sum: u64 = known.map(|column| bytes(model, entity, column, model.entities.len())).sum();
    if sum > MOST_BYTES {
        found.push(
            Diagnostic::at(
                "arcana::long_index",
                &entity.span,
                format!(
                    "the index over {} takes up to {sum} bytes at {CHARACTER_BYTES} a character, {MOST_BYTES} are possible",
                    columns.join(", ")
                ),
            )
            .help("lower `max_len` of its fields, or take one of them out")
            .word("indexes"),
        );
    }
}

/// What a value takes at most; a reference is as long as the key, which may be a reference itself.
fn bytes(model: &Model, entity: &Entity, column: &Column, depth: usize) -> u64 {
    let text = |characters: u64| characters * CHARACTER_BYTES + TEXT_EXTRA_BYTES;
    match &column.ty {
        Type::String | Type::Id { kind: KeyKind::String | KeyKind::Composite, .. } => {
            if let Some(length) = column.max_len {
                return text(length);
            }
            let key = entity.foreign_keys.iter().find(|key| key.columns.first() == Some(&column.name));
            let target = key.and_then(|key| Some((model.entity(&key.entity)?, key.key_columns.first()?)));
            let target = target.and_then(|(target, name)| {
                target.columns.iter().find(|column| column.name == *name).map(|column| (target, column))
            });
            match target {
                Some((target, column)) if depth > 0 => bytes(model, target, column, depth - 1),
                _ => OTHER_BYTES,
            }
        }
        Type::Enum(name) => {
            let values = model.enumeration(name).map(|found| found.values.as_slice()).unwrap_or_default();
            text(enum_length(values.iter().map(|value| value.name.as_str())))
        }
        _ => OTHER_BYTES,
    }
}

/// Text whose length the schema decides: a reference without a bound of its own has that of the key.
fn is_text(entity: &Entity, column: &Column) -> bool {
    match &column.ty {
        Type::String => true,
        Type::Id { entity: target, kind: KeyKind::String } => {
            !column.hidden
                && (column.max_len.is_some()
                    || *target == entity.full_name && entity.key.columns.contains(&column.name))
        }
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
        let long = "string a = 2 [(buf.validate.field).string.max_len = 641, (arcana.field) = { unique: true }];";
        assert_eq!(entity_codes(super::check, long), ["arcana::unbounded_index"]);
    }

    #[test]
    fn refuses_indexes_that_are_too_long_in_total() {
        let text = "message A { option (arcana.entity) = { indexes: [{ fields: [\"a\", \"b\"] }] }; \
                    string a = 1 [(buf.validate.field).string.max_len = 500]; \
                    string b = 2 [(buf.validate.field).string.max_len = 500]; }";
        assert_eq!(codes(super::check, text), ["arcana::long_index"]);
    }

    #[test]
    fn counts_keys_that_end_an_order() {
        let found = |key: u64| {
            let key = format!(
                "string id = 1 [(buf.validate.field).string.max_len = {key}, (arcana.field) = {{ primary_key: STRING }}];"
            );
            let sorted =
                "string a = 2 [(buf.validate.field).string.max_len = 400, (arcana.field) = { sortable: true }];";
            codes(super::check, &format!("message A {{ option (arcana.entity) = {{}}; {key} {sorted} }}"))
        };
        assert!(found(200).is_empty());
        assert_eq!(found(400), ["arcana::long_index"]);
    }

    #[test]
    fn refuses_text_keys_without_a_bound() {
        let key = "string id = 1 [(arcana.field) = { primary_key: STRING }];";
        assert_eq!(
            codes(super::check, &format!("message A {{ option (arcana.entity) = {{}}; {key} }}")),
            ["arcana::unbounded_index"]
        );
    }
}
