//! Custom rpcs: authorise → validate → logic → commit, again if another wrote a row meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use super::{ATTEMPTS, Request};
use crate::access::{self, Rule, Scope};
use crate::changes::{Changes, Store};
use crate::context::Context;
use crate::entity::EntitySpec;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::violations::Violations;

/// What a custom method needs to be authorised.
#[derive(Debug)]
pub struct Method {
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
        method: &'static Method,
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
    method: &'static Method,
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
    let Some(seconds) = method.timeout_seconds else { return commit(store, logic, cx, &scope, request, run).await };
    let limit = Duration::from_secs(seconds);
    let cx = cx.until(Instant::now() + limit);
    let work = commit(store, logic, &cx, &scope, request, run);
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Error::Timeout))
}

async fn commit<L: Send + Sync, R: Request, T: Send>(
    store: &dyn Store,
    logic: &L,
    cx: &Context,
    scope: &Scope,
    request: R,
    run: impl for<'a> Fn(&'a L, &'a Context, &'a Scope, R, &'a mut Changes) -> BoxFuture<'a, Result<T>> + Send + Sync,
) -> Result<T> {
    let mut attempt = 1;
    loop {
        let mut changes = Changes::new(cx);
        let outcome = match run(logic, cx, scope, request.clone(), &mut changes).await {
            Ok(answer) if changes.is_empty() => return Ok(answer),
            Ok(answer) => store.commit(cx, changes).await.map(|()| answer),
            Err(error) => Err(error),
        };
        match outcome {
            Err(Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
    }
}
