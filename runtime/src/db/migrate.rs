//! Applies migrations, in the file names and the table of sqlx, so that its command line works on them too.

use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha384};

use super::Dialect;
use super::sqlite::error;

#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) mod server;
use crate::error::{Error, Result};

/// One migration, embedded in the binary.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Number, from 1.
    pub version: i64,
    /// What it does, in its file name.
    pub name: &'static str,
    /// Statements that bring the change.
    pub up: &'static str,
    /// Statements that take it back.
    pub down: &'static str,
    /// Closed: its text never changes again.
    pub sealed: bool,
}

/// The migrations of a project, by dialect; a dialect that the project does not name has none.
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    /// For SQLite.
    pub sqlite: &'static [Migration],
    /// For PostgreSQL.
    pub postgres: &'static [Migration],
    /// For MySQL and MariaDB.
    pub mysql: &'static [Migration],
}

impl Migrations {
    /// Those of a dialect.
    pub fn of(&self, dialect: Dialect) -> &'static [Migration] {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
            Dialect::Mysql => self.mysql,
        }
    }
}

/// A migration that was applied or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Number.
    pub version: i64,
    /// What it does.
    pub name: String,
}

/// How a migration stands in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// Applied as it stands in the binary.
    Applied,
    /// Not applied.
    Pending,
    /// Applied with another text.
    Changed,
    /// Applied, and not known to the binary.
    Unknown,
}

impl MigrationState {
    /// As commands print it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
        }
    }
}

pub(super) struct Row {
    pub version: i64,
    pub name: String,
    pub checksum: Vec<u8>,
}

pub(super) fn up(connection: &mut Connection, migrations: &[Migration]) -> Result<Vec<Applied>> {
    prepare(connection)?;
    let mut applied = Vec::new();
    for migration in migrations {
        // The lock is taken before the look, so that of several starting processes one migrates and the rest see it.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(error)?;
        let rows = rows(&transaction)?;
        refuse_strangers(&rows, migrations)?;
        if rows.iter().any(|row| row.version == migration.version) {
            continue;
        }
        let started = Instant::now();
        transaction.execute_batch(migration.up).map_err(|cause| failed(migration, "up", &cause))?;
        transaction
            .execute(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (?1, ?2, TRUE, ?3, ?4)",
                (
                    migration.version,
                    migration.name.replace('_', " "),
                    checksum(migration),
                    i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX),
                ),
            )
            .map_err(error)?;
        transaction.commit().map_err(error)?;
        applied.push(Applied { version: migration.version, name: migration.name.to_owned() });
    }
    let rows = rows(connection)?;
    refuse_strangers(&rows, migrations)?;
    Ok(applied)
}

pub(super) fn down(connection: &mut Connection, migrations: &[Migration]) -> Result<Option<Applied>> {
    prepare(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(error)?;
    let Some(newest) = rows(&transaction)?.into_iter().next_back() else { return Ok(None) };
    let migration = migrations.iter().find(|migration| migration.version == newest.version).ok_or_else(|| {
        Error::internal(format!("migration {} ({}) is not known to this binary", newest.version, newest.name))
    })?;
    transaction.execute_batch(migration.down).map_err(|cause| failed(migration, "down", &cause))?;
    transaction.execute("DELETE FROM _sqlx_migrations WHERE version = ?1", [migration.version]).map_err(error)?;
    transaction.commit().map_err(error)?;
    Ok(Some(Applied { version: migration.version, name: migration.name.to_owned() }))
}

pub(super) fn status(connection: &mut Connection, migrations: &[Migration]) -> Result<Vec<(Applied, MigrationState)>> {
    let noted = connection.table_exists(None, "_sqlx_migrations").map_err(error)?;
    let rows = if noted { rows(connection)? } else { Vec::new() };
    Ok(states(&rows, migrations))
}

fn states(rows: &[Row], migrations: &[Migration]) -> Vec<(Applied, MigrationState)> {
    let known = migrations.iter().map(|migration| {
        let state = match rows.iter().find(|row| row.version == migration.version) {
            None => MigrationState::Pending,
            Some(row) if row.checksum == checksum(migration) => MigrationState::Applied,
            Some(_) => MigrationState::Changed,
        };
        (Applied { version: migration.version, name: migration.name.to_owned() }, state)
    });
    let unknown = rows.iter().filter(|row| migrations.iter().all(|migration| migration.version != row.version));
    let unknown =
        unknown.map(|row| (Applied { version: row.version, name: row.name.clone() }, MigrationState::Unknown));
    known.chain(unknown).collect()
}

fn prepare(connection: &Connection) -> Result<()> {
    connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
                version BIGINT PRIMARY KEY,
                description TEXT NOT NULL,
                installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                success BOOLEAN NOT NULL,
                checksum BLOB NOT NULL,
                execution_time BIGINT NOT NULL
            );
            CREATE TABLE IF NOT EXISTS arcana_sequences (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS arcana_keys (name TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS arcana_words (name TEXT PRIMARY KEY, fields TEXT NOT NULL) STRICT;",
        )
        .map_err(error)
}

fn rows(connection: &Connection) -> Result<Vec<Row>> {
    let mut statement = connection
        .prepare("SELECT version, description, checksum FROM _sqlx_migrations ORDER BY version")
        .map_err(error)?;
    let rows = statement
        .query_map([], |row| Ok(Row { version: row.get(0)?, name: row.get(1)?, checksum: row.get(2)? }))
        .map_err(error)?;
    rows.collect::<rusqlite::Result<_>>().map_err(error)
}

fn refuse_strangers(rows: &[Row], migrations: &[Migration]) -> Result<()> {
    for row in rows {
        match migrations.iter().find(|migration| migration.version == row.version) {
            Some(migration) if row.checksum == checksum(migration) => {}
            Some(migration) => {
                return Err(Error::internal(format!(
                    "migration {} ({}) was applied with another text; a migration that is applied never changes",
                    migration.version, migration.name
                )));
            }
            None => {
                return Err(Error::internal(format!(
                    "the database has migration {} ({}), which this binary does not know; start a newer binary",
                    row.version, row.name
                )));
            }
        }
    }
    Ok(())
}

pub(super) fn checksum(migration: &Migration) -> Vec<u8> {
    Sha384::digest(migration.up.as_bytes()).to_vec()
}

fn failed(migration: &Migration, way: &str, cause: &impl std::fmt::Display) -> Error {
    Error::internal(format!("migration {} ({}) failed on its way {way}: {cause}", migration.version, migration.name))
}
