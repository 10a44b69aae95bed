//! What is particular to sessions: one that is removed is over at once, and nobody removes one of somebody above them.

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::session::Session;
use arcana_generated::arcana::identity::v1::user::UserRepository;
use arcana_runtime::access::Scope;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::error::Result;
use arcana_runtime::security::Security;
use arcana_runtime::service::{Done, Hooks};
use async_trait::async_trait;

use super::user::require_reach;

/// The logic of sessions.
pub struct SessionLogic {
    users: Arc<dyn UserRepository>,
    security: Security,
}

impl SessionLogic {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self { users: repositories.users.clone(), security: repositories.security.clone() }
    }
}

#[async_trait]
impl Hooks<Session> for SessionLogic {
    async fn before_delete(&self, cx: &Context, current: &Session, _changes: &mut Changes) -> Result<()> {
        let user = self.users.find_by_id(cx, &Scope::Unrestricted, &current.user_id).await?;
        user.map_or(Ok(()), |user| require_reach(&cx.principal, &user))
    }

    async fn after_commit(&self, _cx: &Context, done: Done<'_, Session>) {
        if let Done::Deleted(session) = done {
            self.security.forget(session.id.0);
        }
    }
}
