//! How busy the database of this process is, for metrics.

use super::{Db, Engine};

/// A moment of its connections and queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    /// Connections to a server that a call uses now; none of the embedded database.
    pub busy: usize,
    /// Connections that wait for a call.
    pub idle: usize,
    /// Calls that wait for a connection; commits that wait for the writer of the embedded database. Not known of MySQL.
    pub waiting: Option<usize>,
}

impl Db {
    /// How busy it is now.
    pub fn occupancy(&self) -> Occupancy {
        match &self.engine {
            Engine::Sqlite(sqlite) => Occupancy { busy: 0, idle: 0, waiting: Some(sqlite.waiting()) },
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => postgres.occupancy(),
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => mysql.occupancy(),
        }
    }
}
