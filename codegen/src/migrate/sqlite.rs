//! SQL for SQLite.
//!
//! SQLite alters little in place; what it cannot alter is copied into a new table. Migrations run in a transaction
//! with foreign keys on, where dropping a table deletes its rows with all that cascades. Therefore every table that
//! references a copied one is copied too, and the old ones are dropped together, children first.

use std::collections::{BTreeMap, BTreeSet};

use super::default::{self, Value};
use super::fits;
use super::order::{in_order, parents_first, references};
use super::transition::{Pair, Transition};
use crate::lock::{Column, ForeignKey, Index, Lock, Storage, Table};
use crate::sql::{quoted, quoted_list, text};

const COPY_SUFFIX: &str = "__new";
const FITS_SUFFIX: &str = "__fits";

/// The statements that lead from the old state to the new one, each with its empty line; empty if there are none.
pub(super) fn render(transition: &Transition<'_>) -> String {
    let pairs = transition.pairs();
    let copied = copied(transition, &pairs);
    let names = names(transition, &pairs, &copied);
    let mut statements: Vec<String> = pairs.iter().flat_map(unfit_values).collect();
    for pair in pairs.iter().filter(|pair| !copied.contains(pair.entity)) {
        alter(pair, &mut statements);
    }
    if !copied.is_empty() {
        statements
            .push("-- Tables that cannot be altered in place are copied, with all that reference them.".to_owned());
    }
    if !copied.is_empty() || !transition.dropped().is_empty() {
        statements.push("PRAGMA defer_foreign_keys = ON;".to_owned());
    }
    create(transition, &pairs, &copied, &names, &mut statements);
    drop_tables(transition, &pairs, &copied, &mut statements);
    let renames = names.iter().filter_map(|(entity, name)| {
        transition.new.tables.get(*entity).map(|table| (name.clone(), table.name.clone()))
    });
    for (from, to) in in_order(renames.collect()) {
        statements.push(format!("ALTER TABLE {} RENAME TO {};", quoted(&from), quoted(&to)));
    }
    for pair in &pairs {
        let indexes =
            if copied.contains(pair.entity) { pair.new.indexes.iter().collect() } else { pair.indexes_added() };
        statements.extend(indexes.into_iter().map(|index| create_index(index, &pair.new.name)));
    }
    for (_, table) in transition.created() {
        statements.extend(table.indexes.iter().map(|index| create_index(index, &table.name)));
    }
    statements.iter().map(|statement| format!("\n{statement}\n")).collect()
}

