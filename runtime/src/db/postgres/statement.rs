//! Statements on their way to the server.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Column, Row};

use super::cell::{Bound, UNASKED};
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
    /// With their text each time: whoever is lent a connection for one transaction finds none of the names that he gave
    /// on another.
    Unprepared,
}

impl Sending {
    pub(super) async fn query(self, client: &ClientWrapper, sql: &str, values: &[Value]) -> Result<Vec<Row>, Fault> {
        let bound = bound(values);
        let rows = match self {
            Self::Prepared => client.query(&prepared(client, sql).await?, &references(&bound)).await,
            Self::Unprepared => client.query_typed(&Dialect::Postgres.numbered(sql), &typed(&bound)).await,
        };
        rows.map_err(fault)
    }

    pub(super) async fn execute(self, client: &ClientWrapper, sql: &str, values: &[Value]) -> Result<u64, Fault> {
        let bound = bound(values);
        let count = match self {
            Self::Prepared => client.execute(&prepared(client, sql).await?, &references(&bound)).await,
            Self::Unprepared => client.execute_typed(&Dialect::Postgres.numbered(sql), &typed(&bound)).await,
        };
        count.map_err(fault)
    }

    /// Names of the columns that a query answers.
    pub(super) async fn columns(self, client: &ClientWrapper, sql: &str) -> Result<Vec<String>, Fault> {
        let names = |columns: &[Column]| columns.iter().map(|column| column.name().to_owned()).collect();
        if self == Self::Prepared {
            return Ok(names(prepared(client, sql).await?.columns()));
        }
        // A row without anything of the query in it, which does not run, has its columns.
        let sql = format!("SELECT query.* FROM (SELECT 1) AS one LEFT JOIN ({sql}) AS query ON FALSE");
        let numbered = Dialect::Postgres.numbered(&sql);
        let values = vec![Value::Null; (1..).take_while(|number| numbered.contains(&format!("${number}"))).count()];
        let rows = client.query_typed(&numbered, &typed(&bound(&values))).await.map_err(fault)?;
        Ok(rows.first().map(|row| names(row.columns())).unwrap_or_default())
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
    bound.iter().map(|value| (value as &(dyn ToSql + Sync), UNASKED)).collect()
}
