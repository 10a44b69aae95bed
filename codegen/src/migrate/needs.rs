//! What must hold of the rows that exist before a migration runs: it is looked at first, so that a migration that cannot succeed
//! changes nothing, also where each statement is committed by itself, and says what stands against it.

use super::transition::{Pair, Transition};
use super::{default, fits};
use crate::lock::{Column, ForeignKey, Index, Storage};
use crate::project::Dialect;
use crate::sql::{quoted, quoted_list, text};

/// Begins the line that says what is needed; the runtime looks for it among the comments at the top of a file.
const NEEDS: &str = "-- Needs: ";
/// Begins the line behind it: a query that answers with a row if the need is not met.
const UNLESS: &str = "--   ";

/// Lines for the top of an up file.
pub(super) fn lines(transition: &Transition<'_>, dialect: Dialect) -> String {
    let pairs = transition.pairs();
    let needs = pairs.iter().filter(|pair| !pair.new.derived).flat_map(|pair| of_pair(transition, pair, dialect));
    needs.map(|(words, query)| format!("{NEEDS}{words}\n{UNLESS}{query}\n")).collect()
}

type Need = (String, String);

fn of_pair(transition: &Transition<'_>, pair: &Pair<'_>, dialect: Dialect) -> Vec<Need> {
    let mut found = Vec::new();
    let table = quoted(&pair.old.name);
    for column in pair.added().into_iter().filter(|column| !column.nullable && default::of(column).is_none()) {
        let words = format!("no rows in {}, because its new column {} has no default", pair.old.name, column.name);
        found.push((words, format!("SELECT 1 FROM {table} LIMIT 1")));
    }
    for (old, _, new) in pair.kept() {
        for (words, condition) in of_column(pair, old, new, dialect) {
            found.push((words, format!("SELECT 1 FROM {table} WHERE {condition} LIMIT 1")));
        }
    }
    found.extend(pair.new.foreign_keys.iter().filter_map(|key| reference(transition, pair, key)));
    for index in pair.indexes_added() {
        found.extend(unique(pair, index));
        if dialect == Dialect::Postgres {
            // Where the migration finds an index there, it takes it for its own.
            let query = format!(
                "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass({}) AND NOT indisvalid",
                text(&quoted(&index.name))
            );
            let words = format!(
                "no broken index {}, which a CREATE INDEX CONCURRENTLY that failed leaves: drop it",
                index.name
            );
            found.push((words, query));
        }
    }
    found
}

/// What a column needs, and the condition of rows that stand against it.
fn of_column(pair: &Pair<'_>, old: &Column, new: &Column, dialect: Dialect) -> Vec<Need> {
    let (name, place) = (quoted(&old.name), format!("{}.{}", pair.old.name, old.name));
    let mut found = Vec::new();
    if old.nullable && !new.nullable && default::of(new).is_none() {
        found.push((format!("a value of {place} in every row"), format!("{name} IS NULL")));
    }
    if let Some(bound) = new.max_len.filter(|bound| old.max_len.is_none_or(|before| bound < &before))
        && matches!(old.storage, Storage::String | Storage::Enum { .. })
    {
        let length = if dialect == Dialect::Sqlite { "length" } else { "CHAR_LENGTH" };
        found.push((format!("at most {bound} characters in {place}"), format!("{length}({name}) > {bound}")));
    }
    match (&old.storage, &new.storage) {
        (Storage::Enum { values: before, .. }, Storage::Enum { values: after, .. }) => {
            let gone: Vec<&String> = before.iter().filter(|value| !after.contains(value)).collect();
            if !gone.is_empty() {
                let list =
                    |each: fn(&str) -> String| gone.iter().map(|value| each(value)).collect::<Vec<_>>().join(", ");
                found.push((
                    format!("no row whose {place} is {}", list(str::to_owned)),
                    format!("{name} IN ({})", list(text)),
                ));
            }
        }
        (Storage::String, Storage::Enum { values, .. }) => {
            let list: Vec<String> = values.iter().map(|value| text(value)).collect();
            let words = format!("one of {} in {place}", values.join(", "));
            found.push((words, format!("{name} NOT IN ({})", list.join(", "))));
        }
        (Storage::Decimal { precision: p, scale: s }, Storage::Decimal { precision: q, scale: t }) => {
            let whole = q.saturating_sub(*t);
            if p.saturating_sub(*s) > whole || s > t {
                let (value, most) = match dialect {
                    Dialect::Sqlite => (fits::rescaled(&name, *s, *t), "0".repeat(to_usize(*q))),
                    _ => (format!("ROUND({name}, {t})"), "0".repeat(to_usize(whole))),
                };
                let words = format!("at most {whole} digits before the point in {place}");
                found.push((words, format!("ABS({value}) >= 1{most}")));
            }
        }
        (before, after) => {
            if let (Some((least, most)), Some(fits)) = (fits::range(after), fits::condition(&name, before, after)) {
                found.push((format!("numbers from {least} to {most} in {place}"), format!("NOT ({fits})")));
            }
        }
    }
    found
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or_default()
}

