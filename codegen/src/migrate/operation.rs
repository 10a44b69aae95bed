//! What a migration does, in words for people: one operation per change, each with a class.

use serde::{Deserialize, Serialize};

use super::default;
use super::transition::{Pair, Transition};
use crate::lock::{Column, Storage};

/// One change of the storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// What happens.
    pub kind: OperationKind,
    /// Full name of the entity, or of the field: `shop.v1.Order.note`.
    pub subject: String,
    /// Full name of the entity.
    pub entity: String,
    /// Numbers of the fields whose columns it is about; 0 for a column without one. None if it is about the table.
    pub fields: Vec<u32>,
    /// What about them changes.
    pub aspect: Aspect,
    /// Table, as it is named afterwards.
    pub table: String,
    /// How careful one must be.
    pub class: Class,
    /// What happens, for people.
    pub words: String,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum OperationKind {
    CreateTable,
    DropTable,
    RenameTable,
    AddColumn,
    DropColumn,
    RenameColumn,
    /// A change of type, NULL, check, key or reference, for which SQLite copies the table.
    RebuildTable,
    CreateIndex,
    DropIndex,
}

/// What about a table or a column changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Aspect {
    /// It comes or goes.
    Existence,
    Name,
    Type,
    /// Whether it may be NULL.
    Null,
    /// How long a text may be.
    Length,
    Key,
    Reference,
    Index,
}

/// How careful one must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing is lost and nothing can fail on existing rows.
    Safe,
    /// Fails on existing rows that do not fit yet.
    NeedsBackfill,
    /// Loses values, or fails on rows whose values no longer fit; must be allowed by name.
    Lossy,
    /// Not offered; another way leads there.
    Refused,
}

impl Class {
    /// For tables of people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::NeedsBackfill => "needs backfill",
            Self::Lossy => "lossy",
            Self::Refused => "refused",
        }
    }
}

impl OperationKind {
    /// For tables of people.
    pub fn words(self) -> &'static str {
        match self {
            Self::CreateTable => "create table",
            Self::DropTable => "drop table",
            Self::RenameTable => "rename table",
            Self::AddColumn => "add column",
            Self::DropColumn => "drop column",
            Self::RenameColumn => "rename column",
            Self::RebuildTable => "change",
            Self::CreateIndex => "create index",
            Self::DropIndex => "drop index",
        }
    }
}

/// All operations of a transition, in the order of tables and fields.
pub(super) fn operations(transition: &Transition<'_>) -> Vec<Operation> {
    use Class::{Lossy, Safe};
    let mut found = Vec::new();
    for (entity, table) in transition.created() {
        let words = format!("new table {} with {} columns", table.name, table.columns.len());
        found.push(Operation::of_table(OperationKind::CreateTable, entity, &table.name, Safe, words));
    }
    for pair in transition.pairs() {
        if pair.old.name != pair.new.name {
            let words = format!("{} becomes {}", pair.old.name, pair.new.name);
            found.push(Operation::of_table(OperationKind::RenameTable, pair.entity, &pair.new.name, Safe, words));
        }
        let mut changes = columns(&pair);
        changes.append(&mut constraints(&pair));
        if pair.new.derived {
            // It follows the table that it is made from, whose own changes are judged.
            changes.iter_mut().for_each(|change| change.class = Safe);
        }
        found.append(&mut changes);
    }
    for (entity, table) in transition.dropped() {
        let (class, words) = match table.derived {
            true => (Safe, format!("{} holds nothing that other tables do not", table.name)),
            false => (Lossy, format!("all rows of {} are lost", table.name)),
        };
        found.push(Operation::of_table(OperationKind::DropTable, entity, &table.name, class, words));
    }
    found
}

impl Operation {
    fn of_table(kind: OperationKind, entity: &str, table: &str, class: Class, words: String) -> Self {
        let aspect = if kind == OperationKind::RenameTable { Aspect::Name } else { Aspect::Existence };
        let (subject, entity, table) = (entity.to_owned(), entity.to_owned(), table.to_owned());
        Self { kind, subject, entity, fields: Vec::new(), aspect, table, class, words }
    }
}

