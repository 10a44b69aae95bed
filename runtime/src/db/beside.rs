//! What a commit writes beside its rows, into tables of the runtime: the key of a call that happens once, events and jobs for the outbox, entries of
//! the audit.

use serde_json::{Map, Value as Json, json};

use super::commit::key_text;
use super::outcome::equal;
use super::session::{Fault, Session};
use super::{Db, Dialect, Value};
use crate::changes::{Action, After, Answered, CallKey, Changes, Claim, MessageKind, Record};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::types::{Bytes, Timestamp};

/// Longest that an answer is kept for those who repeat its call: 24 hours, in microseconds.
pub(super) const ANSWERS_KEPT_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

const FORGET: &str =
    "DELETE FROM arcana_idempotency WHERE principal = ? AND rpc = ? AND \"key\" = ? AND created_at < ?";
const CLAIM: &str = "INSERT INTO arcana_idempotency (principal, rpc, \"key\", request_hash, answer, created_at) \
                     VALUES (?, ?, ?, ?, ?, ?)";
const ANSWERED: &str = "SELECT request_hash, answer FROM arcana_idempotency \
                        WHERE principal = ? AND rpc = ? AND \"key\" = ? AND created_at >= ?";
pub(super) const OUTBOX: &str = "INSERT INTO arcana_outbox (kind, \"type\", entity, \"key\", payload, request_id, principal, \
                                 created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
/// The same on SQLite, where one writes at a time: entries become visible in the order of their numbers, so the number that
/// the next one gets is its position, too.
const OUTBOX_IN_ORDER: &str = "INSERT INTO arcana_outbox (kind, \"type\", entity, \"key\", payload, request_id, principal, created_at, \"position\") \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, \
     1 + COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'arcana_outbox'), 0))";
const AUDIT: &str = "INSERT INTO arcana_audit (entity, \"key\", action, changes, request_id, principal, created_at) \
                     VALUES (?, ?, ?, ?, ?, ?, ?)";

/// Takes the key of the call before anything else: whoever repeats the call meanwhile waits here, and then finds it taken.
pub(super) async fn claim(session: &mut dyn Session, changes: &Changes) -> Result<(), Fault> {
    let Some(Claim { call, answer }) = changes.once.as_deref() else { return Ok(()) };
    let key = call_values(call);
    let forget: Vec<Value> = key.iter().cloned().chain([Value::Timestamp(oldest_answer(changes.now))]).collect();
    session.execute(FORGET, &forget).await?;
    let rest = [Value::Bytes(call.request_hash.clone()), Value::Bytes(answer.clone()), Value::Timestamp(changes.now)];
    let bound: Vec<Value> = key.into_iter().chain(rest).collect();
    session.execute(CLAIM, &bound).await.map(drop).map_err(|fault| match fault {
        Fault::Constraint { .. } => Error::concurrent("call", &call.key).into(),
        other => other,
    })
}

fn call_values(call: &CallKey) -> Vec<Value> {
    [&call.principal, &call.rpc, &call.key].into_iter().map(|text| Value::Text(text.clone())).collect()
}

/// Answers from before are forgotten.
pub(super) fn oldest_answer(now: Timestamp) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_sub(ANSWERS_KEPT_MICROS)).unwrap_or(now)
}

impl Db {
    /// The answer that a call was given in the last 24 hours.
    pub async fn answered(&self, cx: &Context, call: &CallKey) -> Result<Option<Answered>> {
        let mut bound = call_values(call);
        bound.push(Value::Timestamp(oldest_answer(cx.now())));
        let read = |row: &super::Row<'_>| {
            Ok(Answered { request_hash: row.get::<Bytes>(0)?.0, answer: row.get::<Bytes>(1)?.0 })
        };
        Ok(self.fetch(cx, ANSWERED, &bound, read).await?.pop())
    }
}

