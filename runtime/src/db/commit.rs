//! Declared writes, carried out inside a transaction: once for all engines.

use std::collections::BTreeSet;

use super::outcome::{
    check_live_references, check_referrers, equal, explain_delete, explain_write, forget, references_of,
};
use super::session::{Fault, Session};
use super::{Value, beside, guard, storable, words};
use crate::changes::{Changes, ChildDiff, Guard, Rows, Set, Write};
use crate::entity::EntitySpec;
use crate::error::Error;
use crate::query::kind;
use crate::types::Timestamp;

/// Carries out all writes in order; the first that is refused refuses all.
pub(super) async fn apply(session: &mut dyn Session, changes: &Changes) -> Result<(), Fault> {
    beside::claim(session, changes).await?;
    let mut place = "";
    apply_each(session, changes, &mut place).await.map_err(|fault| match fault {
        Fault::Error(error) => Fault::Error(error.below(place)),
        other => other,
    })
}

async fn apply_each<'c>(session: &mut dyn Session, changes: &'c Changes, place: &mut &'c str) -> Result<(), Fault> {
    for write in in_order(changes) {
        *place = changes.place_of(write);
        match write {
            Write::Insert { spec, key, values, children } => {
                storable::check(spec, spec.columns, values)?;
                check_live_references(session, references_of(spec, spec.references, values)).await?;
                put(session, spec, spec.insert, values, key, values).await?;
                words::insert(session, spec, key, values).await?;
                insert_children(session, key, children).await?;
            }
            Write::Update { spec, key, values, version, reworded, redirected, children } => {
                storable::check(spec, spec.fields(), values)?;
                check_live_references(session, references_of(spec, redirected.iter().copied(), values)).await?;
                update(session, spec, key, values, *version).await?;
                words::update(session, spec, key, values, reworded).await?;
                for diff in children {
                    update_children(session, key, diff).await?;
                }
            }
            Write::Adjust { spec, key, sets, guards } => adjust(session, changes.now, spec, key, sets, guards).await?,
            Write::Delete { spec, key, version } => delete(session, changes.now, spec, key, *version).await?,
            Write::Undelete { spec, key, values, version } => {
                undelete(session, changes.now, spec, key, values, *version).await?;
            }
            Write::Expect { spec, key, version } => {
                let column = spec.version.unwrap_or("version");
                let keep = session.dialect().keep_rows();
                let sql = format!("SELECT 1 FROM {} WHERE {} AND {column} = ?{keep}", spec.table, equal(spec.key));
                if !session.exists(&sql, &with(key, [Value::I64(*version)])).await? {
                    return Err(stale(spec, key));
                }
            }
            Write::Own { sql, values } => session.execute(sql, values).await.map(drop)?,
            Write::Reword { spec, keys } => words::rebuild(session, spec, keys).await?,
        }
    }
    *place = "";
    beside::tell(session, changes).await
}

/// The writes in an order in which commits do not block each other in a circle: first the adjustments of rows that nothing
/// else here writes, by their keys, then the rest as it was declared. Whoever adjusts a row holds it alone; to refer to it
/// first, and so to share it with others, and to want it alone then, is how two commits come to wait for each other.
fn in_order(changes: &Changes) -> Vec<&Write> {
    let row = |write: &Write| match write {
        Write::Insert { spec, key, .. }
        | Write::Update { spec, key, .. }
        | Write::Adjust { spec, key, .. }
        | Write::Delete { spec, key, .. }
        | Write::Undelete { spec, key, .. }
        | Write::Expect { spec, key, .. } => (spec.table, format!("{key:?}")),
        Write::Own { .. } | Write::Reword { .. } => ("", String::new()),
    };
    if !changes.writes.iter().any(|write| matches!(write, Write::Adjust { .. })) {
        return changes.writes.iter().collect();
    }
    let written: BTreeSet<_> =
        changes.writes.iter().filter(|write| !matches!(write, Write::Adjust { .. })).map(row).collect();
    let free = |write: &&Write| matches!(write, Write::Adjust { .. }) && !written.contains(&row(write));
    let (mut first, rest): (Vec<_>, Vec<_>) = changes.writes.iter().partition(free);
    first.sort_by_key(|write| row(write));
    first.into_iter().chain(rest).collect()
}