fn columns(pair: &Pair<'_>) -> Vec<Operation> {
    let mut found = Vec::new();
    let mut add = |kind, column: &Column, aspect, class, words: String| {
        found.push(Operation {
            kind,
            subject: format!("{}.{}", pair.entity, column.name),
            entity: pair.entity.to_owned(),
            fields: vec![column.number],
            aspect,
            table: pair.new.name.clone(),
            class,
            words,
        });
    };
    for column in pair.added() {
        if let Some(name) = pair.old.tombstones.get(&column.number) {
            let words =
                format!("number {} belonged to {name}, which was removed; a number is never used again", column.number);
            add(OperationKind::AddColumn, column, Aspect::Existence, Class::Refused, words);
        } else if column.nullable {
            add(OperationKind::AddColumn, column, Aspect::Existence, Class::Safe, "NULL in rows that exist".to_owned());
        } else if let Some(default) = default::of(column) {
            let words = format!("{} in rows that exist", default::words(&default));
            add(OperationKind::AddColumn, column, Aspect::Existence, Class::Safe, words);
        } else {
            let words =
                "has no default: fails on a table that has rows; add it as optional first, fill it, then require it";
            add(OperationKind::AddColumn, column, Aspect::Existence, Class::NeedsBackfill, words.to_owned());
        }
    }
    for (old, carried, new) in pair.kept() {
        if old.name != new.name {
            let words = format!("{} becomes {}", old.name, new.name);
            add(OperationKind::RenameColumn, new, Aspect::Name, Class::Safe, words);
        }
        for (aspect, class, words) in changes(&carried, new) {
            add(OperationKind::RebuildTable, new, aspect, class, words);
        }
    }
    for column in pair.removed() {
        add(OperationKind::DropColumn, column, Aspect::Existence, Class::Lossy, "its values are lost".to_owned());
    }
    found
}

fn constraints(pair: &Pair<'_>) -> Vec<Operation> {
    let mut found = Vec::new();
    let mut add = |kind, aspect, columns: &[String], class, words: String| {
        let number = |name: &String| pair.new.column(name).or(pair.carried.column(name)).map_or(0, |one| one.number);
        found.push(Operation {
            kind,
            subject: pair.entity.to_owned(),
            entity: pair.entity.to_owned(),
            fields: columns.iter().map(number).collect(),
            aspect,
            table: pair.new.name.clone(),
            class,
            words,
        });
    };
    if pair.carried.key != pair.new.key {
        let words = format!("the key changes from ({}) to ({})", pair.carried.key.join(", "), pair.new.key.join(", "));
        add(OperationKind::RebuildTable, Aspect::Key, &pair.new.key, Class::Refused, words);
    }
    for key in pair.new.foreign_keys.iter().filter(|key| !pair.carried.foreign_keys.contains(key)) {
        let fresh = key.columns.iter().all(|name| pair.added().iter().any(|column| column.name == *name));
        let class = if fresh { Class::Safe } else { Class::NeedsBackfill };
        let words = format!("{} references {}", key.columns.join(", "), key.entity);
        add(OperationKind::RebuildTable, Aspect::Reference, &key.columns, class, words);
    }
    for key in pair.carried.foreign_keys.iter().filter(|key| !pair.new.foreign_keys.contains(key)) {
        let words = format!("{} no longer references {} in this way", key.columns.join(", "), key.entity);
        add(OperationKind::RebuildTable, Aspect::Reference, &key.columns, Class::Safe, words);
    }
    for index in pair.indexes_added() {
        let existed = pair.carried.indexes.iter().any(|old| old.columns == index.columns && old.unique);
        let class = if index.unique && !existed { Class::NeedsBackfill } else { Class::Safe };
        let unique = if index.unique { "unique index" } else { "index" };
        let words = format!("{unique} {} on ({})", index.name, index.columns.join(", "));
        add(OperationKind::CreateIndex, Aspect::Index, &index.columns, class, words);
    }
    for index in pair.indexes_removed() {
        let columns: Vec<String> = index.columns.iter().map(|name| pair.carried_name(name)).collect();
        add(OperationKind::DropIndex, Aspect::Index, &columns, Class::Safe, format!("index {}", index.name));
    }
    found
}

