//! PostgreSQL: a pool of connections, each with its prepared statements, and a few that short reads share.

use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Manager, ManagerConfig, Object, Pool, PoolConfig, PoolError, RecyclingMethod, Timeouts,
};
use futures::future::join;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;

use self::lanes::Lanes;
use self::statement::Sending;
use super::limits::within;
use super::retry::Tries;
use super::row::Source;
use super::sequences::Sequences;
use super::session::{Answer, Each, Fault, Held, Session};
use super::single::{Single, single};
use super::{DbConfig, Dialect, Occupancy, Row, Value, commit};
use crate::changes::Changes;
use crate::context::Context;
use crate::error::{Error, Result};

pub(super) mod cell;
mod lanes;
pub(super) mod migrate;
mod statement;
mod tls;

pub(super) struct Postgres {
    pool: Pool,
    lanes: Lanes,
    sending: Sending,
    statement_timeout: Duration,
    sequences: Sequences,
}

impl Postgres {
    /// A pool that connects when it is first used.
    pub(super) fn open(config: &DbConfig) -> Result<Self> {
        let mut options: tokio_postgres::Config = config
            .url
            .parse()
            .map_err(|cause| Error::internal(format!("database.url is no PostgreSQL URL: {cause}")))?;
        // A connection that is lent has the settings of its role: those of a session would reach whoever has it next.
        if !config.transaction_pooling {
            let milliseconds = config.statement_timeout.as_millis();
            let own = format!("-c statement_timeout={milliseconds} -c timezone=UTC");
            options.options(match options.get_options() {
                Some(given) => format!("{own} {given}"),
                None => own,
            });
        }
        if !config.url.contains("sslmode=") {
            options.ssl_mode(if tls::stays_here(&options) { SslMode::Disable } else { SslMode::Require });
        }
        if options.get_application_name().is_none() {
            options.application_name("arcana");
        }
        if options.get_connect_timeout().is_none() {
            options.connect_timeout(CONNECT_TIMEOUT);
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(options, tls::connector()?, recycling);
        let limits = PoolConfig {
            timeouts: Timeouts { wait: Some(config.acquire_timeout), create: Some(CONNECT_TIMEOUT), recycle: None },
            ..PoolConfig::new(config.max_connections)
        };
        let pool = Pool::builder(manager)
            .config(limits)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .build()
            .map_err(Error::internal)?;
        let lanes = Lanes::new(config.shared_connections);
        let sending = if config.transaction_pooling { Sending::Unprepared } else { Sending::Prepared };
        let statement_timeout = config.statement_timeout;
        Ok(Self { pool, lanes, sending, statement_timeout, sequences: Sequences::default() })
    }

    pub(super) async fn fetch<T>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        if self.lanes.is_empty() {
            return self.scan(cx, sql, values, read).await;
        }
        cx.check_deadline()?;
        let client = within(cx, self.statement_timeout, self.lanes.client(&self.pool)).await?;
        let rows = within(cx, self.statement_timeout, self.query(&client, sql, values)).await;
        if matches!(rows, Err(Error::Timeout)) {
            self.lanes.leave(&client).await;
        }
        read_all(&rows?, read)
    }

