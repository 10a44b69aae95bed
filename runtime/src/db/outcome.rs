//! Which constraint a refused write broke, asked of the database itself: an engine's message is for people.

use rusqlite::{Connection, ErrorCode};

use super::Value;
use super::sqlite::{bind, error};
use crate::entity::{EntitySpec, OnDelete};
use crate::error::{Error, Result};

/// Turns a refused insert or update of a row into the error that names the field.
pub(super) fn explain_write(
    connection: &Connection,
    spec: &EntitySpec,
    key: &[Value],
    values: &[Value],
    cause: rusqlite::Error,
) -> Error {
    if cause.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
        return error(cause);
    }
    match find_conflict(connection, spec, key, values) {
        Ok(Some(found)) => found,
        Ok(None) => Error::internal(cause),
        Err(other) => other,
    }
}

fn find_conflict(connection: &Connection, spec: &EntitySpec, key: &[Value], values: &[Value]) -> Result<Option<Error>> {
    let value_of = |column: &str| {
        let at = spec.columns.iter().position(|known| known.name == column);
        at.and_then(|at| values.get(at)).cloned().unwrap_or(Value::Null)
    };
    for unique in spec.unique {
        let mut sql = format!("SELECT 1 FROM {} WHERE ", spec.table);
        sql.push_str(&equal(unique.columns));
        sql.push_str(&format!(" AND NOT ({})", equal(spec.key)));
        if let Some(live) = unique.condition {
            sql.push_str(&format!(" AND ({live})"));
        }
        let mut bound: Vec<Value> = unique.columns.iter().map(|column| value_of(column)).collect();
        bound.extend_from_slice(key);
        if exists(connection, &sql, &bound)? {
            let field = unique.fields.join(", ");
            let message = format!("{field} is taken by another {}", spec.name);
            return Ok(Some(Error::Conflict { field, message }));
        }
    }
    for reference in spec.references {
        let value = value_of(reference.column);
        if !value.is_null() && !exists(connection, &reference_sql(reference), std::slice::from_ref(&value))? {
            return Ok(Some(missing_reference(reference)));
        }
    }
    let key_taken = format!("SELECT 1 FROM {} WHERE {}", spec.table, equal(spec.key));
    if exists(connection, &key_taken, key)? {
        let field = spec.key.join(", ");
        let message = format!("there is already a {} with this {field}", spec.name);
        return Ok(Some(Error::Conflict { field, message }));
    }
    Ok(None)
}

/// Refuses references to rows that are marked as deleted, which the engine itself cannot see.
pub(super) fn check_live_references(connection: &Connection, spec: &EntitySpec, values: &[Value]) -> Result<()> {
    for reference in spec.references.iter().filter(|reference| reference.condition.is_some()) {
        let at = spec.columns.iter().position(|column| column.name == reference.column);
        let Some(value) = at.and_then(|at| values.get(at)).filter(|value| !value.is_null()) else { continue };
        if !exists(connection, &reference_sql(reference), std::slice::from_ref(value))? {
            return Err(missing_reference(reference));
        }
    }
    Ok(())
}

/// Refuses to delete a row that live rows still need, and names who needs it.
pub(super) fn check_referrers(connection: &Connection, spec: &EntitySpec, key: &[Value]) -> Result<()> {
    for referrer in spec.referenced_by.iter().filter(|referrer| referrer.on_delete == OnDelete::Restrict) {
        let mut sql = format!("SELECT 1 FROM {} WHERE {} = ?", referrer.table, referrer.column);
        if let Some(live) = referrer.condition {
            sql.push_str(&format!(" AND ({live})"));
        }
        if exists(connection, &format!("{sql} LIMIT 1"), key)? {
            return Err(Error::precondition(format!(
                "the {} cannot be deleted: rows of {} refer to it; delete those first",
                spec.name, referrer.table
            )));
        }
    }
    Ok(())
}

fn reference_sql(reference: &crate::entity::Reference) -> String {
    let mut sql = format!("SELECT 1 FROM {} WHERE {} = ?", reference.table, reference.key);
    if let Some(live) = reference.condition {
        sql.push_str(&format!(" AND ({live})"));
    }
    sql
}

fn missing_reference(reference: &crate::entity::Reference) -> Error {
    Error::precondition_on(
        reference.field,
        format!("{} refers to no {} that exists", reference.field, reference.entity),
    )
}

pub(super) fn equal(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{column} = ?")).collect::<Vec<_>>().join(" AND ")
}

pub(super) fn exists(connection: &Connection, sql: &str, values: &[Value]) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql).map_err(error)?;
    bind(&mut statement, values)?;
    let mut rows = statement.raw_query();
    Ok(rows.next().map_err(error)?.is_some())
}
