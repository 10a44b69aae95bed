//! What the systems that mirror accounts need.

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::sync::{FindPendingSyncRequest, FindPendingSyncResponse, SyncMethods};
use arcana_generated::arcana::identity::v1::user::{SyncStatus, USER, User, UserRepository};
use arcana_runtime::access::Scope;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::error::Result;
use arcana_runtime::query::ListQuery;
use async_trait::async_trait;

/// The logic of sync.
pub struct SyncLogic {
    users: Arc<dyn UserRepository>,
}

impl SyncLogic {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self { users: repositories.users.clone() }
    }
}

#[async_trait]
impl SyncMethods for SyncLogic {
    async fn find_pending_sync(
        &self,
        cx: &Context,
        scope: &Scope,
        request: FindPendingSyncRequest,
        _changes: &mut Changes,
    ) -> Result<FindPendingSyncResponse> {
        let query = ListQuery::first(&USER).with(&User::SYNC_STATUS, &SyncStatus::Pending);
        let mut query = query.ordered_by(&User::CREATED_AT);
        query.size = request.size.into();
        Ok(FindPendingSyncResponse { users: self.users.list(cx, scope, &query).await?.data })
    }
}
