//! The database: one façade over the engines. `statement + values → rows` and `Changes → outcome`, nothing more.

pub mod adopt;
mod beside;
mod commit;
mod config;
mod dialect;
mod frozen;
mod guard;
pub mod introspect;
mod keys;
mod limits;
mod migrate;
#[cfg(feature = "mysql")]
mod mysql;
mod observe;
mod occupancy;
mod outcome;
#[cfg(feature = "postgres")]
mod postgres;
pub mod relay;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod retry;
mod row;
mod scratch;
mod sequences;
mod session;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod single;
mod snapshot;
mod sqlite;
mod storable;
mod transaction;
mod value;
mod words;

use std::sync::Arc;

pub use config::{DbConfig, Synchronous};
pub use dialect::Dialect;
pub use migrate::{Applied, Migration, MigrationState, Migrations};
pub use observe::{Observed, Observer, SQL_TARGET};
pub use occupancy::Occupancy;
pub use relay::{OutboxEntry, Stores};
pub use row::{Row, Stored};
pub use scratch::on_scratch;
pub use transaction::{LocalStore, Transaction};
pub use value::Value;

use tokio::sync::Notify;

use crate::changes::Changes;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::types::Bytes;
pub(crate) use frozen::{freeze, thaw};
use keys::Keys;
pub(crate) use limits::within;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use migrate::server;
#[cfg(feature = "mysql")]
use mysql::Mysql;
#[cfg(feature = "postgres")]
use postgres::Postgres;
use snapshot::Reading;
pub(crate) use snapshot::Snapshot;
use sqlite::Sqlite;
pub(crate) use words::condition as words_condition;

/// A database that is open. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    /// Wakes the relay when a commit leaves something in the outbox.
    told: Arc<Notify>,
    keys: Keys,
    observer: Option<Observer>,
}

/// What a server's driver needs for a call is kept in boxes of their own below: a future is as large as its largest branch,
/// and calls of the embedded engine would be made to carry it.
#[derive(Clone)]
enum Engine {
    Sqlite(Arc<Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(Arc<Postgres>),
    #[cfg(feature = "mysql")]
    Mysql(Arc<Mysql>),
}

impl Db {
    /// Opens the database that the configuration names. An embedded one is created; a server is first asked when it is
    /// needed.
    pub fn open(config: &DbConfig) -> Result<Self> {
        let engine = match config.dialect()? {
            Dialect::Sqlite => Engine::Sqlite(Arc::new(Sqlite::open(config)?)),
            #[cfg(feature = "postgres")]
            Dialect::Postgres => Engine::Postgres(Arc::new(Postgres::open(config)?)),
            #[cfg(feature = "mysql")]
            Dialect::Mysql => Engine::Mysql(Arc::new(Mysql::open(config)?)),
            #[cfg(not(all(feature = "postgres", feature = "mysql")))]
            other => return Err(config.left_out(other)),
        };
        Ok(Self { engine, told: Arc::default(), keys: Keys::default(), observer: None })
    }

    /// Closes an embedded database and waits until its files are at rest, unless somebody else still has it.
    pub(crate) fn close(self) {
        match self.engine {
            Engine::Sqlite(sqlite) => drop(Arc::into_inner(sqlite).map(Sqlite::close)),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => {}
        }
    }

