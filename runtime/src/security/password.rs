//! Passwords as Argon2id (RFC 9106), hashed by few at a time, so that a flood of them leaves the other calls alone.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::settings::SecuritySettings;

/// Hashes and verifies passwords.
pub struct Passwords {
    params: Params,
    /// As many as may be hashed at a time, each with the memory of its parameters.
    turns: Arc<Semaphore>,
    wait: Duration,
    /// What a password is compared with where there is no account: as dear as a hash, and of no password.
    nobody: String,
}

/// How a password compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// It is the one that was hashed.
    pub right: bool,
    /// The hash was made with weaker parameters than those of today.
    pub outdated: bool,
}

impl Passwords {
    /// As the settings say.
    pub fn new(settings: &SecuritySettings) -> Self {
        let argon2 = &settings.argon2;
        // The kinds of the keys bound what the parameters may be.
        let params = Params::new(argon2.memory_kib, argon2.iterations, argon2.parallelism, None).unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let turns = if argon2.concurrency == 0 { (cores / 2).max(1) } else { argon2.concurrency };
        let wait = Duration::from_millis(argon2.wait_ms);
        let nobody = nobody(&params);
        Self { params, turns: Arc::new(Semaphore::new(turns)), wait, nobody }
    }

    /// The hash of a password, as a PHC string.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let (params, password) = (self.params.clone(), password.to_owned());
        self.in_turn(move || hash(params, &password)).await
    }

    /// Whether a password is the one that was hashed. It takes as long where there is no hash, or one that is none.
    pub async fn verify(&self, password: &str, kept: Option<&str>) -> Result<Verdict> {
        let kept = kept.filter(|kept| PasswordHash::new(kept).is_ok());
        let known = kept.is_some();
        let (password, kept) = (password.to_owned(), kept.unwrap_or(&self.nobody).to_owned());
        let today = self.params.clone();
        let mut verdict = self.in_turn(move || Ok(compare(&today, &password, &kept))).await?;
        verdict.right &= known;
        Ok(verdict)
    }

    /// Runs work on a thread of its own when its turn comes. The turn ends with the work, whoever stopped waiting for it.
    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let turn = tokio::time::timeout(self.wait, self.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Error::unavailable("too many passwords are waiting to be hashed"));
        };
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(Error::internal)?
    }
}

/// A hash of these parameters that no password has, but for a chance of one in 2^256.
fn nobody(params: &Params) -> String {
    let (memory, iterations, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    let (salt, hash) = ("A".repeat(22), "A".repeat(43));
    format!("$argon2id$v=19$m={memory},t={iterations},p={lanes}${salt}${hash}")
}

fn hash(params: Params, password: &str) -> Result<String> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|cause| Error::internal(format!("a password cannot be hashed: {cause}")))
}

fn compare(today: &Params, password: &str, kept: &str) -> Verdict {
    let Ok(kept) = PasswordHash::new(kept) else { return Verdict { right: false, outdated: false } };
    // The parameters are those of the hash.
    let right = Argon2::default().verify_password(password.as_bytes(), &kept).is_ok();
    let weaker = |params: Params| {
        params.m_cost() < today.m_cost() || params.t_cost() < today.t_cost() || params.p_cost() < today.p_cost()
    };
    let outdated = kept.algorithm.as_str() != "argon2id" || Params::try_from(&kept).is_ok_and(weaker);
    Verdict { right, outdated }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::keys::tests::settings;

    fn passwords(iterations: u32) -> Passwords {
        let mut settings = settings();
        settings.argon2.iterations = iterations;
        Passwords::new(&settings)
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let passwords = passwords(2);
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let verdict = passwords.verify("correct horse", Some(&hash)).await.unwrap();
        assert_eq!(verdict, Verdict { right: true, outdated: false });
        assert!(!passwords.verify("correct house", Some(&hash)).await.unwrap().right);
    }

    #[tokio::test]
    async fn nobody_has_a_password() {
        let passwords = passwords(2);
        for kept in [None, Some(""), Some("no hash")] {
            assert!(!passwords.verify("correct horse", kept).await.unwrap().right, "{kept:?}");
        }
        // What stands in for a hash is one, so that it costs as much.
        assert!(PasswordHash::new(&passwords.nobody).is_ok());
        assert_eq!(
            compare(&passwords.params, "correct horse", &passwords.nobody),
            Verdict { right: false, outdated: false }
        );
    }

    #[tokio::test]
    async fn a_hash_of_weaker_parameters_is_outdated() {
        let hash = passwords(2).hash("correct horse").await.unwrap();
        let verdict = passwords(3).verify("correct horse", Some(&hash)).await.unwrap();
        assert_eq!(verdict, Verdict { right: true, outdated: true });
    }

    #[tokio::test]
    async fn who_waits_too_long_is_sent_away() {
        let mut settings = settings();
        (settings.argon2.concurrency, settings.argon2.wait_ms) = (1, 0);
        let passwords = Passwords::new(&settings);
        let turn = passwords.turns.clone().acquire_owned().await.unwrap();
        assert!(matches!(passwords.hash("correct horse").await, Err(Error::Unavailable(_))));
        drop(turn);
        assert!(passwords.hash("correct horse").await.is_ok());
    }
}
