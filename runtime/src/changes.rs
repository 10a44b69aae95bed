//! Declared writes: what a call wants to change, as plain data, committed in one transaction by a [`Store`].
//!
//! Logic that only declares its writes can be tested without a database, and works the same when the store is another
//! process.

mod record;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

pub use record::{Action, After, Event, Job, Message, MessageKind, Record};

use crate::context::Context;
use crate::db::{Db, Value};
use crate::entity::{Entity, EntitySpec, Reference, Searched, Stamps};
use crate::error::Result;
use crate::search;
use crate::types::{Key, Timestamp};

/// Writes that are committed together or not at all.
#[derive(Debug, Clone)]
pub struct Changes {
    pub(crate) now: Timestamp,
    pub(crate) writes: Vec<Write>,
    pub(crate) records: Vec<Record>,
    pub(crate) messages: Vec<Message>,
    /// The commit happens once under this key.
    pub(crate) once: Option<Box<Claim>>,
    /// Account that calls, if one is signed in.
    pub(crate) principal: Option<Uuid>,
    pub(crate) request_id: Arc<str>,
    /// From which write on which member of the request is meant.
    places: Vec<(usize, String)>,
}

/// One declared write.
#[derive(Debug, Clone)]
pub enum Write {
    /// A new row with its owned children.
    Insert {
        /// Shape of the row.
        spec: &'static EntitySpec,
        /// Its key.
        key: Vec<Value>,
        /// Values of all its fields.
        values: Vec<Value>,
        /// Its children.
        children: Vec<Rows>,
    },
    /// A row in its new state; refused if another wrote it meanwhile.
    Update {
        /// Shape of the row.
        spec: &'static EntitySpec,
        /// Its key.
        key: Vec<Value>,
        /// New values of all its fields.
        values: Vec<Value>,
        /// Version that was read.
        version: Option<i64>,
        /// Fields whose words may be others than before.
        reworded: Vec<&'static Searched>,
        /// References that may lead elsewhere than before.
        redirected: Vec<&'static Reference>,
        /// What becomes of its children.
        children: Vec<ChildDiff>,
    },
    /// Single members of a row, relative to what is stored, bound by guards.
    Adjust {
        /// Shape of the row.
        spec: &'static EntitySpec,
        /// Its key.
        key: Vec<Value>,
        /// What to set or to add.
        sets: Vec<Set>,
        /// What must hold afterwards.
        guards: Vec<Guard>,
    },
    /// A row that goes, or is marked as gone.
    Delete {
        /// Shape of the row.
        spec: &'static EntitySpec,
        /// Its key.
        key: Vec<Value>,
        /// Version that was read.
        version: Option<i64>,
    },
    /// A row that was marked as gone and comes back.
    Undelete {
        /// Shape of the row.
        spec: &'static EntitySpec,
        /// Its key.
        key: Vec<Value>,
        /// Values of all its fields, for the checks.
        values: Vec<Value>,
        /// Version that was read.
        version: Option<i64>,
    },
    /// A row that must still be as it was read.
    Expect {
        /// Shape of the row.
        spec: &'static EntitySpec,
        /// Its key.
        key: Vec<Value>,
        /// Version that was read.
        version: i64,
    },
    /// The words of rows, made anew from what is stored.
    Reword {
        /// Shape of the rows.
        spec: &'static EntitySpec,
        /// Their keys.
        keys: Vec<Vec<Value>>,
    },
    /// A statement on a table of the runtime itself.
    Own {
        /// The statement.
        sql: Cow<'static, str>,
        /// What it binds.
        values: Vec<Value>,
    },
}

/// Children of one table.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Their shape.
    pub spec: &'static EntitySpec,
    /// Values of each, without the hidden columns, in order.
    pub rows: Vec<Vec<Value>>,
}

/// What becomes of the children of one table.
#[derive(Debug, Clone)]
pub struct ChildDiff {
    /// Their shape.
    pub spec: &'static EntitySpec,
    /// Keys of those that go.
    pub removed: Vec<Value>,
    /// Position and values of those that change.
    pub changed: Vec<(i64, Vec<Value>)>,
    /// Position and values of those that are new.
    pub added: Vec<(i64, Vec<Value>)>,
}

impl ChildDiff {
    /// Whether nothing becomes of them.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.changed.is_empty() && self.added.is_empty()
    }
}

