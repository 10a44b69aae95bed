//! Declared writes, carried out inside a transaction of the embedded engine.

use rusqlite::Connection;

use super::Value;
use super::outcome::{check_live_references, check_referrers, equal, exists, explain_write};
use super::sqlite::{bind, error};
use crate::changes::{Changes, ChildDiff, Guard, GuardCheck, Rows, Set, Write};
use crate::entity::{EntitySpec, Kind};
use crate::error::{Error, Result};
use crate::types::Timestamp;

/// Carries out all writes in order; the first that is refused refuses all.
pub(super) fn apply(connection: &Connection, changes: &Changes) -> Result<()> {
    for write in &changes.writes {
        match write {
            Write::Insert { spec, key, values, children } => {
                check_live_references(connection, spec, values)?;
                run(connection, spec.insert, values).map_err(|cause| explain(connection, spec, key, values, cause))?;
                insert_children(connection, key, children)?;
            }
            Write::Update { spec, key, values, version, children } => {
                update(connection, spec, key, values, *version)?;
                for diff in children {
                    update_children(connection, key, diff)?;
                }
            }
            Write::Adjust { spec, key, sets, guards } => adjust(connection, changes.now, spec, key, sets, guards)?,
            Write::Delete { spec, key, version } => delete(connection, changes.now, spec, key, *version)?,
            Write::Undelete { spec, key, values, version } => {
                undelete(connection, changes.now, spec, key, values, *version)?;
            }
            Write::Expect { spec, key, version } => {
                let column = spec.version.unwrap_or("version");
                let sql = format!("SELECT 1 FROM {} WHERE {} AND {column} = ?", spec.table, equal(spec.key));
                if !exists(connection, &sql, &with(key, [Value::I64(*version)]))? {
                    return Err(Error::ConcurrentUpdate);
                }
            }
        }
    }
    Ok(())
}

/// Takes `count` numbers from a sequence and answers the first.
pub(super) fn allot(connection: &mut Connection, sequence: &str, count: i64) -> Result<i64> {
    connection
        .query_row(
            "INSERT INTO arcana_sequences (name, next) VALUES (?1, 1 + ?2) \
             ON CONFLICT (name) DO UPDATE SET next = next + ?2 RETURNING next - ?2",
            (sequence, count),
            |row| row.get(0),
        )
        .map_err(error)
}

/// A statement that was refused: by the engine, or because a value cannot be bound.
enum Refusal {
    Engine(rusqlite::Error),
    Value(Error),
}

impl From<Error> for Refusal {
    fn from(cause: Error) -> Self {
        Self::Value(cause)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Engine(cause) => error(cause),
            Refusal::Value(cause) => cause,
        }
    }
}

fn run(connection: &Connection, sql: &str, values: &[Value]) -> Result<usize, Refusal> {
    let mut statement = connection.prepare_cached(sql).map_err(Refusal::Engine)?;
    bind(&mut statement, values)?;
    statement.raw_execute().map_err(Refusal::Engine)
}

fn explain(connection: &Connection, spec: &EntitySpec, key: &[Value], values: &[Value], refusal: Refusal) -> Error {
    match refusal {
        Refusal::Engine(cause) => explain_write(connection, spec, key, values, cause),
        Refusal::Value(cause) => cause,
    }
}

fn with<const N: usize>(key: &[Value], more: [Value; N]) -> Vec<Value> {
    key.iter().cloned().chain(more).collect()
}

fn insert_children(connection: &Connection, parent: &[Value], children: &[Rows]) -> Result<()> {
    for Rows { spec, rows } in children {
        for (position, row) in (0i64..).zip(rows) {
            insert_child(connection, spec, parent, position, row)?;
        }
    }
    Ok(())
}

fn insert_child(
    connection: &Connection,
    spec: &EntitySpec,
    parent: &[Value],
    position: i64,
    row: &[Value],
) -> Result<()> {
    let values: Vec<Value> = parent.iter().cloned().chain([Value::I64(position)]).chain(row.iter().cloned()).collect();
    check_live_references(connection, spec, &values)?;
    run(connection, spec.insert, &values)
        .map(drop)
        .map_err(|refusal| explain(connection, spec, &child_key(spec, row), &values, refusal))
}

