//! The list of keys with the kind of their values, and how text and YAML become such values.

use serde_json::Value;

use crate::limits::Rate;

/// Kind of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// Of a file; empty: there is none.
    Path,
    Bool,
    Number {
        min: u64,
        max: u64,
    },
    OneOf(&'static [&'static str]),
    Rate,
    /// Calls in a window, or an empty text for none.
    RateOrNone,
    /// A text that may be empty, for none.
    Secret,
    Texts,
}

/// Every key that exists.
pub(super) const KEYS: &[(&str, Kind)] = &[
    ("database.acquire_timeout_ms", Kind::Number { min: 1, max: 600_000 }),
    ("database.commits_per_transaction", Kind::Number { min: 1, max: 10_000 }),
    ("database.max_connections", Kind::Number { min: 1, max: 10_000 }),
    ("database.migrate_on_start", Kind::Bool),
    ("database.outbox_retention_hours", Kind::Number { min: 1, max: 87_600 }),
    ("database.shared_connections", Kind::Number { min: 0, max: 1_000 }),
    ("database.statement_timeout_ms", Kind::Number { min: 1, max: 3_600_000 }),
    ("database.synchronous", Kind::OneOf(&["NORMAL", "FULL"])),
    ("database.transaction_pooling", Kind::Bool),
    ("database.url", Kind::Text),
    ("docs.enabled", Kind::Bool),
    ("mail.from", Kind::Text),
    ("mail.reset_link", Kind::Secret),
    ("mail.url", Kind::Secret),
    ("mail.verify_link", Kind::Secret),
    ("observability.log.access", Kind::Bool),
    ("observability.log.format", Kind::OneOf(&["pretty", "json"])),
    ("observability.log.level", Kind::Text),
    ("observability.metrics.enabled", Kind::Bool),
    ("security.access_ttl_seconds", Kind::Number { min: 10, max: 86_400 }),
    ("security.algorithm", Kind::OneOf(&["HS256", "EdDSA", "ES256", "RS256"])),
    ("security.argon2.concurrency", Kind::Number { min: 0, max: 1_024 }),
    ("security.argon2.iterations", Kind::Number { min: 2, max: 100 }),
    ("security.argon2.memory_kib", Kind::Number { min: 19_456, max: 4_194_304 }),
    ("security.argon2.parallelism", Kind::Number { min: 1, max: 64 }),
    ("security.argon2.wait_ms", Kind::Number { min: 0, max: 60_000 }),
    ("security.audience", Kind::Text),
    ("security.browser_sessions", Kind::Bool),
    ("security.issuer", Kind::Text),
    ("security.keys", Kind::Text),
    ("security.lockout.first_wait_seconds", Kind::Number { min: 1, max: 86_400 }),
    ("security.lockout.free_failures", Kind::Number { min: 1, max: 1_000_000_000 }),
    ("security.lockout.longest_wait_seconds", Kind::Number { min: 1, max: 86_400 }),
    ("security.lockout.rate_per_address", Kind::Rate),
    ("security.mode", Kind::OneOf(&["development", "enforced"])),
    ("security.oidc.audience", Kind::Secret),
    ("security.oidc.create_accounts", Kind::Bool),
    ("security.oidc.issuer", Kind::Secret),
    ("security.oidc.roles", Kind::Texts),
    ("security.oidc.roles_claim", Kind::Text),
    ("security.refresh_ttl_seconds", Kind::Number { min: 60, max: 31_536_000 }),
    ("security.registration", Kind::Bool),
    ("security.secret", Kind::Secret),
    ("server.cors.allow_credentials", Kind::Bool),
    ("server.cors.allowed_origins", Kind::Texts),
    ("server.cors.max_age_seconds", Kind::Number { min: 0, max: 86_400 }),
    ("server.grpc.host", Kind::Text),
    ("server.grpc.port", Kind::Number { min: 0, max: 65_535 }),
    ("server.grpc.tls.allowed_identities", Kind::Texts),
    ("server.grpc.tls.certificate", Kind::Path),
    ("server.grpc.tls.client_ca", Kind::Path),
    ("server.grpc.tls.key", Kind::Path),
    ("server.max_body_bytes", Kind::Number { min: 1, max: 1 << 31 }),
    ("server.rate_limit", Kind::RateOrNone),
    ("server.request_timeout_seconds", Kind::Number { min: 1, max: 3_600 }),
    ("server.rest.host", Kind::Text),
    ("server.rest.port", Kind::Number { min: 0, max: 65_535 }),
    ("server.rest.tls.allowed_identities", Kind::Texts),
    ("server.rest.tls.certificate", Kind::Path),
    ("server.rest.tls.client_ca", Kind::Path),
    ("server.rest.tls.key", Kind::Path),
    ("server.shutdown_timeout_seconds", Kind::Number { min: 0, max: 3_600 }),
    ("server.trusted_proxies", Kind::Texts),
];

