//! Commits that one statement carries out.

use super::commit::settable;
use super::outcome::references_to_check;
use super::{Dialect, Value, beside, storable};
use crate::changes::{After, Changes, ChildDiff, Record, Write};
use crate::error::Error;

/// A statement that is a transaction by itself: one round trip instead of four.
pub(super) struct Single {
    pub sql: String,
    pub values: Vec<Value>,
}

/// The one statement of a commit that inserts or updates a row and at most emits one event with it, where the engine can
/// write both at once, and nothing else is to be written or looked at. If it breaks a constraint or meets no row, the
/// transaction says why.
pub(super) fn single(dialect: Dialect, changes: &Changes) -> Result<Option<Single>, Error> {
    let Changes { writes, records, messages, once, .. } = changes;
    let ([write], true, true) = (writes.as_slice(), messages.is_empty(), once.is_none()) else { return Ok(None) };
    let (sql, mut bound) = match write {
        Write::Insert { spec, values, children, .. }
            if spec.words.is_none()
                && children.iter().all(|rows| rows.rows.is_empty())
                && references_to_check(spec, spec.references, values).is_empty() =>
        {
            storable::check(spec, spec.columns, values)?;
            (spec.insert, values.clone())
        }
        Write::Update { spec, key, values, version, reworded, redirected, children }
            if reworded.is_empty()
                && children.iter().all(ChildDiff::is_empty)
                && references_to_check(spec, redirected.iter().copied(), values).is_empty() =>
        {
            storable::check(spec, spec.fields(), values)?;
            let bound = settable(spec, values).chain(key.iter().cloned()).chain(version.map(Value::I64)).collect();
            (spec.update, bound)
        }
        _ => return Ok(None),
    };
    if sql.is_empty() {
        return Ok(None);
    }
    let sql = match (records.as_slice(), dialect) {
        ([], Dialect::Postgres | Dialect::Mysql) => sql.to_owned(),
        ([record @ Record { spec, after: After::Shown(after), .. }], Dialect::Postgres) if !spec.audit => {
            bound.extend(beside::event(changes, record, Some(after)));
            // The entry comes from the row, so that its number is taken behind the row's lock, and without the row not at all.
            let (head, values) = beside::OUTBOX.split_once("VALUES").unwrap_or((beside::OUTBOX, ""));
            let places = values.trim().trim_start_matches('(').trim_end_matches(')');
            format!("WITH written AS ({sql} RETURNING 1) {head}SELECT {places} FROM written")
        }
        _ => return Ok(None),
    };
    Ok(Some(Single { sql, values: bound }))
}
