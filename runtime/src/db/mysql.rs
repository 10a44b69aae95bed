//! MySQL and MariaDB: a pool of connections, each with its prepared statements.

use std::time::Duration;

use sqlx_core::column::Column as _;
use sqlx_core::connection::Connection as _;
use sqlx_core::executor::Executor as _;
use sqlx_core::pool::{Pool, PoolConnection, PoolOptions};
use sqlx_core::query::query_with;
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr as _};
use sqlx_core::statement::Statement as _;
use sqlx_core::transaction::Transaction;
use sqlx_mysql::{MySql, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError};

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
pub(super) mod migrate;

/// Statements that a connection keeps prepared.
const STATEMENTS_MAX: usize = 256;
/// A connection that was idle for longer is tried before it is used.
const IDLE_MAX: Duration = Duration::from_secs(30);

pub(super) struct Mysql {
    pool: Pool<MySql>,
    statement_timeout: Duration,
    sequences: Sequences,
}

impl Mysql {
    /// A pool that connects when it is first used.
    pub(super) fn open(config: &DbConfig) -> Result<Self> {
        let url = config.url.replacen("mariadb://", "mysql://", 1);
        let options: MySqlConnectOptions =
            url.parse().map_err(|cause| Error::internal(format!("database.url is no MySQL URL: {cause}")))?;
        // The session is set up below, once, in the words of this service.
        let options = options
            .statement_cache_capacity(STATEMENTS_MAX)
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .charset("utf8mb4");
        let limit = config.statement_timeout;
        let pool = PoolOptions::new()
            .max_connections(u32::try_from(config.max_connections).unwrap_or(u32::MAX))
            .acquire_timeout(config.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection: &mut MySqlConnection, meta| {
                Box::pin(async move {
                    let stale = meta.idle_for > IDLE_MAX;
                    Ok(!stale || connection.ping().await.is_ok())
                })
            })
            .after_connect(move |connection, _| Box::pin(prepare_session(connection, limit)))
            .connect_lazy_with(options);
        Ok(Self { pool, statement_timeout: limit, sequences: Sequences::default() })
    }

    pub(super) async fn fetch<T>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        cx.check_deadline()?;
        let arguments = cell::arguments(values)?;
        let rows = within(cx, self.statement_timeout, async {
            let mut connection = self.connection().await?;
            let query = query_with(AssertSqlSafe(sql.to_owned()), arguments);
            query.fetch_all(&mut *connection).await.map_err(|cause| Error::from(fault(cause)))
        })
        .await?;
        rows.iter().map(|row| read(&Row::new(Source::Mysql(row)))).collect()
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
        if let Some(single) = single(Dialect::Mysql, changes)? {
            match within(cx, self.statement_timeout, self.run(single)).await {
                Ok(1) => return Ok(()),
                // The transaction finds out why.
                Ok(_) | Err(Fault::Constraint { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        within(cx, self.statement_timeout, async {
            let mut open = self.hold().await?;
            match commit::apply(&mut open, changes).await {
                Ok(()) => open.commit().await,
                Err(found) => {
                    // What went wrong is known; a connection that cannot roll back is closed by the pool.
                    let _ = open.rollback().await;
                    Err(found)
                }
            }
        })
        .await
    }

    /// A statement that is a transaction by itself.
    async fn run(&self, single: Single) -> Result<u64, Fault> {
        let arguments = cell::arguments(&single.values)?;
        let mut connection = self.connection().await?;
        let query = query_with(AssertSqlSafe(single.sql), arguments);
        query.execute(&mut *connection).await.map(|done| done.rows_affected()).map_err(fault)
    }

    pub(super) async fn allot(&self, cx: &Context, sequence: &'static str) -> Result<i64> {
        self.sequences.next(sequence, |count| self.reserve(cx, sequence, count)).await
    }

    async fn reserve(&self, cx: &Context, sequence: &'static str, count: i64) -> Result<i64> {
        // What LAST_INSERT_ID is given, the answer carries: the number that stood there before.
        let sql = "INSERT INTO arcana_sequences (name, next) VALUES (?, LAST_INSERT_ID(1) + ?) \
                   ON DUPLICATE KEY UPDATE next = LAST_INSERT_ID(next) + ?";
        let values = [Value::Text(sequence.to_owned()), Value::I64(count), Value::I64(count)];
        let arguments = cell::arguments(&values)?;
        within(cx, self.statement_timeout, async {
            let mut connection = self.connection().await?;
            let done = query_with(sql, arguments).execute(&mut *connection).await.map_err(fault)?;
            i64::try_from(done.last_insert_id()).map_err(Error::internal)
        })
        .await
    }

    pub(super) async fn columns_of(&self, sql: &str) -> Result<Vec<String>> {
        let mut connection = self.connection().await?;
        let statement = connection.prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await.map_err(fault)?;
        Ok(statement.columns().iter().map(|column| column.name().to_owned()).collect())
    }

    pub(super) async fn reading(&self, cx: &Context) -> Result<Reading<'_>> {
        cx.check_deadline()?;
        within(cx, self.statement_timeout, async {
            let mut connection = self.connection().await?;
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.map_err(fault)?;
            let begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
            let transaction = Transaction::begin(connection, Some(begin.into_sql_str())).await.map_err(fault)?;
            Ok(Reading { mysql: self, transaction })
        })
        .await
    }

    /// A transaction for steps that are not known yet.
    pub(super) async fn hold(&self) -> Result<Open> {
        let begun = Transaction::begin(self.connection().await?, None).await;
        begun.map(|transaction| Open(Some(transaction))).map_err(|cause| Error::from(fault(cause)))
    }

    pub(super) fn occupancy(&self) -> Occupancy {
        let idle = self.pool.num_idle();
        let size = usize::try_from(self.pool.size()).unwrap_or_default();
        Occupancy { busy: size.saturating_sub(idle), idle, waiting: None }
    }

    pub(super) fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    pub(super) async fn connection(&self) -> Result<PoolConnection<MySql>> {
        self.pool.acquire().await.map_err(|cause| Error::from(fault(cause)))
    }
}

/// Makes a session say what the others say: names in double quotes, strict types, time in UTC, what is committed is
/// seen, and no statement without end.
async fn prepare_session(connection: &mut MySqlConnection, limit: Duration) -> sqlx_core::Result<()> {
    connection
        .execute(
            "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO', \
             time_zone = '+00:00', innodb_lock_wait_timeout = 5",
        )
        .await?;
    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    let version: (String,) = sqlx_core::query_as::query_as("SELECT version()").fetch_one(&mut *connection).await?;
    let text = if version.0.contains("MariaDB") {
        format!("SET SESSION max_statement_time = {}", limit.as_secs_f64())
    } else {
        format!("SET SESSION max_execution_time = {}", limit.as_millis())
    };
    connection.execute(AssertSqlSafe(text)).await.map(drop)
}

/// Reads of one state.
pub(crate) struct Reading<'d> {
    mysql: &'d Mysql,
    transaction: Transaction<'static, MySql>,
}

impl Reading<'_> {
    pub(super) async fn fetch<T>(
        &mut self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let query = query_with(AssertSqlSafe(sql.to_owned()), cell::arguments(values)?);
        let rows = within(cx, self.mysql.statement_timeout, async {
            query.fetch_all(&mut *self.transaction).await.map_err(|cause| Error::from(fault(cause)))
        })
        .await?;
        rows.iter().map(|row| read(&Row::new(Source::Mysql(row)))).collect()
    }

