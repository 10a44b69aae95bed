//! What a database says of a statement, and what it must not say.

use arcana_runtime::context::Context;
use arcana_runtime::db::{Db, Dialect, Row, Value};
use arcana_runtime::error::Result;
use serde_json::Value as Json;

/// What an index is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// The rows are looked up.
    Found,
    /// The rows are read in order, from the start of an index.
    Ordered,
    /// The rows are looked up, and are in order.
    Range,
}

impl Promise {
    fn may_sort(self) -> bool {
        self == Self::Found
    }

    fn may_walk(self) -> bool {
        self == Self::Ordered
    }
}

/// What is wrong with the plan of a statement.
pub async fn complaints(db: &Db, sql: &str, values: &[Value], promise: Promise) -> Vec<String> {
    let mut found = Vec::new();
    match db.dialect() {
        Dialect::Sqlite => {
            for line in explained(db, "EXPLAIN QUERY PLAN", sql, values, |row| row.get::<String>(3)).await {
                sqlite(&line, promise, &mut found);
            }
        }
        Dialect::Postgres => {
            let plan = explained(db, "EXPLAIN (FORMAT JSON)", sql, values, |row| row.get::<String>(0)).await.concat();
            walk(&serde_json::from_str(&plan).unwrap(), &mut |node| postgres(node, promise, &mut found));
        }
        // Its FORMAT=JSON is none where names stand in double quotes.
        Dialect::Mysql => {
            let read = |row: &Row<'_>| Ok([row.get(2)?, row.get(3)?, row.get(5)?, row.get(9)?]);
            for line in explained(db, "EXPLAIN", sql, values, read).await {
                mysql(line.map(|cell: Option<String>| cell.unwrap_or_default()), promise, &mut found);
            }
        }
    }
    found
}

/// What is wrong with how the words of a search are found: their table is entered by its key, at what they start with.
pub async fn complaints_of_words(db: &Db, sql: &str, values: &[Value], table: &str) -> Vec<String> {
    // How the table is read, and whether that is well.
    let mut ways: Vec<(String, bool)> = Vec::new();
    match db.dialect() {
        Dialect::Sqlite => {
            let lines = explained(db, "EXPLAIN QUERY PLAN", sql, values, |row| row.get::<String>(3)).await;
            let lines = lines.into_iter().filter(|line| line.split(' ').any(|word| word == table));
            ways.extend(lines.map(|line| (line.clone(), line.contains("USING PRIMARY KEY (word>? AND word<?"))));
        }
        Dialect::Postgres => {
            let plan = explained(db, "EXPLAIN (FORMAT JSON)", sql, values, |row| row.get::<String>(0)).await.concat();
            walk(&serde_json::from_str(&plan).unwrap(), &mut |node| {
                let said = |name: &str| node.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
                if said("Index Name").starts_with(table)
                    || said("Node Type") == "Seq Scan" && said("Relation Name") == table
                {
                    let well = said("Index Name") == format!("{table}_pkey") && said("Index Cond").contains("word >=");
                    ways.push((format!("{} {} {}", said("Node Type"), said("Index Name"), said("Index Cond")), well));
                }
            });
        }
        Dialect::Mysql => {
            let read = |row: &Row<'_>| Ok([row.get(2)?, row.get(3)?, row.get(5)?]);
            for line in explained(db, "EXPLAIN", sql, values, read).await {
                let [name, access, key] = line.map(|cell: Option<String>| cell.unwrap_or_default());
                if name == table {
                    ways.push((format!("{access} of {name} by {key:?}"), access == "range" && key == "PRIMARY"));
                }
            }
        }
    }
    if ways.is_empty() {
        return vec![format!("{table} is not in the plan")];
    }
    ways.into_iter().filter(|(_, well)| !well).map(|(way, _)| way).collect()
}

async fn explained<T: Send>(
    db: &Db,
    words: &str,
    sql: &str,
    values: &[Value],
    read: impl FnMut(&Row<'_>) -> Result<T> + Send,
) -> Vec<T> {
    let explain = format!("{words} {sql}");
    db.fetch(&Context::system(), &explain, values, read).await.unwrap_or_else(|error| panic!("{explain}: {error:?}"))
}

/// `SEARCH orders USING INDEX orders_number_key (number=?)`, `SCAN orders`, `USE TEMP B-TREE FOR ORDER BY`
fn sqlite(line: &str, promise: Promise, found: &mut Vec<String>) {
    let sorts = line.contains("TEMP B-TREE") && !promise.may_sort();
    if sorts || line.starts_with("SCAN ") && !promise.may_walk() {
        found.push(line.to_owned());
    }
}

fn postgres(node: &serde_json::Map<String, Json>, promise: Promise, found: &mut Vec<String>) {
    let Some(kind) = node.get("Node Type").and_then(Json::as_str) else { return };
    let said = |name: &str| node.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    match kind {
        "Sort" | "Incremental Sort" if !promise.may_sort() => found.push(kind.to_owned()),
        "Seq Scan" => found.push(format!("{kind} of {}", said("Relation Name"))),
        "Index Scan" | "Index Only Scan" if !promise.may_walk() && said("Index Cond").is_empty() => {
            found.push(format!("{kind} of all of {}", said("Index Name")));
        }
        _ => {}
    }
}

fn mysql([table, access, key, extra]: [String; 4], promise: Promise, found: &mut Vec<String>) {
    let sorts = ["Using filesort", "Using temporary"].iter().any(|how| extra.contains(how)) && !promise.may_sort();
    if access == "ALL" || access == "index" && !promise.may_walk() || sorts {
        found.push(format!("{access} of {table} by {key:?}: {extra}"));
    }
}

/// All objects inside a value.
fn walk(value: &Json, look: &mut impl FnMut(&serde_json::Map<String, Json>)) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| walk(item, look)),
        Json::Object(members) => {
            look(members);
            members.values().for_each(|member| walk(member, look));
        }
        _ => {}
    }
}
