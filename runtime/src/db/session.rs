//! One transaction of an engine, as far as declared writes need it.

use futures::future::BoxFuture;

use super::{Dialect, Row, Value};
use crate::error::{Cause, Error};

/// What a session answers.
pub(super) type Answer<'a, T> = BoxFuture<'a, Result<T, Fault>>;

/// Takes the rows of a query, one after the other.
pub(super) type Each<'a> = &'a mut (dyn FnMut(&Row<'_>) -> Result<(), Error> + Send);

/// Runs statements inside a transaction. The embedded engine answers at once, the others after a round trip.
pub(super) trait Session: Send {
    /// The engine.
    fn dialect(&self) -> Dialect;
    /// Runs a statement, and says how many rows it met.
    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, u64>;
    /// Whether a query finds anything.
    fn exists<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, bool>;
    /// Runs a query and hands each row on.
    fn read<'a>(&'a mut self, sql: &'a str, values: &'a [Value], each: Each<'a>) -> Answer<'a, ()>;
}

/// A session that logic has for a while.
pub(super) trait Held: Session {
    /// Keeps what was written.
    fn commit(&mut self) -> Answer<'_, ()>;
    /// Gives it up.
    fn rollback(&mut self) -> Answer<'_, ()>;
}

/// Why a statement was not carried out.
#[derive(Debug)]
pub(super) enum Fault {
    /// A constraint was broken: by its name, where the engine reports it.
    Constraint {
        /// Name of the index or the foreign key.
        name: Option<String>,
        /// For the log.
        cause: Cause,
    },
    /// Others were in the way (deadlock, serialization): the whole transaction may be tried again.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), expect(dead_code, reason = "for the log of servers"))]
    Again(Cause),
    /// Anything else.
    Error(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Constraint { cause, .. } => Self::internal(cause),
            Fault::Again(_) => Self::ConcurrentUpdate("row".to_owned()),
            Fault::Error(error) => error,
        }
    }
}
