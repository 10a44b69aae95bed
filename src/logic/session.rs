//! What is particular to sessions: one that is removed is over at once.

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::session::Session;
use arcana_runtime::context::Context;
use arcana_runtime::security::Security;
use arcana_runtime::service::{Done, Hooks};
use async_trait::async_trait;

/// The logic of sessions.
pub struct SessionLogic {
    security: Security,
}

impl SessionLogic {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self { security: repositories.security.clone() }
    }
}

#[async_trait]
impl Hooks<Session> for SessionLogic {
    async fn after_commit(&self, _cx: &Context, done: Done<'_, Session>) {
        if let Done::Deleted(session) = done {
            self.security.forget(session.id.0);
        }
    }
}
