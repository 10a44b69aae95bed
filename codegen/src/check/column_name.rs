//! Columns of a table have different, plain names.

use std::collections::BTreeMap;

use super::table_name::is_plain;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

/// Columns that PostgreSQL or MySQL gives every table itself.
const SYSTEM: [&str; 10] =
    ["cmax", "cmin", "ctid", "db_roll_ptr", "db_row_id", "db_trx_id", "fts_doc_id", "tableoid", "xmax", "xmin"];

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for entity in model.entities.iter().chain(model.stores.iter().filter(|store| store.derived)) {
        let mut seen: BTreeMap<String, bool> = BTreeMap::new();
        let (hidden, declared): (Vec<_>, Vec<_>) = entity.columns.iter().partition(|column| column.hidden);
        for column in hidden.into_iter().chain(declared) {
            // SQL does not tell cases apart.
            if let Some(made) = seen.insert(column.name.to_lowercase(), column.hidden) {
                let whose =
                    if made { "the storage design makes a column of that name" } else { "another field has it" };
                found.push(
                    Diagnostic::at(
                        "arcana::duplicate_column",
                        &column.span,
                        format!("the column `{}` of `{}` is taken: {whose}", column.name, entity.table),
                    )
                    .help("rename the field, or name its column with `(arcana.field).column`"),
                );
            }
            if SYSTEM.contains(&column.name.to_lowercase().as_str()) {
                found.push(
                    Diagnostic::at(
                        "arcana::column_name",
                        &column.span,
                        format!("databases have a column `{}` of their own in each table", column.name),
                    )
                    .help("rename the field, or name its column with `(arcana.field).column`"),
                );
            }
            if !is_plain(&column.name) {
                found.push(
                    Diagnostic::at(
                        "arcana::column_name",
                        &column.span,
                        format!("`{}` is no name for a column", column.name),
                    )
                    .help("use at most 63 letters, digits and `_`, with no digit first")
                    .word(column.name.clone()),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, entity_codes};

    #[test]
    fn refuses_columns_of_the_same_name() {
        let fields = "string a = 2; string b = 3 [(arcana.field) = { column: \"A\" }];";
        assert_eq!(entity_codes(super::check, fields), ["arcana::duplicate_column"]);
    }

    #[test]
    fn refuses_names_of_hidden_columns() {
        let thing = "message Thing { option (arcana.entity) = { soft_delete: true }; string deleted_at = 1; }";
        assert_eq!(codes(super::check, thing), ["arcana::duplicate_column"]);
    }

    #[test]
    fn refuses_columns_that_databases_have_already() {
        assert_eq!(entity_codes(super::check, "int64 xmin = 2;"), ["arcana::column_name"]);
    }

    #[test]
    fn refuses_names_that_need_quotes() {
        let field = "string a = 2 [(arcana.field) = { column: \"a-b\" }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::column_name"]);
    }
}
