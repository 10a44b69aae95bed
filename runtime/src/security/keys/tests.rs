//! Keys in their folder.

use super::*;
use crate::limits::Rate;
use crate::settings::{Argon2Settings, LockoutSettings, OidcSettings};

/// Settings whose passwords are cheap to hash.
pub(in super::super) fn settings() -> SecuritySettings {
    SecuritySettings {
        mode: crate::settings::SecurityMode::Enforced,
        algorithm: SigningAlgorithm::Hs256,
        keys: "keys".to_owned(),
        secret: None,
        issuer: "test".to_owned(),
        audience: "test".to_owned(),
        access_ttl_seconds: 900,
        refresh_ttl_seconds: 3600,
        registration: true,
        browser_sessions: false,
        oidc: OidcSettings {
            issuer: None,
            audience: String::new(),
            roles_claim: "roles".to_owned(),
            roles: Vec::new(),
            create_accounts: false,
        },
        argon2: Argon2Settings { memory_kib: 19_456, iterations: 2, parallelism: 1, concurrency: 0, wait_ms: 5000 },
        lockout: LockoutSettings {
            free_failures: 5,
            first_wait_seconds: 15,
            longest_wait_seconds: 900,
            rate_per_address: Rate { calls: 60, seconds: 60 },
        },
    }
}

const ALL: [SigningAlgorithm; 4] =
    [SigningAlgorithm::Hs256, SigningAlgorithm::EdDsa, SigningAlgorithm::Es256, SigningAlgorithm::Rs256];

#[test]
fn a_first_key_is_made_for_its_owner_alone_and_found_again() {
    for algorithm in ALL {
        let dir = tempfile::tempdir().unwrap();
        let settings = SecuritySettings { algorithm, ..settings() };
        let id = Keys::open(&settings, dir.path()).unwrap().current().signer().unwrap().id.clone();
        let again = Keys::open(&settings, dir.path()).unwrap();
        assert_eq!(again.current().keys.len(), 1, "{algorithm:?}");
        assert_eq!(again.current().signer().unwrap().id, id);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            let folder = dir.path().join("keys");
            assert_eq!(mode(&folder), 0o700);
            assert_eq!(mode(&folder.join(format!("{id}.{}", algorithm.name()))), 0o600);
        }
    }
}

#[test]
fn a_new_key_signs_and_the_old_one_verifies_on() {
    let (dir, settings) = (tempfile::tempdir().unwrap(), settings());
    let keys = Keys::open(&settings, dir.path()).unwrap();
    let old = keys.current().signer().unwrap().id.clone();
    let new = Keys::rotate(&settings, dir.path()).unwrap();
    keys.age(LOOK_AGAIN);
    assert_eq!(keys.current().signer().unwrap().id, new, "it signs without being met");
    assert!(keys.current().find(&old).is_some());
    assert_eq!(keys.lost(), 0);
    let next = Keys::rotate(&settings, dir.path()).unwrap();
    keys.age(LOOK_PAUSE);
    assert!(keys.current().find(&next).is_none(), "it is not due");
    assert_eq!(keys.with(&next).signer().unwrap().id, next, "it is looked for by its id");
}

#[test]
fn a_key_that_was_taken_away_counts_no_more() {
    let (dir, settings) = (tempfile::tempdir().unwrap(), settings());
    let keys = Keys::open(&settings, dir.path()).unwrap();
    let old = keys.current().signer().unwrap().id.clone();
    Keys::rotate(&settings, dir.path()).unwrap();
    std::fs::remove_file(dir.path().join(format!("keys/{old}.HS256"))).unwrap();
    keys.age(LOOK_AGAIN);
    assert_eq!(keys.lost(), 1);
    assert!(keys.current().find(&old).is_none());
    // Without any, the last ones are kept: nobody is signed out by a volume that is away.
    std::fs::remove_dir_all(dir.path().join("keys")).unwrap();
    keys.age(LOOK_AGAIN);
    assert!(keys.current().signer().is_some());
}

impl Keys {
    /// As if the last look were so old.
    fn age(&self, age: Duration) {
        *self.looked.lock().unwrap() = Instant::now() - age;
    }
}

#[test]
fn only_what_is_public_is_published() {
    for algorithm in ALL {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::open(&SecuritySettings { algorithm, ..settings() }, dir.path()).unwrap();
        let public = keys.public();
        let published = public["keys"].as_array().unwrap();
        if algorithm == SigningAlgorithm::Hs256 {
            assert!(published.is_empty());
            continue;
        }
        assert_eq!(published.len(), 1);
        assert_eq!(published[0]["alg"], algorithm.name());
        assert_eq!(published[0]["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(published[0].get(private).is_none(), "{private} of {algorithm:?}");
        }
    }
}

#[test]
fn what_is_no_key_is_named() {
    let (dir, settings) = (tempfile::tempdir().unwrap(), settings());
    std::fs::create_dir(dir.path().join("keys")).unwrap();
    std::fs::write(dir.path().join("keys/mine.HS256"), "c2hvcnQ=").unwrap();
    let error = Keys::open(&settings, dir.path()).map(drop).unwrap_err().to_string();
    assert!(error.contains("mine.HS256 is no HS256 key (has 5 bytes, but needs 32)"), "{error}");
}