fn child_key(spec: &EntitySpec, row: &[Value]) -> Vec<Value> {
    let fields = spec.fields().iter().zip(row);
    fields.filter(|(column, _)| spec.key.contains(&column.name)).map(|(_, value)| value.clone()).collect()
}

/// Values of the columns that an update sets: all but the key.
fn settable<'a>(spec: &'a EntitySpec, values: &'a [Value]) -> impl Iterator<Item = Value> + 'a {
    let columns = spec.fields().iter().zip(values);
    columns.filter(|(column, _)| !spec.key.contains(&column.name)).map(|(_, value)| value.clone())
}

fn update(
    connection: &Connection,
    spec: &EntitySpec,
    key: &[Value],
    values: &[Value],
    version: Option<i64>,
) -> Result<()> {
    check_live_references(connection, spec, values)?;
    let bound: Vec<Value> = settable(spec, values).chain(key.iter().cloned()).chain(version.map(Value::I64)).collect();
    let touched = if settable(spec, values).next().is_none() {
        // Nothing but a key: the row only has to be there.
        let sql = format!("SELECT 1 FROM {} WHERE {}", spec.table, equal(spec.key));
        usize::from(exists(connection, &sql, key)?)
    } else {
        run(connection, spec.update, &bound).map_err(|refusal| explain(connection, spec, key, values, refusal))?
    };
    if touched == 1 { Ok(()) } else { Err(Error::ConcurrentUpdate) }
}

fn update_children(connection: &Connection, parent: &[Value], diff: &ChildDiff) -> Result<()> {
    let spec = diff.spec;
    for key in &diff.removed {
        let bound: Vec<Value> = std::iter::once(key).chain(parent).cloned().collect();
        run(connection, spec.delete, &bound)?;
    }
    for (position, row) in &diff.changed {
        let values: Vec<Value> =
            parent.iter().cloned().chain([Value::I64(*position)]).chain(row.iter().cloned()).collect();
        check_live_references(connection, spec, &values)?;
        let key = child_key(spec, row);
        let bound: Vec<Value> = std::iter::once(Value::I64(*position))
            .chain(settable(spec, row))
            .chain(key.iter().cloned())
            .chain(parent.iter().cloned())
            .collect();
        let touched = run(connection, spec.update, &bound)
            .map_err(|refusal| explain(connection, spec, &key, &values, refusal))?;
        if touched != 1 {
            return Err(Error::ConcurrentUpdate);
        }
    }
    for (position, row) in &diff.added {
        insert_child(connection, spec, parent, *position, row)?;
    }
    Ok(())
}

