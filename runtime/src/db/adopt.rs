//! Bringing a database that was there before under its first migration, without a value changed: what its tables must
//! still become is found by comparing them with what that migration makes of an empty database.

mod sqlite;

use std::collections::BTreeSet;

use super::introspect::{Check, Column, ForeignKey, Index, Live, Table, differences};
use super::introspect::{tokens_of, words_of};
use super::migrate::Migration;
use super::{Db, Dialect, Value};
use crate::context::Context;
use crate::error::Result;

/// What is to be done, and what stands in the way.
#[derive(Debug, Clone, Default)]
pub struct Adoption {
    /// Statements in order, for the engine.
    pub statements: Vec<String>,
    /// What they do, for people.
    pub words: Vec<String>,
    /// Why it cannot be done: the schema says otherwise than the tables.
    pub refused: Vec<String>,
}

impl Adoption {
    /// All statements, in one transaction where the engine has one for them.
    pub fn script(&self, dialect: Dialect) -> String {
        let all: String = self.statements.iter().map(|statement| format!("{statement};\n")).collect();
        match dialect {
            // Tables that are copied are looked at when all of them are there.
            Dialect::Sqlite => format!(
                "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;\nBEGIN IMMEDIATE;\n{all}\
                 CREATE TABLE arcana_broken (refers_to_no_row CHECK (refers_to_no_row IS NULL));\n\
                 INSERT INTO arcana_broken SELECT \"table\" FROM pragma_foreign_key_check;\nDROP TABLE arcana_broken;\n\
                 COMMIT;\nPRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON;"
            ),
            Dialect::Postgres => format!("BEGIN;\n{all}COMMIT;"),
            Dialect::Mysql => all,
        }
    }
}

/// Compares a database with the state after its first migration.
pub fn adoption(live: &Live, wanted: &Live, first: &Migration) -> Adoption {
    let mut plan = Adoption { refused: refused(live, wanted), ..Adoption::default() };
    if !plan.refused.is_empty() {
        return plan;
    }
    let missing: BTreeSet<&String> = wanted.tables.keys().filter(|name| !live.tables.contains_key(*name)).collect();
    match live.dialect {
        Dialect::Sqlite => sqlite::bring(live, wanted, first, &mut plan),
        dialect => Server { dialect, live, wanted, first }.bring(&mut plan),
    }
    for statement in statements_of(first) {
        let table = table_of(&statement);
        if table.is_some_and(|table| missing.contains(&table)) {
            plan.statements.push(statement);
        }
    }
    plan.words.extend(missing.iter().map(|name| format!("make the table {name}")));
    plan
}

impl Db {
    /// Notes a migration as applied whose tables are there already.
    pub async fn note_adopted(&self, first: &Migration) -> Result<()> {
        for (sql, values) in notes(first) {
            self.write(&Context::system(), sql, values).await?;
        }
        Ok(())
    }
}

/// What the runner of migrations writes down of one: inserts with their values.
fn notes(first: &Migration) -> [(&'static str, Vec<Value>); 3] {
    let noted = first.noted(&[]);
    let beside = vec![
        Value::I64(first.version),
        Value::Bool(noted.sealed),
        Value::I64(noted.compatible_from),
        Value::Text(noted.down),
    ];
    let applied = vec![
        Value::I64(first.version),
        Value::Text(first.name.replace('_', " ")),
        Value::Bool(true),
        Value::Bytes(super::migrate::checksum(first)),
        Value::I64(0),
    ];
    [
        // Whoever took it back with another tool left its note.
        ("DELETE FROM arcana_migrations WHERE version = ?", vec![Value::I64(first.version)]),
        ("INSERT INTO arcana_migrations (version, sealed, compatible_from, down_sql) VALUES (?, ?, ?, ?)", beside),
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (?, ?, ?, ?, ?)",
            applied,
        ),
    ]
}

/// Differences that no statement may settle, because values could get lost or the schema is about something else.
fn refused(live: &Live, wanted: &Live) -> Vec<String> {
    // As if all that may be settled were so.
    let mut settled = live.clone();
    for (name, table) in &mut settled.tables {
        let Some(wanted) = wanted.tables.get(name) else { continue };
        for column in &mut table.columns {
            let Some(other) = wanted.columns.iter().find(|other| other.name == column.name) else { continue };
            let (default, collation) = (other.default.clone(), other.collation.clone());
            *column = Column { default, collation, numbered: other.numbered, ..column.clone() };
        }
        table.key_name.clone_from(&wanted.key_name);
        table.foreign_keys.clone_from(&wanted.foreign_keys);
        table.indexes.clone_from(&wanted.indexes);
        table.checks.clone_from(&wanted.checks);
        table.options.clone_from(&wanted.options);
    }
    settled.tables.retain(|name, _| wanted.tables.contains_key(name));
    let mut wanted = wanted.clone();
    wanted.tables.retain(|name, _| settled.tables.contains_key(name));
    settled.others.clone_from(&wanted.others);
    differences(&settled, &wanted)
}