    pub(super) async fn end(self) -> Result<()> {
        self.transaction.commit().await.map_err(|cause| Error::from(fault(cause)))
    }
}

/// A transaction on a connection of its own; none once it has ended.
pub(super) struct Open(Option<Transaction<'static, MySql>>);

impl Open {
    fn connection(&mut self) -> Result<&mut MySqlConnection, Fault> {
        self.0.as_deref_mut().ok_or_else(|| Error::internal("the transaction has ended").into())
    }
}

impl Held for Open {
    fn commit(&mut self) -> Answer<'_, ()> {
        Box::pin(async move {
            match self.0.take() {
                Some(transaction) => transaction.commit().await.map_err(fault),
                None => Ok(()),
            }
        })
    }

    fn rollback(&mut self) -> Answer<'_, ()> {
        Box::pin(async move {
            match self.0.take() {
                Some(transaction) => transaction.rollback().await.map_err(fault),
                None => Ok(()),
            }
        })
    }
}

impl Session for Open {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, u64> {
        Box::pin(async move {
            let query = query_with(AssertSqlSafe(sql.to_owned()), cell::arguments(values)?);
            query.execute(self.connection()?).await.map(|done| done.rows_affected()).map_err(fault)
        })
    }

    fn exists<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, bool> {
        Box::pin(async move {
            let query = query_with(AssertSqlSafe(sql.to_owned()), cell::arguments(values)?);
            query.fetch_optional(self.connection()?).await.map(|row| row.is_some()).map_err(fault)
        })
    }

    fn read<'a>(&'a mut self, sql: &'a str, values: &'a [Value], each: Each<'a>) -> Answer<'a, ()> {
        Box::pin(async move {
            let query = query_with(AssertSqlSafe(sql.to_owned()), cell::arguments(values)?);
            let rows = query.fetch_all(self.connection()?).await.map_err(fault)?;
            rows.iter().try_for_each(|row| each(&Row::new(Source::Mysql(row)))).map_err(Fault::from)
        })
    }
}

/// What a failure means, by its number (MySQL's and MariaDB's are the same here).
pub(super) fn fault(cause: sqlx_core::Error) -> Fault {
    use sqlx_core::Error as Sqlx;
    let number = match &cause {
        Sqlx::Database(error) => error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number),
        Sqlx::PoolTimedOut => {
            return Fault::Error(Error::unavailable("no connection to the database became free in time"));
        }
        Sqlx::Io(_) | Sqlx::Tls(_) | Sqlx::Protocol(_) | Sqlx::PoolClosed | Sqlx::WorkerCrashed => {
            return Fault::Error(Error::unavailable(cause));
        }
        _ => None,
    };
    match number {
        // Duplicate key; foreign key of a child, of a parent.
        Some(1062 | 1586 | 1216 | 1452 | 1217 | 1451) => Fault::Constraint { name: None, cause: cause.into() },
        // Deadlock; lock not had in time; row changed since it was read (MariaDB).
        Some(1213 | 1205 | 1020) => Fault::Again(cause.into()),
        // Statement too long (MySQL, MariaDB), query killed.
        Some(3024 | 1969 | 1317) => Fault::Error(Error::unavailable("a statement ran longer than it may")),
        // Too many connections, shutdown, access, read only, full disk.
        Some(1040 | 1053 | 1044 | 1045 | 1049 | 1129 | 1203 | 1290 | 1114 | 1021 | 1927) => {
            Fault::Error(Error::unavailable(cause))
        }
        _ => Fault::Error(Error::internal(cause)),
    }
}
