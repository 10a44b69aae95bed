//! Calls that are carried out once for each key that a client sends along, and whose answer is given again to whoever
//! repeats them: `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header; AIP-155 for gRPC).

use std::fmt::Debug;

use sha2::{Digest, Sha256};

use crate::changes::{CallKey, Changes, Claim, Store};
use crate::context::Context;
use crate::db::{freeze, thaw};
use crate::entity::Entity;
use crate::error::{Error, Result};

/// One call under one key.
pub(super) struct Once(CallKey);

impl Once {
    /// None where the client sent no key.
    pub(super) fn of<E: Entity>(cx: &Context, method: &str, request: &impl Debug) -> Option<Self> {
        let key = cx.idempotency_key.as_ref()?;
        // The input as it was understood: the same whether it came as JSON or as protobuf.
        let request_hash = Sha256::digest(format!("{request:?}")).to_vec();
        let principal = cx.principal.id.map(|id| id.to_string()).unwrap_or_default();
        let rpc = format!("{}/{method}", E::SPEC.full_name);
        Some(Self(CallKey { principal, rpc, key: key.to_string(), request_hash }))
    }

    /// The row that was answered before. The same key for something else is a mistake of the client.
    pub(super) async fn answered<E: Entity>(&self, cx: &Context, store: &dyn Store) -> Result<Option<E>> {
        self.answer(cx, store).await?.map(|answer| thaw(&answer)).transpose()
    }

    /// The same for the rows of a batch.
    pub(super) async fn answered_all<E: Entity>(&self, cx: &Context, store: &dyn Store) -> Result<Option<Vec<E>>> {
        let Some(answer) = self.answer(cx, store).await? else { return Ok(None) };
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&answer).map_err(Error::internal)?;
        rows.iter().map(|row| thaw(row.to_string().as_bytes())).collect::<Result<_>>().map(Some)
    }

    async fn answer(&self, cx: &Context, store: &dyn Store) -> Result<Option<Vec<u8>>> {
        let Some(answered) = store.answered(cx, &self.0).await? else { return Ok(None) };
        if answered.request_hash != self.0.request_hash {
            let message =
                "the key was sent with another request before; it belongs to that request and its repetitions";
            return Err(Error::Conflict { field: "Idempotency-Key".to_owned(), message: message.to_owned() });
        }
        Ok(Some(answered.answer))
    }

    /// Makes the commit happen once, with this row as the answer from then on.
    pub(super) fn claim<E: Entity>(&self, changes: &mut Changes, row: &E) {
        changes.claim(Claim { call: self.0.clone(), answer: freeze(row) });
    }

    /// The same with the rows of a batch.
    pub(super) fn claim_all<E: Entity>(&self, changes: &mut Changes, rows: &[E]) {
        let rows: Vec<Vec<u8>> = rows.iter().map(freeze).collect();
        let answer = [b"[".as_slice(), &rows.join(b",".as_slice()), b"]"].concat();
        changes.claim(Claim { call: self.0.clone(), answer });
    }
}
