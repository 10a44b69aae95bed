//! Migrations of a database server: one process migrates at a time, the others wait and find it done.

use std::time::Instant;

use super::{
    Applied, Migration, MigrationState, Noted, Row, Which, checksum, failed, refuse_strangers, states, to_note,
    way_back,
};
use crate::error::{Error, Result};

/// What a migration needs of a connection.
pub(in super::super) trait Runner {
    /// Makes the tables that migrations, sequences, secrets and the state of words are noted in, if they are not there.
    async fn prepare(&mut self) -> Result<()>;
    /// Waits until no other process migrates this database.
    async fn lock(&mut self) -> Result<()>;
    /// Whether every migration that was begun has ended; whoever has the lock finds none under way.
    async fn check_ended(&mut self) -> Result<()> {
        Ok(())
    }
    /// Whether the tables of [`Self::prepare`] are there.
    async fn is_prepared(&mut self) -> Result<bool>;
    /// Lets others migrate.
    async fn unlock(&mut self) -> Result<()>;
    /// What is applied, in order.
    async fn rows(&mut self) -> Result<Vec<Row>>;
    /// Notes beside a migration what a binary that does not know it must know; whoever took it back with another tool left its note.
    async fn note(&mut self, version: i64, noted: &Noted) -> Result<()>;
    /// Whether a query answers with a row.
    async fn exists(&mut self, query: &str) -> Result<bool>;
    /// Runs the statements of a migration and then `note`, together where the engine can.
    async fn run(&mut self, text: &str, note: Note<'_>) -> Result<()>;
}

/// What is written down of a migration.
pub(in super::super) enum Note<'m> {
    /// It is applied.
    Applied { migration: &'m Migration, description: String, checksum: Vec<u8>, noted: Noted, started: Instant },
    /// It is taken back.
    TakenBack(i64),
}

pub(in super::super) async fn up(runner: &mut impl Runner, migrations: &[Migration]) -> Result<Vec<Applied>> {
    locked(runner, async |runner| {
        let mut rows = runner.rows().await?;
        refuse_strangers(&rows, migrations)?;
        for (version, noted) in to_note(&rows, migrations) {
            runner.note(version, &noted).await?;
        }
        let mut applied = Vec::new();
        for migration in migrations {
            if rows.iter().any(|row| row.version == migration.version) {
                continue;
            }
            let note = Note::Applied {
                migration,
                description: migration.name.replace('_', " "),
                checksum: checksum(migration),
                noted: migration.noted(&rows),
                started: Instant::now(),
            };
            let failed = |cause| failed(migration.version, migration.name, "up", &told(&cause));
            for (words, query) in migration.needs() {
                if runner.exists(query).await.map_err(failed)? {
                    return Err(migration.needs_first(words));
                }
            }
            runner.run(migration.up, note).await.map_err(failed)?;
            applied.push(Applied { version: migration.version, name: migration.name.to_owned() });
            rows = runner.rows().await?;
        }
        Ok(applied)
    })
    .await
}

pub(in super::super) async fn down(
    runner: &mut impl Runner,
    migrations: &[Migration],
    which: Which,
) -> Result<Option<Applied>> {
    locked(runner, async |runner| {
        let Some(newest) = which.of(runner.rows().await?, migrations) else { return Ok(None) };
        let failed = |cause| failed(newest.version, &newest.name, "down", &told(&cause));
        let back = way_back(&newest, migrations)?;
        runner.run(back, Note::TakenBack(newest.version)).await.map_err(failed)?;
        Ok(Some(Applied { version: newest.version, name: newest.name }))
    })
    .await
}

pub(in super::super) async fn status(
    runner: &mut impl Runner,
    migrations: &[Migration],
) -> Result<Vec<(Applied, MigrationState)>> {
    // Whoever only looks changes nothing, and needs no lock for it.
    let rows = if runner.is_prepared().await? { runner.rows().await? } else { Vec::new() };
    Ok(states(&rows, migrations))
}

async fn locked<R: Runner, T>(runner: &mut R, work: impl AsyncFnOnce(&mut R) -> Result<T>) -> Result<T> {
    runner.lock().await?;
    let ready = match runner.prepare().await {
        Ok(()) => runner.check_ended().await,
        Err(cause) => Err(cause),
    };
    let outcome = match ready {
        Ok(()) => work(runner).await,
        Err(cause) => Err(cause),
    };
    // A lock that cannot be given back ends with its connection.
    let unlocked = runner.unlock().await;
    outcome.and_then(|done| unlocked.map(|()| done))
}

/// An error with its causes, for whoever migrates.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
