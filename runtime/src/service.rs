//! The one service function behind both protocols: authorise → read → validate → hook → check → commit.

mod batch;
mod custom;
mod once;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::BoxFuture;
use serde::Serialize;

use crate::access::{self, Scope};
use crate::changes::{Changes, Store};
use crate::context::Context;
use crate::entity::{Derived, Entity, Validate};
use crate::error::{Error, Result};
use crate::expand::{Expand, Expandable, Expander, Reader};
use crate::query::{ListQuery, Page};
use crate::repository::Repository;
use crate::violations::Violations;
pub use batch::{BATCH_MAX, Batch, RowDelete, RowUpdate, read_ids, read_requests};
use custom::run_custom;
pub use custom::{Custom, Method};
pub use once::Replay;
use once::{Once, new_row};

/// Times that a call starts over when another wrote its row meanwhile.
const ATTEMPTS: usize = 3;

/// What transports call: the derived methods of one entity.
#[async_trait]
pub trait Service<E: Entity>: Send + Sync {
    /// One page of the rows that the caller may see.
    async fn list(&self, cx: &Context, query: ListQuery) -> Result<Page<E>>;
    /// One row, with the references that are wanted as rows.
    async fn get(&self, cx: &Context, id: E::Id, expand: &Expand) -> Result<E>;
    /// A new row.
    async fn create(&self, cx: &Context, new: E::New) -> Result<E>;
    /// A row in a new state.
    async fn update(&self, cx: &Context, id: E::Id, patch: E::Patch, etag: Etag) -> Result<E>;
    /// Removes a row, or marks it as deleted.
    async fn delete(&self, cx: &Context, id: E::Id, etag: Etag) -> Result<()>;
    /// Brings back a row that was marked as deleted.
    async fn undelete(&self, cx: &Context, id: E::Id) -> Result<E>;
}

/// Where hand-written logic attaches to the derived methods. Each hook may refuse with an error. A hook may run again
/// when another wrote the row meanwhile, so it declares its writes in `changes` and has no other side effects.
#[async_trait]
pub trait Hooks<E: Entity>: Send + Sync {
    /// Before a row is created: may fill in or correct the draft, and add writes that are committed with it.
    async fn before_create(&self, _cx: &Context, _draft: &mut E, _changes: &mut Changes) -> Result<()> {
        Ok(())
    }
    /// Before a row is changed from `current` to `draft`.
    async fn before_update(&self, _cx: &Context, _current: &E, _draft: &mut E, _changes: &mut Changes) -> Result<()> {
        Ok(())
    }
    /// Before a row is deleted.
    async fn before_delete(&self, _cx: &Context, _current: &E, _changes: &mut Changes) -> Result<()> {
        Ok(())
    }
    /// Before a row that was marked as deleted is brought back.
    async fn before_undelete(&self, _cx: &Context, _deleted: &E, _changes: &mut Changes) -> Result<()> {
        Ok(())
    }
    /// Before a list is read: may narrow the query.
    async fn before_list(&self, _cx: &Context, _query: &mut ListQuery) -> Result<()> {
        Ok(())
    }
    /// After a row was read for an answer: may compute members.
    async fn after_read(&self, _cx: &Context, _row: &mut E) -> Result<()> {
        Ok(())
    }
    /// After the commit: for side effects that may be lost when the process dies.
    async fn after_commit(&self, _cx: &Context, _done: Done<'_, E>) {}
}

/// What was committed.
#[derive(Debug)]
pub enum Done<'a, E> {
    /// A new row.
    Created(&'a E),
    /// A row in its new state.
    Updated(&'a E),
    /// A row that is gone.
    Deleted(&'a E),
}

/// The client's own expectation of the row's state (RFC 9110 `If-Match`, AIP-154 `etag`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Etag {
    /// None: whatever the state is.
    #[default]
    Any,
    /// One of these.
    OneOf(Vec<String>),
}

impl Etag {
    /// From an `etag` member of a gRPC request; empty means any.
    pub fn from_grpc(text: &str) -> Self {
        if text.is_empty() { Self::Any } else { Self::OneOf(vec![text.to_owned()]) }
    }

    fn check<E: Entity>(&self, row: &E) -> Result<()> {
        match (self, etag(row)) {
            (Self::OneOf(known), Some(now)) if !known.contains(&now) => Err(Error::PreconditionFailed),
            _ => Ok(()),
        }
    }
}

/// The etag of a row: its version in quotes. Rows without a version have none.
pub fn etag<E: Entity>(row: &E) -> Option<String> {
    row.version().map(|version| format!("\"{version}\""))
}

/// A request that can be checked against its rules.
pub trait Request: Clone + Serialize + Send + Sync + 'static {
    /// Checks the value rules.
    fn validate(&self, found: &mut Violations);
}

/// Lets a call of a derived method in: who may, how often, and until when.
fn admit<'a, E: Entity>(cx: &'a Context, method: Derived) -> Result<(Cow<'a, Context>, Scope)> {
    let scope = access::authorise(cx, E::SPEC.access.of(method), E::SPEC)?;
    let Some(limits) = E::SPEC.limits.iter().find(|limits| limits.method == method) else {
        return Ok((Cow::Borrowed(cx), scope));
    };
    if let Some(limit) = limits.limit {
        limit.spend(cx)?;
    }
    let until = |seconds| cx.until(Instant::now() + Duration::from_secs(seconds));
    Ok((limits.timeout_seconds.map_or(Cow::Borrowed(cx), |seconds| Cow::Owned(until(seconds))), scope))
}

