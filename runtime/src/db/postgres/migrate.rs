//! Migrations of PostgreSQL: each in a transaction, with what is noted of it.

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio_postgres::GenericClient;
use tokio_postgres::types::{ToSql, Type};

use super::super::migrate::server::{Note, Runner};
use super::super::migrate::{Noted, ROWS, ROWS_WITHOUT_NOTES, Row};
use super::{Postgres, Sending, fault, unreachable};
use crate::error::{Error, Result};

/// Key of the lock; locks are known by number, within a database.
const LOCK: i64 = 0x6172_6361_6e61;

/// How often to look whether another process has ended its migrations.
const POLL: Duration = Duration::from_millis(100);

/// A connection that migrates. It is no longer one of the pool's.
pub(in super::super) struct Migrator {
    client: ClientWrapper,
    lock: Lock,
}

/// What holds the lock.
enum Lock {
    /// The session.
    Session,
    /// Where connections are lent for one transaction, a transaction on another of them.
    Transaction { pool: Pool, holder: Option<Box<Object>> },
}

impl Postgres {
    pub(in super::super) async fn migrator(&self) -> Result<Migrator> {
        let client = Object::take(self.client().await?);
        let lock = match self.sending {
            Sending::Prepared => {
                // Those that go before may take their time.
                client.batch_execute("SET statement_timeout = 0").await.map_err(failed)?;
                Lock::Session
            }
            Sending::Unprepared => Lock::Transaction { pool: self.pool.clone(), holder: None },
        };
        Ok(Migrator { client, lock })
    }

    /// Runs statements as they are, on a connection that is not used for anything else afterwards.
    pub(in super::super) async fn administer(&self, sql: &str) -> Result<()> {
        let client = Object::take(self.client().await?);
        // It may take its time.
        client.batch_execute("SET statement_timeout = 0").await.map_err(failed)?;
        client.batch_execute(sql).await.map_err(failed)
    }
}

impl Migrator {
    /// The connections are not used for anything else afterwards.
    pub(in super::super) fn close(self) {
        if let Lock::Transaction { holder: Some(holder), .. } = self.lock {
            drop(Object::take(*holder));
        }
    }
}

