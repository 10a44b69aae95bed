//! What is particular to users: addresses have one form, nobody changes the account of somebody above them, and a removed account
//! is signed out.

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::api_key::{API_KEY, ApiKey, ApiKeyRepository};
use arcana_generated::arcana::identity::v1::user::{User, UserId};
use arcana_runtime::access::{self, Scope};
use arcana_runtime::changes::Changes;
use arcana_runtime::context::{Context, Principal};
use arcana_runtime::error::{Error, Result};
use arcana_runtime::query::ListQuery;
use arcana_runtime::security::Security;
use arcana_runtime::service::{Done, Hooks};
use async_trait::async_trait;

use super::auth::sessions::Sessions;
use crate::accounts::{normal, revoke};

/// The logic of users.
pub struct UserLogic {
    keys: Arc<dyn ApiKeyRepository>,
    sessions: Sessions,
    security: Security,
}

impl UserLogic {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self {
            keys: repositories.api_keys.clone(),
            sessions: Sessions::new(repositories),
            security: repositories.security.clone(),
        }
    }
}

/// Refuses whoever has not all that the roles of a user imply; one's own account is always in reach.
pub fn require_reach(principal: &Principal, user: &User) -> Result<()> {
    let above = user.roles.iter().find(|role| !access::may_grant(principal, role));
    match above.filter(|_| principal.id != Some(user.id.0)) {
        Some(role) => Err(Error::Forbidden(format!("the account has a role above yours, {role}"))),
        None => Ok(()),
    }
}

/// Declares that the keys of an account are gone.
pub async fn remove_keys(
    cx: &Context,
    keys: &dyn ApiKeyRepository,
    user: &UserId,
    changes: &mut Changes,
) -> Result<()> {
    let mut query = ListQuery::first(&API_KEY).with(&ApiKey::USER_ID, user);
    loop {
        let page = keys.list(cx, &Scope::Unrestricted, &query).await?;
        page.data.iter().for_each(|key| changes.delete(key));
        match page.next_page_token.is_empty() {
            true => return Ok(()),
            false => query.skip += query.size,
        }
    }
}

#[async_trait]
impl Hooks<User> for UserLogic {
    async fn before_create(&self, _cx: &Context, draft: &mut User, _changes: &mut Changes) -> Result<()> {
        draft.email = normal(&draft.email);
        Ok(())
    }

    async fn before_update(
        &self,
        cx: &Context,
        current: &User,
        draft: &mut User,
        _changes: &mut Changes,
    ) -> Result<()> {
        draft.email = normal(&draft.email);
        require_reach(&cx.principal, current)?;
        if draft.email != current.email {
            if cx.principal.id == Some(current.id.0) {
                // Who has the address can have the password reset: a token that was found somewhere must not give it.
                let mend = "change your own by AuthService.ChangeEmail, which asks for the password";
                return Err(Error::Forbidden(format!("email stays as it is here; {mend}")));
            }
            draft.email_verified_at = None;
        }
        Ok(())
    }

    async fn before_delete(&self, cx: &Context, current: &User, changes: &mut Changes) -> Result<()> {
        require_reach(&cx.principal, current)?;
        // Else they would be good again when the account comes back.
        let open = self.sessions.open_of(cx, &current.id, None).await?;
        open.iter().for_each(|session| revoke(cx, session, changes));
        remove_keys(cx, &*self.keys, &current.id, changes).await
    }

    async fn before_undelete(&self, cx: &Context, deleted: &User, _changes: &mut Changes) -> Result<()> {
        require_reach(&cx.principal, deleted)
    }

    async fn after_commit(&self, _cx: &Context, done: Done<'_, User>) {
        if let Done::Deleted(user) = done {
            self.security.forget_account(user.id.0);
        }
    }
}
