//! Which constraint a refused write broke, asked of the database itself: an engine's message is for people.

use super::Value;
use super::session::{Fault, Session};
use crate::entity::{EntitySpec, OnDelete, Reference, Referrer, Unique};
use crate::error::{Cause, Error, Result};

/// Turns a refused insert or update of a row into the error that names the field.
pub(super) async fn explain_write(
    session: &mut dyn Session,
    spec: &EntitySpec,
    key: &[Value],
    values: &[Value],
    is_new: bool,
    fault: Fault,
) -> Fault {
    match fault {
        Fault::Constraint { name: Some(name), cause } => Fault::Error(by_name(spec, &name, cause)),
        Fault::Constraint { name: None, cause } => match find_conflict(session, spec, key, values, is_new).await {
            Ok(Some(found)) => Fault::Error(found),
            Ok(None) => Fault::Error(Error::internal(cause)),
            Err(other) => other,
        },
        other => other,
    }
}

/// What the name of a constraint says.
fn by_name(spec: &EntitySpec, name: &str, cause: Cause) -> Error {
    if let Some(unique) = spec.unique.iter().find(|unique| unique.name == name) {
        return taken(spec, unique);
    }
    if let Some(reference) = spec.references.iter().find(|reference| reference.name == name) {
        return missing_reference(reference);
    }
    if name.ends_with("_pkey") { key_taken(spec) } else { Error::internal(cause) }
}

async fn find_conflict(
    session: &mut dyn Session,
    spec: &EntitySpec,
    key: &[Value],
    values: &[Value],
    is_new: bool,
) -> Result<Option<Error>, Fault> {
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
        if session.exists(&sql, &bound).await? {
            return Ok(Some(taken(spec, unique)));
        }
    }
    for reference in spec.references {
        let value = value_of(reference.column);
        if !value.is_null() && !session.exists(&reference_sql(reference), std::slice::from_ref(&value)).await? {
            return Ok(Some(missing_reference(reference)));
        }
    }
    if !is_new {
        // Of a row that is there, the key is its own.
        return Ok(None);
    }
    let by_key = format!("SELECT 1 FROM {} WHERE {}", spec.table, equal(spec.key));
    Ok(session.exists(&by_key, key).await?.then(|| key_taken(spec)))
}

fn taken(spec: &EntitySpec, unique: &Unique) -> Error {
    let field = unique.fields.join(", ");
    let message = format!("{field} is taken by another {}", spec.name);
    Error::Conflict { field, message }
}

fn key_taken(spec: &EntitySpec) -> Error {
    let field = spec.key_fields.join(", ");
    let message = format!("there is already a {} with this {field}", spec.name);
    Error::Conflict { field, message }
}

/// References with what a row has for them.
pub(super) fn references_of<'a>(
    spec: &'a EntitySpec,
    references: impl IntoIterator<Item = &'a Reference>,
    values: &'a [Value],
) -> Vec<(&'a Reference, &'a Value)> {
    let value_of = |column| {
        let at = spec.columns.iter().position(|own| own.name == column);
        at.and_then(|at| values.get(at))
    };
    let with_values = references.into_iter().map(|reference| (reference, value_of(reference.column)));
    with_values.filter_map(|(reference, value)| Some((reference, value?))).collect()
}

/// Whether the engine cannot check a reference by itself, because deletes only mark the row that it leads to.
pub(super) fn is_to_be_looked_at((reference, value): &(&Reference, &Value)) -> bool {
    reference.condition.is_some() && !value.is_null()
}

/// Refuses references to rows that are marked as deleted, and keeps the others from being marked before the commit.
pub(super) async fn check_live_references(
    session: &mut dyn Session,
    references: Vec<(&Reference, &Value)>,
) -> Result<(), Fault> {
    for (reference, value) in references.into_iter().filter(is_to_be_looked_at) {
        let sql = reference_sql(reference) + session.dialect().keep_rows();
        if !session.exists(&sql, std::slice::from_ref(value)).await? {
            return Err(missing_reference(reference).into());
        }
    }
    Ok(())
}

/// Refuses to delete a row that live rows still need, and names who needs it.
pub(super) async fn check_referrers(session: &mut dyn Session, spec: &EntitySpec, key: &[Value]) -> Result<(), Fault> {
    let restricts = |referrer: &Referrer| referrer.on_delete == OnDelete::Restrict;
    if spec.soft_delete && spec.referenced_by.iter().any(restricts) {
        // Whoever wants to refer to the row keeps it first, so nobody can while it is held.
        let sql = format!("SELECT 1 FROM {} WHERE {}{}", spec.table, equal(spec.key), session.dialect().hold_rows());
        session.exists(&sql, key).await?;
    }
    for referrer in spec.referenced_by {
        if !restricts(referrer) {
            continue;
        }
        let mut sql = format!("SELECT 1 FROM {} WHERE {} = ?", referrer.table, referrer.column);
        if let Some(live) = referrer.condition {
            sql.push_str(&format!(" AND ({live})"));
        }
        if session.exists(&format!("{sql} LIMIT 1"), key).await? {
            return Err(Fault::Error(referred_to(spec, &format!("rows of {} refer to it", referrer.table))));
        }
    }
    Ok(())
}

/// Sets references to null that name a row which is only marked: of one that is removed, the engine does it. Whoever has read
/// the row before must not write the reference back.
pub(super) async fn forget(session: &mut dyn Session, spec: &EntitySpec, key: &[Value]) -> Result<(), Fault> {
    let forgets = |referrer: &&Referrer| spec.soft_delete && referrer.on_delete == OnDelete::SetNull;
    for Referrer { table, column, version, .. } in spec.referenced_by.iter().filter(forgets) {
        let counted = version.map(|version| format!(", {version} = {version} + 1")).unwrap_or_default();
        session.execute(&format!("UPDATE {table} SET {column} = NULL{counted} WHERE {column} = ?"), key).await?;
    }
    Ok(())
}

/// A row that cannot go, because another came to refer to it meanwhile.
pub(super) fn explain_delete(spec: &EntitySpec, fault: Fault) -> Fault {
    match fault {
        Fault::Constraint { .. } => Fault::Error(referred_to(spec, "other rows refer to it")),
        other => other,
    }
}

fn referred_to(spec: &EntitySpec, who: &str) -> Error {
    Error::precondition(format!("the {} cannot be deleted: {who}; delete those first", spec.name))
}

fn reference_sql(reference: &Reference) -> String {
    let mut sql = format!("SELECT 1 FROM {} WHERE {} = ?", reference.table, reference.key);
    if let Some(live) = reference.condition {
        sql.push_str(&format!(" AND ({live})"));
    }
    sql
}

fn missing_reference(reference: &Reference) -> Error {
    Error::precondition_on(
        reference.field,
        format!("{} refers to no {} that exists", reference.field, reference.entity),
    )
}

pub(super) fn equal(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{column} = ?")).collect::<Vec<_>>().join(" AND ")
}
