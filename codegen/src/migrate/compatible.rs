//! Whether services that were built before a migration go on working beside it.

use super::transition::{Pair, Transition};
use crate::lock::Column;

/// Line that tells the runtime, which looks for it among the comments at the top of a file.
pub(super) const COMPATIBLE: &str = "-- Compatible with services that were built before it.";

/// Package of the tables in which services write of what they do.
const STORES: &str = "arcana.store.";

/// What older services cannot work with, such as `shop.v1.Order.note: has another name`; nothing if they can.
pub(super) fn obstacles(transition: &Transition<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for pair in transition.pairs() {
        if pair.old.name != pair.new.name {
            found.push(format!("{}: its table has another name", pair.entity));
        }
        columns(&pair, &mut found);
        rules(&pair, &mut found);
    }
    for (entity, table) in transition.created() {
        if table.derived {
            found.push(format!("{entity}: older services do not write it, and what they write is not found in it"));
        } else if entity.starts_with(STORES) {
            found.push(format!("{entity}: older services do not write it"));
        }
    }
    found.extend(transition.dropped().into_iter().map(|(entity, _)| format!("{entity}: its table goes")));
    found
}

fn columns(pair: &Pair<'_>, found: &mut Vec<String>) {
    let mut tell = |column: &Column, words: &str| found.push(format!("{}.{}: {words}", pair.entity, column.name));
    for column in pair.added() {
        if !column.nullable {
            tell(column, "older services give no value, and it must have one");
        } else if column.number == 0 {
            // Such as the mark of a deleted row.
            tell(column, "older services do not heed it");
        }
    }
    for column in pair.removed() {
        tell(column, "goes");
    }
    for (old, _, new) in pair.kept() {
        let narrowed = new.max_len.is_some_and(|after| old.max_len.is_none_or(|before| after < before));
        let changes = [
            (old.name != new.name, "has another name"),
            (old.storage != new.storage || old.storage_type != new.storage_type, "is stored in another way"),
            (!old.nullable && new.nullable, "may be NULL, which older services cannot read"),
            (old.nullable && !new.nullable, "must have a value, which older services need not give"),
            (narrowed, "takes less than older services may write"),
        ];
        changes.iter().filter(|(holds, _)| *holds).for_each(|(_, words)| tell(new, words));
    }
}

fn rules(pair: &Pair<'_>, found: &mut Vec<String>) {
    let mut tell = |words: String| found.push(format!("{}: {words}", pair.entity));
    if pair.carried.key != pair.new.key {
        tell("has another key".to_owned());
    }
    let has = |columns: &[String]| columns.iter().all(|name| pair.carried.column(name).is_some());
    for key in pair.new.foreign_keys.iter().filter(|key| !pair.carried.foreign_keys.contains(key)) {
        if has(&key.columns) {
            tell(format!("{} refers to {} in a new way", key.columns.join(", "), key.entity));
        }
    }
    for index in pair.indexes_added().into_iter().filter(|index| index.unique && has(&index.columns)) {
        tell(format!("({}) is unique, which older services know no answer for", index.columns.join(", ")));
    }
}
