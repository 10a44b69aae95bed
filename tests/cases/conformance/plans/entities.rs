//! What is asked of each entity, as its shape promises it.

use std::sync::{Arc, Mutex};

use arcana_runtime::access::Scope;
use arcana_runtime::context::Context;
use arcana_runtime::db::{Db, Dialect, Value};
use arcana_runtime::entity::{ColumnSpec, Entity, EntitySpec, Kind};
use arcana_runtime::fixture::Fixture;
use arcana_runtime::query::ListQuery;
use arcana_runtime::repository::{Repository, SqlRepository};
use futures::future::BoxFuture;

use crate::explain::{Promise, complaints, complaints_of_words};

/// How many statements were explained, and what is wrong with them.
pub type Check = for<'d> fn(&'d Db) -> BoxFuture<'d, (usize, Vec<String>)>;

/// The check of an entity, with the name of its table.
pub const fn check<E: Fixture>() -> (&'static str, Check) {
    (E::SPEC.table, |db| Box::pin(explained::<E>(db)))
}

type Seen = Arc<Mutex<Vec<(String, Vec<Value>)>>>;

struct Eye<'d> {
    db: &'d Db,
    seen: Seen,
    count: usize,
    complaints: Vec<String>,
}

impl Eye<'_> {
    /// Has all that was run since the last time explained.
    async fn judge(&mut self, what: &str, promise: Promise) {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        assert!(!seen.is_empty(), "{what} ran no statement");
        for (sql, values) in seen {
            self.count += 1;
            let found = complaints(self.db, &sql, &values, promise).await;
            let found = found.into_iter().map(|complaint| format!("{what}: {complaint}\n    {sql}"));
            // Pages differ in their values only.
            self.complaints.extend(found);
            self.complaints.dedup();
        }
    }
}

impl Eye<'_> {
    /// Has a search explained: how its words are found.
    async fn judge_words(&mut self, what: &str, table: &str) {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        for (sql, values) in seen {
            self.count += 1;
            let found = complaints_of_words(self.db, &sql, &values, table).await;
            self.complaints.extend(found.into_iter().map(|complaint| format!("{what}: {complaint}\n    {sql}")));
        }
    }
}

async fn explained<E: Fixture>(db: &Db) -> (usize, Vec<String>) {
    let spec = E::SPEC;
    let seen = Seen::default();
    let tell = Arc::clone(&seen);
    let watched = db.clone().observed(move |query| {
        // The key of page tokens is stored by the first list; that is no read.
        if !query.sql.starts_with("SELECT") {
            return;
        }
        tell.lock().unwrap().push((query.sql.to_owned(), query.values.to_vec()));
    });
    let repository = SqlRepository::<E>::new(watched);
    let mut eye = Eye { db, seen, count: 0, complaints: Vec::new() };
    let row = E::fixture(0);
    let values = row.values();
    let (cx, everybody) = (Context::system(), Scope::Unrestricted);

    repository.find_by_id(&cx, &everybody, &row.id()).await.unwrap().unwrap();
    eye.judge(&format!("get {}", spec.name), Promise::Found).await;
    if let [_] = spec.key {
        repository.find_many(&cx, &everybody, &[row.id(), E::fixture(1).id(), E::fixture(2).id()]).await.unwrap();
        eye.judge(&format!("get many {}", spec.name), Promise::Found).await;
    }
    for unique in spec.unique {
        let condition: Vec<_> = unique.columns.iter().map(|column| format!("{column} = ?")).collect();
        let values = unique.columns.iter().map(|column| value_of(spec, &values, column)).collect();
        repository.find_by(&cx, &everybody, &condition.join(" AND "), values).await.unwrap();
        eye.judge(&format!("find {} by {}", spec.name, unique.fields.join(", ")), Promise::Found).await;
    }
    for column in references(spec) {
        list(&repository, &everybody, &[(column.field, stranger(column))]).await;
        // Of several indexes that start with it, MariaDB takes any for a few rows, and sorts these.
        let promise = if db.dialect() == Dialect::Mysql { Promise::Found } else { Promise::Range };
        eye.judge(&format!("list {} of a {}", spec.name, column.field), promise).await;
    }
    // An owner in another table is found there first; whose rows are then read how depends on how many they are.
    if spec.owner.is_some_and(|owner| !owner.contains("SELECT")) {
        let account = arcana_runtime::fixture::uuid("arcana.identity.v1.User", 0);
        list(&repository, &Scope::Owner(account), &[]).await;
        eye.judge(&format!("list {} of an owner", spec.name), Promise::Range).await;
    }
    list(&repository, &everybody, &[]).await;
    eye.judge(&format!("list {}", spec.name), Promise::Ordered).await;
    if let Some(words) = &spec.words {
        list(&repository, &everybody, &[("q", "nobody")]).await;
        eye.judge_words(&format!("search {}", spec.name), words.table).await;
    }
    for column in spec.fields().iter().filter(|column| is_offered(spec, column)) {
        for way in ["asc", "desc"] {
            pages(&repository, &mut eye, column, way).await;
        }
    }
    (eye.count, eye.complaints)
}

/// The first page in an order, and those behind rows at its start, in its middle and at its end: NULL is on either side.
async fn pages<E: Fixture>(repository: &SqlRepository<E>, eye: &mut Eye<'_>, column: &ColumnSpec, way: &str) {
    let what = format!("list {} by {} {way}", E::SPEC.name, column.field);
    let order = [("sort", column.field), ("order", way)];
    let mut token = list(repository, &Scope::Unrestricted, &order).await;
    eye.judge(&what, Promise::Ordered).await;
    assert!(!token.is_empty(), "{what} has one page only");
    let quiet = SqlRepository::<E>::new(eye.db.clone());
    while !token.is_empty() {
        let further = [order[0], order[1], ("page_token", token.as_str())];
        list(repository, &Scope::Unrestricted, &further).await;
        eye.judge(&format!("{what}, further page"), Promise::Range).await;
        token = page(&quiet, &Scope::Unrestricted, &further, "25").await;
    }
}

/// A page of one row; gives the token of the next.
async fn list<E: Entity>(repository: &SqlRepository<E>, scope: &Scope, parameters: &[(&str, &str)]) -> String {
    page(repository, scope, parameters, "1").await
}

async fn page<E: Entity>(
    repository: &SqlRepository<E>,
    scope: &Scope,
    parameters: &[(&str, &str)],
    size: &str,
) -> String {
    let more = [("include_total", "false"), ("size", size)];
    let parameters: Vec<_> =
        parameters.iter().chain(&more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let query = ListQuery::from_rest(E::SPEC, &parameters).unwrap();
    repository.list(&Context::system(), scope, &query).await.unwrap().next_page_token
}

fn references(spec: &'static EntitySpec) -> impl Iterator<Item = &'static ColumnSpec> {
    let refers = |column: &&ColumnSpec| spec.references.iter().any(|reference| reference.column == column.name);
    spec.fields().iter().filter(|column| column.filterable).filter(refers)
}

fn is_offered(spec: &EntitySpec, column: &ColumnSpec) -> bool {
    column.sortable || column.field == "created_at" || spec.key == [column.name]
}

fn value_of(spec: &EntitySpec, values: &[Value], name: &str) -> Value {
    let at = spec.fields().iter().position(|column| column.name == name).unwrap();
    values[at].clone()
}

/// A reference that few rows have: of one that many have, any index soon finds a page.
fn stranger(column: &ColumnSpec) -> &'static str {
    match column.kind {
        Kind::Uuid => "00000000-0000-7000-8000-000000000000",
        Kind::I64 => "1000000",
        _ => "nobody",
    }
}
