//! Words for rows that are older than the searchable fields they have: made at the start of the program, and noted, so that
//! the next start finds them.

use super::keyset;
use crate::changes::Changes;
use crate::context::Context;
use crate::db::{Db, Row, Stored, Value};
use crate::entity::{ColumnSpec, EntitySpec, Kind, Words};
use crate::error::Result;
use crate::query::OrderBy;
use crate::search;
use crate::types::{Date, Duration, Timestamp};

/// Rows in one transaction: each costs a few statements, and all of them stay below the limit of a statement's time.
const BATCH: usize = 50;

/// An entity whose words were made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reworded {
    /// Full name of the entity.
    pub entity: &'static str,
    /// How many rows it has.
    pub rows: u64,
}

/// Makes the words of all rows of those entities whose searchable fields are not those that the words were made of. Any number
/// of processes may do so at once: each row is written anew as a whole, and one process at a time.
pub async fn reword(db: &Db, specs: &[&'static EntitySpec]) -> Result<Vec<Reworded>> {
    let mut done = Vec::new();
    for &spec in specs {
        let Some(words) = &spec.words else { continue };
        let (wanted, noted) = (state_of(words), noted(db, words).await?);
        // A table that was dropped and made again is empty, whatever was noted of the former.
        let made = noted.as_ref() == Some(&wanted) && has_rows(db, words.table).await?;
        if made {
            continue;
        }
        if !has_rows(db, spec.table).await? {
            if noted.as_ref() != Some(&wanted) {
                note(db, words, &wanted).await?;
            }
            continue;
        }
        // What is cut off here is begun again by the next start.
        if noted.is_some() {
            note(db, words, "").await?;
        }
        tracing::info!(entity = spec.full_name, "making the words of searchable fields");
        let rows = reword_all(db, spec).await?;
        note(db, words, &wanted).await?;
        done.push(Reworded { entity: spec.full_name, rows });
    }
    Ok(done)
}

/// The rules and the fields that words are made by, as text.
fn state_of(words: &Words) -> String {
    let fields: Vec<String> = words.fields.iter().map(|field| field.number.to_string()).collect();
    format!("{} {}", search::RULES, fields.join(","))
}

async fn noted(db: &Db, words: &Words) -> Result<Option<String>> {
    let sql = "SELECT fields FROM arcana_words WHERE name = ?";
    let name = [Value::Text(words.table.to_owned())];
    Ok(db.fetch(&Context::system(), sql, &name, |row| row.get::<String>(0)).await?.pop())
}

async fn note(db: &Db, words: &Words, state: &str) -> Result<()> {
    let cx = Context::system();
    let mut changes = Changes::new(&cx);
    let values = vec![Value::Text(words.table.to_owned()), Value::Text(state.to_owned())];
    changes.own(db.dialect().note_words(), values);
    db.commit(&cx, changes).await
}

async fn has_rows(db: &Db, table: &str) -> Result<bool> {
    let sql = format!("SELECT 1 FROM {table} LIMIT 1");
    Ok(!db.fetch(&Context::system(), &sql, &[], |_| Ok(())).await?.is_empty())
}

/// Goes through all rows in the order of their keys, those marked as deleted included: they may come back.
async fn reword_all(db: &Db, spec: &'static EntitySpec) -> Result<u64> {
    let column = |name: &&str| spec.columns.iter().find(|column| column.name == *name);
    let columns: Vec<&'static ColumnSpec> = spec.key.iter().filter_map(column).collect();
    let order: Vec<OrderBy> = columns.iter().map(|column| OrderBy { column, descending: false }).collect();
    let names = spec.key.join(", ");
    let (mut last, mut rows): (Option<Vec<Value>>, u64) = (None, 0);
    loop {
        let cx = Context::system();
        let behind = last.as_ref().map(|last| keyset::joined(keyset::behind(db.dialect(), &order, last)));
        let (condition, values) = match behind {
            Some(behind) => (format!(" WHERE {}", behind.condition), behind.values),
            None => (String::new(), Vec::new()),
        };
        let sql = format!("SELECT {names} FROM {}{condition} ORDER BY {names} LIMIT {BATCH}", spec.table);
        let keys = db.fetch(&cx, &sql, &values, |row| key_of(row, &columns)).await?;
        let Some(end) = keys.last().cloned() else { return Ok(rows) };
        let count = keys.len();
        let mut changes = Changes::new(&cx);
        changes.reword(spec, keys);
        db.commit(&cx, changes).await?;
        rows += count as u64;
        if count < BATCH {
            return Ok(rows);
        }
        last = Some(end);
    }
}

fn key_of(row: &Row<'_>, columns: &[&ColumnSpec]) -> Result<Vec<Value>> {
    let value = |(at, column): (usize, &&ColumnSpec)| match column.kind {
        Kind::Uuid => row.like(at, &Value::Uuid(uuid::Uuid::nil())),
        Kind::I32 | Kind::I64 | Kind::U32 | Kind::U64 => row.like(at, &Value::I64(0)),
        Kind::Bool => row.get::<bool>(at).map(|value| value.to_value()),
        Kind::Timestamp => row.get::<Timestamp>(at).map(|value| value.to_value()),
        Kind::Duration => row.get::<Duration>(at).map(|value| value.to_value()),
        Kind::Date => row.get::<Date>(at).map(|value| value.to_value()),
        Kind::Decimal { scale, .. } => row.decimal(at, scale).map(|value| Value::decimal(value, scale)),
        _ => row.like(at, &Value::Null),
    };
    columns.iter().enumerate().map(value).collect()
}
