//! Keys for programs: made by whoever signed in, shown once, and over as soon as they are removed.

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::api_key::{
    ApiKey, ApiKeyId, ApiKeyMethods, IssueApiKeyRequest, IssuedApiKey,
};
use arcana_generated::arcana::identity::v1::session::{SessionId, SessionRepository};
use arcana_generated::arcana::identity::v1::user::{UserId, UserRepository};
use arcana_runtime::access::{self, Scope};
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::security::secret::{digest, secret};
use arcana_runtime::security::{API_KEY, Security};
use arcana_runtime::service::{Done, Hooks};
use arcana_runtime::types::Duration;
use async_trait::async_trait;

use super::user::require_reach;
use crate::accounts::is_open;

/// Characters of a key by which it is known again: few enough that they help nobody to guess the rest.
const HINT: usize = API_KEY.len() + 6;
/// What a key may do if nothing is said.
const DEFAULT_ROLE: &str = "user";

/// The logic of keys.
pub struct ApiKeyLogic {
    users: Arc<dyn UserRepository>,
    sessions: Arc<dyn SessionRepository>,
    security: Security,
}

impl ApiKeyLogic {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self {
            users: repositories.users.clone(),
            sessions: repositories.sessions.clone(),
            security: repositories.security.clone(),
        }
    }
}

#[async_trait]
impl Hooks<ApiKey> for ApiKeyLogic {
    async fn before_delete(&self, cx: &Context, current: &ApiKey, _changes: &mut Changes) -> Result<()> {
        let user = self.users.find_by_id(cx, &Scope::Unrestricted, &current.user_id).await?;
        user.map_or(Ok(()), |user| require_reach(&cx.principal, &user))
    }

    async fn after_commit(&self, _cx: &Context, done: Done<'_, ApiKey>) {
        if let Done::Deleted(key) = done {
            self.security.forget(key.id.0);
        }
    }
}

#[async_trait]
impl ApiKeyMethods for ApiKeyLogic {
    async fn issue(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: IssueApiKeyRequest,
        changes: &mut Changes,
    ) -> Result<IssuedApiKey> {
        // Else one that leaked would outlive its end in its descendants.
        let (Some(id), Some(session)) = (cx.principal.id, cx.principal.session) else {
            return Err(Error::Forbidden("keys are made by whoever signed in, not by another key".to_owned()));
        };
        // Both as they are now, and until the commit: a key outlives what it is made with.
        let session = self.sessions.find_by_id(cx, &Scope::Unrestricted, &SessionId::new(session)).await?;
        let user = self.users.find_by_id(cx, &Scope::Unrestricted, &UserId::new(id)).await?;
        let (Some(session), Some(user)) = (session.filter(|session| is_open(session, cx.now())), user) else {
            return Err(Error::Unauthorized("the session has ended; sign in again".to_owned()));
        };
        changes.expect_version(&session);
        changes.expect_version(&user);
        let mut roles = request.roles;
        if roles.is_empty() {
            roles.push(DEFAULT_ROLE.to_owned());
        }
        if let Some(role) = roles.iter().find(|role| !access::has_role(&cx.principal, role)) {
            return Err(Error::Forbidden(format!("a key has no role that its account has not, such as {role}")));
        }
        roles.sort();
        roles.dedup();
        let key = secret(API_KEY)?;
        let api_key = changes.insert(ApiKey {
            id: ApiKeyId::new(cx.uuid()),
            user_id: UserId::new(id),
            name: request.name,
            hint: key.chars().take(HINT).collect(),
            key_hash: digest(&key),
            roles,
            expires_at: cx.now() + Duration::hours(24 * i64::from(request.days)),
            version: 1,
            created_at: cx.now(),
        });
        Ok(IssuedApiKey { key, api_key })
    }
}