    /// The same database, whose queries are told to somebody as well, in the thread that ran them: to count them in a
    /// test, or to have them explained. (Writes are seen as [`Changes`].)
    #[must_use]
    pub fn observed(mut self, observer: impl Fn(&Observed<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The engine.
    pub fn dialect(&self) -> Dialect {
        match &self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Engine::Mysql(_) => Dialect::Mysql,
        }
    }

    /// Runs a query and reads each row. Values are always bound.
    pub async fn fetch<T: Send>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let query = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.fetch(cx, sql, values, read),
                #[cfg(feature = "postgres")]
                Engine::Postgres(postgres) => Box::pin(postgres.fetch(cx, sql, values, read)).await,
                #[cfg(feature = "mysql")]
                Engine::Mysql(mysql) => Box::pin(mysql.fetch(cx, sql, values, read)).await,
            }
        };
        observe::watched(self.observer.as_ref(), sql, values, query).await
    }

    /// The same for a query that no index bounds: it may take its time without keeping other calls waiting.
    pub async fn scan<T: Send>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let query = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.scan(cx, sql, values, read),
                #[cfg(feature = "postgres")]
                Engine::Postgres(postgres) => Box::pin(postgres.scan(cx, sql, values, read)).await,
                #[cfg(feature = "mysql")]
                Engine::Mysql(mysql) => Box::pin(mysql.fetch(cx, sql, values, read)).await,
            }
        };
        observe::watched(self.observer.as_ref(), sql, values, query).await
    }

    /// The number that a query answers which counts the rows of a table, or of a stretch of one of its indexes.
    pub(crate) async fn count(&self, cx: &Context, sql: &str, values: &[Value], bounded: bool) -> Result<i64> {
        // The embedded engine counts what an index bounds faster than a thread can be told to; of a server, it keeps a
        // connection busy.
        let counts = match (&self.engine, bounded) {
            (Engine::Sqlite(_), true) => self.fetch(cx, sql, values, |row| row.get::<i64>(0)).await?,
            _ => self.scan(cx, sql, values, |row| row.get::<i64>(0)).await?,
        };
        Ok(counts.first().copied().unwrap_or_default())
    }

    /// Names of the columns that a query answers, without running it.
    pub(crate) async fn columns_of(&self, sql: &str) -> Result<Vec<String>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.columns_of(sql),
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => postgres.columns_of(sql).await,
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => mysql.columns_of(sql).await,
        }
    }

    /// Starts reads that see one state; `bounded` as for [`Self::fetch`] and [`Self::scan`].
    pub(crate) async fn snapshot(&self, cx: &Context, bounded: bool) -> Result<Snapshot<'_>> {
        cx.check_deadline()?;
        let reading = match &self.engine {
            Engine::Sqlite(sqlite) => Reading::Sqlite(sqlite.reading(bounded)?),
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => Reading::Postgres(Box::new(Box::pin(postgres.reading(cx)).await?)),
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => Reading::Mysql(Box::new(Box::pin(mysql.reading(cx)).await?)),
        };
        Ok(Snapshot::new(reading, self.observer.as_ref()))
    }

    /// Commits declared writes in one transaction.
    pub async fn commit(&self, cx: &Context, changes: Changes) -> Result<()> {
        let tells = changes.tells();
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.commit(cx, changes).await?,
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => Box::pin(postgres.commit(cx, &changes)).await?,
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => Box::pin(mysql.commit(cx, &changes)).await?,
        }
        if tells {
            self.told.notify_one();
        }
        Ok(())
    }

    /// A number that no row of this sequence has had, for keys that the service allots.
    pub async fn allot(&self, cx: &Context, sequence: &'static str) -> Result<i64> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.allot(cx, sequence).await,
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => Box::pin(postgres.allot(cx, sequence)).await,
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => Box::pin(mysql.allot(cx, sequence)).await,
        }
    }

    /// The secret that page tokens are sealed with: one for each database, so that all who serve it take each other's.
    pub(crate) async fn token_key(&self) -> Result<&[u8]> {
        self.keys.page_token(|name, fresh| self.keep_key(name, fresh)).await
    }

    /// Stores a secret unless one of this name is there, and answers the one that is.
    async fn keep_key(&self, name: &'static str, fresh: Vec<u8>) -> Result<Vec<u8>> {
        let values = vec![Value::Text(name.to_owned()), Value::Bytes(fresh)];
        self.write(&Context::system(), self.dialect().keep_key(), values).await?;
        let find = "SELECT secret FROM arcana_keys WHERE name = ?";
        let kept =
            self.fetch(&Context::system(), find, &[Value::Text(name.to_owned())], |row| row.get::<Bytes>(0)).await?;
        kept.into_iter()
            .next()
            .map(|kept| kept.0)
            .ok_or_else(|| Error::internal(format!("the database did not keep the key {name:?}")))
    }

    /// Runs a statement that writes into a table of the runtime.
    // Only servers ask how long the caller may wait.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(unused_variables))]
    pub(crate) async fn write(&self, cx: &Context, sql: &'static str, values: Vec<Value>) -> Result<()> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite
                .run(move |writer| sqlite::execute_bound(writer, sql, &values).map_err(Error::from))
                .await
                .map(drop),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => self.scan(cx, sql, &values, |_| Ok(())).await.map(drop),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.fetch(&Context::system(), "SELECT 1", &[], |_| Ok(())).await.map(drop)
    }

    /// Applies the migrations that are missing, in order, and says which.
    pub async fn migrate_up(&self, migrations: Migrations) -> Result<Vec<Applied>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                sqlite.run(move |connection| migrate::sqlite::up(connection, migrations.sqlite)).await
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => {
                let mut migrator = postgres.migrator().await?;
                let outcome = server::up(&mut migrator, migrations.postgres).await;
                migrator.close();
                outcome
            }
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => {
                let mut migrator = mysql.migrator().await?;
                let outcome = server::up(&mut migrator, migrations.mysql).await;
                migrator.close().await;
                outcome
            }
        }
    }

    /// Takes the newest migration back, and says which.
    pub async fn migrate_down(&self, migrations: Migrations) -> Result<Option<Applied>> {
        self.take_back(migrations, migrate::Which::Newest).await
    }

    /// The same as long as one that was open when it was applied has changed since, and never one that was sealed.
    pub async fn migrate_down_outgrown(&self, migrations: Migrations) -> Result<Option<Applied>> {
        self.take_back(migrations, migrate::Which::Outgrown).await
    }

    async fn take_back(&self, migrations: Migrations, which: migrate::Which) -> Result<Option<Applied>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                sqlite.run(move |connection| migrate::sqlite::down(connection, migrations.sqlite, which)).await
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => {
                let mut migrator = postgres.migrator().await?;
                let outcome = server::down(&mut migrator, migrations.postgres, which).await;
                migrator.close();
                outcome
            }
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => {
                let mut migrator = mysql.migrator().await?;
                let outcome = server::down(&mut migrator, migrations.mysql, which).await;
                migrator.close().await;
                outcome
            }
        }
    }

    /// What is applied and what is not.
    pub async fn migrate_status(&self, migrations: Migrations) -> Result<Vec<(Applied, MigrationState)>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                sqlite.run(move |connection| migrate::sqlite::status(connection, migrations.sqlite)).await
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => {
                let mut migrator = postgres.migrator().await?;
                let outcome = server::status(&mut migrator, migrations.postgres).await;
                migrator.close();
                outcome
            }
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => {
                let mut migrator = mysql.migrator().await?;
                let outcome = server::status(&mut migrator, migrations.mysql).await;
                migrator.close().await;
                outcome
            }
        }
    }
}
