//! Who calls: keys and tokens, passwords, and how a caller is recognised by what it sends.

pub(crate) mod issuer;
mod keys;
mod password;
mod recognise;
pub mod secret;
mod token;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use uuid::Uuid;

pub use issuer::Foreigner;
pub(crate) use keys::SECRET_BYTES;
pub use keys::{Keys, KeysError};
pub use password::{Passwords, Verdict};
pub use recognise::{Account, Accounts, KeyHolder, Recognised, Recogniser};
pub use secret::API_KEY;
pub use token::{Claims, MAX_TOKEN_BYTES, TokenKind, Tokens};

use crate::context::{Context, Principal};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::settings::{LockoutSettings, SecuritySettings};
use issuer::Issuer;
use recognise::{Readers, Remembered};

/// What logic needs to sign accounts in and out. Cheap to clone.
#[derive(Clone)]
pub struct Security(Option<Arc<Inner>>);

struct Inner {
    tokens: Tokens,
    issuer: Option<Issuer>,
    passwords: Passwords,
    refresh_ttl: Duration,
    registration: bool,
    lockout: LockoutSettings,
    tries: Limit,
    accounts: OnceLock<Arc<dyn Accounts>>,
    remembered: Remembered,
}

/// A token that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The token.
    pub text: String,
    /// Seconds until it expires.
    pub expires_in: u64,
}

impl Security {
    /// As the settings say; keys stand in a folder below `dir`.
    pub fn new(settings: &SecuritySettings, dir: &Path) -> Result<Self, KeysError> {
        let keys = Keys::open(settings, dir)?;
        Ok(Self(Some(Arc::new(Inner {
            tokens: Tokens::new(keys, settings),
            issuer: Issuer::new(&settings.oidc),
            passwords: Passwords::new(settings),
            refresh_ttl: Duration::from_secs(settings.refresh_ttl_seconds),
            registration: settings.registration,
            lockout: settings.lockout,
            tries: Limit::new(settings.lockout.rate_per_address),
            accounts: OnceLock::new(),
            remembered: Remembered::new(),
        }))))
    }

    /// None at all: for tests whose logic signs nobody in.
    pub fn none() -> Self {
        Self(None)
    }

    fn inner(&self) -> Result<&Inner> {
        let missing = "security is not wired: give `Kit::security` to the repositories in wire.rs";
        self.0.as_deref().ok_or_else(|| Error::internal(missing))
    }

    /// Whether callers can be recognised: it is known where their accounts are.
    pub fn knows_accounts(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.accounts.get().is_some())
    }

    /// Says where accounts and sessions are; the first word counts.
    pub fn know(&self, accounts: Arc<dyn Accounts>) {
        if let Some(inner) = &self.0 {
            // Said twice, it is a slip of the wiring; the first one may be in use already.
            let _ = inner.accounts.set(accounts);
        }
    }

    /// The public keys, as a JWK set (RFC 7517).
    pub fn key_set(&self) -> serde_json::Value {
        self.0.as_ref().map_or_else(|| serde_json::json!({ "keys": [] }), |inner| inner.tokens.keys().public())
    }

    /// An access token of a session.
    pub fn issue(&self, account: &Account, session: Uuid) -> Result<Issued> {
        self.inner()?.tokens.issue(TokenKind::Access, account, session)
    }

    /// A ticket of the session of a call: for whoever cannot send headers, in the query of a call that only reads.
    pub fn ticket(&self, principal: &Principal) -> Result<Issued> {
        let (Some(id), Some(session)) = (principal.id, principal.session) else {
            return Err(Error::Forbidden(
                "tickets are for sessions: keys and tokens of other issuers have none".to_owned(),
            ));
        };
        // What it may do is looked at when it comes.
        let account = Account { id, roles: Vec::new(), tenant: None };
        self.inner()?.tokens.issue(TokenKind::Ticket, &account, session)
    }

    /// How long a session lasts when it is not refreshed.
    pub fn refresh_ttl(&self) -> Result<Duration> {
        Ok(self.inner()?.refresh_ttl)
    }

    /// Whether anybody may open an account.
    pub fn registration(&self) -> Result<bool> {
        Ok(self.inner()?.registration)
    }

    /// What becomes of who guesses passwords.
    pub fn lockout(&self) -> Result<LockoutSettings> {
        Ok(self.inner()?.lockout)
    }

    /// Counts a try to sign in or up by where it comes from, and refuses those that are too many.
    pub fn admit(&self, cx: &Context) -> Result<()> {
        self.inner()?.tries.spend_by_address(cx)
    }

    /// The hash of a password, as a PHC string.
    pub async fn hash(&self, password: &str) -> Result<String> {
        self.inner()?.passwords.hash(password).await
    }

    /// Whether a password is the one that was hashed. It takes as long where there is no hash.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<Verdict> {
        self.inner()?.passwords.verify(password, hash).await
    }

    /// Whom an access token stands for, if it is accepted now.
    pub async fn recognise(&self, token: &str) -> Result<Recognised> {
        let inner = self.inner()?;
        let accounts = inner.accounts.get().ok_or_else(|| Error::internal("nobody said where accounts are"))?;
        let readers = Readers { tokens: &inner.tokens, issuer: inner.issuer.as_ref(), accounts: accounts.as_ref() };
        inner.remembered.recognise(&readers, token).await
    }

    /// Whom a ticket stands for, if it is accepted now.
    pub(crate) async fn recognise_ticket(&self, ticket: &str) -> Result<Arc<Principal>> {
        let inner = self.inner()?;
        let claims = match inner.tokens.read(TokenKind::Ticket, ticket) {
            Err(Error::TokenExpired) => return Err(Error::Unauthorized("the ticket has expired".to_owned())),
            claims => claims?,
        };
        let accounts = inner.accounts.get().ok_or_else(|| Error::internal("nobody said where accounts are"))?;
        recognise::of_session(accounts.as_ref(), claims.sid, claims.sub).await.map(Arc::new)
    }

    /// An account is gone, and its sessions with it.
    pub fn forget_account(&self, account: Uuid) {
        if let Some(inner) = &self.0 {
            inner.remembered.forget_account(account);
        }
    }

    /// A session has ended, or a key is gone: its tokens are looked at anew with their next call in this process, and within seconds in others.
    pub fn forget(&self, session: Uuid) {
        if let Some(inner) = &self.0 {
            inner.remembered.forget(session);
        }
    }
}