fn adjust(
    connection: &Connection,
    now: Timestamp,
    spec: &EntitySpec,
    key: &[Value],
    sets: &[Set],
    guards: &[Guard],
) -> Result<()> {
    let (mut assignments, mut bound) = (Vec::new(), Vec::new());
    for set in sets {
        let (assignment, value) = match set {
            Set::To(column, value) => (format!("{column} = ?"), value),
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
    let row = live(spec);
    let mut sql = format!("UPDATE {} SET {} WHERE {row}", spec.table, assignments.join(", "));
    bound.extend_from_slice(key);
    let guards: Vec<Guard> = guards.iter().cloned().chain(range_guards(spec, sets)).collect();
    for guard in &guards {
        let (condition, values) = guard_sql(guard, sets);
        sql.push_str(&format!(" AND {condition}"));
        bound.extend(values);
    }
    let touched = run(connection, &sql, &bound).map_err(|refusal| explain(connection, spec, key, &[], refusal))?;
    if touched == 1 {
        return Ok(());
    }
    if !exists(connection, &format!("SELECT 1 FROM {} WHERE {row}", spec.table), key)? {
        return Err(Error::precondition(format!("the {} is not there any more", spec.name)));
    }
    for guard in &guards {
        let (condition, values) = guard_sql(guard, sets);
        let sql = format!("SELECT 1 FROM {} WHERE {row} AND {condition}", spec.table);
        let bound: Vec<Value> = key.iter().cloned().chain(values).collect();
        if !exists(connection, &sql, &bound)? {
            return Err(broken_guard(spec, guard));
        }
    }
    Err(Error::ConcurrentUpdate)
}

/// What is added to a number must leave it in the range of its type: the engine would keep more than can be read back.
fn range_guards(spec: &EntitySpec, sets: &[Set]) -> Vec<Guard> {
    let guard = |set: &Set| {
        let Set::Add(column, added) = set else { return None };
        let column = spec.columns.iter().find(|known| known.name == *column)?;
        let (least, most) = match column.kind {
            Kind::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            Kind::U32 => (0, i64::from(u32::MAX)),
            Kind::I64 => (i64::MIN, i64::MAX),
            Kind::U64 => (0, i64::MAX),
            Kind::Decimal { precision, .. } => {
                let beyond = 10_i64.checked_pow(precision).unwrap_or(i64::MAX);
                (1 - beyond, beyond - 1)
            }
            _ => return None,
        };
        let less = match added {
            Value::I64(number) => *number < 0,
            Value::Decimal { value, .. } => value.is_sign_negative(),
            _ => return None,
        };
        let (check, value) = if less { (GuardCheck::AtLeast, least) } else { (GuardCheck::AtMost, most) };
        Some(Guard { field: column.field, column: column.name, check, value: Value::I64(value) })
    };
    sets.iter().filter_map(guard).collect()
}

/// Condition on the row as it is, equal to the guard on the row as it will be.
fn guard_sql(guard: &Guard, sets: &[Set]) -> (String, Vec<Value>) {
    let column = guard.column;
    let after = sets.iter().find_map(|set| match set {
        Set::Add(name, value) if *name == column => Some((format!("{column} + ?"), value.clone())),
        Set::To(name, value) if *name == column => Some(("?".to_owned(), value.clone())),
        _ => None,
    });
    let sign = match guard.check {
        GuardCheck::AtLeast => ">=",
        GuardCheck::AtMost => "<=",
        GuardCheck::Was => return (format!("{column} IS ?"), vec![guard.value.clone()]),
    };
    match after {
        Some((expression, value)) => (format!("{expression} {sign} ?"), vec![value, guard.value.clone()]),
        None => (format!("{column} {sign} ?"), vec![guard.value.clone()]),
    }
}

fn broken_guard(spec: &EntitySpec, guard: &Guard) -> Error {
    let what = match guard.check {
        GuardCheck::AtLeast => "would fall below what is allowed",
        GuardCheck::AtMost => "would rise above what is allowed",
        GuardCheck::Was => "is not what this step needs",
    };
    Error::precondition_on(guard.field, format!("{} of the {} {what}", guard.field, spec.name))
}

fn delete(
    connection: &Connection,
    now: Timestamp,
    spec: &EntitySpec,
    key: &[Value],
    version: Option<i64>,
) -> Result<()> {
    check_referrers(connection, spec, key)?;
    let mut bound = Vec::new();
    if spec.soft_delete {
        bound.push(Value::Timestamp(now));
        bound.extend(spec.updated_at.map(|_| Value::Timestamp(now)));
    }
    bound.extend_from_slice(key);
    bound.extend(version.map(Value::I64));
    let touched = run(connection, spec.delete, &bound)?;
    if touched == 1 { Ok(()) } else { Err(Error::ConcurrentUpdate) }
}

fn undelete(
    connection: &Connection,
    now: Timestamp,
    spec: &EntitySpec,
    key: &[Value],
    values: &[Value],
    version: Option<i64>,
) -> Result<()> {
    check_live_references(connection, spec, values)?;
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
    let touched = run(connection, &sql, &bound).map_err(|refusal| explain(connection, spec, key, values, refusal))?;
    if touched == 1 { Ok(()) } else { Err(Error::ConcurrentUpdate) }
}

fn live(spec: &EntitySpec) -> String {
    let key = equal(spec.key);
    if spec.soft_delete { format!("{key} AND deleted_at IS NULL") } else { key }
}
