//! Whom a call comes from: its token is read once and remembered, and its session, or the key that it is, is looked at every few
//! seconds.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::{HeaderMap, header};
use moka::sync::Cache;
use uuid::Uuid;

use super::issuer::{Foreigner, Issuer};
use super::secret::{API_KEY, digest};
use super::token::now;
use super::{Security, TokenKind, Tokens};
use crate::context::Principal;
use crate::error::{Error, Result};
use crate::http::Authenticator;
use crate::settings::SecurityMode;

/// Tokens that are remembered at most.
const REMEMBERED: u64 = 100_000;
/// How long a session counts as going on without a look: what was ended elsewhere works no longer than this.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Where accounts and sessions are. The runtime knows no entity; the wiring says where.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account of a session, if both are as they should be: not ended, not expired, not barred.
    async fn of_session(&self, session: Uuid) -> Result<Option<Account>>;
    /// The account of somebody whom another issuer knows, if it is as it should be; opened now if there is none and one may be.
    async fn of_foreigner(&self, foreigner: &Foreigner) -> Result<Option<Account>>;
    /// Whoever holds the key with this hash, if both are as they should be.
    async fn of_key(&self, key_hash: &str) -> Result<Option<KeyHolder>>;
}

/// Who calls with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// Id of the key.
    pub key: Uuid,
    /// The account, with the roles that the key has.
    pub account: Account,
    /// When the key ends, in seconds since 1970.
    pub expires_at: u64,
}

/// An account as far as access is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// Roles that were granted.
    pub roles: Vec<String>,
    /// Tenant that it belongs to.
    pub tenant: Option<String>,
}

/// Whom a token stands for.
#[derive(Debug, Clone)]
pub struct Recognised {
    /// Who calls.
    pub principal: Arc<Principal>,
    /// When the token expires, in seconds since 1970.
    pub expires_at: u64,
}

/// What was found out about tokens.
pub(super) struct Remembered {
    tokens: Cache<String, Arc<Known>>,
    started: Instant,
    /// Counts what was forgotten: a look that began before it may have seen a session that has ended since.
    forgotten: AtomicU64,
    /// Keys that were taken away so far.
    lost: AtomicU64,
}

struct Known {
    recognised: Recognised,
    /// The session that it belongs to, the key that it is, or the account of somebody whom another issuer knows.
    source: Uuid,
    /// Until when that counts as going on, in milliseconds since the start.
    fresh_until: AtomicU64,
}

