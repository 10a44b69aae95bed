//! Sends the mails that accounts asked for. Each is claimed before it is sent, with a token that nobody but the mail has: whoever
//! dies over it leaves it to another, who sends it with another token, and the first one is good for nothing.

use std::sync::Arc;
use std::time::Duration;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::account_mail::{
    ACCOUNT_MAIL, AccountMail, AccountMailRepository, MailPurpose,
};
use arcana_generated::arcana::identity::v1::user::{User, UserRepository};
use arcana_runtime::access::Scope;
use arcana_runtime::app::Kit;
use arcana_runtime::changes::Changes;
use arcana_runtime::chores::{Chore, Turn};
use arcana_runtime::context::Context;
use arcana_runtime::db::LocalStore;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::mail::{Mail, Mailer};
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
/// How often a mail is tried: for two hours.
const ATTEMPTS: i32 = 8;
/// Seconds until a mail is tried again; longer than one try takes, and doubled with each.
const WAIT_SECONDS: i64 = 60;
const LONGEST_WAIT_SECONDS: i64 = 3600;

struct Postman {
    mails: Arc<dyn AccountMailRepository>,
    users: Arc<dyn UserRepository>,
    store: LocalStore,
    mailer: Mailer,
    settings: MailSettings,
}

/// The chore, if mails are sent.
pub fn chore(repositories: &Repositories, kit: &Kit) -> Option<Chore> {
    let postman = Arc::new(Postman {
        mails: repositories.account_mails.clone(),
        users: repositories.users.clone(),
        store: repositories.store.clone(),
        mailer: kit.mailer.clone(),
        settings: kit.settings.mail.clone(),
    });
    let turn: Turn = Box::new(move || {
        let postman = postman.clone();
        Box::pin(async move { postman.send_what_is_due().await })
    });
    Some(Chore { name: "mails", every: EVERY, woken: kit.mailer.woken()?, turn })
}

impl Postman {
    async fn send_what_is_due(&self) -> Result<()> {
        loop {
            let cx = Context::system();
            let mut due = ListQuery::first(&ACCOUNT_MAIL).ordered_by(&AccountMail::NEXT_ATTEMPT_AT);
            due.narrow(Filter::compare(&AccountMail::NEXT_ATTEMPT_AT, Comparison::LessOrEqual, &cx.now()));
            let due = self.mails.list(&cx, &Scope::Unrestricted, &due).await?.data;
            if due.is_empty() {
                return Ok(());
            }
            for mail in &due {
                match self.send(mail).await {
                    // Another process has it.
                    Err(Error::ConcurrentUpdate(_)) => {}
                    outcome => outcome?,
                }
            }
        }
    }

    async fn send(&self, mail: &AccountMail) -> Result<()> {
        let cx = Context::system();
        let Some(user) = self.reader(&cx, mail).await? else {
            // Nobody whom it is for.
            return self.note(&cx, mail, AccountMail { next_attempt_at: None, ..mail.clone() }).await.map(drop);
        };
        let token = secret(WORD)?;
        let attempts = mail.attempts + 1;
        let claimed = AccountMail {
            user_id: Some(user.id),
            token_hash: Some(digest(&token)),
            expires_at: Some(cx.now() + types::Duration::hours(HOURS)),
            attempts,
            next_attempt_at: Some(again(cx.now(), attempts)),
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
        let cause = chain(&error);
        tracing::warn!(mail = %mail.id, attempts, is_last, cause, "a mail was not sent");
        if is_last {
            self.note(&cx, &claimed, AccountMail { next_attempt_at: None, ..claimed.clone() }).await?;
        }
        Ok(())
    }

    /// The account that a mail is for: it has the address now, and may sign in.
    async fn reader(&self, cx: &Context, mail: &AccountMail) -> Result<Option<User>> {
        let user = match &mail.user_id {
            Some(id) => self.users.find_by_id(cx, &Scope::Unrestricted, id).await?,
            None => self.users.find_by_email(cx, &Scope::Unrestricted, &mail.email).await?,
        };
        Ok(user.filter(|user| user.email == mail.email && account(user).is_some()))
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
    let (subject, what, link, otherwise) = match purpose {
        MailPurpose::VerifyEmail => (
            "Verify your address",
            "There is an account with this address. If you opened it, verify the address",
            &settings.verify_link,
            "If you did not open it, leave it at that: the address stays unverified.",
        ),
        _ => (
            "Reset your password",
            "Somebody asked for a new password for the account with this address. If it was you, set one",
            &settings.reset_link,
            "If it was not you, leave it at that: the password stays as it is.",
        ),
    };
    let way = match link {
        Some(link) => format!("within the hour:\r\n\r\n{}", link.replace(LINK_TOKEN, token)),
        None => format!("within the hour, with this token:\r\n\r\n{token}"),
    };
    (subject, format!("{what} {way}\r\n\r\n{otherwise}\r\n"))
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
