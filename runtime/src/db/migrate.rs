//! Applies migrations, in the file names and the table of sqlx, so that its command line works on them too.

use sha2::{Digest, Sha384};

use super::Dialect;
use crate::error::{Error, Result};

#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) mod server;
pub(super) mod sqlite;

/// Line at the top of a migration beside which services that were built before it go on working.
const COMPATIBLE: &str = "-- Compatible with services that were built before it.";

/// Begins a line there that says what must hold of the rows that exist; behind it stands a query that answers with a row if
/// it does not.
const NEEDS: &str = "-- Needs: ";

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
    /// Applied while it was open; it has changed since, or is gone.
    Outgrown,
    /// Applied by a newer binary, beside which this one goes on working.
    Newer,
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
            Self::Outgrown => "outgrown",
            Self::Newer => "newer",
            Self::Unknown => "unknown",
        }
    }
}

/// A migration as a database has it.
pub(super) struct Row {
    pub version: i64,
    pub name: String,
    pub checksum: Vec<u8>,
    /// What was noted beside it; databases that were migrated by an older runtime have nothing.
    pub noted: Option<Noted>,
}

/// What a binary that does not know a migration must know of it.
pub(super) struct Noted {
    /// Its text never changed again.
    pub sealed: bool,
    /// A binary must know at least this migration to work with the database.
    pub compatible_from: i64,
    /// Statements that take it back.
    pub down: String,
}

/// Reads [`Row`]s, with NULL where nothing was noted; in every dialect.
pub(super) const ROWS: &str = "SELECT m.version, m.description, m.checksum, n.sealed, n.compatible_from, n.down_sql \
                               FROM _sqlx_migrations m LEFT JOIN arcana_migrations n ON n.version = m.version \
                               WHERE m.success ORDER BY m.version";

/// The same for a database that no runtime with notes has migrated yet.
pub(super) const ROWS_WITHOUT_NOTES: &str = "SELECT version, description, checksum, NULL, NULL, NULL \
                                             FROM _sqlx_migrations WHERE success ORDER BY version";

fn states(rows: &[Row], migrations: &[Migration]) -> Vec<(Applied, MigrationState)> {
    let strange = |row: &Row, otherwise| if row.was_open(migrations) { MigrationState::Outgrown } else { otherwise };
    let known = migrations.iter().map(|migration| {
        let state = match rows.iter().find(|row| row.version == migration.version) {
            None => MigrationState::Pending,
            Some(row) if row.checksum == checksum(migration) => MigrationState::Applied,
            Some(row) => strange(row, MigrationState::Changed),
        };
        (Applied { version: migration.version, name: migration.name.to_owned() }, state)
    });
    let beyond = if needed(rows) <= newest(migrations) { MigrationState::Newer } else { MigrationState::Unknown };
    let unknown = rows.iter().filter(|row| !is_known(row, migrations)).map(|row| {
        let state = if row.version > newest(migrations) { beyond } else { MigrationState::Unknown };
        (Applied { version: row.version, name: row.name.clone() }, strange(row, state))
    });
    known.chain(unknown).collect()
}

impl Row {
    /// As it is read: its description is its name with blanks.
    pub(super) fn read(version: i64, description: &str, checksum: Vec<u8>, noted: Option<Noted>) -> Self {
        Self { version, name: description.replace(' ', "_"), checksum, noted }
    }

    /// Whether it was open when it was applied. Without a note, what comes behind all that is sealed is taken for open.
    fn was_open(&self, migrations: &[Migration]) -> bool {
        let sealed = migrations.iter().rfind(|migration| migration.sealed).map(|migration| migration.version);
        self.noted.as_ref().map_or(sealed.is_none_or(|sealed| self.version > sealed), |noted| !noted.sealed)
    }
}

impl Migration {
    /// The comments at the top of the way up.
    fn comments(&self) -> impl Iterator<Item = &'static str> {
        self.up.lines().take_while(|line| line.starts_with("--"))
    }

    /// What must hold before it runs: words, and a query that answers with a row if it does not.
    fn needs(&self) -> Vec<(&'static str, &'static str)> {
        let queries = self.comments().skip(1).map(|line| line.trim_start_matches('-').trim());
        self.comments().zip(queries).filter_map(|(line, query)| Some((line.strip_prefix(NEEDS)?, query))).collect()
    }

    /// The refusal of a migration whose need is not met.
    fn needs_first(&self, words: &str) -> Error {
        // What is written by hand comes behind all that is sealed.
        let way = if self.sealed {
            "by SQL on the database"
        } else {
            "with SQL of your own (cargo xtask migrate new --custom)"
        };
        Error::internal(format!(
            "migration {:04} ({}) needs {words}, and nothing of it was done: mend the rows first, through the service that runs or \
             {way}",
            self.version, self.name
        ))
    }

    /// Whether services that were built before it go on working beside it; its text says so.
    fn is_compatible(&self) -> bool {
        self.comments().any(|line| line == COMPATIBLE)
    }

    /// What is noted of it, applied behind these.
    pub(super) fn noted(&self, before: &[Row]) -> Noted {
        let compatible_from = if self.is_compatible() { needed(before) } else { self.version };
        Noted { sealed: self.sealed, compatible_from, down: self.down.to_owned() }
    }
}

