//! What can be configured, typed, and what must hold between the values.

mod keys;
mod load;
mod show;
mod tls;

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use crate::limits::Rate;
pub use load::{Loaded, Problem, SettingsError, Source, load};
pub use tls::TlsSettings;

/// The configuration of a process. Every key is enforced by code; there is none that only looks as if.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the environment, such as `development` or `production`; no key, but the choice of layers.
    #[serde(skip)]
    pub environment: String,
    /// Listening and limits.
    pub server: ServerSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// Who may call.
    pub security: SecuritySettings,
    /// Logs and metrics.
    pub observability: ObservabilitySettings,
    /// The documentation pages.
    pub docs: DocsSettings,
}

/// Listening and limits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Where REST listens.
    pub rest: ListenSettings,
    /// Where gRPC listens.
    pub grpc: ListenSettings,
    /// Largest request body (REST) or message (gRPC).
    pub max_body_bytes: usize,
    /// Longest that a call may take; a shorter deadline of the caller wins.
    pub request_timeout_seconds: u64,
    /// Longest that calls in flight are waited for at shutdown.
    pub shutdown_timeout_seconds: u64,
    /// Which other origins may call from a browser, over REST and gRPC-Web.
    pub cors: CorsSettings,
    /// Networks of proxies whose word on where a call comes from is taken.
    pub trusted_proxies: Vec<String>,
}

impl ServerSettings {
    /// The trusted proxies as networks; what is none is told with the other mistakes.
    pub(crate) fn proxies(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|text| network(text)).collect()
    }
}

/// A network such as `10.0.0.0/8`, or one address.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Where a protocol listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenSettings {
    /// Address or name.
    pub host: String,
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// TLS; without a certificate, the protocol is served in plain text.
    pub tls: TlsSettings,
}

/// Which other origins may call from a browser.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsSettings {
    /// Origins such as `https://app.example.com`, or `*` alone for all; none by default.
    pub allowed_origins: Vec<String>,
    /// How long a browser may remember the answer.
    pub max_age_seconds: u64,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Such as `sqlite://var/shop.db` or `postgres://shop@localhost/shop`.
    pub url: String,
    /// Connections to a server at most.
    pub max_connections: usize,
    /// Connections to PostgreSQL, beside those, that short reads share.
    pub shared_connections: usize,
    /// A pooler lends connections to PostgreSQL for one transaction at a time.
    pub transaction_pooling: bool,
    /// Longest that a call waits for a connection to become free.
    pub acquire_timeout_ms: u64,
    /// How long events stay in the outbox.
    pub outbox_retention_hours: u64,
    /// When a commit counts as done.
    pub synchronous: Durability,
    /// Commits that one transaction of the embedded database takes at most.
    pub commits_per_transaction: usize,
    /// Longest that one statement may run.
    pub statement_timeout_ms: u64,
    /// Whether `serve` applies pending migrations.
    pub migrate_on_start: bool,
}

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Durability {
    /// It survives the death of the process.
    Normal,
    /// It survives the loss of power too.
    Full,
}

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
    /// How passwords are hashed.
    pub argon2: Argon2Settings,
    /// What becomes of who guesses passwords.
    pub lockout: LockoutSettings,
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

/// Logs and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservabilitySettings {
    /// Logs.
    pub log: LogSettings,
    /// Metrics.
    pub metrics: MetricsSettings,
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// For people or for machines.
    pub format: LogFormat,
    /// A level, or filter directives such as `info,hyper=warn`.
    pub level: String,
    /// Whether each call leaves a line at level info (else at debug).
    pub access: bool,
}

/// For people or for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Metrics.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// Whether calls are counted and `/metrics` answers.
    pub enabled: bool,
}

/// The documentation pages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocsSettings {
    /// Whether `/docs` and `/openapi.json` answer.
    pub enabled: bool,
}

impl ListenSettings {
    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Settings {
    /// What is not safe for whoever serves callers, with the key that makes it so.
    fn exposures(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let server = &self.server;
        if self.security.mode == SecurityMode::Development {
            let lets = "development mode lets every caller do everything";
            if self.environment == "production" {
                let mend = "set it to enforced";
                found.push(("security.mode", format!("{lets}, so it is refused in production; {mend}")));
            }
            if server.cors.allowed_origins.iter().any(|origin| origin == "*") {
                let mend = "name the origins that may call";
                found.push(("server.cors.allowed_origins", format!("{lets}, and * lets every page call; {mend}")));
            }
            for (key, listen) in [("server.rest.host", &server.rest), ("server.grpc.host", &server.grpc)] {
                if !listen.is_loopback() {
                    let host = &listen.host;
                    let mend = "set it to 127.0.0.1, ::1 or localhost";
                    found.push((key, format!("{lets}, and {host} can be reached from other machines; {mend}")));
                }
            }
        }
        found
    }

    /// What must hold between the values; each broken promise with the key that breaks it.
    fn conflicts(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let server = &self.server;
        if server.rest.port == server.grpc.port && server.rest.port != 0 {
            found.push((
                "server.grpc.port",
                format!("is {} like server.rest.port; give each its own", server.grpc.port),
            ));
        }
        found.extend(server.rest.tls.conflicts("server.rest"));
        found.extend(server.grpc.tls.conflicts("server.grpc"));
        if let Some(secret) = &self.security.secret {
            let (fewest, algorithm) = (crate::security::SECRET_BYTES, self.security.algorithm.name());
            if secret.len() < fewest {
                let mend = "make one with `openssl rand -base64 32`, or leave the key out: the service makes its own";
                found.push(("security.secret", format!("has fewer than {fewest} bytes; {mend}")));
            }
            if self.security.algorithm != SigningAlgorithm::Hs256 {
                let mend = "leave the secret out: keys of that algorithm stand in security.keys";
                found.push(("security.secret", format!("is no key of security.algorithm, {algorithm}; {mend}")));
            }
        }
        for text in server.trusted_proxies.iter().filter(|text| network(text).is_none()) {
            let example = "write an address or a network, such as 10.0.0.0/8";
            found.push(("server.trusted_proxies", format!("{text:?} is no network; {example}")));
        }
        let origins = &server.cors.allowed_origins;
        for origin in origins.iter().filter(|origin| !is_origin(origin)) {
            let example = "write scheme and host without a path, such as https://app.example.com, or * for all";
            found.push(("server.cors.allowed_origins", format!("{origin:?} is no origin; {example}")));
        }
        if origins.len() > 1 && origins.iter().any(|origin| origin == "*") {
            found.push(("server.cors.allowed_origins", "* allows all; take the others away, or the *".to_owned()));
        }
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.observability.log.level) {
            let example = "write a level (error, warn, info, debug, trace) or directives such as info,hyper=warn";
            found.push(("observability.log.level", format!("is not understood ({error}); {example}")));
        }
        found
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain =
        |host: &str| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#*,".contains(&byte));
    text == "*" || host.is_some_and(plain)
}

fn unless_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(deserializer)?).filter(|text| !text.is_empty()))
}

fn rate<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    let text = String::deserialize(deserializer)?;
    Rate::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no rate")))
}
