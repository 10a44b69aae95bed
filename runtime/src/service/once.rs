//! Calls that are carried out once for each key that a client sends along, and whose answer is given again to whoever
//! repeats them: `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header; AIP-155 for gRPC).

use std::sync::{Arc, LazyLock};

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::changes::{CallKey, Changes, Claim, Store};
use crate::context::{Clock, Context, IdSource, Principal, Sources};
use crate::db::{freeze, thaw};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::json::FromJson;
use crate::types::Timestamp;
use crate::violations::Violations;

/// How the answer of a method is kept, and given again to whoever repeats the call.
pub struct Replay<T> {
    write: fn(&T) -> Vec<u8>,
    read: fn(&[u8]) -> Option<T>,
}

impl<T> Replay<T> {
    /// Not at all, because it has rows or secrets inside: a call that is repeated has no further effect, and is told so.
    pub const NEVER: Self = Self { write: |_| Vec::new(), read: |_| None };
}

impl<E: Entity> Replay<E> {
    /// As a row.
    pub const ROW: Self = Self { write: freeze, read: |answer| thaw(answer).ok() };
}

impl<E: Entity> Replay<Vec<E>> {
    /// As rows.
    pub(super) const ROWS: Self = Self { write: |rows| freeze_all(rows), read: |answer| thaw_all(answer).ok() };
}

impl<M: Serialize + FromJson> Replay<M> {
    /// As JSON shows it.
    pub const MESSAGE: Self = Self {
        write: |answer| serde_json::to_vec(answer).unwrap_or_default(),
        read: |answer| {
            let mut found = Violations::new();
            let answer = M::from_json(serde_json::from_slice(answer).ok()?, &mut found);
            answer.filter(|_| found.is_empty())
        },
    };
}

fn freeze_all<E: Entity>(rows: &[E]) -> Vec<u8> {
    let rows: Vec<Vec<u8>> = rows.iter().map(freeze).collect();
    [b"[".as_slice(), &rows.join(b",".as_slice()), b"]"].concat()
}

fn thaw_all<E: Entity>(answer: &[u8]) -> Result<Vec<E>> {
    let rows: Vec<serde_json::Value> = serde_json::from_slice(answer).map_err(Error::internal)?;
    rows.iter().map(|row| thaw(row.to_string().as_bytes())).collect()
}

/// One call under one key, and how its answer is kept.
pub(super) struct Once<T: 'static> {
    call: CallKey,
    replay: &'static Replay<T>,
}

impl<T> Once<T> {
    /// None where the client sent no key. `request` is the input as it was understood: the same whether it came as JSON or
    /// as protobuf.
    pub(super) fn of(
        cx: &Context,
        rpc: impl FnOnce() -> String,
        replay: &'static Replay<T>,
        request: impl FnOnce() -> Vec<u8>,
    ) -> Option<Self> {
        let key = cx.idempotency_key.as_ref()?;
        let request_hash = Sha256::digest(request()).to_vec();
        let principal = match cx.principal.id {
            Some(id) => id.to_string(),
            // Nobody knows who of the many it is that calls: a key is then one of those who ask for the same.
            None if *cx.principal == Principal::anonymous() => {
                request_hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
            }
            None => String::new(),
        };
        Some(Self { call: CallKey { principal, rpc: rpc(), key: key.to_string(), request_hash }, replay })
    }

    /// What was answered before. The same key for something else is a mistake of the client.
    pub(super) async fn answered(&self, cx: &Context, store: &dyn Store) -> Result<Option<T>> {
        let Some(answered) = store.answered(cx, &self.call).await? else { return Ok(None) };
        if answered.request_hash != self.call.request_hash {
            return Err(conflict(
                "was sent with another request before; it belongs to that request and its repetitions",
            ));
        }
        match (self.replay.read)(&answered.answer) {
            Some(answer) => Ok(Some(answer)),
            None => Err(conflict("was sent with this request before, which was carried out; its answer was not kept")),
        }
    }

    /// Makes the commit happen once, with this as the answer from then on.
    pub(super) fn claim(&self, changes: &mut Changes, answer: &T) {
        changes.claim(Claim { call: self.call.clone(), answer: (self.replay.write)(answer) });
    }
}

fn conflict(what: &str) -> Error {
    Error::Conflict { field: "Idempotency-Key".to_owned(), message: format!("the key {what}") }
}

/// What a client sent for a new row, as bytes: the row that it would make at the beginning of time.
pub(super) fn new_row<E: Entity>(cx: &Context, new: &E::New) -> Vec<u8> {
    static STILL: LazyLock<Arc<Sources>> =
        LazyLock::new(|| Arc::new(Sources { clock: Box::new(Still), ids: Box::new(Still) }));
    let still = Context::new(Arc::clone(&cx.principal), Arc::clone(&cx.request_id), Arc::clone(&STILL));
    freeze(&E::create(new.clone(), &still, 0))
}

/// Time does not pass, and all ids are the same.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
}

impl IdSource for Still {
    fn uuid(&self) -> Uuid {
        Uuid::nil()
    }
}