/// A reference that rows which exist must follow.
fn reference(transition: &Transition<'_>, pair: &Pair<'_>, key: &ForeignKey) -> Option<Need> {
    let is_new = pair.carried.foreign_keys.iter().all(|old| old.columns != key.columns || old.entity != key.entity);
    let [column] = key.columns.as_slice() else { return None };
    let [target_column] = key.key_columns.as_slice() else { return None };
    let column = former(pair, column).filter(|_| is_new)?;
    let becomes = pair.new.same(column)?;
    let (name, place) = (quoted(&column.name), format!("{}.{}", pair.old.name, column.name));
    let table = quoted(&pair.old.name);
    let target = transition.pairs().into_iter().find(|target| target.entity == key.entity);
    let Some(target) = target else {
        let words = format!("no value in {place}, because what it is to refer to has no rows yet");
        return Some((words, format!("SELECT 1 FROM {table} WHERE {name} IS NOT NULL LIMIT 1")));
    };
    let target_column = former(&target, target_column)?;
    // Values that become comparable with this migration are for the database to compare.
    if column.storage != becomes.storage || column.storage != target_column.storage {
        return None;
    }
    let query = format!(
        "SELECT 1 FROM {table} AS referring WHERE {name} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {} AS referred WHERE \
         referred.{} = referring.{name}) LIMIT 1",
        quoted(&target.old.name),
        quoted(&target_column.name),
    );
    Some((format!("a row of {} for every {place}", target.old.name), query))
}

/// A unique index over columns whose values exist. Conditions are in the words of the new state, so that one over a column which
/// is new or has another name is left to the database.
fn unique(pair: &Pair<'_>, index: &Index) -> Option<Need> {
    let existed =
        pair.carried.indexes.iter().any(|old| old.columns == index.columns && old.unique && old.condition.is_none());
    let renamed = pair.kept().into_iter().any(|(old, _, new)| old.name != new.name);
    let is_of_before = index.condition.is_none() || (!renamed && pair.added().is_empty());
    if !index.unique || existed || !is_of_before {
        return None;
    }
    let columns: Vec<&Column> = index.columns.iter().map(|name| former(pair, name)).collect::<Option<_>>()?;
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let given =
        columns.iter().filter(|column| column.nullable).map(|column| format!("{} IS NOT NULL", quoted(&column.name)));
    let conditions: Vec<String> =
        index.condition.iter().map(|condition| format!("({condition})")).chain(given).collect();
    let wanted = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let query = format!(
        "SELECT 1 FROM {}{wanted} GROUP BY {} HAVING COUNT(*) > 1 LIMIT 1",
        quoted(&pair.old.name),
        quoted_list(&names)
    );
    let live = if index.condition.is_some() { " that the index holds" } else { "" };
    Some((format!("no two rows of {}{live} with the same {}", pair.old.name, names.join(" and ")), query))
}

/// The column as it is before the migration, if it is there.
fn former<'a>(pair: &Pair<'a>, name: &str) -> Option<&'a Column> {
    pair.old.same(pair.new.column(name)?)
}
