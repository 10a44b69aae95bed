//! SQL for databases that alter tables in place, which PostgreSQL and MySQL do: the order of the statements, which is the
//! same for both.
//!
//! What refers to something goes before it changes, and comes back behind: references first, then what a table has of
//! its own. Names are the old ones until the renames, and the new ones behind them.

use std::collections::BTreeSet;

use super::fits;
use super::order::{in_order, parents_first};
use super::transition::{Pair, Transition};
use crate::lock::{Column, ForeignKey, Lock, Storage, Table};
use crate::model::short_name;
use crate::sql::constraint::{check_name, foreign_key_name};
use crate::sql::{quoted, quoted_list, text};

/// What a database says in its own words.
pub(super) trait Words {
    /// Whether a reference needs an index on its own columns as long as it stands.
    const REFERENCES_NEED_INDEXES: bool;

    /// Type of a column.
    fn type_of(&self, column: &Column, table: &Table, lock: &Lock) -> String;

    /// A new table with its indexes; its checks and references are given.
    fn create_table(&self, table: &Table, lock: &Lock, constraints: &[String]) -> Vec<String>;

    /// The indexes of a table.
    fn indexes(&self, table: &Table) -> Vec<IndexSql>;

    /// Creates an index that could have been created before the migration, on a table that may have many rows.
    fn create_index_on_rows(&self, create: &str) -> String {
        create.to_owned()
    }

    /// Drops a reference.
    fn drop_foreign_key(&self, table: &str, name: &str) -> String;

    /// What else is named after tables that get new names.
    fn follow_tables(&self, renames: &[(String, String)]) -> Vec<String>;

    /// Adds a column: rows that exist get the default, later ones do not.
    fn add_column(&self, table: &str, column: &Column, ty: &str) -> Vec<String>;

    /// Gives a column its new type, and whether it may be NULL.
    fn change_column(&self, table: &str, old: (&Column, &str), new: (&Column, &str)) -> Vec<String>;
}

/// An index in the words of a database.
pub(super) struct IndexSql {
    pub name: String,
    pub columns: Vec<String>,
    pub create: String,
    pub drop: String,
}

/// A column of both states, whose type or NULL changes.
struct Change<'a> {
    old: &'a Column,
    old_type: String,
    new: &'a Column,
    new_type: String,
}

/// A table of both states, and what becomes of its parts.
struct Altered<'a> {
    pair: &'a Pair<'a>,
    changes: Vec<Change<'a>>,
    drops: Vec<IndexSql>,
    creates: Vec<IndexSql>,
}

/// The statements that lead from the old state to the new one, each with its empty line; empty if there are none.
pub(super) fn render(transition: &Transition<'_>, words: &impl Words) -> String {
    let pairs = transition.pairs();
    let altered: Vec<Altered<'_>> = pairs.iter().map(|pair| altered(transition, pair, words)).collect();
    let (dropped_keys, added_keys) = references(transition, &altered, words);
    // First, so that nothing has happened yet where no transaction takes it back.
    let mut statements: Vec<String> = pairs.iter().flat_map(unfit_values).collect();
    statements.extend(dropped_keys);
    drop_tables(transition, words, &mut statements);
    for table in &altered {
        drop_parts(table, &mut statements);
    }
    rename(&pairs, words, &mut statements);
    for table in &altered {
        let name = quoted(&table.pair.new.name);
        for column in table.pair.added() {
            let ty = words.type_of(column, table.pair.new, transition.new);
            statements.extend(words.add_column(&name, column, &ty));
        }
        for change in &table.changes {
            let (old, new) = ((change.old, change.old_type.as_str()), (change.new, change.new_type.as_str()));
            statements.extend(words.change_column(&name, old, new));
        }
    }
    let late_keys = create_tables(transition, &pairs, words, &mut statements);
    for table in &altered {
        statements.extend(table.creates.iter().map(|index| match is_of_before(table, index) {
            true => words.create_index_on_rows(&index.create),
            false => index.create.clone(),
        }));
        let standing = standing_checks(table.pair);
        let added = checks(table.pair.new).into_iter().filter(|check| !standing.contains(check));
        statements.extend(added.map(|(_, check)| add_constraint(&table.pair.new.name, &check)));
    }
    statements.extend(added_keys);
    statements.extend(late_keys);
    statements.iter().map(|statement| format!("\n{statement}\n")).collect()
}

/// A column as a line of a table: name, type, NOT NULL. Defaults are not part of it: no value is made by the database.
pub(super) fn definition(column: &Column, ty: &str) -> String {
    format!("{} {ty}{}", quoted(&column.name), if column.nullable { "" } else { " NOT NULL" })
}

