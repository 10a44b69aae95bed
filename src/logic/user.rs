//! What is particular to users: addresses have one form, and nobody changes the account of somebody above them.

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::user::User;
use arcana_runtime::access;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::service::Hooks;
use async_trait::async_trait;

use crate::accounts::normal;

/// The logic of users.
pub struct UserLogic;

impl UserLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

/// Refuses whoever has not all that the roles of a user imply; one's own account is always in reach.
pub fn require_reach(cx: &Context, user: &User) -> Result<()> {
    let above = user.roles.iter().find(|role| !access::may_grant(&cx.principal, role));
    match above.filter(|_| cx.principal.id != Some(user.id.0)) {
        Some(role) => Err(Error::Forbidden(format!("the account has a role above yours, {role}"))),
        None => Ok(()),
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
        require_reach(cx, current)
    }

    async fn before_delete(&self, cx: &Context, current: &User, _changes: &mut Changes) -> Result<()> {
        require_reach(cx, current)
    }
}
