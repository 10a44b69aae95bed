//! Constraints have names of their own: MySQL knows those of a whole database, and PostgreSQL keeps keys among tables.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Entity, Model, Span, Type};
use crate::sql::constraint::{check_name, foreign_key_name, primary_key_name};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    // Entities that share a table are another rule's.
    let table = |entity: &&Entity| {
        taken.insert(entity.table.to_lowercase(), format!("the table of `{}`", entity.full_name)).is_none()
    };
    let derived = model.stores.iter().filter(|store| store.derived);
    let entities: Vec<&Entity> = model.entities.iter().chain(derived).filter(table).collect();
    for (name, what, span) in entities.into_iter().flat_map(constraints) {
        let Some(other) = taken.insert(name.to_lowercase(), what.clone()) else { continue };
        found.push(
            Diagnostic::at("arcana::duplicate_constraint", span, format!("{what} and {other} are both named `{name}`"))
                .help("name a table with `(arcana.entity).table`, or a column with `(arcana.field).column`, in another way"),
        );
    }
}

/// Names that are made of those of a table and its columns.
fn constraints(entity: &Entity) -> Vec<(String, String, &Span)> {
    let mut all =
        vec![(primary_key_name(&entity.table), format!("the primary key of `{}`", entity.full_name), &entity.span)];
    for column in &entity.columns {
        let name = entity.full_name.as_str();
        if matches!(column.ty, Type::Enum(_)) && column.storage_type.is_none() {
            let what = format!("the check on `{}` of `{name}`", column.field);
            all.push((check_name(&entity.table, &column.name), what, &column.span));
        }
        for key in entity.foreign_keys.iter().filter(|key| key.columns.first() == Some(&column.name)) {
            let what = format!("the reference `{}` of `{name}`", key.field);
            all.push((foreign_key_name(&entity.table, &key.columns), what, &column.span));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    fn found(first: &str, second: &str) -> Vec<&'static str> {
        let key = "string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];";
        let first = format!("message First {{ option (arcana.entity) = {{ table: \"a\" }}; {key} {first} }}");
        codes(super::check, &format!("{first} message Second {{ option (arcana.entity) = {{ {second} {key} }}"))
    }

    #[test]
    fn refuses_two_constraints_of_one_name() {
        let reference = |column: &str| {
            format!("string b = 2 [(arcana.field) = {{ references: \"t.v1.First\" column: \"{column}\" }}];")
        };
        let second = |column: &str| format!("table: \"a_b\" }}; {}", reference(column));
        assert_eq!(found(&reference("b_c"), &second("c")), ["arcana::duplicate_constraint"]);
        assert!(found(&reference("b_c"), &second("d")).is_empty());
    }

    #[test]
    fn refuses_a_table_that_is_named_like_a_key() {
        assert_eq!(found("", "table: \"a_pkey\" };"), ["arcana::duplicate_constraint"]);
    }
}