fn altered<'a>(transition: &Transition<'_>, pair: &'a Pair<'a>, words: &impl Words) -> Altered<'a> {
    let changes = pair.kept().into_iter().map(|(old, _, new)| Change {
        old,
        old_type: words.type_of(old, pair.old, transition.old),
        new,
        new_type: words.type_of(new, pair.new, transition.new),
    });
    let changes =
        changes.filter(|change| change.old_type != change.new_type || change.old.nullable != change.new.nullable);
    let both = words.indexes(pair.old).into_iter().zip(words.indexes(&pair.carried));
    // What is named after its table or column is made anew when they get new names.
    let (renamed, standing): (Vec<_>, Vec<_>) = both.partition(|(old, carried)| old.name != carried.name);
    let (wanted, mut drops) = (words.indexes(pair.new), Vec::new());
    let stands = |carried: &IndexSql| wanted.iter().any(|index| index.create == carried.create);
    let (standing, changed): (Vec<_>, Vec<_>) = standing.into_iter().partition(|(_, carried)| stands(carried));
    drops.extend(renamed.into_iter().chain(changed).map(|(old, _)| old));
    let creates = words.indexes(pair.new).into_iter();
    let creates = creates.filter(|index| standing.iter().all(|(_, other)| other.create != index.create)).collect();
    Altered { pair, changes: changes.collect(), drops, creates }
}

/// Whether an index could be created before the migration, under its name and over columns that are there.
fn is_of_before(table: &Altered<'_>, index: &IndexSql) -> bool {
    let Pair { old, new, .. } = table.pair;
    let renamed = table.pair.kept().iter().any(|(old, _, new)| old.name != new.name);
    let there = index.columns.iter().all(|name| old.column(name).is_some());
    old.name == new.name
        && !renamed
        && there
        && table.pair.added().is_empty()
        && table.drops.iter().all(|drop| drop.name != index.name)
}

/// Statements that fail on values which have no place in the new type of a column, though its own type would take them.
fn unfit_values(pair: &Pair<'_>) -> Vec<String> {
    let table = quoted(&pair.old.name);
    let narrowed = pair.kept().into_iter().filter_map(|(old, _, new)| {
        // Where whole numbers have a type of their own, the database looks itself.
        let unsigned = matches!(new.storage, Storage::U32 | Storage::U64) && new.storage_type.is_none();
        let float = matches!(old.storage, Storage::F32 | Storage::F64);
        let check = fits::condition(&quoted(&old.name), &old.storage, &new.storage).filter(|_| unsigned || float)?;
        let name = quoted(&short_name(&format!("{}_{}_fits", pair.old.name, old.name)));
        Some([
            format!("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({check});"),
            format!("ALTER TABLE {table} DROP CONSTRAINT {name};"),
        ])
    });
    narrowed.flatten().collect()
}

/// Statements that drop the references which are gone, changed or in the way, and those that add what is missing then.
fn references<W: Words>(transition: &Transition<'_>, altered: &[Altered<'_>], words: &W) -> (Vec<String>, Vec<String>) {
    let changed = altered
        .iter()
        .flat_map(|table| table.changes.iter().map(|change| (table.pair.entity.to_owned(), change.new.name.clone())));
    let changed: BTreeSet<(String, String)> = changed.collect();
    let (mut dropped, mut added) = (Vec::new(), Vec::new());
    for Altered { pair, drops, .. } in altered {
        let wanted: Vec<String> =
            pair.new.foreign_keys.iter().map(|key| foreign_key(key, pair.new, transition.new)).collect();
        let mut standing = Vec::new();
        for (old, key) in pair.old.foreign_keys.iter().zip(&pair.carried.foreign_keys) {
            let sql = foreign_key(key, &pair.carried, transition.new);
            let touches = |entity: &str, columns: &[String]| {
                columns.iter().any(|column| changed.contains(&(entity.to_owned(), column.clone())))
            };
            let loses_index =
                W::REFERENCES_NEED_INDEXES && drops.iter().any(|index| index.columns.starts_with(&old.columns));
            let name = foreign_key_name(&pair.old.name, &old.columns);
            if wanted.contains(&sql)
                && name == foreign_key_name(&pair.new.name, &key.columns)
                && !touches(pair.entity, &key.columns)
                && !touches(&key.entity, &key.key_columns)
                && !loses_index
            {
                standing.push(sql);
            } else {
                dropped.push(words.drop_foreign_key(&quoted(&pair.old.name), &quoted(&name)));
            }
        }
        let missing = wanted.iter().filter(|sql| !standing.contains(sql));
        added.extend(missing.map(|sql| add_constraint(&pair.new.name, sql)));
    }
    (dropped, added)
}

