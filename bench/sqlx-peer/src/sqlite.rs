//! SQLite: a pool of readers and one writing connection, so that nobody waits for a lock.

use std::time::Duration;

use peer::model::Customer;
use peer::problem::{Problem, Result};
use peer::store::{COUNT, Entry, GET, INSERT, OUTBOX, Query, Rows, Store, UPDATE};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool};
use sqlx::sqlite::{SqlitePoolOptions, SqliteSynchronous};
use uuid::Uuid;

/// A file.
pub struct Sqlite {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl Store for Sqlite {
    async fn open(path: String) -> Result<Self> {
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
        let mut transaction = self.writer.begin().await.map_err(Problem::internal)?;
        query.bind(row.updated_at).execute(&mut *transaction).await.map_err(refused)?;
        tell(&mut transaction, &row, Entry::created(&row)).await?;
        transaction.commit().await.map_err(Problem::internal)?;
        Ok(row)
    }

    async fn update(&self, row: Customer, changed: Vec<&'static str>) -> Result<Customer> {
        let query = sqlx::query(UPDATE).bind(&row.name).bind(&row.email).bind(&row.country).bind(&row.phone);
        let query = query.bind(row.user_id).bind(row.version).bind(row.created_at).bind(row.updated_at);
        let mut transaction = self.writer.begin().await.map_err(Problem::internal)?;
        let done = query.bind(row.id).bind(row.version - 1).execute(&mut *transaction).await.map_err(refused)?;
        if done.rows_affected() != 1 {
            return Err(Problem::Concurrent);
        }
        tell(&mut transaction, &row, Entry::updated(&row, &changed)).await?;
        transaction.commit().await.map_err(Problem::internal)?;
        Ok(row)
    }
}

async fn tell(connection: &mut SqliteConnection, row: &Customer, entry: Entry) -> Result<()> {
    let query = sqlx::query(OUTBOX).bind(Entry::KIND).bind(entry.r#type).bind(Entry::ENTITY).bind(entry.key);
    let query = query.bind(entry.payload).bind(entry.request_id).bind(row.updated_at);
    query.execute(connection).await.map(drop).map_err(Problem::internal)
}

fn refused(cause: sqlx::Error) -> Problem {
    match cause.as_database_error() {
        Some(error) if error.is_unique_violation() => Problem::Taken("email"),
        Some(error) if error.is_foreign_key_violation() => Problem::Dangling("user_id"),
        _ => Problem::internal(cause),
    }
}
