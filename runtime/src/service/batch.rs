//! Several rows in one call: all of it is done, in one commit, or none of it.

use async_trait::async_trait;

use super::{ATTEMPTS, Done, Etag, Hooks, Once, Replay, Standard, admit, new_row};
use crate::access::Scope;
use crate::changes::Changes;
use crate::check;
use crate::context::Context;
use crate::entity::{Derived, Entity, Validate};
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

/// The rows that a batch is about, each once however often it is named, in the order of their first mention.
struct Named<E> {
    rows: Vec<E>,
    /// For each request, which of the rows it is about.
    of: Vec<usize>,
}

impl<E: Entity> Named<E> {
    /// The request that names a row first.
    fn first(&self, row: usize) -> usize {
        self.of.iter().position(|at| *at == row).unwrap_or(row)
    }

    /// The same places with other rows in them.
    fn with(&self, rows: Vec<E>) -> Self {
        Self { rows, of: self.of.clone() }
    }

    /// One row for each request.
    fn answers(self) -> Vec<E> {
        if self.rows.len() == self.of.len() {
            return self.rows;
        }
        self.of.iter().filter_map(|at| self.rows.get(*at).cloned()).collect()
    }
}

/// Each key once, with the place of its first mention, and for each mention which of them it is.
fn distinct<K: Key>(ids: &[K]) -> (Vec<(usize, K)>, Vec<usize>) {
    let mut keys: Vec<(usize, K)> = Vec::with_capacity(ids.len());
    let mut of = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        of.push(keys.iter().position(|(_, key)| key == id).unwrap_or(keys.len()));
        if of.last() == Some(&keys.len()) {
            keys.push((index, id.clone()));
        }
    }
    (keys, of)
}

/// Checks the value rules of all rows at once; `request` is where a row stands in the batch.
fn validate<E: Entity>(rows: &[E], what: Validate, request: impl Fn(usize) -> usize) -> Result<()> {
    let mut found = Violations::new();
    for (index, row) in rows.iter().enumerate() {
        found.within(&place::<E>(request(index)), |found| row.validate(what, found));
    }
    found.finish()
}

impl<E: Entity, L: Hooks<E>> Standard<E, L> {
    /// Live rows; the first that the caller cannot see is named.
    async fn read_all(
        &self,
        cx: &Context,
        scope: &Scope,
        ids: &[E::Id],
        place: impl Fn(usize) -> String + Send,
    ) -> Result<Named<E>> {
        let (keys, of) = distinct(ids);
        let (first, keys): (Vec<usize>, Vec<E::Id>) = keys.into_iter().unzip();
        let mut found = self.repository.find_many(cx, scope, &keys).await?;
        let take = |(first, id): (usize, &E::Id)| match found.iter().position(|row| row.id() == *id) {
            Some(at) => Ok(found.swap_remove(at)),
            None => Err(Error::no_row(E::SPEC.name, id).below(&place(first))),
        };
        Ok(Named { rows: first.into_iter().zip(&keys).map(take).collect::<Result<_>>()?, of })
    }

    async fn create_all(&self, cx: &Context, rows: Vec<E::New>, once: Option<&Once<Vec<E>>>) -> Result<Vec<E>> {
        let mut drafts = Vec::with_capacity(rows.len());
        for new in rows {
            let number = if E::SPEC.allotted { self.store.allot(cx, E::SPEC).await? } else { 0 };
            drafts.push(E::create(new, cx, number));
        }
        validate(&drafts, Validate::Input, |row| row)?;
        let mut changes = Changes::new(cx);
        let mut stored = Vec::with_capacity(drafts.len());
        for (index, mut draft) in drafts.into_iter().enumerate() {
            let place = place::<E>(index);
            changes.name_place(&place);
            let hook = self.logic.before_create(cx, &mut draft, &mut changes).await;
            hook.map_err(|error| error.below(&place))?;
            stored.push(changes.insert(draft));
        }
        validate(&stored, Validate::Stored, |row| row)?;
        if let Some(once) = once {
            once.claim(&mut changes, &stored);
        }
        self.store.commit(cx, changes).await?;
        Ok(stored)
    }

