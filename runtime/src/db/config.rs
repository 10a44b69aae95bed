//! What the database needs to know to open.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};

/// How to open the database.
#[derive(Debug, Clone)]
pub struct DbConfig {
    /// File of the embedded database.
    pub path: PathBuf,
    /// When a commit counts as done.
    pub synchronous: Synchronous,
    /// Longest that one statement may run.
    pub statement_timeout: Duration,
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
    /// From a URL such as `sqlite://var/shop.db`.
    pub fn from_url(url: &str) -> Result<Self> {
        let path =
            url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| {
            Error::internal(format!("database.url {url:?} is not understood; write sqlite://path/to/file.db"))
        })?;
        Ok(Self {
            path: PathBuf::from(path),
            synchronous: Synchronous::Normal,
            statement_timeout: Duration::from_secs(10),
        })
    }
}
