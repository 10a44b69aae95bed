//! Custom rpcs: authorise → validate → logic → commit, again if another wrote a row meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use super::once::{Once, Replay};
use super::{ATTEMPTS, Request};
use crate::access::{self, Rule, Scope};
use crate::changes::{Changes, Store};
use crate::context::Context;
use crate::entity::EntitySpec;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::violations::Violations;

/// What a custom method needs to be authorised.
pub struct Method<T: 'static> {
    /// Full name, such as `shop.v1.OrderService/CancelOrder`.
    pub name: &'static str,
    /// Who may call it.
    pub access: Rule,
    /// Entity whose owner and tenant bound the call; none for a service of its own.
    pub entity: Option<&'static EntitySpec>,
    /// Seconds until TIMEOUT, if the schema says so.
    pub timeout_seconds: Option<u64>,
    /// How often one caller may call it, if the schema says so.
    pub limit: Option<Limit>,
    /// How its answer is kept for whoever repeats the call under its `Idempotency-Key`; none if the schema says that a call
    /// may be repeated without one.
    pub replay: Option<Replay<T>>,
}

/// A service of its own: its methods are all written by hand.
pub struct Custom<L> {
    store: Arc<dyn Store>,
    logic: Arc<L>,
}

impl<L: Send + Sync> Custom<L> {
    /// Puts a service together.
    pub fn new(store: Arc<dyn Store>, logic: Arc<L>) -> Self {
        Self { store, logic }
    }

    /// Runs a method: authorise → validate → logic → commit, again if another wrote a row meanwhile.
    pub async fn custom<R: Request, T: Send>(
        &self,
        cx: &Context,
        method: &'static Method<T>,
        request: R,
        run: impl for<'a> Fn(&'a L, &'a Context, &'a Scope, R, &'a mut Changes) -> BoxFuture<'a, Result<T>> + Send + Sync,
    ) -> Result<T> {
        run_custom(self.store.as_ref(), &*self.logic, cx, method, request, run).await
    }
}

pub(super) async fn run_custom<L: Send + Sync, R: Request, T: Send>(
    store: &dyn Store,
    logic: &L,
    cx: &Context,
    method: &'static Method<T>,
    request: R,
    run: impl for<'a> Fn(&'a L, &'a Context, &'a Scope, R, &'a mut Changes) -> BoxFuture<'a, Result<T>> + Send + Sync,
) -> Result<T> {
    let scope = match method.entity {
        Some(entity) => access::authorise(cx, method.access, entity)?,
        None => access::granted(cx, method.access)?,
    };
    if let Some(limit) = &method.limit {
        limit.spend(cx)?;
    }
    let mut found = Violations::new();
    request.validate(&mut found);
    found.finish()?;
    let once = method.replay.as_ref().and_then(|replay| {
        let sent = || serde_json::to_vec(&request).unwrap_or_default();
        Once::of(cx, || method.name.to_owned(), replay, sent)
    });
    let Some(seconds) = method.timeout_seconds else {
        return commit(store, logic, cx, &scope, request, once.as_ref(), run).await;
    };
    let limit = Duration::from_secs(seconds);
    let cx = cx.until(Instant::now() + limit);
    let work = commit(store, logic, &cx, &scope, request, once.as_ref(), run);
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Error::Timeout))
}

async fn commit<L: Send + Sync, R: Request, T: Send>(
    store: &dyn Store,
    logic: &L,
    cx: &Context,
    scope: &Scope,
    request: R,
    once: Option<&Once<T>>,
    run: impl for<'a> Fn(&'a L, &'a Context, &'a Scope, R, &'a mut Changes) -> BoxFuture<'a, Result<T>> + Send + Sync,
) -> Result<T> {
    let mut attempt = 1;
    loop {
        if let Some(once) = once
            && let Some(answer) = once.answered(cx, store).await?
        {
            return Ok(answer);
        }
        let mut changes = Changes::new(cx);
        let outcome = match run(logic, cx, scope, request.clone(), &mut changes).await {
            // What wrote nothing may be done again.
            Ok(answer) if changes.is_empty() => return Ok(answer),
            Ok(answer) => {
                if let Some(once) = once {
                    once.claim(&mut changes, &answer);
                }
                store.commit(cx, changes).await.map(|()| answer)
            }
            Err(error) => Err(error),
        };
        match outcome {
            Err(Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
    }
}
