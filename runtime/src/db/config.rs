//! What the database needs to know to open.

use std::path::PathBuf;
use std::time::Duration;

use super::Dialect;
use crate::error::{Error, Result};

/// How to open the database.
#[derive(Clone)]
pub struct DbConfig {
    /// Where it is, such as `sqlite://var/shop.db` or `postgres://shop@localhost/shop`; it may hold a password.
    pub url: String,
    /// When a commit of the embedded database counts as done.
    pub synchronous: Synchronous,
    /// Commits that one transaction of the embedded database takes at most.
    pub commits_per_transaction: usize,
    /// Longest that one statement may run.
    pub statement_timeout: Duration,
    /// Connections to a server at most.
    pub max_connections: usize,
    /// Connections to PostgreSQL, beside those, that short reads share; none where it is 0.
    pub shared_connections: usize,
    /// Connections are lent to this process for one transaction at a time, by a pooler before the server (PgBouncer).
    pub transaction_pooling: bool,
    /// Longest that a call waits for a connection to become free.
    pub acquire_timeout: Duration,
}

/// When a commit of the embedded database counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// Written to the log: survives the death of the process.
    Normal,
    /// Forced to the disk: survives the loss of power too.
    Full,
}

impl DbConfig {
    /// From a URL, with the defaults of everything else.
    pub fn from_url(url: &str) -> Result<Self> {
        let config = Self {
            url: url.to_owned(),
            synchronous: Synchronous::Normal,
            commits_per_transaction: 256,
            statement_timeout: Duration::from_secs(10),
            max_connections: 16,
            shared_connections: 2,
            transaction_pooling: false,
            acquire_timeout: Duration::from_secs(5),
        };
        config.dialect().map(|_| config)
    }

    /// The engine that the URL names.
    pub fn dialect(&self) -> Result<Dialect> {
        let scheme = self.url.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" if self.path().is_some() => Ok(Dialect::Sqlite),
            "postgres" | "postgresql" => Ok(Dialect::Postgres),
            "mysql" | "mariadb" => Ok(Dialect::Mysql),
            _ => Err(Error::internal(
                "database.url is not understood; write sqlite://path/to/file.db, postgres://user@host/database or \
                 mysql://user@host/database",
            )),
        }
    }

    /// File of the embedded database.
    pub fn path(&self) -> Option<PathBuf> {
        let path = self.url.strip_prefix("sqlite://").or_else(|| self.url.strip_prefix("sqlite:"));
        path.filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// Why an engine cannot be opened that was not built in.
    #[cfg(not(all(feature = "postgres", feature = "mysql")))]
    pub(super) fn left_out(&self, dialect: Dialect) -> Error {
        let name = match dialect {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
            Dialect::Mysql => "mysql",
        };
        Error::internal(format!(
            "database.url names {name}, which is not built in; add \"{name}\" to `dialects` in arcana.toml, generate and \
             build again"
        ))
    }
}
