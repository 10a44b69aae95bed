//! Tables have different, plain names, apart from Arcana's own.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    // Tables that are made for entities come first, so that it is the entity that is asked to take another name.
    let derived = model.stores.iter().filter(|store| store.derived);
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for store in derived {
        let of = store.foreign_keys.first().map(|key| key.entity.as_str()).unwrap_or_default();
        seen.insert(store.table.to_lowercase(), format!("the words of `{of}`"));
    }
    for entity in &model.entities {
        if let Some(other) = seen.insert(entity.table.to_lowercase(), format!("`{}`", entity.full_name)) {
            found.push(
                Diagnostic::at(
                    "arcana::duplicate_table",
                    &entity.span,
                    format!("`{}` and {other} share the table `{}`", entity.full_name, entity.table),
                )
                .help("name another table with `option (arcana.entity) = { table: \"…\" }`")
                .word(entity.table.clone()),
            );
        }
        if !is_plain(&entity.table) || is_ours(&entity.table) {
            found.push(
                Diagnostic::at("arcana::table_name", &entity.span, format!("`{}` is no name for a table", entity.table))
                    .help("use at most 63 letters, digits and `_`, with no digit first, and no `sqlite_`, `pg_` or `arcana_` in front")
                    .word(entity.table.clone()),
            );
        }
    }
}

/// Whether every dialect takes the name as it is, between quotes.
pub(super) fn is_plain(name: &str) -> bool {
    name.len() <= 63
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_ours(name: &str) -> bool {
    let name = name.to_lowercase();
    // PostgreSQL looks for a name among its own tables first.
    ["sqlite_", "pg_", "arcana_"].iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_a_table_of_two_entities() {
        let things = "message A { option (arcana.entity) = { table: \"x\" }; } \
                      message B { option (arcana.entity) = { table: \"X\" }; }";
        assert_eq!(codes(super::check, things), ["arcana::duplicate_table"]);
    }

    #[test]
    fn refuses_names_that_are_taken_or_need_quotes() {
        for table in ["arcana_jobs", "pg_class", "1st", "my table"] {
            let thing = format!("message A {{ option (arcana.entity) = {{ table: \"{table}\" }}; }}");
            assert_eq!(codes(super::check, &thing), ["arcana::table_name"]);
        }
    }
}
