//! SQL for PostgreSQL, which alters everything in place, in one transaction.

use super::default::{self, Value};
use super::in_place::{self, IndexSql, Words, definition};
use super::order::in_order;
use super::transition::Transition;
use crate::lock::{Column, Index, Lock, Storage, Table};
use crate::sql::constraint::primary_key_name;
use crate::sql::{quoted, quoted_list, text};

/// Types of texts: their order is that of their bytes, as everywhere.
const TEXTS: [&str; 5] = ["text", "varchar", "character", "char", "bpchar"];
const BINARY_ORDER: &str = " COLLATE \"C\"";

/// The statements that lead from the old state to the new one, each with its empty line; empty if there are none.
pub(super) fn render(transition: &Transition<'_>) -> String {
    in_place::render(transition, &Postgres)
}

/// Type of a column.
pub(super) fn type_in(column: &Column, table: &Table, lock: &Lock) -> String {
    Postgres.type_of(column, table, lock)
}

struct Postgres;

impl Words for Postgres {
    const REFERENCES_NEED_INDEXES: bool = false;

    fn type_of(&self, column: &Column, _: &Table, _: &Lock) -> String {
        match &column.storage_type {
            Some(written) => imported(written),
            None => own_type(column),
        }
    }

    fn create_table(&self, table: &Table, lock: &Lock, constraints: &[String]) -> Vec<String> {
        let columns = table.columns.iter().map(|column| definition(column, &self.type_of(column, table, lock)));
        let mut lines: Vec<String> = columns.collect();
        if !table.key.is_empty() {
            let name = quoted(&primary_key_name(&table.name));
            lines.push(format!("CONSTRAINT {name} PRIMARY KEY ({})", quoted_list(&table.key)));
        }
        lines.extend_from_slice(constraints);
        let mut statements = vec![format!("CREATE TABLE {} (\n  {}\n);", quoted(&table.name), lines.join(",\n  "))];
        statements.extend(self.indexes(table).into_iter().map(|index| index.create));
        statements
    }

    fn indexes(&self, table: &Table) -> Vec<IndexSql> {
        let indexes = table.indexes.iter().map(|index| IndexSql {
            name: index.name.clone(),
            columns: index.columns.clone(),
            create: create_index(index, table),
            drop: format!("DROP INDEX {};", quoted(&index.name)),
        });
        indexes.collect()
    }

    fn create_index_on_rows(&self, create: &str) -> String {
        let beforehand = create.replacen("INDEX ", "INDEX CONCURRENTLY ", 1);
        let create = create.replacen("INDEX ", "INDEX IF NOT EXISTS ", 1);
        format!("-- Blocks writes to its table; on many rows run this before the rollout: {beforehand}\n{create}")
    }

    fn drop_foreign_key(&self, table: &str, name: &str) -> String {
        format!("ALTER TABLE {table} DROP CONSTRAINT {name};")
    }

    fn follow_tables(&self, renames: &[(String, String)]) -> Vec<String> {
        let keys = renames.iter().map(|(from, to)| (primary_key_name(from), primary_key_name(to)));
        let renames = in_order(keys.collect());
        renames.iter().map(|(from, to)| format!("ALTER INDEX {} RENAME TO {};", quoted(from), quoted(to))).collect()
    }

    fn add_column(&self, table: &str, column: &Column, ty: &str) -> Vec<String> {
        let definition = definition(column, ty);
        match default_of(column).filter(|_| !column.nullable) {
            Some(default) => vec![
                format!("ALTER TABLE {table} ADD COLUMN {definition} DEFAULT {default};"),
                format!("ALTER TABLE {table} ALTER COLUMN {} DROP DEFAULT;", quoted(&column.name)),
            ],
            None => vec![format!("ALTER TABLE {table} ADD COLUMN {definition};")],
        }
    }

    fn change_column(&self, table: &str, old: (&Column, &str), new: (&Column, &str)) -> Vec<String> {
        let ((old, old_type), (new, new_type)) = (old, new);
        let name = quoted(&new.name);
        let mut statements = Vec::new();
        if old_type != new_type {
            // A cast to a text with a bound cuts off what is too long without a word; what is assigned to it is refused. A
            // text that may only be longer is not even written anew.
            let using = match (is_text(old_type), is_text(new_type)) {
                (true, true) => String::new(),
                (false, true) => format!(" USING CAST({name} AS TEXT)"),
                _ => format!(" USING CAST({name} AS {new_type})"),
            };
            statements.push(format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {new_type}{using};"));
        }
        match (old.nullable, new.nullable) {
            (true, false) => {
                statements.extend(
                    default_of(new)
                        .map(|default| format!("UPDATE {table} SET {name} = {default} WHERE {name} IS NULL;")),
                );
                statements.push(format!("ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL;"));
            }
            (false, true) => statements.push(format!("ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL;")),
            _ => {}
        }
        statements
    }
}

/// A type in words of the schema; one of text gets the order that all texts have.
fn imported(written: &str) -> String {
    if is_text(written) { format!("{written}{BINARY_ORDER}") } else { written.to_owned() }
}

fn is_text(ty: &str) -> bool {
    let first = ty.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_lowercase();
    TEXTS.contains(&first.as_str())
}

fn own_type(column: &Column) -> String {
    if column.sequence {
        return "BIGINT GENERATED BY DEFAULT AS IDENTITY".to_owned();
    }
    let word = match &column.storage {
        Storage::Bool => "BOOLEAN",
        Storage::I32 => "INTEGER",
        Storage::I64 | Storage::U32 | Storage::U64 | Storage::Duration => "BIGINT",
        Storage::F32 | Storage::F64 => "DOUBLE PRECISION",
        Storage::String | Storage::Enum { .. } => {
            let word = column.max_len.map_or("TEXT".to_owned(), |most| format!("VARCHAR({})", most.max(1)));
            return format!("{word}{BINARY_ORDER}");
        }
        Storage::Bytes => "BYTEA",
        Storage::Uuid => "UUID",
        Storage::Decimal { precision, scale } => return format!("NUMERIC({precision}, {scale})"),
        Storage::Timestamp => "TIMESTAMPTZ",
        Storage::Date => "DATE",
        // Not JSONB, which puts members into an order of its own and writes numbers anew.
        Storage::JsonObject | Storage::JsonArray => "JSON",
    };
    word.to_owned()
}

/// NULL stands first in every order, so that an index serves `ORDER BY … NULLS FIRST`, and backwards its reverse.
fn create_index(index: &Index, table: &Table) -> String {
    let columns = index.columns.iter().map(|name| {
        let nullable = table.column(name).is_some_and(|column| column.nullable);
        format!("{}{}", quoted(name), if nullable { " NULLS FIRST" } else { "" })
    });
    let columns: Vec<String> = columns.collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let condition = index.condition.as_ref().map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
    let (name, table) = (quoted(&index.name), quoted(&table.name));
    format!("CREATE {unique}INDEX {name} ON {table} ({}){condition};", columns.join(", "))
}

fn default_of(column: &Column) -> Option<String> {
    let sql = match default::of(column)? {
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Decimal(written) => written,
        Value::Text(written) => text(&written),
        Value::NoBytes => "'\\x'".to_owned(),
        Value::Timestamp(written, _) => format!("'{written}Z'"),
    };
    Some(sql)
}