/// Runs a write of a row; what it breaks is explained by the row.
async fn put(
    session: &mut dyn Session,
    spec: &EntitySpec,
    sql: &str,
    bound: &[Value],
    key: &[Value],
    values: &[Value],
) -> Result<u64, Fault> {
    match session.execute(sql, bound).await {
        Ok(touched) => Ok(touched),
        Err(fault) => Err(explain_write(session, spec, key, values, sql == spec.insert, fault).await),
    }
}

/// A write that must meet its row: else another was faster.
fn met(touched: u64, spec: &EntitySpec, key: &[Value]) -> Result<(), Fault> {
    if touched == 1 { Ok(()) } else { Err(stale(spec, key)) }
}

/// Which expectation did not hold.
fn stale(spec: &EntitySpec, key: &[Value]) -> Fault {
    Error::concurrent(spec.name, key_text(key)).into()
}

/// A key as one text, its parts joined by `/`, as paths have it.
pub(super) fn key_text(key: &[Value]) -> String {
    let parts = key.iter().map(|part| kind::write(part).unwrap_or_default());
    parts.collect::<Vec<_>>().join("/")
}

fn with<const N: usize>(key: &[Value], more: [Value; N]) -> Vec<Value> {
    key.iter().cloned().chain(more).collect()
}

async fn insert_children(session: &mut dyn Session, parent: &[Value], children: &[Rows]) -> Result<(), Fault> {
    for Rows { spec, rows } in children {
        for (position, row) in (0i64..).zip(rows) {
            insert_child(session, spec, parent, position, row).await?;
        }
    }
    Ok(())
}

async fn insert_child(
    session: &mut dyn Session,
    spec: &EntitySpec,
    parent: &[Value],
    position: i64,
    row: &[Value],
) -> Result<(), Fault> {
    let values: Vec<Value> = parent.iter().cloned().chain([Value::I64(position)]).chain(row.iter().cloned()).collect();
    storable::check(spec, spec.columns, &values)?;
    check_live_references(session, references_of(spec, spec.references, &values)).await?;
    put(session, spec, spec.insert, &values, &child_key(spec, row), &values).await.map(drop)
}

fn child_key(spec: &EntitySpec, row: &[Value]) -> Vec<Value> {
    let fields = spec.fields().iter().zip(row);
    fields.filter(|(column, _)| spec.key.contains(&column.name)).map(|(_, value)| value.clone()).collect()
}

/// Values of the columns that an update sets: all but the key.
pub(super) fn settable<'a>(spec: &'a EntitySpec, values: &'a [Value]) -> impl Iterator<Item = Value> + 'a {
    let columns = spec.fields().iter().zip(values);
    columns.filter(|(column, _)| !spec.key.contains(&column.name)).map(|(_, value)| value.clone())
}

async fn update(
    session: &mut dyn Session,
    spec: &EntitySpec,
    key: &[Value],
    values: &[Value],
    version: Option<i64>,
) -> Result<(), Fault> {
    let bound: Vec<Value> = settable(spec, values).chain(key.iter().cloned()).chain(version.map(Value::I64)).collect();
    let touched = if settable(spec, values).next().is_none() {
        // Nothing but a key: the row only has to be there.
        let sql = format!("SELECT 1 FROM {} WHERE {}", spec.table, equal(spec.key));
        u64::from(session.exists(&sql, key).await?)
    } else {
        put(session, spec, spec.update, &bound, key, values).await?
    };
    met(touched, spec, key)
}

async fn update_children(session: &mut dyn Session, parent: &[Value], diff: &ChildDiff) -> Result<(), Fault> {
    let spec = diff.spec;
    for key in &diff.removed {
        let bound: Vec<Value> = std::iter::once(key).chain(parent).cloned().collect();
        session.execute(spec.delete, &bound).await.map_err(|fault| explain_delete(spec, fault))?;
    }
    for (position, row) in &diff.changed {
        let values: Vec<Value> =
            parent.iter().cloned().chain([Value::I64(*position)]).chain(row.iter().cloned()).collect();
        storable::check(spec, spec.columns, &values)?;
        check_live_references(session, references_of(spec, spec.references, &values)).await?;
        let key = child_key(spec, row);
        let bound: Vec<Value> = std::iter::once(Value::I64(*position))
            .chain(settable(spec, row))
            .chain(key.iter().cloned())
            .chain(parent.iter().cloned())
            .collect();
        met(put(session, spec, spec.update, &bound, &key, &values).await?, spec, &key)?;
    }
    for (position, row) in &diff.added {
        insert_child(session, spec, parent, *position, row).await?;
    }
    Ok(())
}