/// Writes what others shall hear, behind the rows: whoever changes the same row next waits for its lock, and so its entries
/// get the higher numbers.
pub(super) async fn tell(session: &mut dyn Session, changes: &Changes) -> Result<(), Fault> {
    for record in &changes.records {
        let after = match &record.after {
            After::Gone => None,
            After::Shown(shown) => Some(shown.clone()),
            After::Stored(show) => stored(session, record, *show).await?,
        };
        if record.is_event() {
            put(session, &event(changes, record, after.as_ref())).await?;
        }
        if record.spec.audit {
            session.execute(AUDIT, &audit(changes, record, after.as_ref())).await?;
        }
    }
    for message in &changes.messages {
        let about = [Value::Null, Value::Null];
        let bound = entry(changes, message.kind, message.type_name.to_owned(), about, message.payload.clone());
        put(session, &bound).await?;
    }
    Ok(())
}

async fn put(session: &mut dyn Session, entry: &[Value]) -> Result<(), Fault> {
    let sql = match session.dialect() {
        Dialect::Sqlite => OUTBOX_IN_ORDER,
        Dialect::Postgres | Dialect::Mysql => OUTBOX,
    };
    session.execute(sql, entry).await.map(drop)
}

/// The row as it is by now in this transaction.
async fn stored(
    session: &mut dyn Session,
    record: &Record,
    show: fn(&super::Row<'_>) -> Result<Json>,
) -> Result<Option<Json>, Fault> {
    let sql = format!("{} WHERE {}", record.spec.select, equal(record.spec.key));
    let mut found = None;
    session.read(&sql, &record.key, &mut |row| show(row).map(|shown| found = Some(shown))).await?;
    Ok(found)
}

/// The values of [`OUTBOX`] for the change of a row.
pub(super) fn event(changes: &Changes, record: &Record, after: Option<&Json>) -> Vec<Value> {
    let name = format!("{}.{}", record.spec.full_name, record.action.word());
    let mut payload = Map::new();
    payload.insert("row".to_owned(), after.or(record.before.as_ref()).cloned().unwrap_or_default());
    if record.action == Action::Updated {
        payload.insert("changed".to_owned(), json!(record.changed));
    }
    let about = [Value::Text(record.spec.full_name.to_owned()), Value::Text(key_text(&record.key))];
    entry(changes, MessageKind::Event, name, about, Json::Object(payload).to_string())
}

fn entry(changes: &Changes, kind: MessageKind, name: String, about: [Value; 2], payload: String) -> Vec<Value> {
    let [entity, key] = about;
    let kind = Value::Text(kind.word().to_owned());
    let head = vec![kind, Value::Text(name), entity, key, Value::Json(payload)];
    head.into_iter().chain(caller(changes)).collect()
}

fn caller(changes: &Changes) -> [Value; 3] {
    let principal = Value::option(changes.principal, |id| Value::Text(id.to_string()));
    [Value::Text(changes.request_id.to_string()), principal, Value::Timestamp(changes.now)]
}

/// The values of [`AUDIT`].
fn audit(changes: &Changes, record: &Record, after: Option<&Json>) -> Vec<Value> {
    let head = [
        Value::Text(record.spec.full_name.to_owned()),
        Value::Text(key_text(&record.key)),
        Value::Text(record.action.word().to_owned()),
        Value::Json(differences(record, after).to_string()),
    ];
    head.into_iter().chain(caller(changes)).collect()
}

/// Member to what it was and what it is. What clients never see is only said to have changed.
fn differences(record: &Record, after: Option<&Json>) -> Json {
    let member = |shown: Option<&Json>, field: &str| shown.and_then(|shown| shown.get(field)).cloned();
    let differences = record.changed.iter().map(|field| {
        let (old, new) = (member(record.before.as_ref(), field), member(after, field));
        let difference = match (old, new) {
            (None, None) => json!("changed"),
            (old, new) => json!({ "before": old, "after": new }),
        };
        ((*field).to_owned(), difference)
    });
    Json::Object(differences.collect())
}