/// Kind of a key's value, if there is such a key.
pub(super) fn kind(key: &str) -> Option<Kind> {
    KEYS.iter().find(|(name, _)| *name == key).map(|(_, kind)| *kind)
}

/// The key of that name, as it stands in the list.
pub(super) fn stated(key: &str) -> &'static str {
    KEYS.iter().find(|(name, _)| *name == key).map_or("", |(name, _)| name)
}

/// Whether keys stand below.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|(name, _)| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The key that was probably meant.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let last = |path: &str| path.rsplit('.').next().map(str::to_owned);
    let score = |name: &str| {
        let whole = strsim::normalized_damerau_levenshtein(key, name);
        if last(key) == last(name) { whole + 0.3 } else { whole }
    };
    let best = KEYS.iter().map(|(name, _)| (*name, score(name))).max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.filter(|(_, score)| *score > 0.6).map(|(name, _)| name)
}

/// A value as YAML has it, if it is of the kind; else what was expected.
pub(super) fn from_yaml(kind: Kind, value: &Value) -> Result<Value, String> {
    if let (Kind::Path, Value::String(text)) = (kind, value)
        && (text.contains("-----BEGIN") || text.contains('\n'))
    {
        // It may be a private key, which nobody may see.
        return Err("must be the path of a file, and not what stands in it".to_owned());
    }
    let fits = match (kind, value) {
        (Kind::Text, Value::String(text)) => !text.is_empty(),
        (Kind::Path | Kind::Secret, Value::String(_)) | (Kind::Bool, Value::Bool(_)) => true,
        (Kind::Number { min, max }, Value::Number(number)) => {
            number.as_u64().is_some_and(|number| (min..=max).contains(&number))
        }
        (Kind::OneOf(names), Value::String(text)) => names.contains(&text.as_str()),
        (Kind::Rate, Value::String(text)) => Rate::parse(text).is_some(),
        (Kind::RateOrNone, Value::String(text)) => text.is_empty() || Rate::parse(text).is_some(),
        (Kind::Texts, Value::Array(items)) => items.iter().all(Value::is_string),
        _ => false,
    };
    if fits { Ok(value.clone()) } else { Err(format!("is {value}, but must be {}", expected(kind))) }
}

/// A value as a variable or a flag has it; lists are parted by commas.
pub(super) fn from_text(kind: Kind, text: &str) -> Result<Value, String> {
    let value = match kind {
        Kind::Text | Kind::Path | Kind::OneOf(_) | Kind::Rate | Kind::RateOrNone | Kind::Secret => {
            Some(Value::from(text))
        }
        Kind::Bool => text.parse::<bool>().ok().map(Value::from),
        Kind::Number { .. } => text.parse::<u64>().ok().map(Value::from),
        Kind::Texts => Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()),
    };
    match value {
        Some(value) => from_yaml(kind, &value),
        None => Err(format!("is {text:?}, but must be {}", expected(kind))),
    }
}

fn expected(kind: Kind) -> String {
    match kind {
        Kind::Text => "a text that is not empty".to_owned(),
        Kind::Path => "the path of a file, or \"\" for none".to_owned(),
        Kind::Bool => "true or false".to_owned(),
        Kind::Number { min, max } => format!("a whole number from {min} to {max}"),
        Kind::OneOf(names) => format!("one of {}", names.join(", ")),
        Kind::Secret => "a text, or \"\" for none".to_owned(),
        Kind::Rate => "a rate, such as 100/min, with s, min or h".to_owned(),
        Kind::RateOrNone => "a rate, such as 100/min, with s, min or h, or \"\" for none".to_owned(),
        Kind::Texts => "a list of texts".to_owned(),
    }
}
