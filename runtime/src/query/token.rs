//! Page tokens: where a page starts, sealed with a key of the database together with the arguments that it was made for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::violations::Violations;

/// Longest token that is looked at, in bytes.
const MAX_BYTES: usize = 8192;
/// Bytes of the seal: as much of HMAC-SHA256 as RFC 2104 asks to keep at least.
const SEAL_BYTES: usize = 16;

/// Values as text; their types are those of the order's columns.
#[derive(Debug, Clone)]
pub(super) struct Token {
    seal: Vec<u8>,
    pub values: Vec<Option<String>>,
}

impl Token {
    /// A token of these values, for a list that `arguments` describes.
    pub fn sealed(key: &[u8], arguments: &str, values: Vec<Option<String>>) -> Result<Self> {
        let mut seal = mac(key, arguments, &values)?.finalize().into_bytes().to_vec();
        seal.truncate(SEAL_BYTES);
        Ok(Self { seal, values })
    }

    /// Whether it was made with this key, for these arguments, with these values.
    pub fn holds(&self, key: &[u8], arguments: &str) -> Result<bool> {
        let mac = mac(key, arguments, &self.values)?;
        Ok(self.seal.len() == SEAL_BYTES && mac.verify_truncated_left(&self.seal).is_ok())
    }

    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::json!([URL_SAFE_NO_PAD.encode(&self.seal), self.values]).to_string())
    }

    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (seal, values): (String, _) = serde_json::from_slice(&bytes).ok()?;
        Some(Self { seal: URL_SAFE_NO_PAD.decode(seal).ok()?, values })
    }
}

fn mac(key: &[u8], arguments: &str, values: &[Option<String>]) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(Error::internal)?;
    // As JSON, so that no two different lists give the same bytes.
    mac.update(serde_json::json!([arguments, values]).to_string().as_bytes());
    Ok(mac)
}

pub(super) fn refuse(found: &mut Violations) {
    found.add(
        "page_token",
        "query.page_token",
        "is not a token of this list; it goes with the filter and order of the page that gave it",
    );
}
