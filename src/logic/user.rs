//! What is particular to users: addresses have one form, nobody changes the account of somebody above them, and a removed account
//! is signed out.

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::api_key::{API_KEY, ApiKey, ApiKeyRepository};
use arcana_generated::arcana::identity::v1::external_identity::{
    EXTERNAL_IDENTITY, ExternalIdentity, ExternalIdentityRepository,
};
use arcana_generated::arcana::identity::v1::user::{User, UserId};
use arcana_runtime::access;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::{Context, Principal};
use arcana_runtime::error::{Error, Result};
use arcana_runtime::query::ListQuery;
use arcana_runtime::security::Security;
use arcana_runtime::service::{Done, Hooks};
use async_trait::async_trait;

use super::auth::sessions::Sessions;
use crate::accounts::{all, normal, revoke};
use crate::mails::Mails;

/// The logic of users.
pub struct UserLogic {
    ways: Ways,
    mails: Mails,
    sessions: Sessions,
    security: Security,
}

impl UserLogic {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self {
            ways: Ways::new(repositories),
            mails: Mails::new(repositories),
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

/// What opens an account beside its password: keys, and links to other issuers.
pub struct Ways {
    keys: Arc<dyn ApiKeyRepository>,
    strangers: Arc<dyn ExternalIdentityRepository>,
}

impl Ways {
    pub fn new(repositories: &Repositories) -> Self {
        Self { keys: repositories.api_keys.clone(), strangers: repositories.external_identities.clone() }
    }

    /// Declares that all of them are gone.
    pub async fn close(&self, cx: &Context, user: &UserId, changes: &mut Changes) -> Result<()> {
        self.remove_keys(cx, user, changes).await?;
        let links = ListQuery::first(&EXTERNAL_IDENTITY).with(&ExternalIdentity::USER_ID, user);
        all(cx, &*self.strangers, links).await?.iter().for_each(|link| changes.delete(link));
        Ok(())
    }

    /// Declares that the keys are gone.
    pub async fn remove_keys(&self, cx: &Context, user: &UserId, changes: &mut Changes) -> Result<()> {
        let keys = all(cx, &*self.keys, ListQuery::first(&API_KEY).with(&ApiKey::USER_ID, user)).await?;
        keys.iter().for_each(|key| changes.delete(key));
        Ok(())
    }
}

#[async_trait]
impl Hooks<User> for UserLogic {
    async fn before_create(&self, _cx: &Context, draft: &mut User, _changes: &mut Changes) -> Result<()> {
        draft.email = normal(&draft.email);
        Ok(())
    }

    async fn before_update(&self, cx: &Context, current: &User, draft: &mut User, changes: &mut Changes) -> Result<()> {
        draft.email = normal(&draft.email);
        require_reach(&cx.principal, current)?;
        if draft.email != normal(&current.email) {
            if cx.principal.id == Some(current.id.0) {
                // Who has the address can have the password reset: a token that was found somewhere must not give it.
                let mend = "change your own by AuthService.ChangeEmail, which asks for the password";
                return Err(Error::Forbidden(format!("email stays as it is here; {mend}")));
            }
            draft.email_verified_at = None;
            self.mails.void(cx, current, None, changes).await?;
        }
        Ok(())
    }

    async fn before_delete(&self, cx: &Context, current: &User, changes: &mut Changes) -> Result<()> {
        require_reach(&cx.principal, current)?;
        // Else they would be good again when the account comes back.
        let open = self.sessions.open_of(cx, &current.id, None).await?;
        open.iter().for_each(|session| revoke(cx, session, changes));
        self.ways.remove_keys(cx, &current.id, changes).await?;
        self.mails.void(cx, current, None, changes).await
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
