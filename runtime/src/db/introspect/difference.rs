//! Where two schemas differ, in words that name the place.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Column, ForeignKey, Index, Live, Table};
use crate::db::Dialect;

/// Where a database differs from what is expected of it, one place a line, in the order of tables:
/// `table orders, column note: varchar(32), expected varchar(16)`. Empty exactly if both have the same schema.
///
/// Defaults of SQLite are not compared: it cannot take back the one that a column was added with, so they tell the way
/// that a database took and not where it is; no statement of a service leaves a column out.
pub fn differences(found: &Live, expected: &Live) -> Vec<String> {
    let defaults = found.dialect != Dialect::Sqlite;
    let mut told = Vec::new();
    let names: BTreeSet<&String> = found.tables.keys().chain(expected.tables.keys()).collect();
    for name in names {
        let place = format!("table {name}");
        match (found.tables.get(name), expected.tables.get(name)) {
            (Some(found), Some(expected)) => {
                let (found, expected) = (parts(found, defaults), parts(expected, defaults));
                compare(&place, &found, &expected, &mut told);
            }
            (Some(_), None) => told.push(format!("{place}: not expected")),
            _ => told.push(format!("{place}: missing")),
        }
    }
    told.extend(found.others.difference(&expected.others).map(|other| format!("{other}: not expected")));
    told.extend(expected.others.difference(&found.others).map(|other| format!("{other}: missing")));
    told
}

/// Parts of a table by what they are called, and each quality of theirs in words; a quality without a name is the part
/// itself, and one without words is what goes without saying.
type Parts = BTreeMap<String, Vec<(&'static str, Option<String>)>>;

fn compare(place: &str, found: &Parts, expected: &Parts, told: &mut Vec<String>) {
    let names: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    for name in names {
        let (found, expected) = match (found.get(name), expected.get(name)) {
            (Some(found), Some(expected)) => (found, expected),
            (Some(_), None) => {
                told.push(format!("{place}, {name}: not expected"));
                continue;
            }
            _ => {
                told.push(format!("{place}, {name}: missing"));
                continue;
            }
        };
        for ((quality, found), (_, expected)) in found.iter().zip(expected).filter(|(a, b)| a != b) {
            let words = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
            let quality = if quality.is_empty() { String::new() } else { format!("{quality} ") };
            told.push(format!("{place}, {name}: {quality}{}, expected {}", words(found), words(expected)));
        }
    }
}

fn parts(table: &Table, defaults: bool) -> Parts {
    let mut parts = Parts::new();
    let mut add = |name: String, qualities| {
        // What has no name of its own may be there twice.
        let mut free = name.clone();
        let mut count = 1;
        while parts.contains_key(&free) {
            count += 1;
            free = format!("{name} ({count})");
        }
        parts.insert(free, qualities);
    };
    for one in &table.columns {
        add(format!("column {}", one.name), column(one, defaults));
    }
    if !table.key.is_empty() {
        add("primary key".to_owned(), vec![("", Some(list(&table.key))), ("named", table.key_name.clone())]);
    }
    for one in &table.foreign_keys {
        let name = one.name.clone().unwrap_or_else(|| list(&one.columns));
        add(format!("foreign key {name}"), foreign_key(one));
    }
    for one in &table.indexes {
        let name =
            one.name.clone().map_or_else(|| format!("unique {}", list(&one.columns)), |name| format!("index {name}"));
        add(name, index(one));
    }
    for one in &table.checks {
        match &one.name {
            Some(name) => add(format!("check {name}"), check(one)),
            None => add(format!("check ({})", one.condition), Vec::new()),
        }
    }
    add("options".to_owned(), vec![("", Some(table.options.join(", ")).filter(|options| !options.is_empty()))]);
    parts
}

fn column(column: &Column, defaults: bool) -> Vec<(&'static str, Option<String>)> {
    let ty = match column.values.as_slice() {
        [] => column.ty.clone(),
        values => format!("{} {}", column.ty, list(values)),
    };
    vec![
        ("", Some(ty)),
        ("", Some(if column.nullable { "NULL" } else { "NOT NULL" }.to_owned())),
        ("default", column.default.clone().filter(|_| defaults)),
        ("collation", column.collation.clone()),
        ("computed as", column.generated.clone()),
        ("numbered by", Some(if column.numbered { "the database" } else { "nobody" }.to_owned())),
    ]
}

fn foreign_key(key: &ForeignKey) -> Vec<(&'static str, Option<String>)> {
    vec![
        ("", Some(format!("{} to {} {}", list(&key.columns), key.table, list(&key.key_columns)))),
        ("on delete", Some(key.on_delete.clone())),
        ("on update", Some(key.on_update.clone())),
        ("checked", Some(if key.deferred { "at the end" } else { "at once" }.to_owned())),
    ]
}

fn index(index: &Index) -> Vec<(&'static str, Option<String>)> {
    let unique = if index.unique { "unique " } else { "" };
    vec![
        ("", Some(format!("{unique}{}", list(&index.columns)))),
        ("where", index.condition.clone()),
        ("kept as", index.method.clone()),
        ("", Some(if index.constraint { "a constraint" } else { "an index" }.to_owned())),
    ]
}

fn check(check: &Check) -> Vec<(&'static str, Option<String>)> {
    vec![("", Some(check.condition.clone()))]
}

fn list(names: &[String]) -> String {
    format!("({})", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(edit: impl FnOnce(&mut Table)) -> Live {
        let column = |name: &str, ty: &str| Column { name: name.to_owned(), ty: ty.to_owned(), ..Column::default() };
        let mut table = Table {
            columns: vec![column("id", "bigint"), column("note", "varchar(16)")],
            key: vec!["id".to_owned()],
            ..Table::default()
        };
        edit(&mut table);
        let mut live = Live::empty(Dialect::Postgres);
        live.tables.insert("orders".to_owned(), table);
        live
    }

    #[test]
    fn names_the_place_of_a_difference_and_both_sides() {
        let as_expected = live(|_| {});
        let told = |edit: fn(&mut Table)| differences(&live(edit), &as_expected);
        assert_eq!(told(|table| table.columns.reverse()), Vec::<String>::new());
        assert_eq!(
            told(|table| {
                table.columns[1].ty = "varchar(32)".to_owned();
                table.columns[1].nullable = true;
                table.columns[1].default = Some("7".to_owned());
            }),
            [
                "table orders, column note: varchar(32), expected varchar(16)",
                "table orders, column note: NULL, expected NOT NULL",
                "table orders, column note: default 7, expected none",
            ]
        );
        assert_eq!(
            told(|table| table.key.push("note".to_owned())),
            ["table orders, primary key: (id, note), expected (id)"]
        );
        assert_eq!(
            told(|table| table.checks.push(Check { name: None, condition: "id > 0".to_owned() })),
            ["table orders, check (id > 0): not expected"]
        );
        assert_eq!(differences(&Live::empty(Dialect::Postgres), &as_expected), ["table orders: missing"]);
    }
}
