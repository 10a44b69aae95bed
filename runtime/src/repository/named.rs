//! Named queries: SQL that stands beside the schema, with parameters by name and the scope of the caller in its place.

use crate::access::Scope;
use crate::context::Context;
use crate::db::{Db, Dialect, Row, Value};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::repository::SqlRepository;

/// A query as the schema's folder has it.
#[derive(Debug)]
pub struct NamedQuery {
    /// Full name, such as `shop.v1.Order.RevenuePerCustomer`.
    pub name: &'static str,
    /// Names of its columns.
    pub columns: &'static [&'static str],
    /// Its texts; each database has one.
    pub texts: &'static [Text],
}

/// The text of a query for some databases.
#[derive(Debug)]
pub struct Text {
    /// Which ones.
    pub dialects: &'static [Dialect],
    /// The statement.
    pub parts: &'static [Part],
}

/// A part of a query.
#[derive(Debug)]
pub enum Part {
    /// SQL as written.
    Sql(&'static str),
    /// A parameter, by its place among the fields of the request.
    Value(usize),
    /// Which rows the caller may see; a condition that the entity does not know is `None`.
    Scope {
        /// Rows that are not marked as deleted.
        live: Option<&'static str>,
        /// Rows of an owner, with one `?`.
        owner: Option<&'static str>,
        /// Rows of a tenant, with one `?`.
        tenant: Option<&'static str>,
    },
}

impl NamedQuery {
    fn parts(&self, dialect: Dialect) -> &'static [Part] {
        let text = self.texts.iter().find(|text| text.dialects.contains(&dialect));
        text.map(|text| text.parts).unwrap_or_default()
    }

    /// The statement for a caller, and what is bound to it, in order.
    fn statement(&self, dialect: Dialect, scope: &Scope, values: &[Value]) -> Result<(String, Vec<Value>)> {
        let (mut sql, mut bound) = (String::new(), Vec::new());
        let mut scoped = *scope == Scope::Unrestricted;
        for part in self.parts(dialect) {
            match part {
                Part::Sql(text) => sql.push_str(text),
                Part::Value(at) => {
                    sql.push('?');
                    bound.push(values.get(*at).cloned().unwrap_or(Value::Null));
                }
                Part::Scope { live, owner, tenant } => {
                    scoped = true;
                    let within = match scope {
                        Scope::Unrestricted => None,
                        Scope::Owner(account) => Some(self.condition(*owner, Value::Uuid(*account), "owner")?),
                        Scope::Tenant(name) => Some(self.condition(*tenant, Value::Text(name.clone()), "tenant")?),
                    };
                    let (within, value) = within.map_or((None, None), |(sql, value)| (Some(sql), Some(value)));
                    let conditions: Vec<&str> = live.iter().copied().chain(within).collect();
                    sql.push_str(&if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") });
                    bound.extend(value);
                }
            }
        }
        if scoped {
            return Ok((sql, bound));
        }
        Err(Error::Forbidden(format!("{} reads rows of all; only Scope::Unrestricted may ask for it", self.name)))
    }

    fn condition(&self, known: Option<&'static str>, value: Value, what: &str) -> Result<(&'static str, Value)> {
        let refuse = || Error::Forbidden(format!("the rows of {} have no {what}", self.name));
        known.map(|sql| (sql, value)).ok_or_else(refuse)
    }
}

impl<E: Entity> SqlRepository<E> {
    /// All rows of a named query; `values` are the fields of its request, in order.
    pub async fn query_many<T: Send>(
        &self,
        cx: &Context,
        scope: &Scope,
        query: &NamedQuery,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let (sql, values) = query.statement(self.db.dialect(), scope, values)?;
        self.db.scan(cx, &sql, &values, read).await
    }

    /// The only row of a named query, if there is one.
    pub async fn query_optional<T: Send>(
        &self,
        cx: &Context,
        scope: &Scope,
        query: &NamedQuery,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<Option<T>> {
        let mut rows = self.query_many(cx, scope, query, values, read).await?;
        if rows.len() > 1 {
            return Err(Error::internal(format!("{} found {} rows, and answers one", query.name, rows.len())));
        }
        Ok(rows.pop())
    }

    /// The only row of a named query, which is always there.
    pub async fn query_one<T: Send>(
        &self,
        cx: &Context,
        scope: &Scope,
        query: &NamedQuery,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T> + Send,
    ) -> Result<T> {
        let row = self.query_optional(cx, scope, query, values, read).await?;
        row.ok_or_else(|| Error::internal(format!("{} found no row, and answers one", query.name)))
    }
}

/// Prepares queries on a database whose tables are there, for every scope that they know, and says what is wrong.
pub async fn verify(db: &Db, queries: &[&NamedQuery]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for query in queries {
        let scopes = [Scope::Unrestricted, Scope::Owner(uuid::Uuid::nil()), Scope::Tenant(String::new())];
        for scope in scopes {
            let Ok((sql, _)) = query.statement(db.dialect(), &scope, &[]) else { continue };
            match db.columns_of(&sql).await {
                Ok(columns) if columns == query.columns => {}
                Ok(columns) => wrong.push(format!(
                    "{} has the columns {}, and its row the fields {}",
                    query.name,
                    columns.join(", "),
                    query.columns.join(", ")
                )),
                Err(Error::Internal(cause)) => wrong.push(format!("{} does not prepare: {cause}\n{sql}", query.name)),
                Err(other) => return Err(other),
            }
        }
    }
    wrong.dedup();
    Ok(wrong)
}
