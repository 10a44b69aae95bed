//! Repositories: reading rows within a scope that is part of the SQL.

mod held;
mod keyset;
mod named;
mod reword;

use std::marker::PhantomData;

use async_trait::async_trait;

use crate::access::Scope;
use crate::context::Context;
use crate::db::{Db, Dialect, Row, Snapshot, Value};
use crate::entity::{Entity, EntitySpec, OwnedSpec};
use crate::error::{Error, Result};
use crate::query::{ListQuery, OrderBy, Page};
use crate::types::Key;
use keyset::Stretch;
pub use named::{NamedQuery, Part, Text, verify};
pub use reword::{Reworded, reword};

/// Rows that are passed over before a page counts as a query that no index bounds.
const SKIP_BOUNDED: i64 = 1_000;

/// Reads rows of one entity. Writes go through [`crate::changes::Changes`].
#[async_trait]
pub trait Repository<E: Entity>: Send + Sync {
    /// The live row with this key.
    async fn find_by_id(&self, cx: &Context, scope: &Scope, id: &E::Id) -> Result<Option<E>>;
    /// The row with this key that is marked as deleted.
    async fn find_deleted(&self, cx: &Context, scope: &Scope, id: &E::Id) -> Result<Option<E>>;
    /// The live rows with these keys, in no particular order; keys without a row are passed over.
    async fn find_many(&self, cx: &Context, scope: &Scope, ids: &[E::Id]) -> Result<Vec<E>>;
    /// One page.
    async fn list(&self, cx: &Context, scope: &Scope, query: &ListQuery) -> Result<Page<E>>;
    /// How many rows a query has on all its pages.
    async fn count(&self, cx: &Context, scope: &Scope, query: &ListQuery) -> Result<i64>;
}

/// A repository in a database of this process.
pub struct SqlRepository<E> {
    db: Db,
    /// The statement behind most calls: one live row by its key, for callers that may see every row.
    find: String,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity> SqlRepository<E> {
    /// Over an open database.
    pub fn new(db: Db) -> Self {
        let mut select = Select::new(E::SPEC, Live::Yes);
        select.key(E::SPEC, Vec::new());
        let find = format!("{}{}", E::SPEC.select, select.clause());
        Self { db, find, entity: PhantomData }
    }

    /// The live rows whose columns have these values: for the finders of unique fields and for named lists.
    pub async fn find_by(&self, cx: &Context, scope: &Scope, condition: &str, values: Vec<Value>) -> Result<Vec<E>> {
        let mut select = Select::new(E::SPEC, Live::Yes);
        select.and(condition, values);
        select.within(E::SPEC, scope)?;
        self.rows(cx, select, "").await
    }

    async fn rows(&self, cx: &Context, select: Select, tail: &str) -> Result<Vec<E>> {
        let sql = format!("{}{}{}{tail}", E::SPEC.select, select.hint, select.clause());
        self.rows_of(cx, &sql, &select.values, select.bounded).await
    }

    /// Rows with their children. Where there are children, all of it is one state of the database.
    async fn rows_of(&self, cx: &Context, sql: &str, values: &[Value], bounded: bool) -> Result<Vec<E>> {
        if E::owned().is_empty() {
            return match bounded {
                true => self.db.fetch(cx, sql, values, E::read).await,
                false => self.db.scan(cx, sql, values, E::read).await,
            };
        }
        let mut snapshot = self.db.snapshot(cx, bounded).await?;
        let rows = with_children(&mut snapshot, cx, sql, values).await?;
        snapshot.end().await?;
        Ok(rows)
    }
}

/// Rows with their children, a query for each list of them.
async fn with_children<E: Entity>(
    snapshot: &mut Snapshot<'_>,
    cx: &Context,
    sql: &str,
    values: &[Value],
) -> Result<Vec<E>> {
    let mut rows = snapshot.fetch(cx, sql, values, E::read).await?;
    for owned in E::owned() {
        load_children(snapshot, cx, &mut rows, owned).await?;
    }
    Ok(rows)
}

/// One query for the children of all rows.
async fn load_children<E: Entity>(
    snapshot: &mut Snapshot<'_>,
    cx: &Context,
    rows: &mut [E],
    owned: &OwnedSpec<E>,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut keys: Vec<Value> = rows.iter().filter_map(|row| row.id().values().into_iter().next()).collect();
    pad(&mut keys);
    rows.iter_mut().for_each(owned.clear);
    let spec = (owned.spec)();
    let (parent, position) = match spec.columns {
        [parent, position, ..] => (parent.name, position.name),
        _ => return Err(Error::internal(format!("{} has no parent column", spec.full_name))),
    };
    let places = vec!["?"; keys.len()].join(", ");
    let sql = format!("{} WHERE {parent} IN ({places}) ORDER BY {parent}, {position}", spec.select);
    let mut at = 0;
    let first = keys.first().cloned().unwrap_or(Value::Null);
    let mut push = |row: &Row<'_>| {
        let key = row.like(0, &first)?;
        if keys.get(at) != Some(&key) {
            at = keys.iter().position(|known| *known == key).unwrap_or_default();
        }
        rows.get_mut(at).map_or(Ok(()), |parent| (owned.push)(parent, &row.shifted(1)))
    };
    snapshot.fetch(cx, &sql, &keys, |row| push(row)).await.map(drop)
}

