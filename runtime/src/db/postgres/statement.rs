//! Statements on their way to the server.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::cell::Bound;
use super::fault;
use crate::db::session::Fault;
use crate::db::{Dialect, Value};

/// Statements that a connection keeps prepared; texts of filters vary without end.
const STATEMENTS_MAX: usize = 256;

/// How statements are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// Prepared when a connection sees them first, and known by a name from then on.
    Prepared,
    /// With their text and the types of their values each time: whoever is lent a connection for one transaction finds
    /// none of the names that he gave on another.
    Whole,
}

impl Sending {
    pub(super) async fn query(self, client: &ClientWrapper, sql: &str, values: &[Value]) -> Result<Vec<Row>, Fault> {
        let bound = bound(values);
        let rows = match self {
            Self::Prepared => client.query(&prepared(client, sql).await?, &references(&bound)).await,
            Self::Whole => client.query_typed(&Dialect::Postgres.numbered(sql), &typed(&bound)).await,
        };
        rows.map_err(fault)
    }

    pub(super) async fn execute(self, client: &ClientWrapper, sql: &str, values: &[Value]) -> Result<u64, Fault> {
        let bound = bound(values);
        let count = match self {
            Self::Prepared => client.execute(&prepared(client, sql).await?, &references(&bound)).await,
            Self::Whole => client.execute_typed(&Dialect::Postgres.numbered(sql), &typed(&bound)).await,
        };
        count.map_err(fault)
    }

    /// Names of the columns that a query answers.
    pub(super) async fn columns(self, client: &ClientWrapper, sql: &str) -> Result<Vec<String>, Fault> {
        let statement = match self {
            Self::Prepared => prepared(client, sql).await?,
            Self::Whole => {
                // There is no other way to ask; the names of others would be in the way of ours.
                client.batch_execute("BEGIN; DEALLOCATE ALL").await.map_err(fault)?;
                let statement = client.prepare(&Dialect::Postgres.numbered(sql)).await;
                client.batch_execute("ROLLBACK").await.map_err(fault)?;
                statement.map_err(fault)?
            }
        };
        Ok(statement.columns().iter().map(|column| column.name().to_owned()).collect())
    }
}

async fn prepared(client: &ClientWrapper, sql: &str) -> Result<tokio_postgres::Statement, Fault> {
    if client.statement_cache.size() > STATEMENTS_MAX {
        client.statement_cache.clear();
    }
    client.prepare_cached(&Dialect::Postgres.numbered(sql)).await.map_err(fault)
}

fn bound(values: &[Value]) -> Vec<Bound<'_>> {
    values.iter().map(Bound).collect()
}

fn references<'a>(bound: &'a [Bound<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    bound.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn typed<'a>(bound: &'a [Bound<'a>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    bound.iter().map(|value| (value as &(dyn ToSql + Sync), value.own_type())).collect()
}
