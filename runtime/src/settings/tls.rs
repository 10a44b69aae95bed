//! TLS of a listener: what can be said about it, and what must hold.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::keys;
use crate::peer::Pattern;

/// How a listener shows who it is, and which peers it knows. Paths are those of PEM files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate, and behind it those that lead to its CA.
    #[serde(deserialize_with = "path")]
    pub certificate: Option<PathBuf>,
    /// Its private key.
    #[serde(deserialize_with = "path")]
    pub key: Option<PathBuf>,
    /// CAs of clients. If it is set, only clients with a certificate of theirs are served.
    #[serde(deserialize_with = "path")]
    pub client_ca: Option<PathBuf>,
    /// Names, one of which such a certificate must have: `orders.internal`, `*.internal`, `spiffe://example.com/orders`.
    pub allowed_identities: Vec<String>,
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(if text.is_empty() { None } else { Some(text.into()) })
}

impl TlsSettings {
    /// What contradicts itself, with the key that does.
    pub(super) fn conflicts(&self, section: &str) -> Vec<(&'static str, String)> {
        let key = |field: &str| format!("{section}.tls.{field}");
        let mut found = Vec::new();
        let mut wrong = |field: &str, message: String| found.push((keys::stated(&key(field)), message));
        match (&self.certificate, &self.key) {
            (Some(_), None) => wrong("key", format!("is missing, and {} is set; set both", key("certificate"))),
            (None, Some(_)) => wrong("certificate", format!("is missing, and {} is set; set both", key("key"))),
            (None, None) if self.client_ca.is_some() => {
                let needs = format!("{} and {}", key("certificate"), key("key"));
                wrong("client_ca", format!("can only be asked for over TLS; set {needs} too"));
            }
            _ => {}
        }
        let named = !self.allowed_identities.is_empty();
        if self.client_ca.is_some() && !named {
            let example =
                "name the clients that may call, such as orders.internal, *.internal or spiffe://example.com/orders";
            wrong("allowed_identities", format!("is empty, and {} is set; {example}", key("client_ca")));
        }
        if named && self.client_ca.is_none() {
            let mend = format!("set {} to the CA of these clients", key("client_ca"));
            wrong("allowed_identities", format!("is known from certificates of clients only; {mend}"));
        }
        for text in &self.allowed_identities {
            if let Err(message) = Pattern::parse(text) {
                wrong("allowed_identities", message);
            }
        }
        found
    }
}
