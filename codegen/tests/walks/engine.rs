//! A database of each kind, as a walk uses it: migrated by the runtime's own runner, read through its introspection.

use std::sync::atomic::{AtomicU32, Ordering};

use arcana_codegen::lock::Lock;
use arcana_runtime::context::Context;
use arcana_runtime::db::introspect::{Live, differences};
use arcana_runtime::db::{Db, DbConfig, Dialect, Migration, MigrationState, Migrations};
use arcana_testing::{Mariadb, Postgres};
use tempfile::TempDir;

use super::rows::{Rows, canonical, deletes, inserts, select};

const NONE: Migrations = Migrations { sqlite: &[], postgres: &[], mysql: &[] };

pub const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql];

/// A step as files: both ways, and where the way up must lead.
#[derive(Clone, Default)]
pub struct Step {
    pub up: String,
    pub down: String,
    pub fresh: String,
}

/// One database, and the migrations that it has.
pub struct Engine {
    pub dialect: Dialect,
    pub db: Db,
    name: String,
    /// What it was before the last step.
    before: Option<Live>,
    _folder: Option<TempDir>,
    steps: Vec<Step>,
}

pub fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
        Dialect::Mysql => "mysql",
    }
}

fn explained(error: &arcana_runtime::error::Error) -> String {
    use arcana_runtime::error::Error;
    match error {
        Error::Internal(cause) | Error::Unavailable(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

impl Engine {
    pub async fn new(dialect: Dialect) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("walk_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = (dialect == Dialect::Sqlite).then(|| tempfile::tempdir().unwrap());
        let url = match (dialect, &folder) {
            (Dialect::Postgres, _) => Postgres::shared().create_database(&name),
            (Dialect::Mysql, _) => Mariadb::shared().create_database(&name),
            (_, folder) => format!("sqlite://{}/walk.db", folder.as_ref().unwrap().path().display()),
        };
        let mut config = DbConfig::from_url(&url).unwrap();
        config.max_connections = 2;
        config.shared_connections = 0;
        let db = Db::open(&config).unwrap();
        db.migrate_up(NONE).await.unwrap();
        Self { dialect, db, name, before: None, _folder: folder, steps: Vec::new() }
    }

    fn migrations(&self) -> Migrations {
        let all = self.steps.iter().enumerate().map(|(at, step)| Migration {
            version: at as i64 + 1,
            name: "step",
            up: step.up.clone().leak(),
            down: step.down.clone().leak(),
            sealed: true,
        });
        let all: &'static [Migration] = all.collect::<Vec<_>>().leak();
        Migrations { sqlite: all, postgres: all, mysql: all }
    }

    /// Applies one more step.
    pub async fn up(&mut self, step: &Step) -> Result<(), String> {
        let before = self.live().await;
        self.steps.push(step.clone());
        let outcome = self.db.migrate_up(self.migrations()).await.map(drop).map_err(|error| explained(&error));
        match outcome {
            Ok(()) => self.before = Some(before),
            Err(_) => drop(self.steps.pop()),
        }
        outcome
    }

    /// Takes the last step back.
    pub async fn down(&mut self) -> Result<(), String> {
        self.db.migrate_down(self.migrations()).await.map_err(|error| explained(&error))?;
        self.steps.pop();
        Ok(())
    }

    /// Whether all steps stand there as applied, and no other.
    pub async fn is_settled(&self) -> bool {
        let states = self.db.migrate_status(self.migrations()).await.unwrap();
        states.len() == self.steps.len() && states.iter().all(|(_, state)| *state == MigrationState::Applied)
    }

    /// Whether a step is noted as one that stopped midway.
    pub async fn stopped_midway(&self) -> bool {
        let outcome = self.db.migrate_up(self.migrations()).await;
        outcome.is_err_and(|error| explained(&error).contains("stopped midway"))
    }

    pub async fn live(&self) -> Live {
        self.db.introspect().await.unwrap()
    }

    /// Where it differs from what it was before the last step.
    pub async fn differs_from_before(&self) -> Vec<String> {
        differences(&self.live().await, self.before.as_ref().unwrap())
    }

    pub async fn run(&self, statements: &[String]) -> Result<(), String> {
        if statements.is_empty() {
            return Ok(());
        }
        let text = statements.join(";\n");
        self.db
            .administer(&text)
            .await
            .map_err(|error| format!("{}: {}\n{text}", name(self.dialect), explained(&error)))
    }

    pub async fn put(&self, rows: &Rows, lock: &Lock) -> Result<(), String> {
        self.run(&inserts(rows, lock, self.dialect)).await
    }

    pub async fn clear(&self, lock: &Lock) -> Result<(), String> {
        // A row may refer to another of its table, which goes with the same statement.
        self.run(&deletes(lock, self.dialect)).await
    }

    /// All rows, in the order of their text.
    pub async fn rows(&self, lock: &Lock) -> Rows {
        let mut all = Rows::new();
        for (entity, table) in &lock.tables {
            if table.derived || entity.starts_with("arcana.") {
                continue;
            }
            let sql = select(table, self.dialect);
            let cx = Context::system();
            let found = self.db.fetch(&cx, &sql, &[], |row| {
                let cells = table.columns.iter().enumerate().map(|(at, column)| {
                    let cell: Option<String> = row.get(at)?;
                    Ok((column.name.clone(), cell.map(|cell| canonical(cell, &column.storage))))
                });
                cells.collect::<Result<_, _>>()
            });
            let mut found: Vec<_> =
                found.await.unwrap_or_else(|error| panic!("{}: {error:?}\n{sql}", name(self.dialect)));
            found.sort();
            all.insert(entity.clone(), found);
        }
        all
    }

    /// Another database in the same state: for one that was left halfway.
    pub async fn anew(&mut self, rows: &Rows, lock: &Lock) -> Result<(), String> {
        let mut fresh = Self::new(self.dialect).await;
        for step in &self.steps {
            fresh.up(step).await?;
        }
        fresh.put(rows, lock).await?;
        std::mem::replace(self, fresh).end();
        Ok(())
    }

    pub fn end(self) {
        drop(self.db);
        match self.dialect {
            Dialect::Sqlite => {}
            Dialect::Postgres => Postgres::shared().drop_database(&self.name),
            Dialect::Mysql => Mariadb::shared().drop_database(&self.name),
        }
    }
}

/// Where a state differs from what a fresh database has.
pub async fn differs_from_fresh(live: &Live, step: &Step) -> Vec<String> {
    let mut fresh = Engine::new(live.dialect).await;
    let at_once = Step { up: step.fresh.clone(), ..Step::default() };
    let found = match fresh.up(&at_once).await {
        Ok(()) => differences(live, &fresh.live().await),
        Err(error) => vec![format!("a fresh database cannot be made: {error}")],
    };
    fresh.end();
    found
}
