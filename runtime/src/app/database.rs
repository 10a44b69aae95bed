//! Opening the database of the program, and bringing it to the schema of the binary.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

use super::App;
use super::command::explain;
use crate::db::{Db, DbConfig, MigrationState, Synchronous};
use crate::error::{Error, Result};
use crate::health::Check;
use crate::repository::{Reworded, reword};
use crate::settings::{Durability, Settings};
use crate::telemetry;

/// Whether the database answers, for readiness.
pub(super) struct Reachable(pub(super) Db);

#[async_trait]
impl Check for Reachable {
    fn name(&self) -> &'static str {
        "database"
    }

    async fn check(&self) -> Result<()> {
        self.0.ping().await
    }

    fn measure(&self) {
        telemetry::record_occupancy(self.0.occupancy());
    }
}

pub(super) fn config(settings: &Settings) -> Result<DbConfig, String> {
    let mut config = DbConfig::from_url(&settings.database.url).map_err(|error| explain(&error))?;
    config.statement_timeout = Duration::from_millis(settings.database.statement_timeout_ms);
    config.max_connections = settings.database.max_connections;
    config.shared_connections = settings.database.shared_connections;
    config.transaction_pooling = settings.database.transaction_pooling;
    config.acquire_timeout = Duration::from_millis(settings.database.acquire_timeout_ms);
    config.commits_per_transaction = settings.database.commits_per_transaction;
    config.synchronous = match settings.database.synchronous {
        Durability::Normal => Synchronous::Normal,
        Durability::Full => Synchronous::Full,
    };
    Ok(config)
}

/// Opens the database.
pub(super) fn open(settings: &Settings) -> Result<Db, String> {
    Db::open(&config(settings)?).map_err(|error| explain(&error))
}

/// Opens the database and migrates it, or says why it does not fit.
pub(super) async fn open_for_serving(app: &'static App, settings: &Settings) -> Result<Db, String> {
    let mut db = open(settings)?;
    refuse_open(app, settings, &db)?;
    if settings.environment == "development" && is_outgrown(app, &db).await? {
        db = without_outgrown(app, settings, db).await?;
    }
    if settings.database.migrate_on_start {
        let applied = db.migrate_up(app.migrations).await.map_err(|error| explain(&error))?;
        for migration in applied {
            tracing::info!(version = migration.version, name = migration.name, "migration applied");
        }
    } else {
        require_current(app, &db, ", and database.migrate_on_start is false").await?;
    }
    for Reworded { entity, rows } in make_words(app, &db).await? {
        tracing::info!(entity, rows, "words of searchable fields made");
    }
    Ok(db)
}

/// Gives rows that are older than their searchable fields the words to find them by.
pub(super) async fn make_words(app: &'static App, db: &Db) -> Result<Vec<Reworded>, String> {
    reword(db, app.searched).await.map_err(|error| explain(&error))
}

/// Refuses a database whose tables are not those of the binary.
pub(super) async fn require_current(app: &'static App, db: &Db, why: &str) -> Result<(), String> {
    let states = db.migrate_status(app.migrations).await.map_err(|error| explain(&error))?;
    let fits = |state| matches!(state, MigrationState::Applied | MigrationState::Newer);
    match states.iter().find(|(_, state)| !fits(*state)) {
        None => Ok(()),
        Some((migration, state)) => Err(format!(
            "migration {:04} {} is {}{why}; run `{} migrate up` first",
            migration.version,
            migration.name,
            state.word(),
            app.name
        )),
    }
}

/// Production takes no migration whose text may still change.
pub(super) fn refuse_open(app: &'static App, settings: &Settings, db: &Db) -> Result<(), String> {
    let open = app.migrations.of(db.dialect()).iter().find(|migration| !migration.sealed);
    match open.filter(|_| settings.environment == "production") {
        None => Ok(()),
        Some(open) => Err(format!(
            "migration {:04} {} is open: it may still change, and production takes sealed ones only; run `cargo xtask migrate \
             seal` and build again",
            open.version, open.name
        )),
    }
}

/// Whether the database has a migration that was open when it was applied and is no longer what it was.
async fn is_outgrown(app: &'static App, db: &Db) -> Result<bool, String> {
    let states = db.migrate_status(app.migrations).await.map_err(|error| explain(&error))?;
    Ok(states.iter().any(|(_, state)| *state == MigrationState::Outgrown))
}

/// Takes back what was open when it was applied and has changed since, by the texts that were noted then; other rows stay. Where
/// its SQL fails, a database of SQLite is moved aside and begun anew.
async fn without_outgrown(app: &'static App, settings: &Settings, db: Db) -> Result<Db, String> {
    let cause = loop {
        match db.migrate_down_outgrown(app.migrations).await {
            Ok(Some(taken)) => tracing::warn!(
                version = taken.version,
                name = taken.name,
                "an open migration has changed since it was applied: it is taken back"
            ),
            Ok(None) if is_outgrown(app, &db).await? => break "one that is sealed was applied behind it".to_owned(),
            Ok(None) => return Ok(db),
            Err(error @ Error::Internal(_)) => break explain(&error),
            Err(error) => return Err(explain(&error)),
        }
    };
    let Some(path) = config(settings)?.path() else {
        return Err(format!(
            "an open migration has changed since it was applied to this database, and cannot be taken back ({cause}); make the \
             database anew, and seal a migration before others have it"
        ));
    };
    tracing::warn!(cause, "an open migration has changed since it was applied, and cannot be taken back");
    // Whatever closes later would take the files of the new one away.
    db.close();
    set_aside(&path)?;
    open(settings)
}

/// Moves the files of a development database out of the way; what was in it stays readable.
fn set_aside(path: &Path) -> Result<(), String> {
    let beside = |path: &Path, suffix: &str| -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let old = beside(path, ".old");
    tracing::warn!(
        database = %path.display(), kept = %old.display(), "the development database is built anew"
    );
    for suffix in ["-wal", "-shm", ""] {
        let (from, to) = (beside(path, suffix), beside(&old, suffix));
        // A file of one that was kept before belongs to no other.
        let moved = if from.exists() { std::fs::rename(&from, &to) } else { remove_if_there(&to) };
        moved.map_err(|cause| format!("{} cannot be moved aside: {cause}", from.display()))?;
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