    /// The same on a connection of its own, for what may take its time.
    pub(super) async fn scan<T>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let rows = self.alone(cx, async |client| self.sending.query(client, sql, values).await);
        read_all(&rows.await.map_err(Error::from)?, read)
    }

    /// Work on a connection of the pool. One that did not answer in time does not go back: its server may still be at it.
    async fn alone<T>(
        &self,
        cx: &Context,
        work: impl AsyncFnOnce(&ClientWrapper) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        cx.check_deadline()?;
        let client = within(cx, self.statement_timeout, self.client()).await?;
        let outcome = within(cx, self.statement_timeout, work(&client)).await;
        if matches!(outcome, Err(Fault::Error(Error::Timeout))) {
            drop(Object::take(client));
        }
        outcome
    }

    pub(super) async fn commit(&self, cx: &Context, changes: &Changes) -> Result<()> {
        let mut tries = Tries::default();
        loop {
            match self.commit_once(cx, changes).await {
                Err(Fault::Again(cause)) if tries.again() => tries.pause(cx, &cause).await?,
                outcome => return outcome.map_err(Error::from),
            }
        }
    }

    async fn commit_once(&self, cx: &Context, changes: &Changes) -> Result<(), Fault> {
        cx.check_deadline()?;
        if let Some(single) = single(Dialect::Postgres, changes)? {
            let Single { sql, values } = &single;
            match self.alone(cx, async |client| self.sending.execute(client, sql, values).await).await {
                Ok(1) => return Ok(()),
                // The transaction finds out why.
                Ok(_) | Err(Fault::Constraint { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        let mut transaction = self.hold().await?;
        within(cx, self.statement_timeout, async {
            match commit::apply(&mut transaction, changes).await {
                Ok(()) => transaction.end("COMMIT").await,
                Err(fault) => {
                    // What went wrong is known; a connection that cannot roll back is thrown away.
                    let _ = transaction.end("ROLLBACK").await;
                    Err(fault)
                }
            }
        })
        .await
    }

    async fn query(&self, client: &ClientWrapper, sql: &str, values: &[Value]) -> Result<Vec<tokio_postgres::Row>> {
        self.sending.query(client, sql, values).await.map_err(Error::from)
    }

    pub(super) async fn allot(&self, cx: &Context, sequence: &'static str) -> Result<i64> {
        self.sequences.next(sequence, |count| self.reserve(cx, sequence, count)).await
    }

    async fn reserve(&self, cx: &Context, sequence: &'static str, count: i64) -> Result<i64> {
        let sql = "INSERT INTO arcana_sequences (name, next) VALUES (?, ?) \
                   ON CONFLICT (name) DO UPDATE SET next = arcana_sequences.next + ? RETURNING next";
        let values = [Value::Text(sequence.to_owned()), Value::I64(1 + count), Value::I64(count)];
        let ends = self.scan(cx, sql, &values, |row| row.get::<i64>(0)).await?;
        ends.first().map(|end| end - count).ok_or_else(|| Error::internal("the sequence answered nothing"))
    }

    pub(super) async fn columns_of(&self, sql: &str) -> Result<Vec<String>> {
        self.sending.columns(&*self.client().await?, sql).await.map_err(Error::from)
    }

    pub(super) async fn reading(&self, cx: &Context) -> Result<Reading<'_>> {
        cx.check_deadline()?;
        let transaction = self.transaction(READ).await?;
        Ok(Reading { postgres: self, transaction })
    }

    /// A transaction for steps that are not known yet.
    pub(super) async fn hold(&self) -> Result<Transaction> {
        self.transaction("BEGIN").await
    }

    async fn transaction(&self, begin: &'static str) -> Result<Transaction> {
        let begin = match self.sending {
            Sending::Prepared => Cow::Borrowed(begin),
            Sending::Unprepared => {
                let milliseconds = self.statement_timeout.as_millis();
                Cow::Owned(format!("{begin}; SET LOCAL statement_timeout = {milliseconds}; SET LOCAL timezone = 'UTC'"))
            }
        };
        Ok(Transaction { client: Some(self.client().await?), sending: self.sending, begin, begun: false })
    }

    pub(super) fn occupancy(&self) -> Occupancy {
        let status = self.pool.status();
        let busy = status.size.saturating_sub(status.available) + self.lanes.open();
        Occupancy { busy, idle: status.available, waiting: Some(status.waiting) }
    }

    pub(super) fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    pub(super) async fn client(&self) -> Result<Object> {
        self.pool.get().await.map_err(unreachable)
    }
}

/// Longest that a new connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A transaction whose reads all see what was committed before the first of them.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Reads of one state.
pub(crate) struct Reading<'d> {
    postgres: &'d Postgres,
    transaction: Transaction,
}

impl Reading<'_> {
    pub(super) async fn fetch<T>(
        &mut self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let query = self.transaction.query(sql, values);
        read_all(&within(cx, self.postgres.statement_timeout, query).await?, read)
    }

    pub(super) async fn end(mut self) -> Result<()> {
        self.transaction.end("COMMIT").await.map_err(Error::from)
    }
}