/// A member to set or to add to.
#[derive(Debug, Clone, PartialEq)]
pub enum Set {
    /// `column = value`
    To(&'static str, Value),
    /// `column = column + value`
    Add(&'static str, Value),
}

impl Set {
    /// The column that it writes.
    pub fn column(&self) -> &'static str {
        match self {
            Self::To(column, _) | Self::Add(column, _) => column,
        }
    }
}

/// What must hold for a member after the write.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// Field, as errors name it.
    pub field: &'static str,
    /// Column.
    pub column: &'static str,
    /// What.
    pub check: GuardCheck,
    /// Compared with this.
    pub value: Value,
}

/// How a guard compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardCheck {
    /// At least the value.
    AtLeast,
    /// At most the value.
    AtMost,
    /// Was the value before the write.
    Was,
}

/// A field of entity `E` with values of type `T`, for typed writes and filters.
pub struct Field<E, T> {
    /// Name of the field.
    pub name: &'static str,
    /// Column.
    pub column: &'static str,
    /// A value as the database takes it.
    pub value: fn(&T) -> Value,
    entity: PhantomData<fn() -> E>,
}

impl<E, T> Field<E, T> {
    /// Describes a field.
    pub const fn new(name: &'static str, column: &'static str, value: fn(&T) -> Value) -> Self {
        Self { name, column, value, entity: PhantomData }
    }
}

/// A write of single members, relative to what is stored.
#[must_use = "nothing is written until it is handed to Changes::adjust"]
pub struct Adjust<E> {
    key: Vec<Value>,
    sets: Vec<Set>,
    guards: Vec<Guard>,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity> Adjust<E> {
    /// Of the row with this key.
    pub fn of(id: &E::Id) -> Self {
        Self { key: id.values(), sets: Vec::new(), guards: Vec::new(), entity: PhantomData }
    }

    /// Sets a member; what was set or added to it before no longer counts.
    pub fn set<T>(mut self, field: &Field<E, T>, value: &T) -> Self {
        self.sets.retain(|set| !matches!(set, Set::To(column, _) | Set::Add(column, _) if *column == field.column));
        self.sets.push(Set::To(field.column, (field.value)(value)));
        self
    }

    /// Adds to a member, whatever it is by then.
    pub fn add<T>(mut self, field: &Field<E, T>, value: &T) -> Self {
        self.sets.push(Set::Add(field.column, (field.value)(value)));
        self
    }

    /// Refuses the write unless the member is at least this much afterwards.
    pub fn at_least<T>(self, field: &Field<E, T>, value: &T) -> Self {
        self.guard(field, GuardCheck::AtLeast, value)
    }

    /// Refuses the write unless the member is at most this much afterwards.
    pub fn at_most<T>(self, field: &Field<E, T>, value: &T) -> Self {
        self.guard(field, GuardCheck::AtMost, value)
    }

    /// Refuses the write unless the member was this before.
    pub fn was<T>(self, field: &Field<E, T>, value: &T) -> Self {
        self.guard(field, GuardCheck::Was, value)
    }

    fn guard<T>(mut self, field: &Field<E, T>, check: GuardCheck, value: &T) -> Self {
        let value = (field.value)(value);
        self.guards.push(Guard { field: field.name, column: field.column, check, value });
        self
    }
}

impl Changes {
    /// No writes yet; times are those of the call.
    pub fn new(cx: &Context) -> Self {
        Self {
            now: cx.now(),
            writes: Vec::new(),
            records: Vec::new(),
            messages: Vec::new(),
            places: Vec::new(),
            once: None,
            principal: cx.principal.id,
            request_id: cx.request_id.clone(),
        }
    }

    /// Whether the commit leaves something in the outbox.
    pub(crate) fn tells(&self) -> bool {
        !self.messages.is_empty() || self.records.iter().any(Record::is_event)
    }

    /// Inserts a row and its owned children, and answers it as it will be stored.
    pub fn insert<E: Entity>(&mut self, mut row: E) -> E {
        let Stamps { version, created_at, updated_at } = row.stamps();
        version.into_iter().for_each(|version| *version = 1);
        created_at.into_iter().chain(updated_at).for_each(|time| *time = self.now);
        self.insert_as_it_is(&row);
        row
    }

    /// Inserts a row with the version and the times that it has: for samples and imports.
    pub fn insert_as_it_is<E: Entity>(&mut self, row: &E) {
        let children = E::owned().iter().map(|owned| Rows { spec: (owned.spec)(), rows: (owned.rows)(row) }).collect();
        let (key, values) = (row.id().values(), row.values());
        self.writes.push(Write::Insert { spec: E::SPEC, key, values, children });
        self.records.extend(Record::created(row));
    }

