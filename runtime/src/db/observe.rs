//! Who looks on when queries are run: the log, and whoever asks to.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Value;
use crate::error::Result;

/// The target under which queries are logged, such as in `log.level=info,arcana::sql=debug`. Values are not: they are of
/// nobody's concern but the caller's.
pub const SQL_TARGET: &str = "arcana::sql";

/// A query that was run.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// Its text, with `?` for each value.
    pub sql: &'a str,
    /// The values.
    pub values: &'a [Value],
    /// Rows that it gave, unless it failed.
    pub rows: Option<usize>,
    /// How long it took, the wait for a connection included.
    pub took: Duration,
}

/// Is told of each query behind it.
pub type Observer = Arc<dyn Fn(&Observed<'_>) + Send + Sync>;

/// Runs a query, and tells whoever looks on.
pub(super) async fn watched<T>(
    observer: Option<&Observer>,
    sql: &str,
    values: &[Value],
    query: impl Future<Output = Result<Vec<T>>>,
) -> Result<Vec<T>> {
    if observer.is_none() && !tracing::enabled!(target: SQL_TARGET, tracing::Level::DEBUG) {
        return query.await;
    }
    let started = Instant::now();
    let outcome = query.await;
    let (took, rows) = (started.elapsed(), outcome.as_ref().ok().map(Vec::len));
    tracing::debug!(target: SQL_TARGET, sql, rows, took_us = took.as_micros(), "query");
    if let Some(observer) = observer {
        observer(&Observed { sql, values, rows, took });
    }
    outcome
}