/// What changes about a column besides its name.
fn changes(old: &Column, new: &Column) -> Vec<(Aspect, Class, String)> {
    let mut found = Vec::new();
    if old.storage != new.storage {
        let (class, words) = conversion(&old.storage, &new.storage);
        found.push((Aspect::Type, class, words));
    }
    if old.storage_type != new.storage_type {
        found.push((Aspect::Type, Class::Lossy, "the database's own type changes".to_owned()));
    }
    match (old.nullable, new.nullable) {
        (false, true) => found.push((Aspect::Null, Class::Safe, "may be NULL".to_owned())),
        (true, false) => found.push(match default::of(new) {
            Some(default) => {
                let words = format!("no longer NULL; rows without a value get {}", default::words(&default));
                (Aspect::Null, Class::NeedsBackfill, words)
            }
            None => (Aspect::Null, Class::NeedsBackfill, "no longer NULL; fails on rows without a value".to_owned()),
        }),
        _ => {}
    }
    match (old.max_len, new.max_len) {
        (Some(before), None) => {
            found.push((Aspect::Length, Class::Safe, format!("no longer limited to {before} characters")))
        }
        (Some(before), Some(after)) if before < after => {
            found.push((Aspect::Length, Class::Safe, format!("{before} to {after} characters")));
        }
        (before, Some(after)) if before != new.max_len => {
            let before = before.map_or_else(|| "any number of".to_owned(), |before| before.to_string());
            found.push((
                Aspect::Length,
                Class::Lossy,
                format!("{before} to {after} characters; fails on rows with more"),
            ));
        }
        _ => {}
    }
    found
}

fn conversion(old: &Storage, new: &Storage) -> (Class, String) {
    use Storage::{Decimal, Enum, F32, F64, I32, I64, String as Text, U32, U64};
    let words = format!("type {} becomes {}", name(old), name(new));
    let class = match (old, new) {
        (I32 | U32 | U64, I64) | (U32, U64) | (F32, F64) | (I32 | U32, F64) | (Enum { .. }, Text) => Class::Safe,
        (I32 | I64 | U32 | U64, Text) => Class::Safe,
        (F64, F32) => {
            // Both are stored alike, so nothing is lost; but what is read is rounded.
            let words = format!("{words}; values are read rounded, and those beyond its range must go before");
            return (Class::NeedsBackfill, words);
        }
        (I32 | I64 | U32 | U64, I32 | I64 | U32 | U64) | (I64 | U64 | I32 | U32, F32 | F64) => Class::Lossy,
        (Decimal { precision: p, scale: s }, Decimal { precision: q, scale: t }) => {
            if s <= t && p.saturating_sub(*s) <= q.saturating_sub(*t) { Class::Safe } else { Class::Lossy }
        }
        (Enum { values: before, .. }, Enum { values: after, .. }) => {
            let gone: Vec<&str> = before.iter().filter(|value| !after.contains(value)).map(String::as_str).collect();
            if gone.is_empty() {
                return (Class::Safe, "more or reordered values".to_owned());
            }
            return (Class::Lossy, format!("no longer {}; fails on rows that hold it", gone.join(", ")));
        }
        (Text, Enum { .. }) => Class::Lossy,
        _ => Class::Refused,
    };
    (class, words)
}

/// For people.
fn name(storage: &Storage) -> String {
    match storage {
        Storage::Enum { name, .. } => name.clone(),
        Storage::Decimal { precision, scale } => format!("decimal({precision}, {scale})"),
        other => format!("{other:?}").to_lowercase(),
    }
}
