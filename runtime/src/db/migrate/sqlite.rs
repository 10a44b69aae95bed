//! Migrations of a SQLite file: each in a transaction that is also the lock.

use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior};

use super::{
    Applied, Migration, MigrationState, Noted, ROWS, ROWS_WITHOUT_NOTES, Row, Which, checksum, failed,
    refuse_strangers, states, to_note, way_back,
};
use crate::db::sqlite::error;
use crate::error::Result;

pub(in super::super) fn up(connection: &mut Connection, migrations: &[Migration]) -> Result<Vec<Applied>> {
    prepare(connection)?;
    note_again(connection, migrations)?;
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
        let failed = |cause| failed(migration.version, migration.name, "up", &cause);
        for (words, query) in migration.needs() {
            if transaction.prepare(query).and_then(|mut statement| statement.exists([])).map_err(failed)? {
                return Err(migration.needs_first(words));
            }
        }
        transaction.execute_batch(migration.up).map_err(failed)?;
        note(&transaction, migration, started)?;
        beside(&transaction, migration.version, &migration.noted(&rows))?;
        transaction.commit().map_err(error)?;
        applied.push(Applied { version: migration.version, name: migration.name.to_owned() });
    }
    let rows = rows(connection)?;
    refuse_strangers(&rows, migrations)?;
    Ok(applied)
}

pub(in super::super) fn down(
    connection: &mut Connection,
    migrations: &[Migration],
    which: Which,
) -> Result<Option<Applied>> {
    prepare(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(error)?;
    let Some(newest) = which.of(rows(&transaction)?, migrations) else { return Ok(None) };
    let failed = |cause| failed(newest.version, &newest.name, "down", &cause);
    transaction.execute_batch(way_back(&newest, migrations)?).map_err(failed)?;
    for table in ["_sqlx_migrations", "arcana_migrations"] {
        let sql = format!("DELETE FROM {table} WHERE version = ?1");
        transaction.execute(&sql, [newest.version]).map_err(error)?;
    }
    transaction.commit().map_err(error)?;
    Ok(Some(Applied { version: newest.version, name: newest.name }))
}

pub(in super::super) fn status(
    connection: &mut Connection,
    migrations: &[Migration],
) -> Result<Vec<(Applied, MigrationState)>> {
    let noted = connection.table_exists(None, "_sqlx_migrations").map_err(error)?;
    let rows = if noted { rows(connection)? } else { Vec::new() };
    Ok(states(&rows, migrations))
}

fn note_again(connection: &mut Connection, migrations: &[Migration]) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(error)?;
    for (version, noted) in to_note(&rows(&transaction)?, migrations) {
        beside(&transaction, version, &noted)?;
    }
    transaction.commit().map_err(error)
}

fn note(connection: &Connection, migration: &Migration, started: Instant) -> Result<()> {
    connection
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
        .map(drop)
        .map_err(error)
}

/// Whoever took the migration back with another tool left its note.
fn beside(connection: &Connection, version: i64, noted: &Noted) -> Result<()> {
    let sql =
        "INSERT OR REPLACE INTO arcana_migrations (version, sealed, compatible_from, down_sql) VALUES (?1, ?2, ?3, ?4)";
    let values = (version, noted.sealed, noted.compatible_from, &noted.down);
    connection.execute(sql, values).map(drop).map_err(error)
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
            CREATE TABLE IF NOT EXISTS arcana_migrations (
                version INTEGER PRIMARY KEY,
                sealed INTEGER NOT NULL,
                compatible_from INTEGER NOT NULL,
                down_sql TEXT NOT NULL
            ) STRICT;
            CREATE TABLE IF NOT EXISTS arcana_sequences (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS arcana_keys (name TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS arcana_words (name TEXT PRIMARY KEY, fields TEXT NOT NULL) STRICT;",
        )
        .map_err(error)
}

fn rows(connection: &Connection) -> Result<Vec<Row>> {
    let noted = connection.table_exists(None, "arcana_migrations").map_err(error)?;
    let mut statement = connection.prepare(if noted { ROWS } else { ROWS_WITHOUT_NOTES }).map_err(error)?;
    let rows = statement.query_map([], |row| {
        let noted = match row.get(3)? {
            Some(sealed) => Some(Noted { sealed, compatible_from: row.get(4)?, down: row.get(5)? }),
            None => None,
        };
        let description: String = row.get(1)?;
        Ok(Row::read(row.get(0)?, &description, row.get(2)?, noted))
    });
    rows.map_err(error)?.collect::<rusqlite::Result<_>>().map_err(error)
}