    /// Brings a row from the state that was read to a new one, with its owned children, and answers it as it will be
    /// stored. The commit is refused if another wrote the row meanwhile; the call then starts over.
    pub fn update<E: Entity>(&mut self, before: &E, mut after: E) -> E {
        let Stamps { version, updated_at, .. } = after.stamps();
        version.into_iter().for_each(|version| *version = before.version().unwrap_or_default() + 1);
        updated_at.into_iter().for_each(|time| *time = self.now);
        self.update_as_it_is(before, &after);
        after
    }

    /// Brings a row to a new state with the version and the times that it has: for samples and imports.
    pub fn update_as_it_is<E: Entity>(&mut self, before: &E, after: &E) {
        let children = E::owned()
            .iter()
            .map(|owned| diff_children((owned.spec)(), &(owned.rows)(before), (owned.rows)(after)))
            .collect();
        let (was, values) = (before.values(), after.values());
        // Without a version, nothing says that the row is still as it was read.
        let was = before.version().is_some().then_some(was.as_slice());
        self.writes.push(Write::Update {
            spec: E::SPEC,
            key: before.id().values(),
            reworded: reworded(E::SPEC, was, &values),
            redirected: redirected(E::SPEC, was, &values),
            values,
            version: before.version(),
            children,
        });
        self.records.extend(Record::updated(before, after));
    }

    /// Writes single members, relative to what is stored.
    pub fn adjust<E: Entity>(&mut self, adjust: Adjust<E>) {
        let Adjust { key, sets, guards, .. } = adjust;
        self.records.extend(Record::adjusted::<E>(&key, &sets));
        self.writes.push(Write::Adjust { spec: E::SPEC, key, sets, guards });
    }

    /// Deletes a row, or marks it where the entity says so.
    pub fn delete<E: Entity>(&mut self, row: &E) {
        self.writes.push(Write::Delete { spec: E::SPEC, key: row.id().values(), version: row.version() });
        self.records.extend(Record::deleted(row));
    }

    /// Brings back a row that was marked as deleted, and answers it as it will be stored.
    pub fn undelete<E: Entity>(&mut self, before: &E) -> E {
        let mut row = before.clone();
        let Stamps { version, updated_at, .. } = row.stamps();
        version.into_iter().for_each(|version| *version += 1);
        updated_at.into_iter().for_each(|time| *time = self.now);
        let (key, values) = (row.id().values(), row.values());
        self.writes.push(Write::Undelete { spec: E::SPEC, key, values, version: before.version() });
        self.records.extend(Record::undeleted(&row));
        row
    }

    /// Makes the commit depend on a row that was read and is not written. Rows without a version cannot be expected.
    pub fn expect_version<E: Entity>(&mut self, row: &E) {
        if let Some(version) = row.version() {
            self.writes.push(Write::Expect { spec: E::SPEC, key: row.id().values(), version });
        }
    }

    /// Counts the version of a row up without changing it, so that rules over sets of its children serialise on it.
    pub fn touch<E: Entity>(&mut self, row: &E) {
        let key = row.id().values();
        self.writes.push(Write::Adjust { spec: E::SPEC, key, sets: Vec::new(), guards: Vec::new() });
    }

    /// Leaves an entry of the audit, where the entity has one: something about this row was refused.
    pub fn refuse<E: Entity>(&mut self, id: &E::Id) {
        self.records.extend(Record::refused::<E>(id));
    }

    /// Emits an event with the commit: whoever subscribes hears of it at least once.
    pub fn emit<M: Event>(&mut self, event: &M) {
        self.message(MessageKind::Event, M::TYPE, event);
    }

    /// Enqueues a job with the commit: it is done at least once.
    pub fn enqueue<M: Job>(&mut self, job: &M) {
        self.message(MessageKind::Job, M::TYPE, job);
    }

    fn message(&mut self, kind: MessageKind, type_name: &'static str, message: &impl serde::Serialize) {
        // Messages of the schema have text keys and no fallible serialisers, so this cannot fail.
        let payload = serde_json::to_string(message).unwrap_or_else(|_| "null".to_owned());
        self.messages.push(Message { kind, type_name, payload });
    }

    /// Makes the words of rows anew.
    pub(crate) fn reword(&mut self, spec: &'static EntitySpec, keys: Vec<Vec<Value>>) {
        self.writes.push(Write::Reword { spec, keys });
    }

    /// Runs a statement on a table of the runtime itself.
    pub(crate) fn own(&mut self, sql: impl Into<Cow<'static, str>>, values: Vec<Value>) {
        self.writes.push(Write::Own { sql: sql.into(), values });
    }