/// Answers what a client sent for a row, or everything that is wrong with it: what could not be read, and what could
/// be read and breaks a rule.
pub fn read_new<E: Entity>(cx: &Context, new: Option<E::New>, mut found: Violations) -> Result<E::New> {
    if let Some(new) = new.as_ref().filter(|_| !found.is_empty()) {
        found.and_unread(|found| E::create(new.clone(), cx, 0).validate(Validate::Input, found));
    }
    read(new, found)
}

/// The same for a custom request.
pub fn read_request<R: Request>(request: Option<R>, mut found: Violations) -> Result<R> {
    if let Some(request) = request.as_ref().filter(|_| !found.is_empty()) {
        found.and_unread(|found| request.validate(found));
    }
    read(request, found)
}

fn read<T>(value: Option<T>, found: Violations) -> Result<T> {
    found.finish()?;
    value.ok_or_else(|| Error::internal("a decoder answered nothing and said nothing"))
}

/// The standard implementation of a service: generated pieces and hand-written logic, put together.
pub struct Standard<E: Entity, L> {
    /// Reads.
    pub repository: Arc<dyn Repository<E>>,
    /// Commits.
    pub store: Arc<dyn Store>,
    /// The hand-written part; what shows rows of this entity in others asks it too.
    pub logic: Arc<L>,
    /// What fills in references that a call wants to see as rows.
    expanders: Vec<Box<dyn Expander<E>>>,
}

impl<E: Entity, L: Hooks<E>> Standard<E, L> {
    /// Puts a service together.
    pub fn new(repository: Arc<dyn Repository<E>>, store: Arc<dyn Store>, logic: Arc<L>) -> Self {
        Self { repository, store, logic, expanders: Vec::new() }
    }

    /// The same, whose answers can show a reference as the row that `repository` and `logic` answer for it.
    #[must_use]
    pub fn expanding<T: Entity, K: Hooks<T> + 'static>(
        mut self,
        of: &'static Expandable<E, T>,
        repository: Arc<dyn Repository<T>>,
        logic: Arc<K>,
    ) -> Self {
        self.expanders.push(Box::new(Reader { of, repository, logic }));
        self
    }

    async fn expand(&self, cx: &Context, expand: &Expand, rows: &mut [E]) -> Result<()> {
        for path in expand.paths() {
            let expander = self.expanders.iter().find(|expander| expander.path() == *path);
            let expander =
                expander.ok_or_else(|| Error::internal(format!("nothing expands {path} of {}", E::SPEC.name)))?;
            expander.expand(cx, rows).await?;
        }
        Ok(())
    }

    /// Runs a custom method, see [`Custom::custom`].
    pub async fn custom<R: Request, T: Send>(
        &self,
        cx: &Context,
        method: &'static Method<T>,
        request: R,
        run: impl for<'a> Fn(&'a L, &'a Context, &'a Scope, R, &'a mut Changes) -> BoxFuture<'a, Result<T>> + Send + Sync,
    ) -> Result<T> {
        run_custom(self.store.as_ref(), &*self.logic, cx, method, request, run).await
    }

    async fn read(&self, cx: &Context, scope: &Scope, id: &E::Id) -> Result<E> {
        self.repository.find_by_id(cx, scope, id).await?.ok_or_else(|| Error::no_row(E::SPEC.name, id))
    }

    async fn create_once(&self, cx: &Context, new: E::New, once: Option<&Once<E>>) -> Result<E> {
        let number = if E::SPEC.allotted { self.store.allot(cx, E::SPEC).await? } else { 0 };
        let mut draft = E::create(new, cx, number);
        validate(&draft, Validate::Input)?;
        let mut changes = Changes::new(cx);
        self.logic.before_create(cx, &mut draft, &mut changes).await?;
        let draft = changes.insert(draft);
        validate(&draft, Validate::Stored)?;
        if let Some(once) = once {
            once.claim(&mut changes, &draft);
        }
        self.store.commit(cx, changes).await?;
        Ok(draft)
    }

    async fn update_once(&self, cx: &Context, scope: &Scope, id: &E::Id, patch: E::Patch, etag: &Etag) -> Result<E> {
        let current = self.read(cx, scope, id).await?;
        etag.check(&current)?;
        let mut draft = current.clone();
        let mut found = Violations::new();
        draft.apply(patch, cx, &mut found);
        draft.validate(Validate::Input, &mut found);
        found.finish()?;
        let mut changes = Changes::new(cx);
        self.logic.before_update(cx, &current, &mut draft, &mut changes).await?;
        let draft = changes.update(&current, draft);
        validate(&draft, Validate::Stored)?;
        self.store.commit(cx, changes).await?;
        Ok(draft)
    }

    async fn delete_once(&self, cx: &Context, scope: &Scope, id: &E::Id, etag: &Etag) -> Result<E> {
        let current = self.read(cx, scope, id).await?;
        etag.check(&current)?;
        let mut changes = Changes::new(cx);
        self.logic.before_delete(cx, &current, &mut changes).await?;
        changes.delete(&current);
        self.store.commit(cx, changes).await?;
        Ok(current)
    }
}

