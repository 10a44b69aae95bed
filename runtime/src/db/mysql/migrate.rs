//! Migrations of MySQL and MariaDB, which commit each change of a table by itself: a migration is noted before it runs, as
//! not yet done, so that one that stops midway is seen.

use std::time::Duration;

use futures::StreamExt as _;
use sqlx_core::connection::Connection as _;
use sqlx_core::executor::Executor as _;
use sqlx_core::pool::PoolConnection;
use sqlx_core::query::query;
use sqlx_core::query_as::query_as;
use sqlx_core::raw_sql::raw_sql;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_mysql::{MySql, MySqlConnection};

use super::super::migrate::server::{Note, Runner};
use super::super::migrate::{Noted, ROWS, ROWS_WITHOUT_NOTES, Row};
use super::{Mysql, fault, prepare_session};
use crate::error::{Error, Result};

/// Longest that a starting process waits for another that migrates, in seconds.
const LOCK_SECONDS: i64 = 600;

/// A connection that migrates.
pub(in super::super) struct Migrator(PoolConnection<MySql>);

impl Mysql {
    pub(in super::super) async fn migrator(&self) -> Result<Migrator> {
        let mut connection = self.connection().await?;
        let version: (String,) = query_as("SELECT version()")
            .fetch_one(&mut *connection)
            .await
            .map_err(|cause| Error::from(fault(cause)))?;
        // Texts compare by their bytes and spaces count: each server has its own name for that. Tables take it over.
        let (limit, collation) = match version.0.contains("MariaDB") {
            true => ("SET SESSION max_statement_time = 0", "utf8mb4_nopad_bin"),
            false => ("SET SESSION max_execution_time = 0", "utf8mb4_0900_bin"),
        };
        let alter = format!("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE {collation}");
        let is: (String,) = query_as("SELECT @@collation_database")
            .fetch_one(&mut *connection)
            .await
            .map_err(|cause| Error::from(fault(cause)))?;
        connection.execute(limit).await.map_err(failed)?;
        if is.0 != collation {
            connection.execute(AssertSqlSafe(alter)).await.map_err(failed)?;
        }
        Ok(Migrator(connection))
    }

    /// Runs statements as they are, on a connection of their own: one that is older than a change of the database's order
    /// would go on making tables in the former one.
    pub(in super::super) async fn administer(&self, sql: &str) -> Result<()> {
        let mut connection = MySqlConnection::connect_with(&self.pool.connect_options()).await.map_err(failed)?;
        prepare_session(&mut connection, Duration::ZERO).await.map_err(failed)?;
        let outcome = statements(&mut connection, sql).await.map_err(|(_, cause)| failed(cause));
        // It is gone either way.
        let _ = connection.close().await;
        outcome
    }
}

/// Runs the statements of a text; of a failure, says how many were carried out before.
async fn statements(connection: &mut MySqlConnection, text: &str) -> Result<(), (usize, sqlx_core::Error)> {
    let mut outcomes = raw_sql(AssertSqlSafe(text.to_owned())).execute_many(connection);
    let mut done = 0;
    while let Some(outcome) = outcomes.next().await {
        outcome.map_err(|cause| (done, cause))?;
        done += 1;
    }
    Ok(())
}

impl Migrator {
    /// The connection is not used for anything else afterwards.
    pub(in super::super) async fn close(self) {
        // It is gone either way.
        let _ = self.0.close().await;
    }
}

