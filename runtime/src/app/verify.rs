//! `migrate verify`: whether the database is what its migrations say, and, if asked, whether the migrations are right.

use std::path::PathBuf;

use serde::Serialize;

use super::command::{Outcome, explain, print};
use super::{App, database};
use crate::db::introspect::{Live, differences};
use crate::db::{Applied, Db, DbConfig, Dialect, Migration, MigrationState, Migrations, on_scratch};
use crate::error::{Error, Result};
use crate::serve::signals;
use crate::settings::Settings;

/// Arguments of `migrate verify`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Print as JSON
    #[arg(long)]
    json: bool,
    /// Prove the migrations too, on scratch databases: each way down leads to where its way up began
    #[arg(long)]
    prove: bool,
    /// Folder of `<dialect>.sql`, which make the newest state at once: that must be where the migrations lead
    #[arg(long, value_name = "FOLDER", requires = "prove")]
    fresh: Option<PathBuf>,
}

/// What was looked at, and what was found.
#[derive(Debug, Serialize)]
struct Report {
    dialect: Dialect,
    /// Migrations that the database has.
    applied: usize,
    /// Where it differs from what they make of an empty one.
    differences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Proof>,
}

/// What became of the migrations on scratch databases.
#[derive(Debug, Default, Serialize)]
struct Proof {
    /// Migrations that went up, down and up again.
    migrations: usize,
    /// Where a way down does not lead back to, or where all of them do not lead to the newest state.
    differences: Vec<String>,
    /// Whether the newest state was known.
    fresh: bool,
}

pub(super) async fn verify(app: &'static App, settings: &Settings, db: &Db, args: &Args) -> Outcome {
    let config = database::config(settings)?;
    let report = look(app, &config, db, args).await?;
    if args.json {
        print(&serde_json::to_string_pretty(&report).map_err(|cause| cause.to_string())?)?;
    } else {
        print(&report.lines().join("\n"))?;
    }
    match report.differences.len() + report.proof.map_or(0, |proof| proof.differences.len()) {
        0 => Ok(()),
        1 => Err("1 difference".to_owned()),
        count => Err(format!("{count} differences")),
    }
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![match self.differences.is_empty() {
            true => format!("the database is what its {} migrations make", self.applied),
            false => format!("the database is not what its {} migrations make:", self.applied),
        }];
        lines.extend(self.differences.iter().map(|line| format!("  {line}")));
        let Some(proof) = &self.proof else { return lines };
        let lead = if proof.fresh { ", and lead to the schema" } else { "" };
        lines.push(match proof.differences.is_empty() {
            true => format!("all {} migrations go up, back and up again{lead}", proof.migrations),
            false => format!("not all {} migrations lead where they should:", proof.migrations),
        });
        lines.extend(proof.differences.iter().map(|line| format!("  {line}")));
        lines
    }
}

async fn look(app: &'static App, config: &DbConfig, db: &Db, args: &Args) -> Outcome<Report> {
    let states = db.migrate_status(app.migrations).await.map_err(|error| explain(&error))?;
    let all = app.migrations.of(db.dialect());
    let mut found = changed(&states);
    let applied = applied(&states, all)?;
    let live = db.introspect().await.map_err(|error| explain(&error))?;
    let expected = on_scratch(config, async |scratch| unless_told(state_after(scratch, all, applied)).await);
    found.extend(differences(&live, &expected.await.map_err(|error| explain(&error))?));
    let mut report = Report { dialect: db.dialect(), applied, differences: found, proof: None };
    if args.prove {
        report.proof = Some(prove(config, all, args).await?);
    }
    Ok(report)
}

/// How many migrations the database has; they are the first ones.
fn applied(states: &[(Applied, MigrationState)], all: &[Migration]) -> Outcome<usize> {
    let is_known = |applied: &Applied| all.iter().any(|migration| migration.version == applied.version);
    if let Some((unknown, _)) = states.iter().find(|(applied, _)| !is_known(applied)) {
        return Err(format!(
            "the database has migration {:04} {}, which this binary does not know; verify it with the binary that made it",
            unknown.version, unknown.name
        ));
    }
    let count = states.iter().take_while(|(_, state)| *state != MigrationState::Pending).count();
    match states.iter().skip(count).find(|(_, state)| *state != MigrationState::Pending) {
        None => Ok(count),
        Some((late, _)) => Err(format!(
            "migration {:04} {} is applied, but one before it is not; run `migrate status`, and apply them in order",
            late.version, late.name
        )),
    }
}