#[async_trait]
impl<E: Entity, L: Hooks<E>> Service<E> for Standard<E, L> {
    async fn list(&self, cx: &Context, mut query: ListQuery) -> Result<Page<E>> {
        let (cx, scope) = admit::<E>(cx, Derived::List)?;
        let cx = cx.as_ref();
        if query.show_deleted && !access::has_role(&cx.principal, "admin") {
            return Err(Error::Forbidden("show_deleted needs admin".to_owned()));
        }
        self.logic.before_list(cx, &mut query).await?;
        let mut page = self.repository.list(cx, &scope, &query).await?;
        for row in &mut page.data {
            self.logic.after_read(cx, row).await?;
        }
        self.expand(cx, &query.expand, &mut page.data).await?;
        Ok(page)
    }

    async fn get(&self, cx: &Context, id: E::Id, expand: &Expand) -> Result<E> {
        let (cx, scope) = admit::<E>(cx, Derived::Get)?;
        let cx = cx.as_ref();
        let mut row = self.read(cx, &scope, &id).await?;
        self.logic.after_read(cx, &mut row).await?;
        self.expand(cx, expand, std::slice::from_mut(&mut row)).await?;
        Ok(row)
    }

    async fn create(&self, cx: &Context, new: E::New) -> Result<E> {
        let (cx, _) = admit::<E>(cx, Derived::Create)?;
        let cx = cx.as_ref();
        let rpc = || format!("{}/Create", E::SPEC.full_name);
        let once = Once::of(cx, rpc, &Replay::ROW, || new_row::<E>(cx, &new));
        let mut attempt = 1;
        let mut row = loop {
            if let Some(once) = &once
                && let Some(mut row) = once.answered(cx, self.store.as_ref()).await?
            {
                self.logic.after_read(cx, &mut row).await?;
                return Ok(row);
            }
            match self.create_once(cx, new.clone(), once.as_ref()).await {
                Err(Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome?,
            }
        };
        self.logic.after_commit(cx, Done::Created(&row)).await;
        self.logic.after_read(cx, &mut row).await?;
        Ok(row)
    }

    async fn update(&self, cx: &Context, id: E::Id, patch: E::Patch, etag: Etag) -> Result<E> {
        let (cx, scope) = admit::<E>(cx, Derived::Update)?;
        let cx = cx.as_ref();
        let mut attempt = 1;
        let mut row = loop {
            match self.update_once(cx, &scope, &id, patch.clone(), &etag).await {
                Err(Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome?,
            }
        };
        self.logic.after_commit(cx, Done::Updated(&row)).await;
        self.logic.after_read(cx, &mut row).await?;
        Ok(row)
    }

    async fn delete(&self, cx: &Context, id: E::Id, etag: Etag) -> Result<()> {
        let (cx, scope) = admit::<E>(cx, Derived::Delete)?;
        let cx = cx.as_ref();
        let mut attempt = 1;
        let row = loop {
            match self.delete_once(cx, &scope, &id, &etag).await {
                Err(Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome?,
            }
        };
        self.logic.after_commit(cx, Done::Deleted(&row)).await;
        Ok(())
    }

    async fn undelete(&self, cx: &Context, id: E::Id) -> Result<E> {
        let (cx, scope) = admit::<E>(cx, Derived::Delete)?;
        let cx = cx.as_ref();
        let Some(deleted) = self.repository.find_deleted(cx, &scope, &id).await? else {
            self.read(cx, &scope, &id).await?;
            return Err(Error::precondition(format!("{} {id} is not deleted", E::SPEC.name)));
        };
        let mut changes = Changes::new(cx);
        self.logic.before_undelete(cx, &deleted, &mut changes).await?;
        let mut row = changes.undelete(&deleted);
        self.store.commit(cx, changes).await?;
        self.logic.after_commit(cx, Done::Updated(&row)).await;
        self.logic.after_read(cx, &mut row).await?;
        Ok(row)
    }
}

fn validate<E: Entity>(row: &E, what: Validate) -> Result<()> {
    let mut found = Violations::new();
    row.validate(what, &mut found);
    found.finish()
}
