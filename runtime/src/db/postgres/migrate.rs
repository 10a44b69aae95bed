//! Migrations of PostgreSQL: each in a transaction, with what is noted of it.

use deadpool_postgres::Object;

use super::super::migrate::Row;
use super::super::migrate::server::{Note, Runner};
use super::{Postgres, fault};
use crate::error::{Error, Result};

/// Key of the lock; locks are known by number, within a database.
const LOCK: i64 = 0x6172_6361_6e61;

/// A connection that migrates.
pub(in super::super) struct Migrator(Object);

impl Postgres {
    pub(in super::super) async fn migrator(&self) -> Result<Migrator> {
        let client = self.client().await?;
        // A migration may take its time.
        client.batch_execute("SET statement_timeout = 0").await.map_err(failed)?;
        Ok(Migrator(client))
    }
}

impl Migrator {
    /// The connection is not used for anything else afterwards.
    pub(in super::super) fn close(self) {
        drop(Object::take(self.0));
    }
}

impl Runner for Migrator {
    async fn prepare(&mut self) -> Result<()> {
        self.0
            .batch_execute(
                "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
                    version BIGINT PRIMARY KEY,
                    description TEXT NOT NULL,
                    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
                    success BOOLEAN NOT NULL,
                    checksum BYTEA NOT NULL,
                    execution_time BIGINT NOT NULL
                );
                CREATE TABLE IF NOT EXISTS arcana_sequences (name TEXT COLLATE \"C\" PRIMARY KEY, next BIGINT NOT NULL);
                CREATE TABLE IF NOT EXISTS arcana_keys (name TEXT COLLATE \"C\" PRIMARY KEY, secret BYTEA NOT NULL);
                CREATE TABLE IF NOT EXISTS arcana_words (name TEXT COLLATE \"C\" PRIMARY KEY, fields TEXT NOT NULL);",
            )
            .await
            .map_err(failed)
    }

    async fn is_prepared(&mut self) -> Result<bool> {
        let row = self.0.query_one("SELECT to_regclass('_sqlx_migrations') IS NOT NULL", &[]).await.map_err(failed)?;
        row.try_get(0).map_err(failed)
    }

    async fn lock(&mut self) -> Result<()> {
        self.0.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map(drop).map_err(failed)
    }

    async fn unlock(&mut self) -> Result<()> {
        self.0.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await.map(drop).map_err(failed)
    }

    async fn rows(&mut self) -> Result<Vec<Row>> {
        let sql = "SELECT version, description, checksum FROM _sqlx_migrations ORDER BY version";
        let rows = self.0.query(sql, &[]).await.map_err(failed)?;
        Ok(rows.iter().map(|row| Row { version: row.get(0), name: row.get(1), checksum: row.get(2) }).collect())
    }

    async fn run(&mut self, text: &str, note: Note<'_>) -> Result<()> {
        let transaction = self.0.transaction().await.map_err(failed)?;
        transaction.batch_execute(text).await.map_err(failed)?;
        match note {
            Note::Applied { migration, description, checksum, started } => {
                let nanos = i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX);
                let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                           VALUES ($1, $2, TRUE, $3, $4)";
                transaction.execute(sql, &[&migration.version, &description, &checksum, &nanos]).await
            }
            Note::TakenBack(version) => {
                transaction.execute("DELETE FROM _sqlx_migrations WHERE version = $1", &[&version]).await
            }
        }
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }
}

fn failed(cause: tokio_postgres::Error) -> Error {
    match cause.as_db_error() {
        // For whoever migrates, what the server says is what is needed.
        Some(said) if !fault_is_of_the_connection(&cause) => Error::internal(said.to_string()),
        _ => fault(cause).into(),
    }
}

fn fault_is_of_the_connection(cause: &tokio_postgres::Error) -> bool {
    cause.code().is_none_or(|code| ["08", "53", "57"].iter().any(|class| code.code().starts_with(class)))
}
