//! Access tokens: JWTs for calls of this API (RFC 9068), checked as RFC 8725 asks.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Account, Issued, Keys};
use crate::error::{Error, Result};
use crate::settings::SecuritySettings;

/// Largest token that is looked at.
pub const MAX_TOKEN_BYTES: usize = 8192;

/// What a token is for, by its media type: none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// An access token, `at+jwt`.
    Access,
    /// A ticket for calls that only read, `ticket+jwt`.
    Ticket,
}

impl TokenKind {
    fn media(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Ticket => "ticket+jwt",
        }
    }

    /// Whom it is for: other services that verify our access tokens may look at this and at nothing else.
    fn audience(self, audience: &str) -> String {
        match self {
            Self::Access => audience.to_owned(),
            Self::Ticket => format!("{audience}#ticket"),
        }
    }
}

/// How long a ticket is good for: it stands in an address, and addresses are kept in many places.
const TICKET_SECONDS: u64 = 30;
/// Seconds by which clocks may differ.
pub(super) const LEEWAY: u64 = 5;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// The account.
    pub sub: Uuid,
    /// Whom it is for.
    pub aud: String,
    /// When it expires, in seconds since 1970.
    pub exp: u64,
    /// When it was issued.
    pub iat: u64,
    /// Its id.
    pub jti: Uuid,
    /// The session that it belongs to.
    pub sid: Uuid,
    /// Roles of the account at that time.
    pub roles: Vec<String>,
    /// Tenant of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// Issues tokens and looks at those that come back.
pub struct Tokens {
    keys: Keys,
    issuer: String,
    audience: String,
    ttl_seconds: u64,
}

impl Tokens {
    /// As the settings say.
    pub fn new(keys: Keys, settings: &SecuritySettings) -> Self {
        let (issuer, audience) = (settings.issuer.clone(), settings.audience.clone());
        Self { keys, issuer, audience, ttl_seconds: settings.access_ttl_seconds }
    }

    /// The keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A new token of a session.
    pub fn issue(&self, kind: TokenKind, account: &Account, session: Uuid) -> Result<Issued> {
        let iat = now();
        let lasts = match kind {
            TokenKind::Access => self.ttl_seconds,
            TokenKind::Ticket => TICKET_SECONDS,
        };
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: account.id,
            aud: kind.audience(&self.audience),
            exp: iat + lasts,
            iat,
            jti: Uuid::now_v7(),
            sid: session,
            roles: account.roles.clone(),
            tenant: account.tenant.clone(),
        };
        let set = self.keys.current();
        let key = set.signer().ok_or_else(|| Error::internal("there is no key to sign with"))?;
        let header = Header {
            typ: Some(kind.media().to_owned()),
            kid: Some(key.id.clone()),
            ..Header::new(key.algorithm.of_token())
        };
        let text = encode(&header, &claims, &key.signs).map_err(Error::internal)?;
        Ok(Issued { text, expires_in: lasts })
    }

    /// What a token says, if it is ours and valid. What is wrong with it is for nobody to know but that it has expired.
    pub fn read(&self, kind: TokenKind, token: &str) -> Result<Claims> {
        let refused = || {
            let name = if kind == TokenKind::Access { "access token" } else { "ticket" };
            Error::Unauthorized(format!("the {name} is not valid"))
        };
        if token.len() > MAX_TOKEN_BYTES {
            return Err(refused());
        }
        let header = decode_header(token).map_err(|_| refused())?;
        // Whoever calls does not tell where keys are.
        let brings_keys = header.jku.is_some() || header.jwk.is_some() || header.x5u.is_some() || header.x5c.is_some();
        let is_meant = header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(kind.media()));
        if brings_keys || !is_meant || header.crit.is_some() {
            return Err(refused());
        }
        let set = self.keys.with(header.kid.as_deref().unwrap_or_default());
        let key = set.find(header.kid.as_deref().unwrap_or_default()).ok_or_else(refused)?;
        // The algorithm is that of the key, whatever the token says.
        let mut validation = Validation::new(key.algorithm.of_token());
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[kind.audience(&self.audience)]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        match decode::<Claims>(token, &key.verifies, &validation) {
            Ok(read) if read.claims.iat > now() + LEEWAY => Err(refused()),
            Ok(read) => Ok(read.claims),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => Err(Error::TokenExpired),
            Err(_) => Err(refused()),
        }
    }
}

/// Seconds since 1970: tokens live by the clock on the wall, which other machines share.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