async fn adjust(
    session: &mut dyn Session,
    now: Timestamp,
    spec: &EntitySpec,
    key: &[Value],
    sets: &[Set],
    guards: &[Guard],
) -> Result<(), Fault> {
    let (mut assignments, mut bound, mut led) = (Vec::new(), Vec::new(), Vec::new());
    for set in sets {
        let (assignment, value) = match set {
            Set::To(column, value) => {
                storable::check_named(spec, column, value)?;
                led.extend(spec.references.iter().find(|own| own.column == *column).map(|own| (own, value)));
                (format!("{column} = ?"), value)
            }
            Set::Add(column, value) => (format!("{column} = {column} + ?"), value),
        };
        assignments.push(assignment);
        bound.push(value.clone());
    }
    if let Some(column) = spec.version {
        assignments.push(format!("{column} = {column} + 1"));
    }
    if let Some(column) = spec.updated_at {
        assignments.push(format!("{column} = ?"));
        bound.push(Value::Timestamp(now));
    }
    if assignments.is_empty() {
        return Ok(());
    }
    check_live_references(session, led).await?;
    let row = live(spec);
    let mut sql = format!("UPDATE {} SET {} WHERE {row}", spec.table, assignments.join(", "));
    bound.extend_from_slice(key);
    let conditions = guard::conditions(session.dialect(), spec, sets, guards)?;
    for condition in &conditions {
        sql.push_str(&format!(" AND {}", condition.sql));
        bound.extend(condition.values.iter().cloned());
    }
    if put(session, spec, &sql, &bound, key, &[]).await? == 1 {
        return words::adjust(session, spec, key, sets).await;
    }
    // Locking reads see what the update saw; others may, on MariaDB, still see the state before.
    let keep = session.dialect().keep_rows();
    if !session.exists(&format!("SELECT 1 FROM {} WHERE {row}{keep}", spec.table), key).await? {
        return Err(Error::precondition(format!("the {} is not there any more", spec.name)).into());
    }
    for condition in conditions {
        let sql = format!("SELECT 1 FROM {} WHERE {row} AND {}{keep}", spec.table, condition.sql);
        let bound: Vec<Value> = key.iter().cloned().chain(condition.values).collect();
        if !session.exists(&sql, &bound).await? {
            return Err(condition.broken.into());
        }
    }
    // By now all of it holds: others were at the row while it was looked for.
    Err(Fault::Again("an adjusted row was written by others at the same time".into()))
}

async fn delete(
    session: &mut dyn Session,
    now: Timestamp,
    spec: &EntitySpec,
    key: &[Value],
    version: Option<i64>,
) -> Result<(), Fault> {
    check_referrers(session, spec, key).await?;
    let mut bound = Vec::new();
    if spec.soft_delete {
        bound.push(Value::Timestamp(now));
        bound.extend(spec.updated_at.map(|_| Value::Timestamp(now)));
    }
    bound.extend_from_slice(key);
    bound.extend(version.map(Value::I64));
    met(session.execute(spec.delete, &bound).await.map_err(|fault| explain_delete(spec, fault))?, spec, key)?;
    forget(session, spec, key).await
}

async fn undelete(
    session: &mut dyn Session,
    now: Timestamp,
    spec: &EntitySpec,
    key: &[Value],
    values: &[Value],
    version: Option<i64>,
) -> Result<(), Fault> {
    check_live_references(session, references_of(spec, spec.references, values)).await?;
    let mut sql = format!("UPDATE {} SET deleted_at = NULL", spec.table);
    let mut bound = Vec::new();
    if let Some(column) = spec.version {
        sql.push_str(&format!(", {column} = {column} + 1"));
    }
    if let Some(column) = spec.updated_at {
        sql.push_str(&format!(", {column} = ?"));
        bound.push(Value::Timestamp(now));
    }
    sql.push_str(&format!(" WHERE {} AND deleted_at IS NOT NULL", equal(spec.key)));
    bound.extend_from_slice(key);
    if let (Some(column), Some(version)) = (spec.version, version) {
        sql.push_str(&format!(" AND {column} = ?"));
        bound.push(Value::I64(version));
    }
    met(put(session, spec, &sql, &bound, key, values).await?, spec, key)
}

fn live(spec: &EntitySpec) -> String {
    let key = equal(spec.key);
    if spec.soft_delete { format!("{key} AND deleted_at IS NULL") } else { key }
}