    /// What several requests say of one row is applied to it in their order; the hook sees the outcome.
    async fn update_all(&self, cx: &Context, scope: &Scope, requests: Vec<RowUpdate<E>>) -> Result<Named<E>> {
        let ids: Vec<E::Id> = requests.iter().map(|request| request.id.clone()).collect();
        let current = self.read_all(cx, scope, &ids, place::<E>).await?;
        let mut drafts = current.rows.clone();
        let mut found = Violations::new();
        for (index, (request, row)) in requests.into_iter().zip(&current.of).enumerate() {
            request.etag.check(&current.rows[*row])?;
            let draft = &mut drafts[*row];
            found.within(&place::<E>(index), |found| {
                draft.apply(request.patch, cx, found);
                draft.validate(Validate::Input, found);
            });
        }
        found.finish()?;
        let mut changes = Changes::new(cx);
        let mut stored = Vec::with_capacity(drafts.len());
        for (row, (mut draft, before)) in drafts.into_iter().zip(&current.rows).enumerate() {
            let place = place::<E>(current.first(row));
            changes.name_place(&place);
            let hook = self.logic.before_update(cx, before, &mut draft, &mut changes).await;
            hook.map_err(|error| error.below(&place))?;
            stored.push(changes.update(before, draft));
        }
        validate(&stored, Validate::Stored, |row| current.first(row))?;
        self.store.commit(cx, changes).await?;
        Ok(current.with(stored))
    }

    async fn delete_all(&self, cx: &Context, scope: &Scope, requests: &[RowDelete<E>]) -> Result<Vec<E>> {
        let ids: Vec<E::Id> = requests.iter().map(|request| request.id.clone()).collect();
        let place = |index| request(REQUESTS, index);
        let current = self.read_all(cx, scope, &ids, place).await?;
        requests.iter().zip(&current.of).try_for_each(|(request, row)| request.etag.check(&current.rows[*row]))?;
        let mut changes = Changes::new(cx);
        for (row, before) in current.rows.iter().enumerate() {
            let place = place(current.first(row));
            changes.name_place(&place);
            let hook = self.logic.before_delete(cx, before, &mut changes).await;
            hook.map_err(|error| error.below(&place))?;
            changes.delete(before);
        }
        self.store.commit(cx, changes).await?;
        Ok(current.rows)
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
        let (cx, scope) = admit::<E>(cx, Derived::Get)?;
        let cx = cx.as_ref();
        let rows = self.read_all(cx, &scope, &ids, |index| request(IDS, index)).await?;
        self.answer_all(cx, rows.answers()).await
    }

    async fn batch_create(&self, cx: &Context, rows: Vec<E::New>) -> Result<Vec<E>> {
        let (cx, _) = admit::<E>(cx, Derived::Create)?;
        let cx = cx.as_ref();
        let rpc = || format!("{}/BatchCreate", E::SPEC.full_name);
        let sent = || rows.iter().flat_map(|new| [new_row::<E>(cx, new), vec![b'\n']].concat()).collect();
        let once = Once::of(cx, rpc, &Replay::ROWS, sent);
        let mut attempt = 1;
        let rows = loop {
            if let Some(once) = &once
                && let Some(rows) = once.answered(cx, self.store.as_ref()).await?
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
        let (cx, scope) = admit::<E>(cx, Derived::Update)?;
        let cx = cx.as_ref();
        let mut attempt = 1;
        let rows = loop {
            match self.update_all(cx, &scope, rows.clone()).await {
                Err(Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome?,
            }
        };
        for row in &rows.rows {
            self.logic.after_commit(cx, Done::Updated(row)).await;
        }
        self.answer_all(cx, rows.answers()).await
    }

    async fn batch_delete(&self, cx: &Context, rows: Vec<RowDelete<E>>) -> Result<()> {
        let (cx, scope) = admit::<E>(cx, Derived::Delete)?;
        let cx = cx.as_ref();
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