/// The statements of a migration, whole.
fn statements_of(migration: &Migration) -> Vec<String> {
    let statements = migration.up.split(";\n").map(|statement| {
        let lines = statement.lines().filter(|line| !line.trim_start().starts_with("--") && !line.trim().is_empty());
        lines.collect::<Vec<_>>().join("\n")
    });
    statements.filter(|statement| !statement.is_empty()).collect()
}

/// The table that a statement makes, or that it makes something of.
fn table_of(statement: &str) -> Option<String> {
    let words = words_of(statement);
    let at = words.iter().position(|word| word == "TABLE").or_else(|| words.iter().position(|word| word == "ON"))?;
    tokens_of(statement).get(at + 1).cloned()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// Numbers of a key go on behind those that rows have: the service allots them from now on.
fn go_on(name: &str, live: &Table, first: &Migration, plan: &mut Adoption) {
    let [key] = live.key.as_slice() else { return };
    let column = live.columns.iter().find(|column| column.name == *key);
    if !column.is_some_and(|column| column.ty.to_lowercase().contains("int")) {
        return;
    }
    // Sequences are called as statements call the table.
    let statements = statements_of(first);
    let made = statements.iter().find(|statement| table_of(statement).as_deref() == Some(name));
    let spelled =
        made.and_then(|made| made.strip_prefix("CREATE TABLE ")?.split_once(" (")).map_or(name, |(own, _)| own);
    let (sequence, key, table) = (spelled.replace('\'', "''"), quoted(key), quoted(name));
    // One that was stopped before is done again.
    plan.statements.push(format!("DELETE FROM arcana_sequences WHERE name = '{sequence}'"));
    plan.statements.push(format!(
        "INSERT INTO arcana_sequences (name, next) SELECT '{sequence}', COALESCE(MAX({key}), 0) + 1 FROM {table}"
    ));
}

/// A database that alters tables in place.
struct Server<'a> {
    dialect: Dialect,
    live: &'a Live,
    wanted: &'a Live,
    first: &'a Migration,
}

