//! What can be configured, typed, and what must hold between the values.

mod keys;
mod load;
mod mail;
mod security;
mod show;
mod tls;

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use crate::limits::Rate;
pub use load::{Loaded, Problem, SettingsError, Source, load};
pub use mail::{MailSettings, TOKEN as LINK_TOKEN};
pub use security::{Argon2Settings, LockoutSettings, OidcSettings, SecurityMode, SecuritySettings, SigningAlgorithm};
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
    /// Where mails go.
    pub mail: MailSettings,
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
    /// Calls of one account, or from one address if nobody is signed in, whatever they are.
    #[serde(deserialize_with = "rate_unless_empty")]
    pub rate_limit: Option<Rate>,
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
    /// Whether pages of these origins may send cookies.
    pub allow_credentials: bool,
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
        found.extend(self.mail.conflicts(&self.environment));
        found.extend(self.security.conflicts());
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
        if server.cors.allow_credentials && origins.iter().any(|origin| origin == "*") {
            let mend = "name the origins whose pages may send cookies";
            found.push(("server.cors.allow_credentials", format!("does not go with * as allowed origin; {mend}")));
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

fn rate_unless_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Rate>, D::Error> {
    Ok(Rate::parse(&String::deserialize(deserializer)?))
}
