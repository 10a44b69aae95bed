//! How long work may take that waits for a server.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::error::{Error, Result};

/// The server ends a statement by itself; this long it has to say so.
const GRACE: Duration = Duration::from_millis(500);

/// No longer than `limit`, and than the caller waits. What is cut off does not go back into a pool.
pub(crate) async fn within<T, E: From<Error>>(
    cx: &Context,
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let left = cx.deadline.map_or(limit, |deadline| limit.min(deadline.saturating_duration_since(Instant::now())));
    tokio::time::timeout(left + GRACE, work).await.unwrap_or_else(|_| Err(Error::Timeout.into()))
}
