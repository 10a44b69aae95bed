//! The database: one façade over the engines. `statement + values → rows` and `Changes → outcome`, nothing more.

mod commit;
mod config;
mod migrate;
mod outcome;
mod row;
mod sqlite;
mod value;

use std::sync::Arc;

use tokio::runtime::RuntimeFlavor;

pub use config::{DbConfig, Synchronous};
pub use migrate::{Applied, Migration, MigrationState, Migrations};
pub use row::{Row, Stored};
pub use value::Value;

use crate::changes::Changes;
use crate::context::Context;
use crate::error::Result;
use sqlite::Sqlite;

/// The engines. What an engine does differently is matched here and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, embedded.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

/// A database that is open. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<Sqlite>),
}

impl Db {
    /// Opens the database that the configuration names; creates the file of an embedded one.
    pub fn open(config: &DbConfig) -> Result<Self> {
        Ok(Self { engine: Engine::Sqlite(Arc::new(Sqlite::open(config)?)) })
    }

    /// The engine.
    pub fn dialect(&self) -> Dialect {
        match &self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Runs a query and reads each row. Values are always bound.
    pub async fn fetch<T>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.fetch(cx, sql, values, read),
        }
    }

    /// The same for a query that no index bounds: it may take its time without keeping other calls waiting.
    pub async fn scan<T>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => match tokio::runtime::Handle::current().runtime_flavor() {
                RuntimeFlavor::CurrentThread => sqlite.fetch(cx, sql, values, read),
                // The thread hands its other calls over before it starts.
                _ => tokio::task::block_in_place(|| sqlite.fetch(cx, sql, values, read)),
            },
        }
    }

    /// Commits declared writes in one transaction.
    pub async fn commit(&self, cx: &Context, changes: Changes) -> Result<()> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.commit(cx, changes).await,
        }
    }

    /// A number that no row of this sequence has had, for keys that the service allots.
    pub async fn allot(&self, cx: &Context, sequence: &'static str) -> Result<i64> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.allot(cx, sequence).await,
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.fetch(&Context::system(), "SELECT 1", &[], |_| Ok(())).await.map(drop)
    }

    /// Applies the migrations that are missing, in order, and says which.
    pub async fn migrate_up(&self, migrations: Migrations) -> Result<Vec<Applied>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.run(move |connection| migrate::up(connection, migrations.sqlite)).await,
        }
    }

    /// Takes the newest migration back, and says which.
    pub async fn migrate_down(&self, migrations: Migrations) -> Result<Option<Applied>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.run(move |connection| migrate::down(connection, migrations.sqlite)).await,
        }
    }

    /// What is applied and what is not.
    pub async fn migrate_status(&self, migrations: Migrations) -> Result<Vec<(Applied, MigrationState)>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                sqlite.run(move |connection| migrate::status(connection, migrations.sqlite)).await
            }
        }
    }
}