/// The migration that a binary must know to work with a database; 0 for one that has none.
fn needed(rows: &[Row]) -> i64 {
    let of = |row: &Row| row.noted.as_ref().map_or(row.version, |noted| noted.compatible_from);
    rows.last().map(of).unwrap_or_default()
}

/// The newest migration that the binary knows.
fn newest(migrations: &[Migration]) -> i64 {
    migrations.last().map(|migration| migration.version).unwrap_or_default()
}

fn is_known(row: &Row, migrations: &[Migration]) -> bool {
    migrations.iter().any(|migration| migration.version == row.version)
}

/// Says why the migrations of a database are not those of the binary, unless it can work beside those it does not know.
fn refuse_strangers(rows: &[Row], migrations: &[Migration]) -> Result<()> {
    for row in rows {
        let known = migrations.iter().find(|migration| migration.version == row.version);
        if let Some(migration) = known.filter(|migration| row.checksum != checksum(migration)) {
            return Err(Error::internal(format!(
                "migration {:04} ({}) was applied with another text, as ({}); a migration that is applied never changes. \
                 Take it back with `migrate down`, which knows the text of then, and apply it again with `migrate up`",
                migration.version, migration.name, row.name
            )));
        }
    }
    let Some(stranger) = rows.iter().find(|row| !is_known(row, migrations)) else { return Ok(()) };
    let (newest, needed) = (newest(migrations), needed(rows));
    if let Some(missing) = migrations.iter().find(|migration| rows.iter().all(|row| row.version != migration.version)) {
        return Err(Error::internal(format!(
            "the database has migration {:04} ({}), which this binary does not know, and lacks {:04} ({}), which it does: \
             they are of two branches. Take it back with `migrate down`, which knows its text, then run `migrate up`",
            stranger.version, stranger.name, missing.version, missing.name
        )));
    }
    let is_open = |row: &&Row| !is_known(row, migrations) && row.noted.is_some() && row.was_open(migrations);
    if let Some(open) = rows.iter().find(is_open) {
        return Err(Error::internal(format!(
            "the database has migration {:04} ({}), which was open when it was applied, and which this binary does not know. \
             Take it back with `migrate down`, which knows its text",
            open.version, open.name
        )));
    }
    if needed <= newest {
        return Ok(());
    }
    let name = rows.iter().find(|row| row.version == needed).map_or("", |row| row.name.as_str());
    Err(Error::internal(format!(
        "the database is beyond this binary, which knows the migrations up to {newest:04}: a service must know {needed:04} \
         ({name}) to work with it. Start one that does, or take the newer migrations back with `migrate down`"
    )))
}

/// What must still be noted of migrations that are applied: of those from before there were notes, and of those that were
/// sealed since.
fn to_note(rows: &[Row], migrations: &[Migration]) -> Vec<(i64, Noted)> {
    let noted = rows.iter().enumerate().filter_map(|(index, row)| {
        let same = |migration: &&Migration| migration.version == row.version && checksum(migration) == row.checksum;
        let known = migrations.iter().find(same)?;
        let fits = row.noted.as_ref().is_some_and(|noted| noted.sealed || !known.sealed);
        (!fits).then(|| (row.version, known.noted(rows.get(..index).unwrap_or_default())))
    });
    noted.collect()
}

/// Which migration is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The newest.
    Newest,
    /// The newest, if it was open when it was applied and some open one has changed since.
    Outgrown,
}

impl Which {
    /// The row of the migration that is taken back, if there is one.
    fn of(self, rows: Vec<Row>, migrations: &[Migration]) -> Option<Row> {
        let outgrown = states(&rows, migrations).iter().any(|(_, state)| *state == MigrationState::Outgrown);
        let newest = rows.into_iter().next_back()?;
        (self == Self::Newest || outgrown && newest.was_open(migrations)).then_some(newest)
    }
}

/// The statements that take a migration back: those of the binary, if it is the one that was applied, or those that were
/// noted then.
fn way_back<'m>(row: &'m Row, migrations: &'m [Migration]) -> Result<&'m str> {
    let same = |migration: &&Migration| migration.version == row.version && checksum(migration) == row.checksum;
    match (migrations.iter().find(same), &row.noted) {
        (Some(migration), _) => Ok(migration.down),
        (None, Some(noted)) => Ok(&noted.down),
        (None, None) => Err(Error::internal(format!(
            "migration {:04} ({}) is not known to this binary, and the database has not noted how to take it back; run \
             `migrate down` of the binary that applied it",
            row.version, row.name
        ))),
    }
}

pub(super) fn checksum(migration: &Migration) -> Vec<u8> {
    Sha384::digest(migration.up.as_bytes()).to_vec()
}

fn failed(version: i64, name: &str, way: &str, cause: &impl std::fmt::Display) -> Error {
    Error::internal(format!("migration {version} ({name}) failed on its way {way}: {cause}"))
}
