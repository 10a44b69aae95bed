//! Several reads that see one state: a row and its children as one commit left them.

use super::observe::{self, Observer};
use super::session::Session;
use super::{Row, Value};
use crate::context::Context;
use crate::error::{Error, Result};

/// Reads of one state, until it is ended or dropped.
pub(crate) struct Snapshot<'d> {
    reading: Reading<'d>,
    observer: Option<&'d Observer>,
}

/// What the engine holds for them.
pub(super) enum Reading<'d> {
    /// Of the embedded engine, on the reading connection of this thread.
    Sqlite(super::sqlite::Reading<'d>),
    /// Inside a transaction that is open.
    Held(&'d mut (dyn Session + 'd)),
    /// Of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(Box<super::postgres::Reading<'d>>),
    /// Of MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    Mysql(Box<super::mysql::Reading<'d>>),
}

impl<'d> Snapshot<'d> {
    pub(super) fn new(reading: Reading<'d>, observer: Option<&'d Observer>) -> Self {
        Self { reading, observer }
    }

    /// Reads inside a transaction that is open, and ends with it.
    pub(super) fn held(session: &'d mut (dyn Session + 'd)) -> Self {
        Self { reading: Reading::Held(session), observer: None }
    }

    /// Runs a query and reads each row. Values are always bound.
    pub(crate) async fn fetch<T: Send>(
        &mut self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let query = async {
            match &mut self.reading {
                Reading::Sqlite(reading) => reading.fetch(cx, sql, values, read),
                Reading::Held(session) => {
                    cx.check_deadline()?;
                    let mut found = Vec::new();
                    let mut each = |row: &Row<'_>| read(row).map(|row| found.push(row));
                    session.read(sql, values, &mut each).await.map_err(Error::from)?;
                    Ok(found)
                }
                #[cfg(feature = "postgres")]
                Reading::Postgres(reading) => Box::pin(reading.fetch(cx, sql, values, read)).await,
                #[cfg(feature = "mysql")]
                Reading::Mysql(reading) => Box::pin(reading.fetch(cx, sql, values, read)).await,
            }
        };
        observe::watched(self.observer, sql, values, query).await
    }

    /// Gives back what the reads held.
    pub(crate) async fn end(self) -> Result<()> {
        match self.reading {
            Reading::Sqlite(_) | Reading::Held(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Reading::Postgres(reading) => Box::pin(reading.end()).await,
            #[cfg(feature = "mysql")]
            Reading::Mysql(reading) => Box::pin(reading.end()).await,
        }
    }
}