/// A transaction on a connection of its own.
pub(super) struct Transaction {
    /// None once it has ended.
    client: Option<Object>,
    sending: Sending,
    begin: Cow<'static, str>,
    begun: bool,
}

impl Transaction {
    fn client(&self) -> Result<&Object> {
        self.client.as_ref().ok_or_else(|| Error::internal("the transaction has ended"))
    }

    async fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<tokio_postgres::Row>, Fault> {
        let begin = !std::mem::replace(&mut self.begun, true);
        let client = self.client()?;
        let outcome = self.sending.query(client, sql, values);
        if begin { after_begin(client, &self.begin, outcome).await } else { outcome.await }
    }

    async fn end(&mut self, how: &str) -> Result<(), Fault> {
        let Some(client) = self.client.take() else { return Ok(()) };
        if !self.begun {
            return Ok(());
        }
        match client.batch_execute(how).await {
            Ok(()) => Ok(()),
            Err(cause) => {
                drop(Object::take(client));
                Err(fault(cause))
            }
        }
    }
}

impl Drop for Transaction {
    /// Cut off in the middle: what is open on the connection must not reach its next user.
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(|_| self.begun) {
            drop(Object::take(client));
        }
    }
}

impl Session for Transaction {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, u64> {
        Box::pin(async move {
            let begin = !std::mem::replace(&mut self.begun, true);
            let client = self.client()?;
            let outcome = self.sending.execute(client, sql, values);
            if begin { after_begin(client, &self.begin, outcome).await } else { outcome.await }
        })
    }

    fn exists<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, bool> {
        Box::pin(async move { self.query(sql, values).await.map(|rows| !rows.is_empty()) })
    }

    fn read<'a>(&'a mut self, sql: &'a str, values: &'a [Value], each: Each<'a>) -> Answer<'a, ()> {
        Box::pin(async move {
            let rows = self.query(sql, values).await?;
            rows.iter().try_for_each(|row| each(&Row::new(Source::Postgres(row)))).map_err(Fault::from)
        })
    }
}

impl Held for Transaction {
    fn commit(&mut self) -> Answer<'_, ()> {
        Box::pin(self.end("COMMIT"))
    }

    fn rollback(&mut self) -> Answer<'_, ()> {
        Box::pin(self.end("ROLLBACK"))
    }
}

/// Sends the first statement along with the BEGIN, which saves a round trip.
async fn after_begin<T>(
    client: &Object,
    begin: &str,
    first: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let (begun, outcome) = join(client.batch_execute(begin), first).await;
    begun.map_err(fault)?;
    outcome
}

fn read_all<T>(rows: &[tokio_postgres::Row], mut read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    rows.iter().map(|row| read(&Row::new(Source::Postgres(row)))).collect()
}

/// What a failure means, by its SQLSTATE.
pub(super) fn fault(cause: tokio_postgres::Error) -> Fault {
    let Some(code) = cause.code() else { return Fault::Error(Error::unavailable(cause)) };
    let again = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE];
    let constraint = [SqlState::UNIQUE_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION, SqlState::EXCLUSION_VIOLATION];
    // Connections, resources, and an operator who stops the server.
    let away = ["08", "53", "57", "58"].iter().any(|class| code.code().starts_with(class));
    if constraint.contains(code) {
        let name = cause.as_db_error().and_then(|error| error.constraint()).map(str::to_owned);
        return Fault::Constraint { name: Some(name.unwrap_or_default()), cause: cause.into() };
    }
    match code {
        code if again.contains(code) => Fault::Again(cause.into()),
        code if *code == SqlState::QUERY_CANCELED => {
            Fault::Error(Error::unavailable("a statement ran longer than it may"))
        }
        _ if away => Fault::Error(Error::unavailable(cause)),
        _ => Fault::Error(Error::internal(cause)),
    }
}

fn unreachable(cause: PoolError) -> Error {
    match cause {
        PoolError::Timeout(_) => Error::unavailable("no connection to the database became free in time"),
        other => Error::unavailable(other),
    }
}