/// The default of a column as SQL, if it has one that fits its type.
fn default_of(column: &Column) -> Option<String> {
    let sql = match default::of(column)? {
        Value::Bool(value) => u8::from(value).to_string(),
        Value::Integer(value) | Value::Timestamp(_, value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Decimal(written) => match &column.storage {
            Storage::Decimal { scale, .. } => scaled(&written, *scale)?,
            _ => written,
        },
        Value::Text(written) => text(&written),
        Value::NoBytes => "x''".to_owned(),
    };
    Some(sql)
}

/// A decimal as the integer that stores it.
fn scaled(written: &str, scale: u32) -> Option<String> {
    let (sign, digits) = written.strip_prefix('-').map_or(("", written), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = usize::try_from(scale).ok()?;
    format!("{sign}{whole}{fraction:0<scale$}").parse::<i64>().ok().map(|value| value.to_string())
}

/// Entities whose tables are copied: those that cannot be altered, and all that reference them, at any distance.
fn copied<'a>(transition: &Transition<'a>, pairs: &[Pair<'a>]) -> BTreeSet<&'a str> {
    let mut copied: BTreeSet<&str> = pairs.iter().filter(|pair| needs_copy(pair)).map(|pair| pair.entity).collect();
    loop {
        let former: BTreeSet<&str> =
            pairs.iter().filter(|pair| copied.contains(pair.entity)).map(|pair| pair.former).collect();
        let more: Vec<&str> = pairs
            .iter()
            .filter(|pair| !copied.contains(pair.entity))
            .filter(|pair| references(transition.old, pair.former).iter().any(|entity| former.contains(entity)))
            .map(|pair| pair.entity)
            .collect();
        if more.is_empty() {
            return copied;
        }
        copied.extend(more);
    }
}

fn needs_copy(pair: &Pair<'_>) -> bool {
    let in_key = |column: &Column, table: &Table| table.key.contains(&column.name);
    pair.kept().iter().any(|(old, carried, new)| {
        definition(carried, &pair.carried) != definition(new, pair.new) || copied_value(old, new) != quoted(&old.name)
    }) || pair.added().iter().any(|column| !column.nullable && default_of(column).is_none() || in_key(column, pair.new))
        || pair.removed().iter().any(|column| in_key(column, pair.old))
        || pair.carried.key != pair.new.key
        || pair.foreign_keys_differ()
        || is_strict(&pair.carried) != is_strict(pair.new)
}

/// What each table is called until the renames at the end.
fn names<'a>(transition: &Transition<'a>, pairs: &[Pair<'a>], copied: &BTreeSet<&'a str>) -> BTreeMap<&'a str, String> {
    let mut names = BTreeMap::new();
    for pair in pairs {
        let copy = format!("{}{COPY_SUFFIX}", pair.new.name);
        names.insert(pair.entity, if copied.contains(pair.entity) { copy } else { pair.old.name.clone() });
    }
    for (entity, table) in transition.created() {
        let taken = transition.old.tables.values().any(|old| old.name == table.name);
        names.insert(entity, if taken { format!("{}{COPY_SUFFIX}", table.name) } else { table.name.clone() });
    }
    names
}

/// Alters one table in place, under its old name.
fn alter(pair: &Pair<'_>, statements: &mut Vec<String>) {
    let table = quoted(&pair.old.name);
    for index in pair.indexes_removed() {
        statements.push(format!("DROP INDEX {};", quoted(&index.name)));
    }
    for column in pair.removed() {
        statements.push(format!("ALTER TABLE {table} DROP COLUMN {};", quoted(&column.name)));
    }
    let renames = pair.kept().into_iter().map(|(old, _, new)| (old.name.clone(), new.name.clone())).collect();
    for (from, to) in in_order(renames) {
        statements.push(format!("ALTER TABLE {table} RENAME COLUMN {} TO {};", quoted(&from), quoted(&to)));
    }
    for column in pair.added() {
        let default = if column.nullable { None } else { default_of(column) };
        let default = default.map(|default| format!(" DEFAULT {default}")).unwrap_or_default();
        statements.push(format!("ALTER TABLE {table} ADD COLUMN {}{default};", definition(column, pair.new)));
    }
}

/// Creates new tables and copies, referenced ones first, and fills the copies.
fn create(
    transition: &Transition<'_>,
    pairs: &[Pair<'_>],
    copied: &BTreeSet<&str>,
    names: &BTreeMap<&str, String>,
    statements: &mut Vec<String>,
) {
    let mut wanted: BTreeSet<&str> = transition.created().into_iter().map(|(entity, _)| entity).collect();
    wanted.extend(copied);
    // All tables stand before the first row moves: a circle of references has no better order.
    let mut copies = Vec::new();
    for entity in parents_first(transition.new, &wanted) {
        let Some((table, name)) = transition.new.tables.get(entity).zip(names.get(entity)) else { continue };
        statements.push(create_table(table, name, transition.new, names));
        if let Some(pair) = pairs.iter().find(|pair| pair.entity == entity) {
            copies.push(copy_rows(pair, name));
        }
    }
    statements.append(&mut copies);
}

/// Drops what is gone and the originals of the copies, children first.
fn drop_tables(transition: &Transition<'_>, pairs: &[Pair<'_>], copied: &BTreeSet<&str>, statements: &mut Vec<String>) {
    let mut wanted: BTreeSet<&str> = transition.dropped().into_iter().map(|(entity, _)| entity).collect();
    wanted.extend(pairs.iter().filter(|pair| copied.contains(pair.entity)).map(|pair| pair.former));
    for entity in parents_first(transition.old, &wanted).into_iter().rev() {
        if let Some(table) = transition.old.tables.get(entity) {
            statements.push(format!("DROP TABLE {};", quoted(&table.name)));
        }
    }
}

fn create_table(table: &Table, name: &str, lock: &Lock, names: &BTreeMap<&str, String>) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(|column| definition(column, table)).collect();
    if integer_key(table).is_none() && !table.key.is_empty() {
        lines.push(format!("PRIMARY KEY ({})", quoted_list(&table.key)));
    }
    for key in &table.foreign_keys {
        let parent = names.get(key.entity.as_str()).cloned();
        let parent = parent.or_else(|| lock.tables.get(&key.entity).map(|table| table.name.clone()));
        lines.push(foreign_key(key, &parent.unwrap_or_else(|| key.entity.clone())));
    }
    let mut options = Vec::new();
    if is_strict(table) {
        options.push("STRICT");
    }
    if table.key.len() > 1 {
        options.push("WITHOUT ROWID");
    }
    let options = if options.is_empty() { String::new() } else { format!(" {}", options.join(", ")) };
    format!("CREATE TABLE {} (\n  {}\n){options};", quoted(name), lines.join(",\n  "))
}

fn foreign_key(key: &ForeignKey, parent: &str) -> String {
    let (columns, keys) = (quoted_list(&key.columns), quoted_list(&key.key_columns));
    format!("FOREIGN KEY ({columns}) REFERENCES {} ({keys}) ON DELETE {}", quoted(parent), key.on_delete.sql())
}

fn create_index(index: &Index, table: &str) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let condition = index.condition.as_ref().map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
    let (name, columns) = (quoted(&index.name), quoted_list(&index.columns));
    format!("CREATE {unique}INDEX {name} ON {} ({columns}){condition};", quoted(table))
}

fn copy_rows(pair: &Pair<'_>, name: &str) -> String {
    let mut targets = Vec::new();
    let mut values = Vec::new();
    for column in &pair.new.columns {
        let value = match pair.old.same(column) {
            Some(old) => Some(copied_value(old, column)),
            None if column.nullable => None,
            None => default_of(column),
        };
        if let Some(value) = value {
            targets.push(quoted(&column.name));
            values.push(value);
        }
    }
    let (targets, values) = (targets.join(", "), values.join(", "));
    format!("INSERT INTO {} ({targets})\nSELECT {values}\nFROM {};", quoted(name), quoted(&pair.old.name))
}

