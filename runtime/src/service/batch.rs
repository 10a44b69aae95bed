//! Several rows in one call: all of it is done, in one commit, or none of it.

use async_trait::async_trait;

use super::{ATTEMPTS, Done, Etag, Hooks, Once, Standard};
use crate::access::{self, Scope};
use crate::changes::Changes;
use crate::check;
use crate::context::Context;
use crate::entity::{Entity, Validate};
use crate::error::{Error, Result};
use crate::types::Key;
use crate::violations::Violations;

/// Most rows of one batch.
pub const BATCH_MAX: usize = 100;

/// Member that holds the requests of a batch.
const REQUESTS: &str = "requests";
/// Member that holds the keys of a batch that only reads.
const IDS: &str = "ids";

/// What transports call where an entity asks for batches. The rules are those of the methods of one row; answers stand in
/// the order of the requests, and errors name the request that they are about.
#[async_trait]
pub trait Batch<E: Entity>: Send + Sync {
    /// The rows with these keys.
    async fn batch_get(&self, cx: &Context, ids: Vec<E::Id>) -> Result<Vec<E>>;
    /// New rows.
    async fn batch_create(&self, cx: &Context, rows: Vec<E::New>) -> Result<Vec<E>>;
    /// Rows in a new state.
    async fn batch_update(&self, cx: &Context, rows: Vec<RowUpdate<E>>) -> Result<Vec<E>>;
    /// Removes rows, or marks them as deleted.
    async fn batch_delete(&self, cx: &Context, rows: Vec<RowDelete<E>>) -> Result<()>;
}

/// What becomes of one row.
#[derive(Debug, Clone)]
pub struct RowUpdate<E: Entity> {
    /// Which row.
    pub id: E::Id,
    /// What changes.
    pub patch: E::Patch,
    /// What the client expects of it.
    pub etag: Etag,
}

/// One row that goes.
#[derive(Debug, Clone)]
pub struct RowDelete<E: Entity> {
    /// Which row.
    pub id: E::Id,
    /// What the client expects of it.
    pub etag: Etag,
}

/// Reads the requests of a batch, or answers what is wrong with all of them.
pub fn read_requests<T, R>(sent: Vec<T>, read: impl FnMut(T) -> Result<R>) -> Result<Vec<R>> {
    read_each(REQUESTS, sent, read)
}

/// Reads the keys of a batch: each as a path writes it, the parts of a composite one joined by `/`.
pub fn read_ids<E: Entity>(sent: Vec<String>) -> Result<Vec<E::Id>> {
    let fields = E::SPEC.key_fields;
    read_each(IDS, sent, |text| {
        let segments: Vec<&str> = if fields.len() > 1 { text.split('/').collect() } else { vec![&text] };
        if segments.len() != fields.len() {
            return Err(Error::invalid("", "key", format!("must be {}, joined by /", fields.join(" and "))));
        }
        // The text itself is the key; there is no member below it.
        let whole = if fields.len() > 1 { fields } else { &[""] };
        E::Id::parse(&segments, whole).map_err(Error::Validation)
    })
}

fn read_each<T, R>(member: &str, sent: Vec<T>, mut read: impl FnMut(T) -> Result<R>) -> Result<Vec<R>> {
    let mut found = Violations::new();
    if sent.is_empty() {
        found.add(member, "required", "must be there");
    }
    check::max_items(&mut found, member, sent.len(), BATCH_MAX);
    if !found.is_empty() {
        return found.into_result(Vec::new());
    }
    let mut all = Vec::with_capacity(sent.len());
    for (index, one) in sent.into_iter().enumerate() {
        match read(one).map_err(|error| error.below(&request(member, index))) {
            Ok(one) => all.push(one),
            Err(Error::Validation(violations)) => found.extend(violations),
            Err(other) => return Err(other),
        }
    }
    found.into_result(all)
}

/// Where a request stands, such as `requests[3]`.
fn request(member: &str, index: usize) -> String {
    format!("{member}[{index}]")
}

/// Where the row of a request stands, such as `requests[3].order`.
fn place<E: Entity>(index: usize) -> String {
    format!("{REQUESTS}[{index}].{}", E::SPEC.member)
}

/// Each row stands in a batch once: else it would depend on the order what becomes of it.
fn distinct<K: Key>(ids: &[K], place: impl Fn(usize) -> String) -> Result<()> {
    let mut found = Violations::new();
    for (index, id) in ids.iter().enumerate() {
        if let Some(first) = ids.iter().take(index).position(|other| other == id) {
            let message = format!("is {id}, as {} is already; name each row once", place(first));
            found.add(&place(index), "unique", message);
        }
    }
    found.finish()
}

/// Checks the value rules of all rows at once.
fn validate<E: Entity>(rows: &[E], what: Validate) -> Result<()> {
    let mut found = Violations::new();
    for (index, row) in rows.iter().enumerate() {
        found.within(&place::<E>(index), |found| row.validate(what, found));
    }
    found.finish()
}

impl<E: Entity, L: Hooks<E>> Standard<E, L> {
    /// Live rows in the order of their keys; the first that the caller cannot see is named.
    async fn read_all(
        &self,
        cx: &Context,
        scope: &Scope,
        ids: &[E::Id],
        place: impl Fn(usize) -> String + Send,
    ) -> Result<Vec<E>> {
        distinct(ids, &place)?;
        let mut rows = self.repository.find_many(cx, scope, ids).await?;
        let take = |(index, id): (usize, &E::Id)| match rows.iter().position(|row| row.id() == *id) {
            Some(at) => Ok(rows.swap_remove(at)),
            None => Err(Error::no_row(E::SPEC.name, id).below(&place(index))),
        };
        ids.iter().enumerate().map(take).collect()
    }

