//! What a commit leaves behind beside its rows: events, jobs and entries of the audit, as plain data.

use serde::Serialize;
use serde_json::Value as Json;

use super::Set;
use crate::db::{Row, Value};
use crate::entity::{ColumnSpec, Entity, EntitySpec};
use crate::error::Result;
use crate::types::Key as _;

/// An event that logic emits: a message of the schema with `(arcana.event)`.
pub trait Event: Serialize {
    /// Full name of the message.
    const TYPE: &'static str;
}

/// A job that logic enqueues: a message of the schema with `(arcana.job)`.
pub trait Job: Serialize {
    /// Full name of the message.
    const TYPE: &'static str;
}

/// An event or a job on its way through the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is for.
    pub kind: MessageKind,
    /// Full name of the message.
    pub type_name: &'static str,
    /// The message as JSON.
    pub payload: String,
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// It happened; whoever wants hears of it.
    Event,
    /// It is to be done.
    Job,
}

impl MessageKind {
    /// As the outbox has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Event => "EVENT",
            Self::Job => "JOB",
        }
    }
}

/// A change of one row of an entity with `events` or `audit`.
#[derive(Debug, Clone)]
pub struct Record {
    /// Shape of the row.
    pub spec: &'static EntitySpec,
    /// Its key.
    pub key: Vec<Value>,
    /// What became of it.
    pub action: Action,
    /// The row as clients saw it before, if there was one and it is known.
    pub before: Option<Json>,
    /// The row as clients see it afterwards.
    pub after: After,
    /// Fields that changed, those that clients never see among them.
    pub changed: Vec<&'static str>,
}

/// What became of a row, or of a call about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    Created,
    Updated,
    Deleted,
    Undeleted,
    Refused,
}

impl Action {
    /// As events and the audit name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Undeleted => "undeleted",
            Self::Refused => "refused",
        }
    }
}

/// A row after a change.
#[derive(Debug, Clone)]
pub enum After {
    /// Gone.
    Gone,
    /// As clients see it.
    Shown(Json),
    /// Known to the database alone, because the change was relative: read there, in the transaction.
    Stored(fn(&Row<'_>) -> Result<Json>),
}

impl Record {
    /// Whether whoever subscribes hears of it.
    pub(crate) fn is_event(&self) -> bool {
        self.spec.events && self.action != Action::Refused
    }

    /// Of a row that is new.
    pub(super) fn created<E: Entity>(row: &E) -> Option<Self> {
        Self::of::<E>(|| row.id().values(), Action::Created, None, || After::Shown(row.shown()), all_fields::<E>)
    }

    /// Of a row in its new state.
    pub(super) fn updated<E: Entity>(before: &E, after: &E) -> Option<Self> {
        let (key, shown) = (|| before.id().values(), || After::Shown(after.shown()));
        Self::of::<E>(key, Action::Updated, Some(before), shown, || changed(before, after)).filter(Self::says_something)
    }

    /// Of a row some of whose members are written relative to what is stored.
    pub(super) fn adjusted<E: Entity>(key: &[Value], sets: &[Set]) -> Option<Self> {
        let is_set = |column: &&ColumnSpec| sets.iter().any(|set| set.column() == column.name);
        let changed = || E::SPEC.fields().iter().filter(is_set).map(|column| column.field).collect();
        let stored = || After::Stored(shown_alone::<E>);
        Self::of::<E>(|| key.to_vec(), Action::Updated, None, stored, changed).filter(Self::says_something)
    }

    /// Of a row that goes.
    pub(super) fn deleted<E: Entity>(row: &E) -> Option<Self> {
        Self::of(|| row.id().values(), Action::Deleted, Some(row), || After::Gone, all_fields::<E>)
    }

    /// Of a row that comes back.
    pub(super) fn undeleted<E: Entity>(row: &E) -> Option<Self> {
        Self::of::<E>(|| row.id().values(), Action::Undeleted, None, || After::Shown(row.shown()), Vec::new)
    }

    /// Of a row about which something was refused.
    pub(super) fn refused<E: Entity>(id: &E::Id) -> Option<Self> {
        let record = Self::of::<E>(|| id.values(), Action::Refused, None, || After::Gone, Vec::new);
        record.filter(|record| record.spec.audit)
    }

    /// A change of nothing but what the runtime counts is none.
    fn says_something(&self) -> bool {
        !self.changed.is_empty()
    }

    /// None where nobody wants to know.
    fn of<E: Entity>(
        key: impl FnOnce() -> Vec<Value>,
        action: Action,
        before: Option<&E>,
        after: impl FnOnce() -> After,
        changed: impl FnOnce() -> Vec<&'static str>,
    ) -> Option<Self> {
        let spec = E::SPEC;
        let wanted = spec.events || spec.audit;
        wanted.then(|| Self {
            spec,
            key: key(),
            action,
            before: before.map(Entity::shown),
            after: after(),
            changed: changed(),
        })
    }
}

fn all_fields<E: Entity>() -> Vec<&'static str> {
    let fields = E::SPEC.fields().iter().map(|column| column.field);
    fields.chain(E::owned().iter().map(|owned| owned.field)).collect()
}

/// Fields with other values; what the runtime counts and stamps by itself is no change.
fn changed<E: Entity>(before: &E, after: &E) -> Vec<&'static str> {
    let (old, new) = (before.values(), after.values());
    let stamps = [E::SPEC.version, E::SPEC.updated_at];
    let columns = E::SPEC.fields().iter().zip(old.iter().zip(&new));
    let differ = columns.filter(|(column, (old, new))| old != new && !stamps.contains(&Some(column.name)));
    let owned = E::owned().iter().filter(|owned| (owned.rows)(before) != (owned.rows)(after));
    differ.map(|(column, _)| column.field).chain(owned.map(|owned| owned.field)).collect()
}

/// A row without its owned children, which stand in tables of their own.
fn shown_alone<E: Entity>(row: &Row<'_>) -> Result<Json> {
    let mut shown = E::read(row)?.shown();
    if let Some(members) = shown.as_object_mut() {
        for owned in E::owned() {
            members.shift_remove(owned.field);
        }
    }
    Ok(shown)
}
