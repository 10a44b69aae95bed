//! Sends the mails that were asked for. Each is claimed before it is sent, with a token that nobody but the mail has: whoever dies
//! over it leaves it to another, who sends it with another token, and the first one is good for nothing.

use std::sync::Arc;
use std::time::Duration;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::account_mail::{
    ACCOUNT_MAIL, AccountMail, AccountMailRepository, MailPurpose,
};
use arcana_generated::arcana::identity::v1::external_identity::{
    EXTERNAL_IDENTITY, ExternalIdentity, ExternalIdentityRepository,
};
use arcana_generated::arcana::identity::v1::user::{User, UserRepository};
use arcana_runtime::access::Scope;
use arcana_runtime::app::Kit;
use arcana_runtime::changes::Changes;
use arcana_runtime::chores::{Chore, Turn};
use arcana_runtime::context::Context;
use arcana_runtime::db::LocalStore;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::mail::{LONGEST, Mail, Mailer};
use arcana_runtime::query::{Comparison, Filter, ListQuery};
use arcana_runtime::security::secret::{digest, secret};
use arcana_runtime::settings::{LINK_TOKEN, MailSettings};
use arcana_runtime::telemetry::chain;
use arcana_runtime::types::{self, Timestamp};

use crate::accounts::account;

/// Word in front of the tokens in mails.
const WORD: &str = "mt_";
/// Hours that a token is good for.
const HOURS: i64 = 1;
/// Time between two looks for mails.
const EVERY: Duration = Duration::from_secs(2);
/// Mails of one turn.
const AT_ONCE: i64 = 100;
/// How often a mail is tried: for two hours.
const ATTEMPTS: i32 = 8;
/// Seconds until a mail is tried again, doubled with each try. While one is on its way, nobody else tries it.
const WAIT_SECONDS: i64 = 60;
const LONGEST_WAIT_SECONDS: i64 = 3600;
const _: () = assert!(LONGEST.as_secs() < WAIT_SECONDS as u64);

struct Postman {
    mails: Arc<dyn AccountMailRepository>,
    users: Arc<dyn UserRepository>,
    strangers: Arc<dyn ExternalIdentityRepository>,
    store: LocalStore,
    mailer: Mailer,
    settings: MailSettings,
}

/// The chore, if mails are sent.
pub fn chore(repositories: &Repositories, kit: &Kit) -> Option<Chore> {
    let postman = Arc::new(Postman {
        mails: repositories.account_mails.clone(),
        users: repositories.users.clone(),
        strangers: repositories.external_identities.clone(),
        store: repositories.store.clone(),
        mailer: kit.mailer.clone(),
        settings: kit.settings.mail.clone(),
    });
    let turn: Turn = Box::new(move || {
        let postman = postman.clone();
        Box::pin(async move { postman.send_what_is_due().await })
    });
    kit.mailer.sends().then_some(Chore { name: "mails", every: EVERY, turn })
}