impl Server<'_> {
    fn bring(&self, plan: &mut Adoption) {
        let both = || {
            let tables = self.wanted.tables.iter();
            tables.filter_map(|(name, wanted)| Some((name.as_str(), self.live.tables.get(name)?, wanted)))
        };
        // A column in a reference changes only while the reference is away, on either side.
        let altered = both().any(|(_, live, wanted)| !self.columns(live, wanted).is_empty());
        for (name, live, wanted) in both() {
            for key in live.foreign_keys.iter().filter(|key| altered || !stands(key, &wanted.foreign_keys)) {
                let constraint = quoted(key.name.as_deref().unwrap_or_default());
                let word = if self.dialect == Dialect::Mysql { "FOREIGN KEY" } else { "CONSTRAINT" };
                plan.statements.push(format!("ALTER TABLE {} DROP {word} {constraint}", quoted(name)));
            }
        }
        for (name, live, wanted) in both() {
            self.drops(name, live, wanted, plan);
        }
        for (name, live, wanted) in both() {
            for (statement, words) in self.columns(live, wanted) {
                plan.statements.push(format!("ALTER TABLE {} {statement}", quoted(name)));
                plan.words.push(format!("table {name}, {words}"));
            }
            go_on(name, live, self.first, plan);
            self.adds(name, live, wanted, plan);
        }
        for (name, live, wanted) in both() {
            for key in wanted.foreign_keys.iter().filter(|key| altered || !stands(key, &live.foreign_keys)) {
                plan.statements.push(add_key(name, key));
                plan.words.push(format!("table {name}, reference ({}) to {}", key.columns.join(", "), key.table));
            }
        }
    }

    fn drops(&self, name: &str, live: &Table, wanted: &Table, plan: &mut Adoption) {
        let table = quoted(name);
        for check in live.checks.iter().filter(|check| !same_check(check, &wanted.checks)) {
            let constraint = check.name.clone().unwrap_or_default();
            // MariaDB keeps what stands at a column with the column, which is given anew below.
            if !live.columns.iter().any(|column| column.name == constraint) || self.dialect == Dialect::Postgres {
                plan.statements.push(format!("ALTER TABLE {table} DROP CONSTRAINT {}", quoted(&constraint)));
            }
            plan.words.push(format!("table {name}, drop the check {constraint}: {}", check.condition));
        }
        for index in live.indexes.iter().filter(|index| !same_index(index, &wanted.indexes)) {
            let own = quoted(index.name.as_deref().unwrap_or_default());
            plan.statements.push(match (self.dialect, index.constraint) {
                (Dialect::Mysql, _) => format!("ALTER TABLE {table} DROP INDEX {own}"),
                (_, true) => format!("ALTER TABLE {table} DROP CONSTRAINT {own}"),
                _ => format!("DROP INDEX {own}"),
            });
            plan.words.push(format!("table {name}, drop the index {}", index.name.as_deref().unwrap_or_default()));
        }
    }

    fn adds(&self, name: &str, live: &Table, wanted: &Table, plan: &mut Adoption) {
        let table = quoted(name);
        if let (Some(from), Some(to)) = (&live.key_name, &wanted.key_name)
            && from != to
        {
            plan.statements.push(format!("ALTER TABLE {table} RENAME CONSTRAINT {} TO {}", quoted(from), quoted(to)));
            plan.words.push(format!("table {name}, the key {from} becomes {to}"));
        }
        for index in wanted.indexes.iter().filter(|index| !same_index(index, &live.indexes)) {
            let own = index.name.as_deref().unwrap_or_default();
            let (unique, columns) = (if index.unique { "UNIQUE " } else { "" }, columns_of(index, self.dialect));
            let condition = index.condition.as_ref().map(|text| format!(" WHERE {text}")).unwrap_or_default();
            plan.statements.push(format!("CREATE {unique}INDEX {} ON {table} ({columns}){condition}", quoted(own)));
            plan.words.push(format!("table {name}, make the index {own}"));
        }
        for check in wanted.checks.iter().filter(|check| !same_check(check, &live.checks)) {
            let own = check.name.as_deref().unwrap_or_default();
            plan.statements.push(format!(
                "ALTER TABLE {table} ADD CONSTRAINT {} CHECK ({})",
                quoted(own),
                check.condition
            ));
            plan.words.push(format!("table {name}, make the check {own}"));
        }
    }

    /// What changes about columns: behind ALTER TABLE, and in words.
    fn columns(&self, live: &Table, wanted: &Table) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for new in &wanted.columns {
            let Some(old) = live.columns.iter().find(|column| column.name == new.name) else { continue };
            let name = quoted(&new.name);
            let mut changes = Vec::new();
            if old.numbered && !new.numbered {
                changes.push("is no longer numbered by the database, but by the service".to_owned());
            }
            if old.default != new.default {
                let default = old.default.as_deref().unwrap_or("none");
                changes.push(format!("no longer has the default {default}"));
            }
            if old.collation != new.collation {
                changes.push("is ordered by its bytes".to_owned());
            }
            // MariaDB keeps such a check with its column, which loses it when it is given anew.
            let checked = |check: &Check| check.name.as_ref() == Some(&new.name) && !same_check(check, &wanted.checks);
            if self.dialect == Dialect::Mysql && live.checks.iter().any(checked) {
                changes.push("no longer has a check".to_owned());
            }
            if changes.is_empty() {
                continue;
            }
            let words = format!("column {}: {}", new.name, changes.join(", "));
            if self.dialect == Dialect::Mysql {
                let (null, order) = (if new.nullable { "NULL" } else { "NOT NULL" }, collation(new));
                found.push((format!("MODIFY COLUMN {name} {}{order} {null}", new.ty), words));
                continue;
            }
            let mut parts = Vec::new();
            if old.numbered && !new.numbered {
                parts.push(format!("ALTER COLUMN {name} DROP IDENTITY"));
            }
            if old.default != new.default {
                parts.push(format!("ALTER COLUMN {name} DROP DEFAULT"));
            }
            if old.collation != new.collation {
                let order = new.collation.as_ref().map_or(String::new(), |own| format!(" COLLATE {}", quoted(own)));
                parts.push(format!("ALTER COLUMN {name} TYPE {}{order}", new.ty));
            }
            found.push((parts.join(", "), words));
        }
        found
    }
}

fn collation(column: &Column) -> String {
    let Some(collation) = &column.collation else { return String::new() };
    let set = collation.split('_').next().unwrap_or_default();
    format!(" CHARACTER SET {set} COLLATE {collation}")
}

fn columns_of(index: &Index, dialect: Dialect) -> String {
    let columns = index.columns.iter().map(|column| match column.split_once(' ') {
        // Names come as the catalogue quotes them.
        _ if dialect == Dialect::Postgres => column.clone(),
        Some((name, order)) => format!("{} {order}", quoted(name)),
        None => quoted(column),
    });
    columns.collect::<Vec<_>>().join(", ")
}

fn add_key(table: &str, key: &ForeignKey) -> String {
    format!(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {}",
        quoted(table),
        quoted(key.name.as_deref().unwrap_or_default()),
        list(&key.columns),
        quoted(&key.table),
        list(&key.key_columns),
        key.on_delete
    )
}

fn stands(key: &ForeignKey, others: &[ForeignKey]) -> bool {
    others.iter().any(|other| format!("{other:?}") == format!("{key:?}"))
}

fn same_index(index: &Index, others: &[Index]) -> bool {
    others.iter().any(|other| format!("{other:?}") == format!("{index:?}"))
}

fn same_check(check: &Check, others: &[Check]) -> bool {
    others.iter().any(|other| other.name == check.name && other.condition == check.condition)
}
