//! Tables of words: where lists look for what callers search, one row for each word of each searchable field of a row.

use crate::model::{Column, Entity, Field, ForeignKey, Index, Key, KeyKind, Model, OnDelete, Type, short_name};

/// Longest word that is told from others, in characters; the runtime cuts longer ones.
const WORD_MAX: u64 = 64;
/// Column of the word.
const WORD: &str = "word";
/// Column of the number of the field that it stands in.
const FIELD: &str = "field";

/// The tables of all entities that have searchable fields.
pub(super) fn tables(model: &Model) -> Vec<Entity> {
    let searched = model.resources.iter().filter(|resource| resource.fields.iter().any(Field::is_searched));
    // An owned child that says so is refused by a check.
    let entities = searched.filter_map(|resource| model.entity(&resource.entity));
    entities.filter(|entity| entity.parent.is_none()).map(table).collect()
}

fn table(entity: &Entity) -> Entity {
    let name = short_name(&format!("{}_words", entity.table));
    let hidden = |name: &str, ty: Type| Column {
        name: name.to_owned(),
        field: name.to_owned(),
        ty,
        hidden: true,
        span: entity.span.clone(),
        ..Column::default()
    };
    let key = entity.key.columns.iter().filter_map(|name| entity.columns.iter().find(|column| column.name == *name));
    // With the numbers of their fields, so that they follow a column that is renamed.
    let key: Vec<Column> = key.map(|column| Column { default: None, sequence: false, ..column.clone() }).collect();
    let key_columns = entity.key.columns.clone();
    let mut columns = vec![Column { max_len: Some(WORD_MAX), ..hidden(WORD, Type::String) }];
    columns.extend(key);
    columns.push(hidden(FIELD, Type::I32));
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let of_row: Vec<String> = key_columns.iter().cloned().chain([FIELD.to_owned()]).collect();
    Entity {
        full_name: Entity::words_name(&entity.full_name),
        moved_from: entity.moved_from.as_deref().map(Entity::words_name),
        columns,
        key: Key { kind: KeyKind::Composite, fields: names.clone(), columns: names },
        indexes: vec![Index {
            name: short_name(&format!("{name}_{}_idx", of_row.join("_"))),
            columns: of_row,
            ..Index::default()
        }],
        foreign_keys: vec![ForeignKey {
            field: entity.key.fields.join(", "),
            columns: key_columns.clone(),
            entity: entity.full_name.clone(),
            table: entity.table.clone(),
            key_columns,
            on_delete: OnDelete::Cascade,
        }],
        table: name,
        derived: true,
        span: entity.span.clone(),
        ..Entity::default()
    }
}