    /// Makes the commit happen once: a second one under the same key is refused as concurrent.
    pub(crate) fn claim(&mut self, claim: Claim) {
        self.once = Some(Box::new(claim));
    }

    /// Events and jobs that logic declared, in order.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// What events and the audit will say of the writes, in order.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Says which member of the request the writes that follow are about, such as `requests[3].order`: an error that they
    /// meet names it.
    pub(crate) fn name_place(&mut self, place: &str) {
        self.places.push((self.writes.len(), place.to_owned()));
    }

    /// The member of the request that a write is about; empty if it is the request itself.
    pub(crate) fn place_of(&self, write: &Write) -> &str {
        let at = || self.writes.iter().position(|other| std::ptr::eq(other, write));
        let at = if self.places.is_empty() { None } else { at() };
        let place = at.and_then(|at| self.places.iter().rfind(|(from, _)| *from <= at));
        place.map_or("", |(_, place)| place)
    }

    /// The writes, in order.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.records.is_empty() && self.messages.is_empty() && self.once.is_none()
    }
}

/// Searchable fields whose words an update may change.
fn reworded(spec: &'static EntitySpec, was: Option<&[Value]>, values: &[Value]) -> Vec<&'static Searched> {
    let words_of = |values: &[Value], field: &Searched| match spec.value_of(values, field.column) {
        Value::Text(text) => search::words(text),
        _ => BTreeSet::new(),
    };
    let stays = |field: &Searched| was.is_some_and(|was| words_of(was, field) == words_of(values, field));
    spec.words.iter().flat_map(|words| words.fields).filter(|field| !stays(field)).collect()
}

/// References that an update may lead elsewhere. One that stays needs no look: while a row refers to it, a row that must stay
/// is not deleted, and where the reference becomes null instead, the version tells.
fn redirected(spec: &'static EntitySpec, was: Option<&[Value]>, values: &[Value]) -> Vec<&'static Reference> {
    let stays = |column| was.is_some_and(|was| spec.value_of(was, column) == spec.value_of(values, column));
    spec.references.iter().filter(|reference| !stays(reference.column)).collect()
}

fn diff_children(spec: &'static EntitySpec, before: &[Vec<Value>], after: Vec<Vec<Value>>) -> ChildDiff {
    let key_at = spec.fields().iter().position(|column| spec.key.contains(&column.name)).unwrap_or_default();
    let key = |row: &[Value]| row.get(key_at).cloned().unwrap_or(Value::Null);
    let removed = before.iter().map(|row| key(row)).filter(|id| after.iter().all(|row| key(row) != *id)).collect();
    let (mut changed, mut added) = (Vec::new(), Vec::new());
    for (position, row) in (0i64..).zip(after) {
        let was = before.iter().position(|old| key(old) == key(&row));
        match was {
            Some(at) if i64::try_from(at) == Ok(position) && before.get(at) == Some(&row) => {}
            Some(_) => changed.push((position, row)),
            None => added.push((position, row)),
        }
    }
    ChildDiff { spec, removed, changed, added }
}

/// A call that is carried out once for its caller, rpc and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey {
    /// Account that calls; empty if none is signed in.
    pub principal: String,
    /// Full name of the rpc.
    pub rpc: String,
    /// What the client sent.
    pub key: String,
    /// SHA-256 of what is asked.
    pub request_hash: Vec<u8>,
}

/// The key of a call, and the answer that whoever repeats it is given.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub call: CallKey,
    pub answer: Vec<u8>,
}

/// The answer that a call was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// SHA-256 of what was asked then.
    pub request_hash: Vec<u8>,
    /// The answer, frozen.
    pub answer: Vec<u8>,
}

/// Where declared writes go: a database here, or another process.
#[async_trait]
pub trait Store: Send + Sync {
    /// Commits all writes in one transaction, or none.
    async fn commit(&self, cx: &Context, changes: Changes) -> Result<()>;
    /// A number that no row of this entity has had.
    async fn allot(&self, cx: &Context, spec: &'static EntitySpec) -> Result<i64>;
    /// The answer that a call was given in the last day.
    async fn answered(&self, cx: &Context, call: &CallKey) -> Result<Option<Answered>>;
}

#[async_trait]
impl Store for Db {
    async fn commit(&self, cx: &Context, changes: Changes) -> Result<()> {
        Self::commit(self, cx, changes).await
    }

    async fn allot(&self, cx: &Context, spec: &'static EntitySpec) -> Result<i64> {
        Self::allot(self, cx, spec.table).await
    }

    async fn answered(&self, cx: &Context, call: &CallKey) -> Result<Option<Answered>> {
        Self::answered(self, cx, call).await
    }
}
