//! Page tokens: where a page starts, bound to the arguments that it was made for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::violations::Violations;

/// Longest token that is looked at, in bytes.
const MAX_BYTES: usize = 8192;

/// Values as text; their types are those of the order's columns.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub fingerprint: String,
    pub values: Vec<Option<String>>,
}

impl Token {
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::json!([self.fingerprint, self.values]).to_string())
    }

    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (fingerprint, values) = serde_json::from_slice(&bytes).ok()?;
        Some(Self { fingerprint, values })
    }
}

pub(super) fn fingerprint(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest[..12])
}

pub(super) fn refuse(found: &mut Violations) {
    found.add(
        "page_token",
        "query.page_token",
        "is not a token of this list; it goes with the filter and order of the page that gave it",
    );
}