    async fn create_all(&self, cx: &Context, rows: Vec<E::New>, once: Option<&Once>) -> Result<Vec<E>> {
        let mut drafts = Vec::with_capacity(rows.len());
        for new in rows {
            let number = if E::SPEC.allotted { self.store.allot(cx, E::SPEC).await? } else { 0 };
            drafts.push(E::create(new, cx, number));
        }
        validate(&drafts, Validate::Input)?;
        let mut changes = Changes::new(cx);
        let mut stored = Vec::with_capacity(drafts.len());
        for (index, mut draft) in drafts.into_iter().enumerate() {
            let place = place::<E>(index);
            changes.name_place(&place);
            let hook = self.logic.before_create(cx, &mut draft, &mut changes).await;
            hook.map_err(|error| error.below(&place))?;
            stored.push(changes.insert(draft));
        }
        validate(&stored, Validate::Stored)?;
        if let Some(once) = once {
            once.claim_all(&mut changes, &stored);
        }
        self.store.commit(cx, changes).await?;
        Ok(stored)
    }

    async fn update_all(&self, cx: &Context, scope: &Scope, rows: Vec<RowUpdate<E>>) -> Result<Vec<E>> {
        let ids: Vec<E::Id> = rows.iter().map(|row| row.id.clone()).collect();
        let current = self.read_all(cx, scope, &ids, place::<E>).await?;
        let mut drafts = Vec::with_capacity(rows.len());
        let mut found = Violations::new();
        for (index, (row, current)) in rows.into_iter().zip(&current).enumerate() {
            row.etag.check(current)?;
            let mut draft = current.clone();
            found.within(&place::<E>(index), |found| {
                draft.apply(row.patch, cx, found);
                draft.validate(Validate::Input, found);
            });
            drafts.push(draft);
        }
        found.finish()?;
        let mut changes = Changes::new(cx);
        let mut stored = Vec::with_capacity(drafts.len());
        for (index, (mut draft, current)) in drafts.into_iter().zip(&current).enumerate() {
            let place = place::<E>(index);
            changes.name_place(&place);
            let hook = self.logic.before_update(cx, current, &mut draft, &mut changes).await;
            hook.map_err(|error| error.below(&place))?;
            stored.push(changes.update(current, draft));
        }
        validate(&stored, Validate::Stored)?;
        self.store.commit(cx, changes).await?;
        Ok(stored)
    }

    async fn delete_all(&self, cx: &Context, scope: &Scope, rows: &[RowDelete<E>]) -> Result<Vec<E>> {
        let ids: Vec<E::Id> = rows.iter().map(|row| row.id.clone()).collect();
        let place = |index| request(REQUESTS, index);
        let current = self.read_all(cx, scope, &ids, place).await?;
        rows.iter().zip(&current).try_for_each(|(row, current)| row.etag.check(current))?;
        let mut changes = Changes::new(cx);
        for (index, current) in current.iter().enumerate() {
            let place = place(index);
            changes.name_place(&place);
            let hook = self.logic.before_delete(cx, current, &mut changes).await;
            hook.map_err(|error| error.below(&place))?;
            changes.delete(current);
        }
        self.store.commit(cx, changes).await?;
        Ok(current)
    }

    async fn answer_all(&self, cx: &Context, mut rows: Vec<E>) -> Result<Vec<E>> {
        for row in &mut rows {
            self.logic.after_read(cx, row).await?;
        }
        Ok(rows)
    }
}

#[async_trait]
impl<E: Entity, L: Hooks<E>> Batch<E> for Standard<E, L> {
    async fn batch_get(&self, cx: &Context, ids: Vec<E::Id>) -> Result<Vec<E>> {
        let scope = access::authorise(cx, E::SPEC.access.get, E::SPEC)?;
        let rows = self.read_all(cx, &scope, &ids, |index| request(IDS, index)).await?;
        self.answer_all(cx, rows).await
    }

    async fn batch_create(&self, cx: &Context, rows: Vec<E::New>) -> Result<Vec<E>> {
        access::authorise(cx, E::SPEC.access.create, E::SPEC)?;
        let once = Once::of::<E>(cx, "BatchCreate", &rows);
        let mut attempt = 1;
        let rows = loop {
            if let Some(once) = &once
                && let Some(rows) = once.answered_all(cx, self.store.as_ref()).await?
            {
                return self.answer_all(cx, rows).await;
            }
            match self.create_all(cx, rows.clone(), once.as_ref()).await {
                Err(Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome?,
            }
        };
        for row in &rows {
            self.logic.after_commit(cx, Done::Created(row)).await;
        }
        self.answer_all(cx, rows).await
    }

    async fn batch_update(&self, cx: &Context, rows: Vec<RowUpdate<E>>) -> Result<Vec<E>> {
        let scope = access::authorise(cx, E::SPEC.access.update, E::SPEC)?;
        let mut attempt = 1;
        let rows = loop {
            match self.update_all(cx, &scope, rows.clone()).await {
                Err(Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome?,
            }
        };
        for row in &rows {
            self.logic.after_commit(cx, Done::Updated(row)).await;
        }
        self.answer_all(cx, rows).await
    }

    async fn batch_delete(&self, cx: &Context, rows: Vec<RowDelete<E>>) -> Result<()> {
        let scope = access::authorise(cx, E::SPEC.access.delete, E::SPEC)?;
        let mut attempt = 1;
        let rows = loop {
            match self.delete_all(cx, &scope, &rows).await {
                Err(Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome?,
            }
        };
        for row in &rows {
            self.logic.after_commit(cx, Done::Deleted(row)).await;
        }
        Ok(())
    }
}
