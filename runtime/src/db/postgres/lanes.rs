//! Connections that short reads share. A connection of the pool waits for each answer before its next query; here the next
//! queries are sent meanwhile (pipelining), which saves the server and this process most of their wake-ups.
//!
//! The server answers the queries of one connection in turn, so only reads that a key or an index bounds go this way: none
//! of them keeps those behind it waiting for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::sync::Mutex;

use super::unreachable;
use crate::error::{Error, Result};

/// A fixed number of connections, each opened when it is first used, and again when it was lost.
pub(super) struct Lanes {
    lanes: Vec<Mutex<Option<Arc<ClientWrapper>>>>,
    next: AtomicUsize,
}

impl Lanes {
    pub(super) fn new(count: usize) -> Self {
        Self { lanes: (0..count).map(|_| Mutex::default()).collect(), next: AtomicUsize::new(0) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// How many are open; one that is being opened is not counted yet.
    pub(super) fn open(&self) -> usize {
        let open = |lane: &&Mutex<Option<Arc<ClientWrapper>>>| lane.try_lock().is_ok_and(|held| held.is_some());
        self.lanes.iter().filter(open).count()
    }

    /// The next connection.
    pub(super) async fn client(&self, pool: &Pool) -> Result<Arc<ClientWrapper>> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len().max(1);
        let lane = self.lanes.get(at).ok_or_else(|| Error::internal("no connections are shared"))?;
        let mut held = lane.lock().await;
        if let Some(client) = held.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        drop(held.take());
        // Out of the pool for good: it opens another in its place when it needs one.
        let client = Arc::new(Object::take(pool.get().await.map_err(unreachable)?));
        *held = Some(client.clone());
        Ok(client)
    }

    /// Hands a connection to nobody any more, because it did not answer in time: it may be lost without a sign of it.
    pub(super) async fn leave(&self, client: &Arc<ClientWrapper>) {
        for lane in &self.lanes {
            let mut held = lane.lock().await;
            if held.as_ref().is_some_and(|one| Arc::ptr_eq(one, client)) {
                *held = None;
            }
        }
    }
}