impl Runner for Migrator {
    async fn prepare(&mut self) -> Result<()> {
        // All of it is one transaction. That a table is there already is no news for the log.
        self.client
            .batch_execute(
                "SET LOCAL client_min_messages = warning;
                CREATE TABLE IF NOT EXISTS _sqlx_migrations (
                    version BIGINT PRIMARY KEY,
                    description TEXT NOT NULL,
                    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
                    success BOOLEAN NOT NULL,
                    checksum BYTEA NOT NULL,
                    execution_time BIGINT NOT NULL
                );
                CREATE TABLE IF NOT EXISTS arcana_migrations (
                    version BIGINT PRIMARY KEY,
                    sealed BOOLEAN NOT NULL,
                    compatible_from BIGINT NOT NULL,
                    down_sql TEXT NOT NULL
                );
                CREATE TABLE IF NOT EXISTS arcana_sequences (name TEXT COLLATE \"C\" PRIMARY KEY, next BIGINT NOT NULL);
                CREATE TABLE IF NOT EXISTS arcana_keys (name TEXT COLLATE \"C\" PRIMARY KEY, secret BYTEA NOT NULL);
                CREATE TABLE IF NOT EXISTS arcana_words (name TEXT COLLATE \"C\" PRIMARY KEY, fields TEXT NOT NULL);",
            )
            .await
            .map_err(failed)
    }

    async fn is_prepared(&mut self) -> Result<bool> {
        self.has_table("_sqlx_migrations").await
    }

    async fn lock(&mut self) -> Result<()> {
        let Lock::Transaction { pool, holder } = &mut self.lock else {
            return self.client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await.map_err(failed);
        };
        let holder = holder.insert(Box::new(pool.get().await.map_err(unreachable)?));
        // Whoever waits gives back what was lent: all that there are might wait for one that cannot go on without another.
        loop {
            holder.batch_execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0").await.map_err(failed)?;
            let sql = format!("SELECT pg_try_advisory_xact_lock({LOCK})");
            let rows = holder.query_typed(&sql, &[]).await.map_err(failed)?;
            if rows.first().is_some_and(|row| row.get(0)) {
                return Ok(());
            }
            holder.batch_execute("ROLLBACK").await.map_err(failed)?;
            tokio::time::sleep(POLL).await;
        }
    }

    async fn unlock(&mut self) -> Result<()> {
        match &self.lock {
            Lock::Session => {
                self.client.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).await.map_err(failed)
            }
            Lock::Transaction { holder: Some(holder), .. } => holder.batch_execute("COMMIT").await.map_err(failed),
            Lock::Transaction { holder: None, .. } => Ok(()),
        }
    }

    async fn rows(&mut self) -> Result<Vec<Row>> {
        let noted = self.has_table("arcana_migrations").await?;
        // NULLs have the types of the notes, by which they are read.
        let alone = ROWS_WITHOUT_NOTES.replacen("NULL, NULL, NULL", "NULL::boolean, NULL::bigint, NULL::text", 1);
        let rows = self.client.query_typed(if noted { ROWS } else { &alone }, &[]).await.map_err(failed)?;
        let read = |row: &tokio_postgres::Row| {
            let sealed: Option<bool> = row.get(3);
            let noted = sealed.map(|sealed| Noted { sealed, compatible_from: row.get(4), down: row.get(5) });
            Row::read(row.get(0), row.get(1), row.get(2), noted)
        };
        Ok(rows.iter().map(read).collect())
    }

    async fn note(&mut self, version: i64, noted: &Noted) -> Result<()> {
        note_beside(&*self.client, version, noted).await
    }

    async fn exists(&mut self, query: &str) -> Result<bool> {
        let transaction = self.client.transaction().await.map_err(failed)?;
        // It may take its time.
        transaction.batch_execute("SET LOCAL statement_timeout = 0").await.map_err(failed)?;
        let rows = transaction.query_typed(query, &[]).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(!rows.is_empty())
    }

    async fn run(&mut self, text: &str, note: Note<'_>) -> Result<()> {
        let transaction = self.client.transaction().await.map_err(failed)?;
        // It may take its time.
        transaction.batch_execute("SET LOCAL statement_timeout = 0").await.map_err(failed)?;
        transaction.batch_execute(text).await.map_err(failed)?;
        match note {
            Note::Applied { migration, description, checksum, noted, started } => {
                let nanos = i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX);
                let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                           VALUES ($1, $2, TRUE, $3, $4)";
                let values: [(&(dyn ToSql + Sync), Type); 4] = [
                    (&migration.version, Type::INT8),
                    (&description, Type::TEXT),
                    (&checksum, Type::BYTEA),
                    (&nanos, Type::INT8),
                ];
                transaction.execute_typed(sql, &values).await.map_err(failed)?;
                note_beside(&*transaction, migration.version, &noted).await?;
            }
            Note::TakenBack(version) => {
                for table in ["_sqlx_migrations", "arcana_migrations"] {
                    let sql = format!("DELETE FROM {table} WHERE version = $1");
                    transaction.execute_typed(&sql, &[(&version, Type::INT8)]).await.map_err(failed)?;
                }
            }
        }
        transaction.commit().await.map_err(failed)
    }
}

async fn note_beside(client: &impl GenericClient, version: i64, noted: &Noted) -> Result<()> {
    let sql = "INSERT INTO arcana_migrations (version, sealed, compatible_from, down_sql) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (version) DO UPDATE SET sealed = excluded.sealed, compatible_from = excluded.compatible_from, \
               down_sql = excluded.down_sql";
    let values: [(&(dyn ToSql + Sync), Type); 4] = [
        (&version, Type::INT8),
        (&noted.sealed, Type::BOOL),
        (&noted.compatible_from, Type::INT8),
        (&noted.down, Type::TEXT),
    ];
    client.execute_typed(sql, &values).await.map(drop).map_err(failed)
}

impl Migrator {
    async fn has_table(&self, name: &str) -> Result<bool> {
        let sql = "SELECT to_regclass($1) IS NOT NULL";
        let rows = self.client.query_typed(sql, &[(&name, Type::TEXT)]).await.map_err(failed)?;
        rows.first().map_or(Ok(false), |row| row.try_get(0).map_err(failed))
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
