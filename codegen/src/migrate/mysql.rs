//! SQL for MySQL and MariaDB, in sessions with `ANSI_QUOTES`.
//!
//! Each statement commits by itself, so each is whole: what stands before one that failed stays, and the rest can go on
//! from there. Indexes are part of their table, and every reference has one, by a declared name or by its own.

use super::default::{self, Value};
use super::in_place::{self, IndexSql, Words, definition};
use super::transition::Transition;
use crate::lock::{Column, ForeignKey, Index, Lock, Storage, Table};
use crate::model::short_name;
use crate::sql::constraint::foreign_key_name;
use crate::sql::{enum_length, quoted, quoted_list, text};

/// Longest text that is a VARCHAR, in characters.
const VARCHAR_MAX: u64 = 4000;
/// What the columns of a row may take, in bytes; a little less than the 65,535 of MySQL, which counts flags too.
const ROW_BYTES_MAX: u64 = 65_000;
/// Most that a column takes in the row that is no VARCHAR.
const OTHER_BYTES_MAX: u64 = 20;
/// A key that is bound nowhere; `check` lets none pass.
const KEY_LEN: u64 = 255;

/// The statements that lead from the old state to the new one, each with its empty line; empty if there are none.
pub(super) fn render(transition: &Transition<'_>) -> String {
    in_place::render(transition, &Mysql)
}

/// Type of a column.
pub(super) fn type_in(column: &Column, table: &Table, lock: &Lock) -> String {
    Mysql.type_of(column, table, lock)
}

struct Mysql;

impl Words for Mysql {
    const REFERENCES_NEED_INDEXES: bool = true;

    fn type_of(&self, column: &Column, table: &Table, lock: &Lock) -> String {
        if let Some(written) = &column.storage_type {
            return written.clone();
        }
        if column.sequence {
            return "BIGINT AUTO_INCREMENT".to_owned();
        }
        let word = match &column.storage {
            Storage::Bool => "BOOLEAN",
            Storage::I32 => "INT",
            Storage::I64 | Storage::U32 | Storage::U64 | Storage::Duration => "BIGINT",
            Storage::F32 | Storage::F64 => "DOUBLE",
            Storage::String | Storage::Enum { .. } => match varchar(column, table, lock) {
                Some(length) if is_key(column, table) || fits(table, lock) => return format!("VARCHAR({length})"),
                _ => "LONGTEXT",
            },
            Storage::Bytes => "LONGBLOB",
            Storage::Uuid => "BINARY(16)",
            Storage::Decimal { precision, scale } => return format!("DECIMAL({precision}, {scale})"),
            Storage::Timestamp => "DATETIME(6)",
            Storage::Date => "DATE",
            // As text: JSON of MySQL puts members into an order of its own, that of MariaDB is not nested deeply.
            Storage::JsonObject | Storage::JsonArray => "LONGTEXT",
        };
        word.to_owned()
    }

    fn create_table(&self, table: &Table, lock: &Lock, constraints: &[String]) -> Vec<String> {
        let columns = table.columns.iter().map(|column| definition(column, &self.type_of(column, table, lock)));
        let indexes = indexes(table);
        let mut lines: Vec<String> = columns.chain(indexes.iter().filter_map(live_column)).collect();
        if !table.key.is_empty() {
            lines.push(format!("PRIMARY KEY ({})", quoted_list(&table.key)));
        }
        lines.extend(indexes.iter().map(index_line));
        lines.extend_from_slice(constraints);
        vec![format!("CREATE TABLE {} (\n  {}\n);", quoted(&table.name), lines.join(",\n  "))]
    }

    fn indexes(&self, table: &Table) -> Vec<IndexSql> {
        let name = quoted(&table.name);
        let indexes = indexes(table).into_iter().map(|index| {
            let live = live_column(&index).map(|column| format!("ADD COLUMN {column}, ")).unwrap_or_default();
            let gone = live_name(&index).map(|column| format!(", DROP COLUMN {}", quoted(&column))).unwrap_or_default();
            IndexSql {
                create: format!("ALTER TABLE {name} {live}ADD {};", index_line(&index)),
                drop: format!("ALTER TABLE {name} DROP INDEX {}{gone};", quoted(&index.name)),
                name: index.name,
                columns: index.columns,
            }
        });
        indexes.collect()
    }

    fn drop_foreign_key(&self, table: &str, name: &str) -> String {
        format!("ALTER TABLE {table} DROP FOREIGN KEY {name};")
    }

    fn follow_tables(&self, _: &[(String, String)]) -> Vec<String> {
        Vec::new()
    }

