//! Mails to accounts: asked for with a row, sent by a chore, and answered once with the token that is in them.

mod postman;

use std::collections::BTreeMap;
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

pub use postman::chore;

use crate::accounts::{account, all};

/// Asks for mails, and takes their tokens.
pub struct Mails {
    mails: Arc<dyn AccountMailRepository>,
    users: Arc<dyn UserRepository>,
    mailer: Mailer,
}

/// What is wrong with a token is for nobody to know.
pub fn refused() -> Error {
    let message = "the token is not valid, was used, or has expired; ask for another mail".to_owned();
    // The request is as it must be.
    Error::FailedPrecondition { field: Some("token".to_owned()), message }
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

    /// The mail of a token, which is used up by this, and the account that it is about.
    pub async fn take(
        &self,
        cx: &Context,
        purpose: MailPurpose,
        token: &str,
        changes: &mut Changes,
    ) -> Result<(AccountMail, User)> {
        let found = self.mails.find_by_token_hash(cx, &Scope::Unrestricted, &digest(token)).await?;
        let is_good = |mail: &AccountMail| mail.purpose == purpose && is_out(cx, mail);
        let mail = found.filter(is_good).ok_or_else(refused)?;
        let id = mail.user_id.ok_or_else(refused)?;
        let user = self.users.find_by_id(cx, &Scope::Unrestricted, &id).await?;
        let user = user.filter(|user| account(user).is_some()).ok_or_else(refused)?;
        use_up(cx, &mail, changes);
        Ok((mail, user))
    }

    /// Declares that no other token that is out there, or will be, is good for anything.
    pub async fn void(
        &self,
        cx: &Context,
        user: &User,
        but: Option<&AccountMailId>,
        changes: &mut Changes,
    ) -> Result<()> {
        let mut first = ListQuery::first(&ACCOUNT_MAIL);
        // As `is_open` looks at them: there may be many that are over.
        first.narrow(Filter::Or(vec![
            Filter::compare(&AccountMail::EXPIRES_AT, Comparison::Greater, &cx.now()),
            Filter::compare(&AccountMail::NEXT_ATTEMPT_AT, Comparison::Present, &cx.now()),
        ]));
        let mut mails = all(cx, &*self.mails, first.clone().with(&AccountMail::EMAIL, &user.email)).await?;
        mails.extend(all(cx, &*self.mails, first.with(&AccountMail::USER_ID, &user.id)).await?);
        // One that has both is there twice.
        let mails: BTreeMap<_, _> = mails.into_iter().map(|mail| (mail.id.0, mail)).collect();
        let others = mails.values().filter(|mail| Some(&mail.id) != but);
        let open = others.filter(|mail| mail.purpose != MailPurpose::EmailChanged && is_open(cx, mail));
        open.for_each(|mail| use_up(cx, mail, changes));
        Ok(())
    }
}

/// Whether its token is good.
fn is_out(cx: &Context, mail: &AccountMail) -> bool {
    mail.used_at.is_none() && mail.expires_at.is_some_and(|end| end > cx.now())
}

/// Whether its token is good, or will be.
fn is_open(cx: &Context, mail: &AccountMail) -> bool {
    is_out(cx, mail) || mail.used_at.is_none() && mail.next_attempt_at.is_some()
}

fn use_up(cx: &Context, mail: &AccountMail, changes: &mut Changes) {
    changes.update(mail, AccountMail { used_at: Some(cx.now()), next_attempt_at: None, ..mail.clone() });
}
