//! The writing connection in the hands of a transaction in steps, which runs where it was begun. The writer waits for it.

use std::sync::mpsc;
use std::time::Instant;

use futures::FutureExt as _;
use futures::future::ready;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{STOP_AT, error, execute, execute_bound, exists, read};
use crate::db::session::{Answer, Each, Fault, Held, Session};
use crate::db::{Dialect, Value};
use crate::error::{Error, Result};

/// Goes back to the writer when it is dropped, with nothing open on it.
pub(in crate::db) struct Lent {
    connection: Option<Connection>,
    back: mpsc::Sender<Connection>,
    /// When its statements must stop, whatever thread they run in.
    pub(super) stop_at: Option<Instant>,
}

/// Begins a transaction, hands the connection over, and waits until it is back. It is begun here, because that may have to wait
/// for another process, and where calls are answered nothing may wait.
pub(super) fn lend(connection: Connection, borrower: oneshot::Sender<Result<Lent>>) -> Option<Connection> {
    STOP_AT.set(None);
    if let Err(cause) = execute(&connection, "BEGIN IMMEDIATE") {
        // Nobody hears of it who went away meanwhile.
        let _ = borrower.send(Err(error(cause)));
        return Some(connection);
    }
    let (back, returned) = mpsc::channel();
    // Whoever went away meanwhile drops it at once.
    drop(borrower.send(Ok(Lent { connection: Some(connection), back, stop_at: None })));
    returned.recv().ok()
}

impl Lent {
    pub(super) fn connection(&mut self) -> Result<&mut Connection> {
        STOP_AT.set(self.stop_at);
        self.connection.as_mut().ok_or_else(|| Error::internal("the connection was given back"))
    }

    fn end(&mut self, how: &str) -> Result<(), Fault> {
        // An engine that gave the transaction up by itself has nothing left to keep.
        let connection = self.connection()?;
        if connection.is_autocommit() {
            return Err(Error::unavailable("the transaction was given up").into());
        }
        STOP_AT.set(None);
        execute(connection, how).map_err(|cause| error(cause).into())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        STOP_AT.set(None);
        if !connection.is_autocommit()
            && let Err(cause) = execute(&connection, "ROLLBACK")
        {
            tracing::error!(%cause, "a transaction could not be rolled back");
        }
        // Without a writer, the database is closed.
        let _ = self.back.send(connection);
    }
}

impl Session for Lent {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, u64> {
        let outcome = self.connection().map_err(Fault::from);
        ready(outcome.and_then(|connection| execute_bound(connection, sql, values))).boxed()
    }

    fn exists<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, bool> {
        let outcome = self.connection().and_then(|connection| exists(connection, sql, values));
        ready(outcome.map_err(Fault::from)).boxed()
    }

    fn read<'a>(&'a mut self, sql: &'a str, values: &'a [Value], each: Each<'a>) -> Answer<'a, ()> {
        let outcome = self.connection().and_then(|connection| read(connection, sql, values, each));
        ready(outcome.map_err(Fault::from)).boxed()
    }
}

impl Held for Lent {
    fn commit(&mut self) -> Answer<'_, ()> {
        ready(self.end("COMMIT")).boxed()
    }

    fn rollback(&mut self) -> Answer<'_, ()> {
        ready(self.end("ROLLBACK")).boxed()
    }
}