#[async_trait]
impl<E: Entity> Repository<E> for SqlRepository<E> {
    async fn find_by_id(&self, cx: &Context, scope: &Scope, id: &E::Id) -> Result<Option<E>> {
        if *scope == Scope::Unrestricted {
            return Ok(self.rows_of(cx, &self.find, &id.values(), true).await?.pop());
        }
        let mut select = Select::new(E::SPEC, Live::Yes);
        select.key(E::SPEC, id.values());
        select.within(E::SPEC, scope)?;
        Ok(self.rows(cx, select, "").await?.pop())
    }

    async fn find_deleted(&self, cx: &Context, scope: &Scope, id: &E::Id) -> Result<Option<E>> {
        if !E::SPEC.soft_delete {
            return Ok(None);
        }
        let mut select = Select::new(E::SPEC, Live::All);
        select.key(E::SPEC, id.values());
        select.and("deleted_at IS NOT NULL", Vec::new());
        select.within(E::SPEC, scope)?;
        Ok(self.rows(cx, select, "").await?.pop())
    }

    async fn find_many(&self, cx: &Context, scope: &Scope, ids: &[E::Id]) -> Result<Vec<E>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut select = Select::new(E::SPEC, Live::Yes);
        let mut keys: Vec<Vec<Value>> = ids.iter().map(Key::values).collect();
        pad(&mut keys);
        let condition = match E::SPEC.key {
            [column] => format!("{column} IN ({})", vec!["?"; keys.len()].join(", ")),
            _ => {
                let one = format!("({})", key_condition(E::SPEC));
                format!("({})", vec![one.as_str(); keys.len()].join(" OR "))
            }
        };
        select.and(&condition, keys.into_iter().flatten().collect());
        select.within(E::SPEC, scope)?;
        self.rows(cx, select, "").await
    }

    async fn list(&self, cx: &Context, scope: &Scope, query: &ListQuery) -> Result<Page<E>> {
        let dialect = self.db.dialect();
        let total = if query.include_total { Some(self.count(cx, scope, query).await?) } else { None };
        let order = keyset::deciding(E::SPEC, scope, query);
        let after = match query.has_token() {
            true => query.after(E::SPEC, scope, self.db.token_key().await?)?,
            false => None,
        };
        let stretches: Vec<Option<Stretch>> = match after {
            None => vec![None],
            Some(values) if query.skip == 0 => keyset::behind(dialect, order, &values).into_iter().map(Some).collect(),
            Some(values) => vec![Some(keyset::joined(keyset::behind(dialect, order, &values)))],
        };
        let sorted: Vec<String> = order.iter().map(|order| order_sql(dialect, order)).collect();
        let size = usize::try_from(query.size).unwrap_or_default();
        let mut data = Vec::new();
        for stretch in stretches {
            let mut select = matching(dialect, E::SPEC, scope, query)?;
            // To pass rows over, the engine reads them.
            select.bounded &= query.skip <= SKIP_BOUNDED;
            let settled = stretch.as_ref().map_or(0, |stretch| stretch.settled);
            if let Some(stretch) = stretch {
                // An order of the primary key is read from it.
                let by_key = order.first().is_some_and(|first| E::SPEC.key.first() == Some(&first.column.name));
                select.hint = if by_key { "" } else { stretch.hint };
                select.and(&stretch.condition, stretch.values);
            }
            let sorted = sorted.get(settled..).unwrap_or_default().join(", ");
            // One row more than the page has says whether there is another page.
            let tail = format!(" ORDER BY {sorted} LIMIT {} OFFSET {}", query.size + 1, query.skip);
            data.extend(self.rows(cx, select, &tail).await?);
            if data.len() > size {
                break;
            }
        }
        let more = data.len() > size;
        data.truncate(size);
        let next_page_token = match data.last().filter(|_| more) {
            Some(last) => query.token_behind(E::SPEC, scope, &last.values(), self.db.token_key().await?)?,
            None => String::new(),
        };
        Ok(Page { data, page: query.skip / query.size.max(1), size: query.size, total, next_page_token })
    }

    async fn count(&self, cx: &Context, scope: &Scope, query: &ListQuery) -> Result<i64> {
        let select = matching(self.db.dialect(), E::SPEC, scope, query)?;
        let sql = format!("SELECT count(*) FROM {}{}", E::SPEC.table, select.clause());
        self.db.count(cx, &sql, &select.values, select.bounded).await
    }
}