impl Remembered {
    pub(super) fn new() -> Self {
        let tokens = Cache::builder().max_capacity(REMEMBERED).time_to_idle(Duration::from_secs(600));
        Self {
            tokens: tokens.support_invalidation_closures().build(),
            started: Instant::now(),
            forgotten: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn forget(&self, source: Uuid) {
        self.forget_those(move |known| known.source == source);
    }

    pub(super) fn forget_account(&self, account: Uuid) {
        self.forget_those(move |known| known.recognised.principal.id == Some(account));
    }

    fn forget_those(&self, which: impl Fn(&Known) -> bool + Send + Sync + 'static) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        // Only fails without support for closures, which is asked for above.
        let _ = self.tokens.invalidate_entries_if(move |_, known| which(known));
    }

    pub(super) async fn recognise(&self, readers: &Readers<'_>, token: &str) -> Result<Recognised> {
        let known = self.tokens.get(token);
        if let Some(known) = &known {
            if known.recognised.expires_at <= now() {
                return Err(Error::TokenExpired);
            }
            if self.elapsed() < known.fresh_until.load(Ordering::Relaxed) {
                return Ok(known.recognised.clone());
            }
        }
        let lost = readers.tokens.keys().lost();
        let known = if self.lost.swap(lost, Ordering::AcqRel) == lost {
            known
        } else {
            // Tokens of a key that was taken away are read again, and refused.
            self.tokens.invalidate_all();
            None
        };
        let forgotten = self.forgotten.load(Ordering::Acquire);
        let looked = self.elapsed();
        let seen = look(readers, token, known.as_deref()).await;
        let Seen { source, principal, expires_at } = seen.inspect_err(|_| self.tokens.invalidate(token))?;
        let pause = u64::try_from(LOOK_AGAIN.as_millis()).unwrap_or_default();
        let fresh_until = AtomicU64::new(looked.saturating_add(pause));
        let known = match known {
            Some(known) if *known.recognised.principal == principal => {
                known.fresh_until.store(fresh_until.into_inner(), Ordering::Relaxed);
                known
            }
            _ => {
                let recognised = Recognised { principal: Arc::new(principal), expires_at };
                let known = Arc::new(Known { recognised, source, fresh_until });
                if self.forgotten.load(Ordering::Acquire) == forgotten {
                    self.tokens.insert(token.to_owned(), Arc::clone(&known));
                }
                known
            }
        };
        Ok(known.recognised.clone())
    }
}

/// Who can say what a token is.
pub(super) struct Readers<'a> {
    pub(super) tokens: &'a Tokens,
    pub(super) issuer: Option<&'a Issuer>,
    pub(super) accounts: &'a dyn Accounts,
}

/// What a look at a token found.
struct Seen {
    source: Uuid,
    principal: Principal,
    expires_at: u64,
}

/// Looks at the session of an access token, at a key, or at what another issuer says.
async fn look(readers: &Readers<'_>, token: &str, known: Option<&Known>) -> Result<Seen> {
    let Readers { tokens, issuer, accounts } = *readers;
    if token.starts_with(API_KEY) {
        let holder = accounts.of_key(&digest(token)).await?;
        let holder = holder.ok_or_else(|| Error::Unauthorized("the key is not valid".to_owned()))?;
        let KeyHolder { key, account, expires_at } = holder;
        if expires_at <= now() {
            return Err(Error::TokenExpired);
        }
        return Ok(Seen { source: key, principal: principal(account, None), expires_at });
    }
    if let Some(issuer) = issuer.filter(|issuer| issuer.is_named_by(token)) {
        let foreigner = issuer.read(token).await?;
        let account = accounts.of_foreigner(&foreigner).await?;
        let account = account.ok_or_else(|| Error::Unauthorized("there is no account for this caller".to_owned()))?;
        let (source, expires_at) = (account.id, foreigner.expires_at);
        return Ok(Seen { source, principal: principal(account, None), expires_at });
    }
    let (session, id, expires_at) = match known {
        Some(known) => (known.source, known.recognised.principal.id, known.recognised.expires_at),
        None => {
            let claims = tokens.read(TokenKind::Access, token)?;
            (claims.sid, Some(claims.sub), claims.exp)
        }
    };
    let principal = of_session(accounts, session, id.unwrap_or_default()).await?;
    Ok(Seen { source: session, principal, expires_at })
}

/// Who has a session, if it goes on and is that of this account.
pub(super) async fn of_session(accounts: &dyn Accounts, session: Uuid, account: Uuid) -> Result<Principal> {
    let found = accounts.of_session(session).await?.filter(|found| found.id == account);
    let found = found.ok_or_else(|| Error::Unauthorized("the session has ended; sign in again".to_owned()))?;
    Ok(principal(found, Some(session)))
}

fn principal(account: Account, session: Option<Uuid>) -> Principal {
    Principal { id: Some(account.id), roles: account.roles, tenant: account.tenant, session, internal: false }
}

/// Recognises the callers of both protocols by `Authorization: Bearer …` (RFC 6750).
pub struct Recogniser {
    security: Security,
    /// What who sends no token may do, as far as it calls this machine by its own name.
    otherwise: Arc<Principal>,
    nobody: Arc<Principal>,
}

impl Recogniser {
    /// As the mode says: who sends no token is nobody, or in development everybody.
    pub fn new(security: Security, mode: SecurityMode) -> Self {
        let otherwise = match mode {
            SecurityMode::Development => Principal::development(),
            SecurityMode::Enforced => Principal::anonymous(),
        };
        Self { security, otherwise: Arc::new(otherwise), nobody: Arc::new(Principal::anonymous()) }
    }
}

/// Whether a call was meant for this machine: it has no other name in `Host`, as a page has that rebinds its own name to ours, and
/// no proxy says that it comes from elsewhere. (HTTP/2 without TLS, which no browser speaks, has no `Host`.)
fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let is_ours = |host: &str| {
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let name = name.map_or(host, |(name, _)| name).trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    };
    let host = headers.get(header::HOST);
    host.is_none_or(|host| host.to_str().is_ok_and(is_ours))
        && !headers.contains_key("x-forwarded-for")
        && !headers.contains_key(header::FORWARDED)
}

#[async_trait]
impl Authenticator for Recogniser {
    async fn principal(&self, headers: &HeaderMap) -> Result<Arc<Principal>> {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        // A service without accounts is served in development only, and has nobody to recognise.
        let Some(value) = given.next().filter(|_| self.security.knows_accounts()) else {
            return Ok(Arc::clone(if is_for_this_machine(headers) { &self.otherwise } else { &self.nobody }));
        };
        let token = value.to_str().ok().and_then(bearer).filter(|_| given.next().is_none());
        let token = token.ok_or_else(|| {
            Error::Unauthorized("the header Authorization must be `Bearer` and one access token".to_owned())
        })?;
        self.security.recognise(token).await.map(|recognised| recognised.principal)
    }

    async fn of_ticket(&self, ticket: &str) -> Result<Arc<Principal>> {
        self.security.recognise_ticket(ticket).await
    }
}

/// The token behind the scheme, whose letters' case makes no difference (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ')).then_some(token)
}

#[cfg(test)]
mod tests;
