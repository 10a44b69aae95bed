//! Who may call, and how it is known.

use serde::Deserialize;

use super::unless_empty;
use crate::limits::Rate;

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecuritySettings {
    /// How callers are recognised.
    pub mode: SecurityMode,
    /// What access tokens are signed with.
    pub algorithm: SigningAlgorithm,
    /// Folder of the signing keys, relative to the working folder.
    pub keys: String,
    /// A secret to sign with instead, for HS256.
    #[serde(deserialize_with = "unless_empty")]
    pub secret: Option<String>,
    /// Who issues access tokens.
    pub issuer: String,
    /// Whom they are for.
    pub audience: String,
    /// How long an access token lasts.
    pub access_ttl_seconds: u64,
    /// How long a session lasts when it is not refreshed.
    pub refresh_ttl_seconds: u64,
    /// Whether anybody may open an account.
    pub registration: bool,
    /// Whether pages may sign in with a cookie.
    pub browser_sessions: bool,
    /// Another issuer whose tokens are accepted.
    pub oidc: OidcSettings,
    /// How passwords are hashed.
    pub argon2: Argon2Settings,
    /// What becomes of who guesses passwords.
    pub lockout: LockoutSettings,
}

impl SecuritySettings {
    /// What contradicts itself, by key.
    pub(super) fn conflicts(&self) -> Vec<(&'static str, String)> {
        let mut found = self.oidc.conflicts();
        if self.oidc.issuer.as_ref() == Some(&self.issuer) {
            let mend = "give the tokens of this service another security.issuer";
            found.push(("security.oidc.issuer", format!("is the issuer of this service itself; {mend}")));
        }
        if let Some(secret) = &self.secret {
            let (fewest, algorithm) = (crate::security::SECRET_BYTES, self.algorithm.name());
            if secret.len() < fewest {
                let mend = "make one with `openssl rand -base64 32`, or leave the key out: the service makes its own";
                found.push(("security.secret", format!("has fewer than {fewest} bytes; {mend}")));
            }
            if self.algorithm != SigningAlgorithm::Hs256 {
                let mend = "leave the secret out: keys of that algorithm stand in security.keys";
                found.push(("security.secret", format!("is no key of security.algorithm, {algorithm}; {mend}")));
            }
        }
        found
    }
}

/// What becomes of who guesses passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockoutSettings {
    /// Failures for one address of an account that cost no wait.
    pub free_failures: u32,
    /// Wait behind the first failure that does; it doubles with each further one.
    pub first_wait_seconds: u32,
    /// Longest wait: an owner whose account others guess at must get in, some time.
    pub longest_wait_seconds: u32,
    /// Tries to sign in or up from one address, such as `60/min`.
    #[serde(deserialize_with = "rate")]
    pub rate_per_address: Rate,
}

/// An OpenID provider whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// Its `iss`, below which its configuration is found; none if nobody else's tokens are accepted.
    #[serde(deserialize_with = "unless_empty")]
    pub issuer: Option<String>,
    /// The `aud` of tokens that are meant for this service.
    pub audience: String,
    /// The claim with the words that stand for roles; members inside members by `.`.
    pub roles_claim: String,
    /// What the words mean here: `word=role`.
    pub roles: Vec<String>,
    /// Whether an account is opened for somebody who has none.
    pub create_accounts: bool,
}

impl OidcSettings {
    fn conflicts(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let Some(issuer) = &self.issuer else { return found };
        if !crate::security::issuer::is_safe(issuer) {
            let mend = "write the https address that its tokens have as iss";
            found.push(("security.oidc.issuer", format!("{issuer:?} is neither https nor of this machine; {mend}")));
        }
        if self.audience.is_empty() {
            let mend = "write the aud of tokens that are meant for this service: else it would take those for others";
            found.push(("security.oidc.audience", format!("is missing; {mend}")));
        }
        for pair in self
            .roles
            .iter()
            .filter(|pair| pair.split_once('=').is_none_or(|(word, role)| word.is_empty() || role.is_empty()))
        {
            found
                .push(("security.oidc.roles", format!("{pair:?} is no word=role; write one, such as staff=moderator")));
        }
        found
    }
}

/// How passwords are hashed (RFC 9106).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argon2Settings {
    /// Memory of one hash.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Hashes at a time; 0: half of the cores.
    pub concurrency: usize,
    /// Longest that a call waits for its turn.
    pub wait_ms: u64,
}

/// What access tokens are signed with (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SigningAlgorithm {
    /// A secret that whoever verifies must have.
    #[serde(rename = "HS256")]
    Hs256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSA, 2048 bits.
    #[serde(rename = "RS256")]
    Rs256,
}

impl SigningAlgorithm {
    const ALL: [Self; 4] = [Self::Hs256, Self::EdDsa, Self::Es256, Self::Rs256];

    /// Its name in tokens, keys and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(crate) fn of_token(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// How callers are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecurityMode {
    /// Every caller without a token may do everything; on loopback only, never in production.
    Development,
    /// Callers are who their access token says they are, and may do what the schema allows.
    Enforced,
}

fn rate<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    let text = String::deserialize(deserializer)?;
    Rate::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no rate")))
}