impl Runner for Migrator {
    async fn prepare(&mut self) -> Result<()> {
        self.0
            .execute(
                "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
                    version BIGINT PRIMARY KEY,
                    description TEXT NOT NULL,
                    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                    success BOOLEAN NOT NULL,
                    checksum BLOB NOT NULL,
                    execution_time BIGINT NOT NULL
                )",
            )
            .await
            .map_err(failed)?;
        let notes = "CREATE TABLE IF NOT EXISTS arcana_migrations (
            version BIGINT PRIMARY KEY,
            sealed BOOLEAN NOT NULL,
            compatible_from BIGINT NOT NULL,
            down_sql MEDIUMTEXT NOT NULL
        )";
        self.0.execute(notes).await.map_err(failed)?;
        let sequences =
            "CREATE TABLE IF NOT EXISTS arcana_sequences (name VARCHAR(128) PRIMARY KEY, next BIGINT NOT NULL)";
        self.0.execute(sequences).await.map_err(failed)?;
        let keys =
            "CREATE TABLE IF NOT EXISTS arcana_keys (name VARCHAR(128) PRIMARY KEY, secret VARBINARY(64) NOT NULL)";
        self.0.execute(keys).await.map_err(failed)?;
        let words = "CREATE TABLE IF NOT EXISTS arcana_words (name VARCHAR(128) PRIMARY KEY, fields TEXT NOT NULL)";
        self.0.execute(words).await.map(drop).map_err(failed)
    }

    async fn is_prepared(&mut self) -> Result<bool> {
        self.has_table("_sqlx_migrations").await
    }

    async fn lock(&mut self) -> Result<()> {
        let sql = "SELECT GET_LOCK(CONCAT('arcana ', DATABASE()), ?)";
        let (got,): (Option<i64>,) = query_as(sql).bind(LOCK_SECONDS).fetch_one(&mut *self.0).await.map_err(failed)?;
        if got == Some(1) { Ok(()) } else { Err(Error::unavailable("another process migrates this database")) }
    }

    async fn unlock(&mut self) -> Result<()> {
        let sql = "SELECT RELEASE_LOCK(CONCAT('arcana ', DATABASE()))";
        self.0.execute(sql).await.map(drop).map_err(failed)
    }

    async fn check_ended(&mut self) -> Result<()> {
        let sql = "SELECT version, description FROM _sqlx_migrations WHERE NOT success ORDER BY version LIMIT 1";
        let found: Option<(i64, String)> = query_as(sql).fetch_optional(&mut *self.0).await.map_err(failed)?;
        let Some((version, name)) = found else { return Ok(()) };
        Err(Error::internal(format!(
            "migration {version} ({name}) stopped midway; bring its tables to one of its ends by hand, then delete its row \
             in _sqlx_migrations or set `success` to 1"
        )))
    }

    async fn rows(&mut self) -> Result<Vec<Row>> {
        type Read = (i64, String, Vec<u8>, Option<bool>, Option<i64>, Option<String>);
        let sql = if self.has_table("arcana_migrations").await? { ROWS } else { ROWS_WITHOUT_NOTES };
        let rows: Vec<Read> = query_as(sql).fetch_all(&mut *self.0).await.map_err(failed)?;
        let read = |(version, name, checksum, sealed, compatible_from, down): Read| {
            let noted = match (sealed, compatible_from, down) {
                (Some(sealed), Some(compatible_from), Some(down)) => Some(Noted { sealed, compatible_from, down }),
                _ => None,
            };
            Row::read(version, &name, checksum, noted)
        };
        Ok(rows.into_iter().map(read).collect())
    }

    async fn note(&mut self, version: i64, noted: &Noted) -> Result<()> {
        let sql = "REPLACE INTO arcana_migrations (version, sealed, compatible_from, down_sql) VALUES (?, ?, ?, ?)";
        let statement = query(sql).bind(version).bind(noted.sealed).bind(noted.compatible_from).bind(&noted.down);
        statement.execute(&mut *self.0).await.map(drop).map_err(failed)
    }

    async fn exists(&mut self, query: &str) -> Result<bool> {
        let rows = raw_sql(AssertSqlSafe(query.to_owned())).fetch_all(&mut *self.0).await.map_err(failed)?;
        Ok(!rows.is_empty())
    }

    async fn run(&mut self, text: &str, note: Note<'_>) -> Result<()> {
        match &note {
            Note::Applied { migration, description, checksum, .. } => query(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (?, ?, FALSE, ?, -1)",
            )
            .bind(migration.version)
            .bind(description)
            .bind(checksum)
            .execute(&mut *self.0),
            Note::TakenBack(version) => query("UPDATE _sqlx_migrations SET success = FALSE WHERE version = ?")
                .bind(version)
                .execute(&mut *self.0),
        }
        .await
        .map_err(failed)?;
        if let Err((done, cause)) = statements(&mut self.0, text).await {
            if done == 0 {
                // Nothing was changed, so nothing stopped midway.
                let (sql, version) = match &note {
                    Note::Applied { migration, .. } => {
                        ("DELETE FROM _sqlx_migrations WHERE version = ?", migration.version)
                    }
                    Note::TakenBack(version) => {
                        ("UPDATE _sqlx_migrations SET success = TRUE WHERE version = ?", *version)
                    }
                };
                query(sql).bind(version).execute(&mut *self.0).await.map_err(failed)?;
            }
            return Err(failed(cause));
        }
        match note {
            Note::Applied { migration, noted, started, .. } => {
                self.note(migration.version, &noted).await?;
                let nanos = i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX);
                query("UPDATE _sqlx_migrations SET success = TRUE, execution_time = ? WHERE version = ?")
                    .bind(nanos)
                    .bind(migration.version)
                    .execute(&mut *self.0)
            }
            Note::TakenBack(version) => {
                let sql = "DELETE FROM arcana_migrations WHERE version = ?";
                query(sql).bind(version).execute(&mut *self.0).await.map_err(failed)?;
                query("DELETE FROM _sqlx_migrations WHERE version = ?").bind(version).execute(&mut *self.0)
            }
        }
        .await
        .map(drop)
        .map_err(failed)
    }
}

impl Migrator {
    async fn has_table(&mut self, name: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?";
        let found: Option<(i32,)> = query_as(sql).bind(name).fetch_optional(&mut *self.0).await.map_err(failed)?;
        Ok(found.is_some())
    }
}

fn failed(cause: sqlx_core::Error) -> Error {
    match &cause {
        // For whoever migrates, what the server says is what is needed.
        sqlx_core::Error::Database(said) => Error::internal(said.message().to_owned()),
        _ => fault(cause).into(),
    }
}
