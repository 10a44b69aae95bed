//! The databases, and what may stand before them: where a fresh one is found. A dialect runs as soon as `dialects` of
//! arcana.toml names it, and the migrations for it are there.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use arcana_runtime::db;
use arcana_runtime::db::{Db, DbConfig};
use arcana_testing::{Mariadb, Pgbouncer, Postgres};
use conformance_generated::migrations;

pub struct Dialect {
    pub name: &'static str,
    dialect: db::Dialect,
    /// Files of cases that can end otherwise than on another of these; all of them, if nothing is said.
    pub only: Option<&'static [&'static str]>,
    /// Makes a database without rows, whose migrations may be pending.
    pub fresh: fn() -> Place,
}

/// Where a database is, for as long as it is needed.
pub struct Place {
    pub config: DbConfig,
    /// Takes it away again.
    remove: Option<Box<dyn FnOnce()>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.remove.take().into_iter().for_each(|remove| remove());
    }
}

/// What a pooler could change: how values are sent, what belongs together, who waits for whom.
const POOLED: &[&str] =
    &["audit", "batch", "filter", "keys", "migrate", "once", "outbox", "queries", "race", "transaction", "values"];

pub static ALL: [Dialect; 4] = [
    Dialect { name: "sqlite", dialect: db::Dialect::Sqlite, only: None, fresh: sqlite },
    Dialect { name: "postgres", dialect: db::Dialect::Postgres, only: None, fresh: postgres },
    Dialect { name: "pgbouncer", dialect: db::Dialect::Postgres, only: Some(POOLED), fresh: pgbouncer },
    Dialect { name: "mysql", dialect: db::Dialect::Mysql, only: None, fresh: mysql },
];

impl Dialect {
    /// Whether a case, such as `race::two_writers`, is played on it.
    pub fn plays(&self, case: &str) -> bool {
        let file = case.split("::").next().unwrap_or_default();
        self.only.is_none_or(|only| only.contains(&file))
    }

    pub fn is_rendered(&self) -> bool {
        !migrations::ALL.of(self.dialect).is_empty()
    }
}

fn sqlite() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("case.db").display());
    Place { config: config(&url), remove: Some(Box::new(move || drop(folder))) }
}

fn postgres() -> Place {
    let name = next_name();
    let url = Postgres::shared().copy_database(template(), &name);
    Place { config: config(&url), remove: Some(Box::new(move || Postgres::shared().drop_database(&name))) }
}

/// The same server, whose connections are lent for one transaction at a time.
fn pgbouncer() -> Place {
    let name = next_name();
    Postgres::shared().copy_database(template(), &name);
    let config = DbConfig { transaction_pooling: true, ..config(&Pgbouncer::shared().url_of(&name)) };
    Place { config, remove: Some(Box::new(move || Postgres::shared().drop_database(&name))) }
}

/// A database of PostgreSQL with all tables. To copy it takes a fraction of what all migrations take.
fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = next_name();
        let config = config(&Postgres::shared().create_database(&name));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { Db::open(&config).unwrap().migrate_up(migrations::ALL).await.unwrap() });
        name
    })
}

fn mysql() -> Place {
    let name = next_name();
    let url = Mariadb::shared().create_database(&name);
    Place { config: config(&url), remove: Some(Box::new(move || Mariadb::shared().drop_database(&name))) }
}

pub fn config(url: &str) -> DbConfig {
    DbConfig::from_url(url).unwrap()
}

fn next_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