/// Repeats the last key until there are 1, 2, 4, 8 … of them, so that statements come in few lengths and stay prepared.
fn pad<T: Clone>(keys: &mut Vec<T>) {
    if let Some(last) = keys.last().cloned() {
        keys.resize(keys.len().next_power_of_two(), last);
    }
}

fn matching(dialect: Dialect, spec: &EntitySpec, scope: &Scope, query: &ListQuery) -> Result<Select> {
    let mut select = Select::new(spec, if query.show_deleted { Live::All } else { Live::Yes });
    select.within(spec, scope)?;
    // The indexes of orders hold the live rows only.
    select.bounded = !query.show_deleted;
    if let Some(filter) = &query.filter {
        let mut values = Vec::new();
        let condition = filter.to_sql(dialect, &mut values);
        select.and(&condition, values);
        select.bounded = false;
    }
    Ok(select)
}

/// Whether rows that are marked as deleted are hidden.
#[derive(PartialEq, Eq)]
enum Live {
    Yes,
    All,
}

/// The conditions of a query, with their values in order.
struct Select {
    conditions: String,
    values: Vec<Value>,
    /// What the engine is told behind the name of the table.
    hint: &'static str,
    /// A key, or an index and the size of a page, bounds what is read; else every row may be looked at.
    bounded: bool,
}

impl Select {
    fn new(spec: &EntitySpec, live: Live) -> Self {
        let mut select = Self { conditions: String::new(), values: Vec::new(), hint: "", bounded: true };
        if spec.soft_delete && live == Live::Yes {
            select.and("deleted_at IS NULL", Vec::new());
        }
        select
    }

    fn key(&mut self, spec: &EntitySpec, values: Vec<Value>) {
        self.and(&key_condition(spec), values);
    }

    fn and(&mut self, condition: &str, values: Vec<Value>) {
        if !self.conditions.is_empty() {
            self.conditions.push_str(" AND ");
        }
        self.conditions.push_str(condition);
        self.values.extend(values);
    }

    /// Binds the query to the scope. An entity that cannot be owned shows nothing to an owner.
    fn within(&mut self, spec: &EntitySpec, scope: &Scope) -> Result<()> {
        match scope {
            Scope::Unrestricted => {}
            Scope::Owner(account) => match spec.owner {
                Some(owner) => self.and(owner, vec![Value::Uuid(*account)]),
                None => return Err(Error::Forbidden(format!("{} has no owner", spec.name))),
            },
            Scope::Tenant(tenant) => match spec.tenant {
                Some(column) => self.and(&format!("{column} = ?"), vec![Value::Text(tenant.clone())]),
                None => return Err(Error::Forbidden(format!("{} has no tenant", spec.name))),
            },
        }
        Ok(())
    }

    fn clause(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!(" WHERE {}", self.conditions) }
    }
}

fn key_condition(spec: &EntitySpec) -> String {
    spec.key.iter().map(|column| format!("{column} = ?")).collect::<Vec<_>>().join(" AND ")
}

fn order_sql(dialect: Dialect, order: &OrderBy) -> String {
    dialect.order(order.column.name, order.descending, order.column.nullable)
}