/// Drops what is gone, children first; in a circle, the references that close it go before.
fn drop_tables(transition: &Transition<'_>, words: &impl Words, statements: &mut Vec<String>) {
    let wanted: BTreeSet<&str> = transition.dropped().into_iter().map(|(entity, _)| entity).collect();
    let mut gone: BTreeSet<&str> = BTreeSet::new();
    let mut drops = Vec::new();
    for entity in parents_first(transition.old, &wanted).into_iter().rev() {
        let Some(table) = transition.old.tables.get(entity) else { continue };
        for key in table.foreign_keys.iter().filter(|key| gone.contains(key.entity.as_str())) {
            let name = foreign_key_name(&table.name, &key.columns);
            statements.push(words.drop_foreign_key(&quoted(&table.name), &quoted(&name)));
        }
        drops.push(format!("DROP TABLE {};", quoted(&table.name)));
        gone.insert(entity);
    }
    statements.append(&mut drops);
}

/// Drops checks, indexes and columns, under the old names.
fn drop_parts(table: &Altered<'_>, statements: &mut Vec<String>) {
    let pair = table.pair;
    let name = quoted(&pair.old.name);
    let (standing, old) = (standing_checks(pair), checks(pair.old));
    let gone = old.iter().filter(|(check, _)| standing.iter().all(|(name, _)| name != check));
    statements.extend(gone.map(|(check, _)| format!("ALTER TABLE {name} DROP CONSTRAINT {};", quoted(check))));
    statements.extend(table.drops.iter().map(|index| index.drop.clone()));
    for column in pair.removed() {
        statements.push(format!("ALTER TABLE {name} DROP COLUMN {};", quoted(&column.name)));
    }
}

fn rename(pairs: &[Pair<'_>], words: &impl Words, statements: &mut Vec<String>) {
    let tables: Vec<_> = pairs.iter().map(|pair| (pair.old.name.clone(), pair.new.name.clone())).collect();
    for (from, to) in in_order(tables.clone()) {
        statements.push(format!("ALTER TABLE {} RENAME TO {};", quoted(&from), quoted(&to)));
    }
    statements.extend(words.follow_tables(&tables));
    for pair in pairs {
        let columns = pair.kept().into_iter().map(|(old, _, new)| (old.name.clone(), new.name.clone())).collect();
        for (from, to) in in_order(columns) {
            let table = quoted(&pair.new.name);
            statements.push(format!("ALTER TABLE {table} RENAME COLUMN {} TO {};", quoted(&from), quoted(&to)));
        }
    }
}

/// Creates new tables, referenced ones first; gives the references to tables that come later.
fn create_tables(
    transition: &Transition<'_>,
    pairs: &[Pair<'_>],
    words: &impl Words,
    statements: &mut Vec<String>,
) -> Vec<String> {
    let wanted: BTreeSet<&str> = transition.created().into_iter().map(|(entity, _)| entity).collect();
    let mut standing: BTreeSet<&str> = pairs.iter().map(|pair| pair.entity).collect();
    let mut late = Vec::new();
    for entity in parents_first(transition.new, &wanted) {
        let Some(table) = transition.new.tables.get(entity) else { continue };
        standing.insert(entity);
        let mut constraints: Vec<String> = checks(table).into_iter().map(|(_, check)| check).collect();
        for key in &table.foreign_keys {
            let sql = foreign_key(key, table, transition.new);
            if standing.contains(key.entity.as_str()) {
                constraints.push(sql);
            } else {
                late.push(add_constraint(&table.name, &sql));
            }
        }
        statements.extend(words.create_table(table, transition.new, &constraints));
    }
    late
}

fn add_constraint(table: &str, constraint: &str) -> String {
    format!("ALTER TABLE {} ADD {constraint};", quoted(table))
}

fn foreign_key(key: &ForeignKey, table: &Table, lock: &Lock) -> String {
    let target = lock.tables.get(&key.entity).map_or(&key.entity, |table| &table.name);
    format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {}",
        quoted(&foreign_key_name(&table.name, &key.columns)),
        quoted_list(&key.columns),
        quoted(target),
        quoted_list(&key.key_columns),
        key.on_delete.sql()
    )
}

/// Checks on enums, by name: a value that is no longer one is found when it goes, and not when it is read.
fn checks(table: &Table) -> Vec<(String, String)> {
    let checks = table.columns.iter().filter(|column| column.storage_type.is_none()).filter_map(|column| {
        let Storage::Enum { values, .. } = &column.storage else { return None };
        let values: Vec<String> = values.iter().map(|value| text(value)).collect();
        let name = check_name(&table.name, &column.name);
        let check = format!("{} IN ({})", quoted(&column.name), values.join(", "));
        let constraint = format!("CONSTRAINT {} CHECK ({check})", quoted(&name));
        (!values.is_empty()).then_some((name, constraint))
    });
    checks.collect()
}

/// Checks that are the same in both states, by the same name.
fn standing_checks(pair: &Pair<'_>) -> Vec<(String, String)> {
    let (old, new) = (checks(pair.old), checks(pair.new));
    let both = old.into_iter().zip(checks(&pair.carried));
    both.filter(|((name, _), carried)| *name == carried.0 && new.contains(carried))
        .map(|(_, carried)| carried)
        .collect()
}
