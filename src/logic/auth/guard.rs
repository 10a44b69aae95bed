//! Who guesses passwords has to wait, longer with each guess; whether there is such an account makes no difference.

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::account_mail::MailPurpose;
use arcana_generated::arcana::identity::v1::login_guard::{LoginGuard, LoginGuardId};
use arcana_generated::arcana::identity::v1::user::UserId;
use arcana_runtime::access::Scope;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::db::LocalStore;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::security::Security;
use arcana_runtime::security::secret::digest;
use arcana_runtime::settings::LockoutSettings;
use arcana_runtime::types::{Duration, Enumeration};

/// Failures that are older are forgotten.
const MEMORY_HOURS: i64 = 24;
/// Times that a count starts over because another was the first at the same time.
const ATTEMPTS: usize = 3;

/// Counts the tries at each password.
pub struct Guard {
    store: LocalStore,
    security: Security,
}

/// Whose password is tried, or what else must not be done again and again.
pub enum Tried<'a> {
    /// Of whoever has this address, if anybody.
    Address(&'a str),
    /// Of an account, by whoever is signed in to it: a count of its own, which others cannot use up.
    Account(&'a UserId),
    /// None: a mail is asked for, to this address. Whoever reads it must not drown in them.
    Mail(MailPurpose, &'a str),
}

impl Tried<'_> {
    fn key(&self) -> LoginGuardId {
        LoginGuardId::new(match self {
            // A word in front: nobody uses up the count of another kind by what he sends.
            Self::Address(email) => digest(&format!("address {email}")),
            Self::Account(id) => digest(&format!("account {id}")),
            Self::Mail(purpose, email) => digest(&format!("mail {} {email}", purpose.name())),
        })
    }
}

impl Guard {
    pub fn new(repositories: &Repositories) -> Self {
        Self { store: repositories.store.clone(), security: repositories.security.clone() }
    }

    /// Lets a try pass and counts it, or says how long to wait. It counts before it is known whether the password is right, so that
    /// many at once, and those whose caller goes away, count too.
    pub async fn admit(&self, cx: &Context, tried: &Tried<'_>) -> Result<()> {
        let mut attempt = 1;
        loop {
            match self.count(cx, tried.key()).await {
                Err(Error::Conflict { .. } | Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn count(&self, cx: &Context, key: LoginGuardId) -> Result<()> {
        let lockout = self.security.lockout()?;
        let mut tx = self.store.begin(cx).await?;
        let before = tx.hold::<LoginGuard>(&Scope::Unrestricted, &key).await?;
        let mut changes = Changes::new(cx);
        let now = cx.now();
        match before {
            Some(before) => {
                if let Some(left) = before.locked_until.map(|until| (until - now).micros()).filter(|left| *left > 0) {
                    let retry_after_seconds = u64::try_from(left / 1_000_000).unwrap_or_default() + 1;
                    return Err(Error::RateLimited { retry_after_seconds, rate: None });
                }
                let remembered = now - before.updated_at < Duration::hours(MEMORY_HOURS);
                let failures = if remembered { before.failures.saturating_add(1) } else { 1 };
                let locked_until = wait(lockout, failures).map(|wait| now + wait);
                changes.update(&before, LoginGuard { failures, locked_until, ..before.clone() });
            }
            None => {
                let (failures, version) = (1, 1);
                let locked_until = wait(lockout, failures).map(|wait| now + wait);
                changes.insert(LoginGuard { key, failures, locked_until, version, created_at: now, updated_at: now });
            }
        }
        tx.write(changes).await?;
        tx.commit().await
    }

    /// The password was right: what was counted is forgotten.
    pub async fn forgive(&self, cx: &Context, tried: &Tried<'_>) -> Result<()> {
        let mut tx = self.store.begin(cx).await?;
        if let Some(before) = tx.hold::<LoginGuard>(&Scope::Unrestricted, &tried.key()).await? {
            let mut changes = Changes::new(cx);
            changes.delete(&before);
            tx.write(changes).await?;
        }
        tx.commit().await
    }
}

/// The wait behind so many tries.
fn wait(lockout: LockoutSettings, failures: i32) -> Option<Duration> {
    let behind = u32::try_from(failures).ok()?.checked_sub(lockout.free_failures)?.checked_sub(1)?;
    let seconds = i64::from(lockout.first_wait_seconds).saturating_mul(2_i64.saturating_pow(behind));
    Some(Duration::seconds(seconds.min(lockout.longest_wait_seconds.into())))
}

#[cfg(test)]
mod tests {
    use arcana_runtime::limits::Rate;

    use super::*;

    #[test]
    fn waits_double_behind_the_tries_that_are_free_up_to_a_quarter_of_an_hour() {
        let rate_per_address = Rate { calls: 60, seconds: 60 };
        let lockout =
            LockoutSettings { free_failures: 5, first_wait_seconds: 15, longest_wait_seconds: 900, rate_per_address };
        let seconds = |failures| wait(lockout, failures).map(|wait| wait.micros() / 1_000_000);
        assert_eq!(seconds(5), None);
        assert_eq!([6, 7, 8, 11, 12, 99].map(seconds), [15, 30, 60, 480, 900, 900].map(Some));
    }
}
