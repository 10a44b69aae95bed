//! Expansion: an answer may show, in place of a reference alone, the row that it refers to. One query for each path, however
//! many rows there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::access;
use crate::context::Context;
use crate::entity::{Entity, EntitySpec};
use crate::error::{Error, Result};
use crate::repository::Repository;
use crate::service::Hooks;
use crate::violations::Violations;

/// Paths that a call may ask for at most.
pub const MAX_PATHS: usize = 5;
/// Keys that one query asks for at most: less than the smallest number of parameters that a database takes.
const MAX_KEYS: usize = 8192;

/// The references that a call wants to see as rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expand(Vec<&'static str>);

impl Expand {
    /// Nothing: references stay keys.
    pub const NONE: Self = Self(Vec::new());

    /// From a parameter of a URL, which names something if it is there.
    pub fn from_rest(spec: &EntitySpec, text: &str, found: &mut Violations) -> Self {
        if text.trim().is_empty() {
            found.add("expand", "query.expand", "names nothing; leave it out to expand nothing");
        }
        Self::parse(spec, text, found)
    }

    /// From the argument `expand`: paths, joined by commas.
    pub fn parse(spec: &EntitySpec, text: &str, found: &mut Violations) -> Self {
        let mut paths = Vec::new();
        if text.trim().is_empty() {
            return Self(paths);
        }
        for name in text.split(',').map(str::trim) {
            match spec.expandable.iter().find(|path| **path == name) {
                Some(path) if paths.contains(path) => {
                    found.add("expand", "query.expand", format!("names {path} twice"));
                }
                Some(path) => paths.push(*path),
                None => {
                    let known = spec.expandable.join(", ");
                    found.add("expand", "query.expand", format!("cannot expand {name:?}; known are {known}"));
                }
            }
        }
        if paths.len() > MAX_PATHS {
            found.add("expand", "query.expand", format!("names more than {MAX_PATHS} paths"));
        }
        Self(paths)
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The paths, such as `lines.product`.
    pub fn paths(&self) -> &[&'static str] {
        &self.0
    }
}

/// Looks at a reference and at the member beside it that may show its row.
pub type Look<'l, T> = dyn FnMut(Option<&<T as Entity>::Id>, &mut Option<Arc<T>>) + 'l;

/// A reference of `E`, or of its owned children, to a row of `T`, that answers may show in place.
pub struct Expandable<E, T: Entity> {
    /// How callers name it, such as `customer` or `lines.product`.
    pub path: &'static str,
    /// Looks at the reference in each place where a row has it.
    pub each: fn(&mut E, &mut Look<'_, T>),
}

/// What fills in one expandable reference.
#[async_trait]
pub(crate) trait Expander<E>: Send + Sync {
    /// How callers name the reference.
    fn path(&self) -> &'static str;
    /// Puts the rows beside the references to them. What the caller may not see stays away.
    async fn expand(&self, cx: &Context, rows: &mut [E]) -> Result<()>;
}

/// A reference with what reads its rows: as `Get` of their entity would answer them.
pub(crate) struct Reader<E: 'static, T: Entity, L> {
    pub(crate) of: &'static Expandable<E, T>,
    pub(crate) repository: Arc<dyn Repository<T>>,
    pub(crate) logic: Arc<L>,
}

#[async_trait]
impl<E: Entity, T: Entity, L: Hooks<T>> Expander<E> for Reader<E, T, L> {
    fn path(&self) -> &'static str {
        self.of.path
    }

    async fn expand(&self, cx: &Context, rows: &mut [E]) -> Result<()> {
        let mut wanted = BTreeMap::new();
        for row in rows.iter_mut() {
            (self.of.each)(row, &mut |key, _| {
                wanted.extend(key.map(|key| (key.to_string(), key.clone())));
            });
        }
        let keys: Vec<T::Id> = wanted.into_values().collect();
        let mut seen = BTreeMap::new();
        for keys in keys.chunks(MAX_KEYS) {
            let found = self.visible(cx, keys).await?;
            seen.extend(found.into_iter().map(|row| (row.id().to_string(), Arc::new(row))));
        }
        for row in rows {
            (self.of.each)(row, &mut |key, member| {
                *member = key.and_then(|key| seen.get(&key.to_string()).cloned());
            });
        }
        Ok(())
    }
}

impl<E, T: Entity, L: Hooks<T>> Reader<E, T, L> {
    /// The rows that the caller could get one by one.
    async fn visible(&self, cx: &Context, keys: &[T::Id]) -> Result<Vec<T>> {
        let Some(scope) = unless_hidden(access::authorise(cx, T::SPEC.access.get, T::SPEC))? else {
            return Ok(Vec::new());
        };
        let found = unless_hidden(self.repository.find_many(cx, &scope, keys).await)?;
        let mut visible = Vec::new();
        for mut row in found.unwrap_or_default() {
            if unless_hidden(self.logic.after_read(cx, &mut row).await)?.is_some() {
                visible.push(row);
            }
        }
        Ok(visible)
    }
}

/// What hides a row from its own `Get` hides it here; any other failure is one.
fn unless_hidden<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Err(Error::Unauthorized(_) | Error::Forbidden(_) | Error::NotFound(_)) => Ok(None),
        other => other.map(Some),
    }
}
