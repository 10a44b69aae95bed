//! Several reads that see one state: a row and its children as one commit left them.

use super::{Row, Value};
use crate::context::Context;
use crate::error::Result;

/// Reads of one state, until it is ended or dropped.
pub(crate) enum Snapshot<'d> {
    /// Of the embedded engine, on the reading connection of this thread.
    Sqlite(super::sqlite::Reading<'d>),
    /// Of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(Box<super::postgres::Reading<'d>>),
    /// Of MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    Mysql(Box<super::mysql::Reading<'d>>),
}

impl Snapshot<'_> {
    /// Runs a query and reads each row. Values are always bound.
    pub(crate) async fn fetch<T: Send>(
        &mut self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        match self {
            Self::Sqlite(reading) => reading.fetch(cx, sql, values, read),
            #[cfg(feature = "postgres")]
            Self::Postgres(reading) => reading.fetch(cx, sql, values, read).await,
            #[cfg(feature = "mysql")]
            Self::Mysql(reading) => reading.fetch(cx, sql, values, read).await,
        }
    }

    /// Gives back what the reads held.
    pub(crate) async fn end(self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Self::Postgres(reading) => reading.end().await,
            #[cfg(feature = "mysql")]
            Self::Mysql(reading) => reading.end().await,
        }
    }
}