impl Postman {
    /// A page of what is due; what is behind it has its turn soon.
    async fn send_what_is_due(&self) -> Result<()> {
        let cx = Context::system();
        let mut due = ListQuery::first(&ACCOUNT_MAIL).ordered_by(&AccountMail::NEXT_ATTEMPT_AT);
        due.narrow(Filter::compare(&AccountMail::NEXT_ATTEMPT_AT, Comparison::LessOrEqual, &cx.now()));
        due.size = AT_ONCE;
        let mut outcome = Ok(());
        for mail in self.mails.list(&cx, &Scope::Unrestricted, &due).await?.data {
            match self.send(&mail).await {
                // Another process has it, or its token was used or voided meanwhile.
                Ok(()) | Err(Error::ConcurrentUpdate(_)) => {}
                // It does not stand in the way of the others.
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    async fn send(&self, mail: &AccountMail) -> Result<()> {
        let cx = Context::system();
        // A process that died over it each time did not say so.
        let reader = if mail.attempts < ATTEMPTS { self.reader(&cx, mail).await? } else { None };
        let Some(user) = reader else {
            // Nobody whom it is for, or too often in vain.
            return self.note(&cx, mail, AccountMail { next_attempt_at: None, ..mail.clone() }).await.map(drop);
        };
        let token = secret(WORD)?;
        let has_token = mail.purpose != MailPurpose::EmailChanged;
        let attempts = mail.attempts + 1;
        let claimed = AccountMail {
            user_id: Some(user.id),
            attempts,
            next_attempt_at: Some(again(cx.now(), attempts)),
            token_hash: has_token.then(|| digest(&token)),
            expires_at: has_token.then(|| cx.now() + types::Duration::hours(HOURS)),
            ..mail.clone()
        };
        let claimed = self.note(&cx, mail, claimed).await?;
        let (subject, text) = words(mail.purpose, &token, &self.settings);
        let sent = self.mailer.send(Mail { to: &mail.email, subject, text: &text }).await;
        let cx = Context::system();
        let Err(error) = sent else {
            let sent = AccountMail { sent_at: Some(cx.now()), next_attempt_at: None, ..claimed.clone() };
            return self.note(&cx, &claimed, sent).await.map(drop);
        };
        let is_last = error.is_permanent || attempts >= ATTEMPTS;
        tracing::warn!(mail = %mail.id, attempts, is_last, cause = chain(&error), "a mail was not sent");
        // Nobody has the token, but whoever refused the mail.
        let left = AccountMail { token_hash: None, expires_at: None, ..claimed.clone() };
        let next_attempt_at = left.next_attempt_at.filter(|_| !is_last);
        self.note(&cx, &claimed, AccountMail { next_attempt_at, ..left }).await.map(drop)
    }

    /// The account that a mail is for, if it may sign in.
    async fn reader(&self, cx: &Context, mail: &AccountMail) -> Result<Option<User>> {
        let user = match &mail.user_id {
            Some(id) => self.users.find_by_id(cx, &Scope::Unrestricted, id).await?,
            None => self.users.find_by_email(cx, &Scope::Unrestricted, &mail.email).await?,
        };
        let Some(user) = user.filter(|user| account(user).is_some()) else { return Ok(None) };
        let is_for = match mail.purpose {
            MailPurpose::ResetPassword => user.email == mail.email && !self.is_a_stranger(cx, &user).await?,
            // The address that the account is to have, or had.
            MailPurpose::VerifyEmail | MailPurpose::EmailChanged => true,
            MailPurpose::Unspecified => false,
        };
        Ok(Some(user).filter(|_| is_for))
    }

    /// Whether another issuer alone says who has the account: a password here would outlast its word.
    async fn is_a_stranger(&self, cx: &Context, user: &User) -> Result<bool> {
        if user.password_hash.is_some() {
            return Ok(false);
        }
        let query = ListQuery::first(&EXTERNAL_IDENTITY).with(&ExternalIdentity::USER_ID, &user.id);
        Ok(!self.strangers.list(cx, &Scope::Unrestricted, &query).await?.data.is_empty())
    }

    async fn note(&self, cx: &Context, before: &AccountMail, after: AccountMail) -> Result<AccountMail> {
        let mut changes = Changes::new(cx);
        let after = changes.update(before, after);
        self.store.commit(cx, changes).await?;
        Ok(after)
    }
}

/// When a mail is tried again that was tried so often.
fn again(now: Timestamp, attempts: i32) -> Timestamp {
    let doubled = u32::try_from(attempts - 1).map_or(1, |times| 2_i64.saturating_pow(times));
    now + types::Duration::seconds(WAIT_SECONDS.saturating_mul(doubled).min(LONGEST_WAIT_SECONDS))
}

/// Subject and text. There is nothing in it that whoever asked for it could choose, so that nobody says his own words with it.
fn words(purpose: MailPurpose, token: &str, settings: &MailSettings) -> (&'static str, String) {
    let way = |link: &Option<String>| match link {
        Some(link) => format!("within the hour:\r\n\r\n{}", link.replace(LINK_TOKEN, token)),
        None => format!("within the hour, with this token:\r\n\r\n{token}"),
    };
    match purpose {
        MailPurpose::VerifyEmail => (
            "Verify your address",
            format!(
                "Somebody who signed in gave this address as theirs. If it was you, verify it {}\r\n\r\n\
                 If it was not you, leave it at that: nothing comes of it.\r\n",
                way(&settings.verify_link)
            ),
        ),
        MailPurpose::EmailChanged => (
            "Your address was changed",
            "The account that had this address has another one now. If it was not you, ask whoever runs the service to \
             bar the account.\r\n"
                .to_owned(),
        ),
        MailPurpose::ResetPassword | MailPurpose::Unspecified => (
            "Reset your password",
            format!(
                "Somebody asked for a new password for the account with this address. If it was you, set one {}\r\n\r\n\
                 If it was not you, leave it at that: the password stays as it is.\r\n",
                way(&settings.reset_link)
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_for_two_hours_and_less_often_each_time() {
        let now = Timestamp::from_parts(0, 0).unwrap();
        let waits: Vec<i64> =
            (1..ATTEMPTS).map(|attempts| (again(now, attempts) - now).micros() / 60_000_000).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60]);
    }
}
