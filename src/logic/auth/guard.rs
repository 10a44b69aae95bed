//! Who guesses passwords has to wait, longer with each guess; whether there is such an account makes no difference.

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::login_guard::{LoginGuard, LoginGuardId, LoginGuardRepository};
use arcana_runtime::access::Scope;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::db::LocalStore;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::security::Security;
use arcana_runtime::security::secret::digest;
use arcana_runtime::settings::LockoutSettings;
use arcana_runtime::types::Duration;

/// The failures of each address.
pub struct Guard {
    guards: Arc<dyn LoginGuardRepository>,
    store: LocalStore,
    security: Security,
}

impl Guard {
    pub fn new(repositories: &Repositories) -> Self {
        let (store, security) = (repositories.store.clone(), repositories.security.clone());
        Self { guards: repositories.login_guards.clone(), store, security }
    }

    /// Lets a try pass, or says how long to wait. Answers the failures before it.
    pub async fn admit(&self, cx: &Context, email: &str) -> Result<Option<LoginGuard>> {
        let guard = self.guards.find_by_id(cx, &Scope::Unrestricted, &key(email)).await?;
        let locked_until = guard.as_ref().and_then(|guard| guard.locked_until);
        match locked_until.map(|until| (until - cx.now()).micros()) {
            Some(left) if left > 0 => {
                let retry_after_seconds = u64::try_from(left / 1_000_000).unwrap_or_default() + 1;
                Err(Error::RateLimited { retry_after_seconds })
            }
            _ => Ok(guard),
        }
    }

    /// Counts a failure, in a commit of its own: the call itself is refused.
    pub async fn failed(&self, cx: &Context, email: &str) -> Result<()> {
        let (id, scope, lockout) = (key(email), Scope::Unrestricted, self.security.lockout()?);
        let mut tx = self.store.begin(cx).await?;
        let before = tx.hold::<LoginGuard>(&scope, &id).await?;
        let mut changes = Changes::new(cx);
        match before {
            Some(before) => {
                let failures = before.failures.saturating_add(1);
                let locked_until = wait(lockout, failures).map(|wait| cx.now() + wait);
                changes.update(&before, LoginGuard { failures, locked_until, ..before.clone() });
            }
            None => {
                let now = cx.now();
                let (failures, version) = (1, 1);
                let first =
                    LoginGuard { key: id, failures, locked_until: None, version, created_at: now, updated_at: now };
                changes.insert(first);
            }
        }
        match tx.write(changes).await {
            // Another failure was the first at the same time; one of the two is forgiven.
            Err(Error::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => tx.commit().await,
        }
    }
}

fn key(email: &str) -> LoginGuardId {
    LoginGuardId::new(digest(email))
}

/// The wait behind so many failures.
fn wait(lockout: LockoutSettings, failures: i32) -> Option<Duration> {
    let behind = u32::try_from(failures).ok()?.checked_sub(lockout.free_failures)?;
    let seconds = i64::from(lockout.first_wait_seconds).saturating_mul(2_i64.saturating_pow(behind));
    Some(Duration::seconds(seconds.min(lockout.longest_wait_seconds.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        let lockout = LockoutSettings { free_failures: 5, first_wait_seconds: 15, longest_wait_seconds: 900 };
        let seconds = |failures| wait(lockout, failures).map(|wait| wait.micros() / 1_000_000);
        assert_eq!(seconds(4), None);
        assert_eq!([5, 6, 7, 10, 11, 99].map(seconds), [15, 30, 60, 480, 900, 900].map(Some));
    }
}