fn changed(states: &[(Applied, MigrationState)]) -> Vec<String> {
    let is_changed = |state| matches!(state, MigrationState::Changed | MigrationState::Outgrown);
    let changed = states.iter().filter(|(_, state)| is_changed(*state));
    changed
        .map(|(migration, _)| {
            format!("migration {:04} {}: applied with another text than it has now", migration.version, migration.name)
        })
        .collect()
}

/// The first `count` migrations of an engine.
pub(super) fn first(dialect: Dialect, all: &'static [Migration], count: usize) -> Migrations {
    let some = all.get(..count).unwrap_or(all);
    let of = |other| if dialect == other { some } else { &[] };
    Migrations { sqlite: of(Dialect::Sqlite), postgres: of(Dialect::Postgres), mysql: of(Dialect::Mysql) }
}

pub(super) async fn state_after(scratch: &Db, all: &'static [Migration], count: usize) -> Result<Live> {
    scratch.migrate_up(first(scratch.dialect(), all, count)).await?;
    scratch.introspect().await
}

async fn prove(config: &DbConfig, all: &'static [Migration], args: &Args) -> Outcome<Proof> {
    let mut proof = Proof { migrations: all.len(), ..Proof::default() };
    let walk = on_scratch(config, async |scratch| unless_told(there_and_back(scratch, all)).await);
    let (end, told) = walk.await.map_err(|error| explain(&error))?;
    proof.differences.extend(told);
    let Some(folder) = &args.fresh else { return Ok(proof) };
    let path = folder.join(format!("{}.sql", name(config)?));
    let sql = std::fs::read_to_string(&path).map_err(|cause| format!("{} cannot be read: {cause}", path.display()))?;
    let make = async |scratch: &Db| {
        // With none of them, it has what migrations find.
        state_after(scratch, all, 0).await?;
        scratch.administer(&sql).await?;
        scratch.introspect().await
    };
    let fresh = on_scratch(config, async |scratch| unless_told(make(scratch)).await);
    let fresh = fresh.await.map_err(|error| explain(&error))?;
    proof.fresh = true;
    proof.differences.extend(differences(&end, &fresh).iter().map(|line| format!("all migrations: {line}")));
    Ok(proof)
}

/// Takes each step up, back and up again: the state at the end, and where a way did not lead where it should.
async fn there_and_back(scratch: &Db, all: &'static [Migration]) -> Result<(Live, Vec<String>)> {
    let mut before = state_after(scratch, all, 0).await?;
    let mut found = Vec::new();
    for (at, migration) in all.iter().enumerate() {
        let step = format!("{:04} {}", migration.version, migration.name);
        let up = state_after(scratch, all, at + 1).await?;
        scratch.migrate_down(first(scratch.dialect(), all, at + 1)).await?;
        let back = differences(&scratch.introspect().await?, &before);
        found.extend(back.iter().map(|line| format!("down of {step}: {line}")));
        before = state_after(scratch, all, at + 1).await?;
        let again = differences(&before, &up);
        found.extend(again.iter().map(|line| format!("{step}, up again: {line}")));
    }
    Ok((before, found))
}

fn name(config: &DbConfig) -> Outcome<&'static str> {
    let dialect = config.dialect().map_err(|error| explain(&error))?;
    Ok(match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
        Dialect::Mysql => "mysql",
    })
}

/// Stops the work when the process is told to end, so that what was made for it is still removed.
pub(super) async fn unless_told<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        outcome = work => outcome,
        () = interrupted() => Err(Error::unavailable("told to end before all was compared")),
    }
}

async fn interrupted() {
    match signals::listen() {
        Ok(mut told) => drop(told.recv().await),
        // Nothing tells it to end but what ends it at once.
        Err(_) => std::future::pending().await,
    }
}
