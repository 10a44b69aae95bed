//! Indexes are over columns that exist, each named once.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Entity, Index, Model, Type};
use crate::nearest::hint;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        for index in &entity.indexes {
            columns(entity, index, found);
        }
    }
}

fn columns(entity: &Entity, index: &Index, found: &mut Diagnostics) {
    if index.columns.is_empty() {
        found.push(
            Diagnostic::at("arcana::index_column", &entity.span, "an index names no field")
                .help("write `indexes: [{ fields: [\"a\", \"b\"] }]`")
                .word("indexes"),
        );
    }
    let mut seen = BTreeSet::new();
    for name in &index.columns {
        let column = entity.columns.iter().find(|column| column.name == *name);
        let (message, help) = match column {
            None => {
                let fields = entity.columns.iter().map(|column| column.field.as_str());
                (
                    format!("the index names `{name}`, which is no field of this entity"),
                    hint(name, fields, "name a field"),
                )
            }
            Some(column) if is_large(&column.ty) => {
                (format!("`{name}` cannot be in an index"), "index scalars, enums, keys and timestamps only".to_owned())
            }
            Some(_) if !seen.insert(name) => (format!("the index names `{name}` twice"), "name it once".to_owned()),
            Some(_) => continue,
        };
        found.push(Diagnostic::at("arcana::index_column", &entity.span, message).help(help).word(name.clone()));
    }
}

fn is_large(ty: &Type) -> bool {
    matches!(ty, Type::List(_) | Type::Map(..) | Type::Message(_) | Type::Struct | Type::Resource(_) | Type::Bytes)
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    fn found(fields: &str) -> Vec<&'static str> {
        let options = format!("option (arcana.entity) = {{ indexes: [{{ fields: [{fields}] }}] }};");
        codes(super::check, &format!("message Thing {{ {options} string a = 1; repeated string b = 2; }}"))
    }

    #[test]
    fn refuses_unknown_large_and_doubled_fields() {
        assert_eq!(found("\"c\""), ["arcana::index_column"]);
        assert_eq!(found("\"b\""), ["arcana::index_column"]);
        assert_eq!(found("\"a\", \"a\""), ["arcana::index_column"]);
        assert!(found("\"a\"").is_empty());
    }
}
