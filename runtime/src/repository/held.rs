//! Reading inside a transaction: rows as they are by now in it, and rows that it holds.

use super::{Live, Select, matching, order_sql, with_children};
use crate::access::Scope;
use crate::db::{Transaction, Value, within};
use crate::entity::Entity;
use crate::error::Result;
use crate::query::ListQuery;
use crate::types::Key as _;

impl Transaction {
    /// The live row with this key.
    pub async fn find<E: Entity>(&mut self, scope: &Scope, id: &E::Id) -> Result<Option<E>> {
        self.one(scope, id, "").await
    }

    /// The live row with this key, which nobody else writes until the transaction ends: whoever wants to waits.
    pub async fn hold<E: Entity>(&mut self, scope: &Scope, id: &E::Id) -> Result<Option<E>> {
        let hold = self.dialect().hold_rows();
        self.one(scope, id, hold).await
    }

    /// The first rows of a list, without a total or a token of what is behind.
    pub async fn list<E: Entity>(&mut self, scope: &Scope, query: &ListQuery) -> Result<Vec<E>> {
        self.some(scope, query, "").await
    }

    /// The same, with all of the rows held. A row that would match and does not exist yet is held by nobody: rules over sets
    /// of rows hold what the set belongs to, too.
    pub async fn hold_list<E: Entity>(&mut self, scope: &Scope, query: &ListQuery) -> Result<Vec<E>> {
        let hold = self.dialect().hold_rows();
        self.some(scope, query, hold).await
    }

    async fn one<E: Entity>(&mut self, scope: &Scope, id: &E::Id, tail: &str) -> Result<Option<E>> {
        let mut select = Select::new(E::SPEC, Live::Yes);
        select.key(E::SPEC, id.values());
        select.within(E::SPEC, scope)?;
        let sql = format!("{}{}{tail}", E::SPEC.select, select.clause());
        Ok(self.rows(&sql, &select.values).await?.pop())
    }

    async fn some<E: Entity>(&mut self, scope: &Scope, query: &ListQuery, hold: &str) -> Result<Vec<E>> {
        let dialect = self.dialect();
        let select = matching(dialect, E::SPEC, scope, query)?;
        let order: Vec<String> = query.order.iter().map(|order| order_sql(dialect, order)).collect();
        let tail = format!(" ORDER BY {} LIMIT {} OFFSET {}{hold}", order.join(", "), query.size, query.skip);
        let sql = format!("{}{}{tail}", E::SPEC.select, select.clause());
        self.rows(&sql, &select.values).await
    }

    async fn rows<E: Entity>(&mut self, sql: &str, values: &[Value]) -> Result<Vec<E>> {
        let (cx, left) = (self.context().clone(), self.left());
        let mut reads = self.reads()?;
        within(&cx, left, with_children(&mut reads, &cx, sql, values)).await
    }
}