/// The value of a kept column, in its new type.
fn copied_value(old: &Column, new: &Column) -> String {
    let name = quoted(&old.name);
    let (before, after) = (type_of(old), type_of(new));
    let value = match (&old.storage, &new.storage) {
        (Storage::Decimal { scale: s, .. }, Storage::Decimal { scale: t, .. }) if s != t => {
            fits::rescaled(&name, *s, *t)
        }
        _ if before != after => format!("CAST({name} AS {after})"),
        _ => name,
    };
    match default_of(new) {
        Some(default) if old.nullable && !new.nullable => format!("COALESCE({value}, {default})"),
        _ => value,
    }
}

/// Statements that fail on values which have no place in the new type of a column: a table that takes no others, and goes
/// again.
fn unfit_values(pair: &Pair<'_>) -> Vec<String> {
    let narrowed = pair.kept().into_iter().filter_map(|(old, _, new)| {
        if new.storage_type.is_some() || old.storage_type.is_some() {
            return None;
        }
        let name = quoted(&old.name);
        let check = match (&old.storage, &new.storage) {
            (Storage::Decimal { precision: p, scale: s }, Storage::Decimal { precision: q, scale: t }) => {
                let grows = p.saturating_sub(*s) > q.saturating_sub(*t) || s > t;
                let most = 10_i64.saturating_pow(*q);
                let value =
                    copied_value(&Column { nullable: true, ..old.clone() }, &Column { nullable: true, ..new.clone() });
                grows.then(|| format!("abs({value}) < {most}"))
            }
            (Storage::String, after) => {
                let (whole, range) = (format!("CAST({name} AS INTEGER)"), fits::range(after)?);
                Some(format!("{} AND CAST({whole} AS TEXT) = {name}", fits::between(&whole, range)))
            }
            (before, after) => fits::condition(&name, before, after),
        }?;
        let (table, fits) = (quoted(&pair.old.name), quoted(&format!("{}{FITS_SUFFIX}", pair.old.name)));
        Some([
            format!("CREATE TABLE {fits} ({name} CHECK ({check}));"),
            format!("INSERT INTO {fits} SELECT {name} FROM {table};"),
            format!("DROP TABLE {fits};"),
        ])
    });
    narrowed.flatten().collect()
}

/// One column: name, type, NOT NULL, check. Defaults are not part of it: no value is made by the database.
fn definition(column: &Column, table: &Table) -> String {
    let name = quoted(&column.name);
    let mut parts = vec![name.clone(), type_of(column)];
    if integer_key(table) == Some(&column.name) {
        parts.push(if column.sequence { "PRIMARY KEY AUTOINCREMENT" } else { "PRIMARY KEY" }.to_owned());
    } else if !column.nullable {
        parts.push("NOT NULL".to_owned());
    }
    if column.storage_type.is_none()
        && let Some(check) = check(column, &name)
    {
        parts.push(format!("CHECK ({check})"));
    }
    parts.join(" ")
}

fn check(column: &Column, name: &str) -> Option<String> {
    match &column.storage {
        Storage::Bool => Some(format!("{name} IN (0, 1)")),
        Storage::Uuid => Some(format!("length({name}) = 16")),
        Storage::String => column.max_len.map(|most| format!("length({name}) <= {most}")),
        Storage::JsonObject | Storage::JsonArray => Some(format!("json_valid({name})")),
        Storage::Enum { values, .. } if !values.is_empty() => {
            let values: Vec<String> = values.iter().map(|value| text(value)).collect();
            Some(format!("{name} IN ({})", values.join(", ")))
        }
        _ => None,
    }
}

/// Type of a column.
pub(super) fn type_of(column: &Column) -> String {
    if let Some(written) = &column.storage_type {
        return written.clone();
    }
    let word = match &column.storage {
        Storage::Bool | Storage::I32 | Storage::I64 | Storage::U32 | Storage::U64 => "INTEGER",
        Storage::Decimal { .. } | Storage::Timestamp | Storage::Duration => "INTEGER",
        Storage::F32 | Storage::F64 => "REAL",
        Storage::Bytes | Storage::Uuid => "BLOB",
        Storage::String | Storage::Date | Storage::Enum { .. } => "TEXT",
        Storage::JsonObject | Storage::JsonArray => "TEXT",
    };
    word.to_owned()
}

/// The one column that is the rowid.
fn integer_key(table: &Table) -> Option<&String> {
    let [name] = table.key.as_slice() else { return None };
    table.column(name).filter(|column| type_of(column).eq_ignore_ascii_case("INTEGER")).map(|_| name)
}

/// STRICT knows six types; a column with a type of its own needs a table without it.
fn is_strict(table: &Table) -> bool {
    let known = |word: &str| ["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"].contains(&word.to_uppercase().as_str());
    table.columns.iter().all(|column| known(&type_of(column)))
}
