//! Transactions in steps: what logic reads, holds and writes, one after the other, where declared writes are not enough.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::limits::within;
use super::session::{Fault, Held};
use super::{Db, Dialect, Engine, Row, Snapshot, Value, commit};
use crate::changes::Changes;
use crate::context::Context;
use crate::error::{Error, Result};

/// A transaction that is open. What it wrote is there for its own reads at once, and for others when it is committed;
/// dropped without, it leaves nothing.
///
/// It holds a connection, and on SQLite the only one that writes, so nothing else belongs between its beginning and its
/// end: no call of another service, and no commit but its own. It lasts as long as one statement may, and no longer than
/// the call.
#[must_use = "what is not committed is not kept"]
pub struct Transaction {
    /// None once it has ended.
    held: Option<Box<dyn Held>>,
    cx: Context,
    told: Arc<Notify>,
    tells: bool,
    /// A write failed half-way: what it left must not be kept.
    failed: bool,
}

impl Transaction {
    /// Runs a query of the service's own, whose values are bound, and reads each row.
    pub async fn query<T: Send>(
        &mut self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let cx = self.cx.clone();
        within(&cx, self.left(), self.reads()?.fetch(&cx, sql, values, read)).await
    }

    /// Carries declared writes out; they are kept when the transaction is committed. One that is refused ends the whole
    /// transaction.
    pub async fn write(&mut self, changes: Changes) -> Result<()> {
        self.cx.check_deadline()?;
        let (cx, left) = (self.cx.clone(), self.left());
        self.tells |= changes.tells();
        // Until it is known, it counts as failed: it may be cut off in the middle.
        let failed = std::mem::replace(&mut self.failed, true);
        let held = self.held.as_deref_mut().ok_or_else(ended)?;
        within(&cx, left, commit::apply(held, &changes)).await.map_err(Error::from)?;
        self.failed = failed;
        Ok(())
    }

    /// Keeps what was written.
    pub async fn commit(mut self) -> Result<()> {
        if self.failed {
            return Err(Error::internal("a transaction went on behind a write that failed"));
        }
        self.cx.check_deadline()?;
        let (cx, left) = (self.cx.clone(), self.left());
        let mut held = self.held.take().ok_or_else(ended)?;
        within(&cx, left, held.commit()).await.map_err(Error::from)?;
        if self.tells {
            self.told.notify_one();
        }
        Ok(())
    }

    pub(crate) fn reads(&mut self) -> Result<Snapshot<'_>> {
        let held = self.held.as_deref_mut().ok_or_else(ended)?;
        Ok(Snapshot::held(held))
    }

    pub(crate) fn context(&self) -> &Context {
        &self.cx
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.held.as_ref().map_or(Dialect::Sqlite, |held| held.dialect())
    }

    /// What is left of its time.
    pub(crate) fn left(&self) -> Duration {
        self.cx.deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else { return };
        // A server is told in the background, and the connection goes back to the pool; without that, it would have to be
        // closed. The embedded engine rolls back here and now.
        if held.dialect() != Dialect::Sqlite
            && let Ok(runtime) = Handle::try_current()
        {
            let (cx, limit) = (Context::system(), ROLLBACK_LIMIT);
            runtime.spawn(async move {
                // What cannot be rolled back is closed.
                let _: Result<(), Fault> = within(&cx, limit, held.rollback()).await;
            });
        }
    }
}

/// Longest that a rollback in the background may take.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(5);

fn ended() -> Error {
    Error::internal("the transaction has ended")
}

impl Db {
    /// Begins a transaction in steps.
    pub async fn begin(&self, cx: &Context) -> Result<Transaction> {
        cx.check_deadline()?;
        let (held, limit): (Box<dyn Held>, _) = match &self.engine {
            Engine::Sqlite(sqlite) => (Box::new(sqlite.lend(cx).await?), sqlite.statement_timeout()),
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => (Box::new(postgres.hold().await?), postgres.statement_timeout()),
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => (Box::new(mysql.hold().await?), mysql.statement_timeout()),
        };
        let stop_at = Instant::now() + limit;
        let cx = cx.until(stop_at);
        Ok(Transaction { held: Some(held), cx, told: self.told.clone(), tells: false, failed: false })
    }
}

/// The database of this process, where logic runs transactions in steps. Reads and declared writes may go to another
/// process; these cannot.
#[derive(Clone)]
pub struct LocalStore(Option<Db>);

impl LocalStore {
    /// Over an open database.
    pub fn of(db: &Db) -> Self {
        Self(Some(db.clone()))
    }

    /// For tests of logic that begins no transaction.
    pub fn none() -> Self {
        Self(None)
    }

    /// Begins a transaction in steps.
    pub async fn begin(&self, cx: &Context) -> Result<Transaction> {
        match &self.0 {
            Some(db) => db.begin(cx).await,
            None => {
                Err(Error::internal("there is no database here for a transaction; a test gives LocalStore::of(&db)"))
            }
        }
    }

    /// Commits declared writes now, for what a method does behind them; else, it hands them to its caller.
    pub async fn commit(&self, cx: &Context, changes: Changes) -> Result<()> {
        let mut tx = self.begin(cx).await?;
        tx.write(changes).await?;
        tx.commit().await
    }
}
