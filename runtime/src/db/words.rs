//! The words of searchable fields, written with the rows that they stand in.

use super::Value;
use super::outcome::equal;
use super::session::{Fault, Session};
use crate::changes::Set;
use crate::entity::{EntitySpec, Searched, Words};
use crate::search;

/// Most rows of one insert. Shorter ones have half as many, a quarter …, so that statements come in few lengths and stay prepared.
const INSERT_MAX: usize = 256;

/// Writes the words of a new row.
pub(super) async fn insert(
    session: &mut dyn Session,
    spec: &EntitySpec,
    key: &[Value],
    values: &[Value],
) -> Result<(), Fault> {
    let Some(words) = &spec.words else { return Ok(()) };
    let fields = words.fields.iter().map(|field| (field, spec.value_of(values, field.column)));
    add(session, spec, words, key, fields.collect()).await
}

/// Writes the words of some fields of a row anew, behind its update, which keeps others from the row.
pub(super) async fn update(
    session: &mut dyn Session,
    spec: &EntitySpec,
    key: &[Value],
    values: &[Value],
    fields: &[&'static Searched],
) -> Result<(), Fault> {
    let Some(words) = &spec.words else { return Ok(()) };
    for field in fields {
        forget(session, spec, words, key, field).await?;
    }
    let fields = fields.iter().map(|field| (*field, spec.value_of(values, field.column)));
    add(session, spec, words, key, fields.collect()).await
}

/// The same for members that are set by themselves.
pub(super) async fn adjust(
    session: &mut dyn Session,
    spec: &EntitySpec,
    key: &[Value],
    sets: &[Set],
) -> Result<(), Fault> {
    let Some(words) = &spec.words else { return Ok(()) };
    for set in sets {
        let field = words.fields.iter().find(|field| field.column == set.column());
        if let (Some(field), Set::To(_, value)) = (field, set) {
            forget(session, spec, words, key, field).await?;
            add(session, spec, words, key, vec![(field, value)]).await?;
        }
    }
    Ok(())
}

/// Writes all words of rows anew, from what is stored by now; rows that are gone are passed over.
pub(super) async fn rebuild(session: &mut dyn Session, spec: &EntitySpec, keys: &[Vec<Value>]) -> Result<(), Fault> {
    let Some(words) = &spec.words else { return Ok(()) };
    let columns: Vec<&str> = words.fields.iter().map(|field| field.column).collect();
    let (row, hold) = (equal(spec.key), session.dialect().hold_rows());
    let read = format!("SELECT {} FROM {} WHERE {row}{hold}", columns.join(", "), spec.table);
    // Those of fields that are no longer searched go too.
    let forget = format!("DELETE FROM {} WHERE {row}", words.table);
    for key in keys {
        let mut stored: Option<Vec<Value>> = None;
        let mut each = |row: &super::Row<'_>| {
            let texts = (0..columns.len()).map(|at| row.get::<Option<String>>(at));
            let values = texts.map(|text| Ok(text?.map_or(Value::Null, Value::Text)));
            stored = Some(values.collect::<Result<_, crate::error::Error>>()?);
            Ok(())
        };
        session.read(&read, key, &mut each).await?;
        let Some(stored) = stored else { continue };
        session.execute(&forget, key).await?;
        add(session, spec, words, key, words.fields.iter().zip(&stored).collect()).await?;
    }
    Ok(())
}

async fn forget(
    session: &mut dyn Session,
    spec: &EntitySpec,
    words: &Words,
    key: &[Value],
    field: &Searched,
) -> Result<(), Fault> {
    let sql = format!("DELETE FROM {} WHERE {} AND field = ?", words.table, equal(spec.key));
    let bound: Vec<Value> = key.iter().cloned().chain([number(field)]).collect();
    session.execute(&sql, &bound).await.map(drop)
}

fn number(field: &Searched) -> Value {
    Value::I64(i64::from(field.number))
}

/// Adds the words of fields that have none.
async fn add(
    session: &mut dyn Session,
    spec: &EntitySpec,
    words: &Words,
    key: &[Value],
    fields: Vec<(&Searched, &Value)>,
) -> Result<(), Fault> {
    let mut rows: Vec<(String, &Searched)> = Vec::new();
    for (field, value) in fields {
        if let Value::Text(text) = value {
            rows.extend(search::words(text).into_iter().map(|word| (word, field)));
        }
    }
    // In the order of the table, so that commits that write the same words do not wait for each other in a circle.
    rows.sort_by(|(a, x), (b, y)| (a, x.number).cmp(&(b, y.number)));
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let length = (1 << rest.len().ilog2()).min(INSERT_MAX);
        let (some, more) = rest.split_at(length);
        let places = format!("({})", vec!["?"; key.len() + 2].join(", "));
        let sql = format!(
            "INSERT INTO {} (word, {}, field) VALUES {}",
            words.table,
            spec.key.join(", "),
            vec![places.as_str(); length].join(", ")
        );
        let row = |(word, field): &(String, &Searched)| {
            let key = key.iter().cloned();
            [Value::Text(word.clone())].into_iter().chain(key).chain([number(field)]).collect::<Vec<_>>()
        };
        let bound: Vec<Value> = some.iter().flat_map(row).collect();
        session.execute(&sql, &bound).await?;
        rest = more;
    }
    Ok(())
}

/// A condition on the rows of an entity: each word begins one that stands in them. Its values are appended.
pub(crate) fn condition(spec: &EntitySpec, looked_for: &[String], values: &mut Vec<Value>) -> String {
    let Some(words) = &spec.words else { return "FALSE".to_owned() };
    let key = spec.key.join(", ");
    let row = if spec.key.len() == 1 { key.clone() } else { format!("({key})") };
    let one = |word: &String| {
        values.extend([Value::Text(word.clone()), Value::Text(search::behind(word))]);
        format!("{row} IN (SELECT {key} FROM {} WHERE word >= ? AND word < ?)", words.table)
    };
    format!("({})", looked_for.iter().map(one).collect::<Vec<_>>().join(" AND "))
}
