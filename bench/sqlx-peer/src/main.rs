//! What a good engineer writes in a day: a pool of readers and one writing connection, so that nobody waits for a lock.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use peer::model::Customer;
use peer::problem::{Problem, Result};
use peer::serve;
use peer::store::{COUNT, GET, INSERT, Query, Rows, Store, UPDATE};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use uuid::Uuid;

struct Sqlx {
    readers: SqlitePool,
    writer: SqlitePool,
}

fn main() -> ExitCode {
    serve::main::<Sqlx>()
}

impl Store for Sqlx {
    async fn open(path: PathBuf) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("temp_store", "MEMORY")
            .pragma("mmap_size", "268435456")
            .pragma("cache_size", "-16384");
        // SQLite has one writer; more readers than cores only take turns.
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let readers = u32::try_from(cores).unwrap_or(2);
        let pool = |connections| {
            // Asking a file whether it is still there costs a round trip to its thread.
            SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(Problem::internal)?;
        let readers = pool(readers).connect_with(options).await.map_err(Problem::internal)?;
        Ok(Self { readers, writer })
    }

    async fn get(&self, id: Uuid) -> Result<Option<Customer>> {
        sqlx::query_as(GET).bind(id).fetch_optional(&self.readers).await.map_err(Problem::internal)
    }

    async fn list(&self, query: Query) -> Result<Rows> {
        let rows = sqlx::query_as(AssertSqlSafe(query.sql()));
        let rows = match query.after {
            None => rows,
            Some((time, id)) => rows.bind(time).bind(time).bind(id),
        };
        let rows = rows.fetch_all(&self.readers).await.map_err(Problem::internal)?;
        let total = match query.total {
            true => Some(sqlx::query_scalar(COUNT).fetch_one(&self.readers).await.map_err(Problem::internal)?),
            false => None,
        };
        Ok((rows, total))
    }

    async fn insert(&self, row: Customer) -> Result<Customer> {
        let query = sqlx::query(INSERT).bind(row.id).bind(&row.name).bind(&row.email).bind(&row.country);
        let query = query.bind(&row.phone).bind(row.user_id).bind(row.version).bind(row.created_at);
        query.bind(row.updated_at).execute(&self.writer).await.map_err(refused)?;
        Ok(row)
    }

    async fn update(&self, row: Customer) -> Result<Customer> {
        let query = sqlx::query(UPDATE).bind(&row.name).bind(&row.email).bind(&row.country).bind(&row.phone);
        let query = query.bind(row.user_id).bind(row.version).bind(row.created_at).bind(row.updated_at);
        let done = query.bind(row.id).bind(row.version - 1).execute(&self.writer).await.map_err(refused)?;
        if done.rows_affected() == 1 { Ok(row) } else { Err(Problem::Concurrent) }
    }
}

fn refused(cause: sqlx::Error) -> Problem {
    match cause.as_database_error() {
        Some(error) if error.is_unique_violation() => Problem::Taken("email"),
        Some(error) if error.is_foreign_key_violation() => Problem::Dangling("user_id"),
        _ => Problem::internal(cause),
    }
}
