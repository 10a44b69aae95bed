//! Mails with a token that proves who reads an address: asked for here, and answered once. `crate::postman` sends them.

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::account_mail::{
    ACCOUNT_MAIL, AccountMail, AccountMailId, AccountMailRepository, MailPurpose,
};
use arcana_generated::arcana::identity::v1::user::{User, UserId, UserRepository};
use arcana_runtime::access::Scope;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::mail::Mailer;
use arcana_runtime::query::{Comparison, Filter, ListQuery};
use arcana_runtime::security::secret::digest;
use arcana_runtime::violations::Violations;

use crate::accounts::account;

/// Asks for mails, and takes their tokens.
pub struct Mails {
    mails: Arc<dyn AccountMailRepository>,
    users: Arc<dyn UserRepository>,
    mailer: Mailer,
}

/// What is wrong with a token is for nobody to know.
fn refused() -> Error {
    let mut found = Violations::new();
    found.add("token", "valid", "is not valid, was used, or has expired; ask for another mail");
    found.finish().err().unwrap_or(Error::InvalidCredentials)
}

impl Mails {
    pub fn new(repositories: &Repositories) -> Self {
        Self {
            mails: repositories.account_mails.clone(),
            users: repositories.users.clone(),
            mailer: repositories.mailer.clone(),
        }
    }

    /// Whether any are sent.
    pub fn are_sent(&self) -> bool {
        self.mailer.sends()
    }

    /// Refuses where none are sent.
    pub fn require(&self) -> Result<()> {
        if self.are_sent() { Ok(()) } else { Err(Error::precondition("no mails are sent here; ask an administrator")) }
    }

    /// Declares a mail. Nobody looks whether there is such an account, so that asking takes as long for each address.
    pub fn ask(&self, cx: &Context, purpose: MailPurpose, email: &str, user: Option<UserId>, changes: &mut Changes) {
        changes.insert(AccountMail {
            id: AccountMailId::new(cx.uuid()),
            purpose,
            email: email.to_owned(),
            user_id: user,
            token_hash: None,
            expires_at: None,
            used_at: None,
            sent_at: None,
            attempts: 0,
            next_attempt_at: Some(cx.now()),
            version: 1,
            created_at: cx.now(),
        });
    }

    /// What was asked for is committed: it is sent now, and not with the next look for it.
    pub fn hurry(&self) {
        self.mailer.wake();
    }

    /// The account that a token is about, which is used up by this.
    pub async fn take(&self, cx: &Context, purpose: MailPurpose, token: &str, changes: &mut Changes) -> Result<User> {
        let found = self.mails.find_by_token_hash(cx, &Scope::Unrestricted, &digest(token)).await?;
        let is_good = |mail: &AccountMail| {
            mail.purpose == purpose && mail.used_at.is_none() && mail.expires_at.is_some_and(|end| end > cx.now())
        };
        let mail = found.filter(is_good).ok_or_else(refused)?;
        let id = mail.user_id.ok_or_else(refused)?;
        let user = self.users.find_by_id(cx, &Scope::Unrestricted, &id).await?;
        // It proves this address and no other, to an account that may sign in.
        let user = user.filter(|user| user.email == mail.email && account(user).is_some()).ok_or_else(refused)?;
        changes.update(&mail, AccountMail { used_at: Some(cx.now()), ..mail.clone() });
        Ok(user)
    }

    /// Declares that no token that is still out there gives this account another password.
    pub async fn void(&self, cx: &Context, user: &UserId, changes: &mut Changes) -> Result<()> {
        let mut query = ListQuery::first(&ACCOUNT_MAIL).with(&AccountMail::USER_ID, user);
        query.narrow(Filter::compare(&AccountMail::EXPIRES_AT, Comparison::Greater, &cx.now()));
        query.size = 100;
        let open = self.mails.list(cx, &Scope::Unrestricted, &query).await?.data.into_iter();
        for mail in open.filter(|mail| mail.purpose == MailPurpose::ResetPassword && mail.used_at.is_none()) {
            changes.update(&mail, AccountMail { used_at: Some(cx.now()), ..mail.clone() });
        }
        Ok(())
    }
}