    fn add_column(&self, table: &str, column: &Column, ty: &str) -> Vec<String> {
        let (name, whole) = (quoted(&column.name), definition(column, ty));
        if column.nullable {
            return vec![format!("ALTER TABLE {table} ADD COLUMN {whole};")];
        }
        match default_of(column) {
            // In brackets, because texts and JSON take no other default.
            Some(default) => vec![
                format!("ALTER TABLE {table} ADD COLUMN {whole} DEFAULT ({default});"),
                format!("ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT;"),
            ],
            // Added as it is, it would be zero in rows that exist; so it fails on them.
            None => vec![
                format!("ALTER TABLE {table} ADD COLUMN {name} {ty};"),
                format!("ALTER TABLE {table} MODIFY COLUMN {whole};"),
            ],
        }
    }

    fn change_column(&self, table: &str, old: (&Column, &str), new: (&Column, &str)) -> Vec<String> {
        let ((old, _), (new, ty)) = (old, new);
        let name = quoted(&new.name);
        let default = default_of(new).filter(|_| old.nullable && !new.nullable);
        let fill = default.map(|default| format!("UPDATE {table} SET {name} = {default} WHERE {name} IS NULL;"));
        let modify = format!("ALTER TABLE {table} MODIFY COLUMN {};", definition(new, ty));
        fill.into_iter().chain([modify]).collect()
    }
}

/// Length of the VARCHAR of a text or an enum, if it can be one.
fn varchar(column: &Column, table: &Table, lock: &Lock) -> Option<u64> {
    if let Storage::Enum { values, .. } = &column.storage {
        return Some(enum_length(values.iter().map(String::as_str)));
    }
    let bound = bound(column, table, lock, lock.tables.len());
    if is_key(column, table) { Some(bound.unwrap_or(KEY_LEN)) } else { bound.filter(|bound| *bound <= VARCHAR_MAX) }
}

/// Longest text in characters; a reference has that of the key, which may be a reference itself.
fn bound(column: &Column, table: &Table, lock: &Lock, depth: usize) -> Option<u64> {
    if column.max_len.is_some() || depth == 0 {
        return column.max_len.map(|bound| bound.max(1));
    }
    table.foreign_keys.iter().find_map(|key| {
        let at = key.columns.iter().position(|name| *name == column.name)?;
        let target = lock.tables.get(&key.entity)?;
        bound(target.column(key.key_columns.get(at)?)?, target, lock, depth - 1)
    })
}

/// Whether a column is part of something that needs a bound.
fn is_key(column: &Column, table: &Table) -> bool {
    table.key.contains(&column.name)
        || table.indexes.iter().any(|index| index.columns.contains(&column.name))
        || table.foreign_keys.iter().any(|key| key.columns.contains(&column.name))
}

/// Whether all texts that could be VARCHARs fit into a row.
fn fits(table: &Table, lock: &Lock) -> bool {
    let bytes = table.columns.iter().map(|column| match &column.storage {
        Storage::String | Storage::Enum { .. } if column.storage_type.is_none() => {
            varchar(column, table, lock).map_or(OTHER_BYTES_MAX, |length| length * 4 + 2)
        }
        _ => OTHER_BYTES_MAX,
    });
    bytes.sum::<u64>() <= ROW_BYTES_MAX
}

/// Declared indexes, and those of references that no declared one serves: MySQL would make them by itself, and keep them
/// when the reference goes.
fn indexes(table: &Table) -> Vec<Index> {
    let served = |key: &&ForeignKey| {
        table.key.starts_with(&key.columns) || table.indexes.iter().any(|index| index.columns.starts_with(&key.columns))
    };
    let unserved = table.foreign_keys.iter().filter(|key| !served(key)).map(|key| Index {
        name: foreign_key_name(&table.name, &key.columns),
        columns: key.columns.clone(),
        unique: false,
        condition: None,
    });
    table.indexes.iter().cloned().chain(unserved).collect()
}

fn index_line(index: &Index) -> String {
    let mut columns = index.columns.clone();
    columns.extend(live_name(index));
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!("{unique}INDEX {} ({})", quoted(&index.name), quoted_list(&columns))
}

/// There are no partial indexes: a column that is NULL where the condition does not hold lets such rows be alike.
fn live_name(index: &Index) -> Option<String> {
    (index.unique && index.condition.is_some()).then(|| short_name(&format!("{}_live", index.name)))
}

fn live_column(index: &Index) -> Option<String> {
    let (name, condition) = (live_name(index)?, index.condition.as_ref()?);
    Some(format!("{} TINYINT GENERATED ALWAYS AS (CASE WHEN {condition} THEN 1 END) VIRTUAL", quoted(&name)))
}

fn default_of(column: &Column) -> Option<String> {
    let sql = match default::of(column)? {
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Decimal(written) => written,
        Value::Text(written) => literal(&written),
        Value::NoBytes => "x''".to_owned(),
        Value::Timestamp(written, _) => text(&written),
    };
    Some(sql)
}

/// A text that reads the same whether or not the session takes a backslash for an escape.
fn literal(value: &str) -> String {
    if !value.contains('\\') {
        return text(value);
    }
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("CONVERT(x'{hex}' USING utf8mb4)")
}
