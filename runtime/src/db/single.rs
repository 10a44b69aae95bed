//! Commits that one statement carries out.

use super::commit::settable;
use super::outcome::{is_to_be_looked_at, references_of};
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
                && !references_of(spec, spec.references, values).iter().any(is_to_be_looked_at) =>
        {
            storable::check(spec, spec.columns, values)?;
            (spec.insert, values.clone())
        }
        Write::Update { spec, key, values, version, reworded, redirected, children }
            if reworded.is_empty()
                && children.iter().all(ChildDiff::is_empty)
                && !references_of(spec, redirected.iter().copied(), values).iter().any(is_to_be_looked_at) =>
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::db::sqlite::tests::SHAPE;
    use crate::entity::{EntitySpec, Reference};

    const AUTHOR: Reference = Reference {
        name: "notes_text_fkey",
        field: "text",
        column: "text",
        entity: "Author",
        table: "authors",
        key: "id",
        condition: Some("deleted_at IS NULL"),
    };
    static NOTE: EntitySpec = EntitySpec { references: &[AUTHOR], ..SHAPE };

    fn is_single(write: Write) -> bool {
        let mut changes = Changes::new(&Context::system());
        changes.writes.push(write);
        [Dialect::Postgres, Dialect::Mysql].iter().all(|dialect| single(*dialect, &changes).unwrap().is_some())
    }

    fn insert(author: Value) -> Write {
        Write::Insert {
            spec: &NOTE,
            key: vec![Value::I64(1)],
            values: vec![Value::I64(1), author],
            children: Vec::new(),
        }
    }

    fn update(redirected: Vec<&'static Reference>) -> Write {
        let values = vec![Value::I64(1), Value::Text("a".to_owned())];
        let (key, version, reworded, children) = (vec![Value::I64(1)], None, Vec::new(), Vec::new());
        Write::Update { spec: &NOTE, key, values, version, reworded, redirected, children }
    }

    #[test]
    fn a_write_is_one_statement_unless_a_referenced_row_must_be_looked_at() {
        assert!(is_single(insert(Value::Null)));
        assert!(!is_single(insert(Value::Text("a".to_owned()))));
        assert!(is_single(update(Vec::new())));
        assert!(!is_single(update(NOTE.references.iter().collect())));
    }
}
