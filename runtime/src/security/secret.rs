//! Opaque secrets that are handed out once and kept only as hashes: refresh tokens, keys of machines.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Random bytes of a secret: more than can be guessed, so that a plain hash suffices to keep it.
const BYTES: usize = 32;

/// Word in front of keys of machines, by which people, scanners of leaked secrets and the service itself know them.
pub const API_KEY: &str = "ak_";

/// A new secret with a word in front that tells what it is, such as `rt_`.
pub fn secret(word: &str) -> Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|cause| Error::internal(format!("no random bytes: {cause}")))?;
    Ok(format!("{word}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// What is kept of a text: its SHA-256 in hexadecimal digits.
pub fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_kept_as_sha_256() {
        let (one, other) = (secret("rt_").unwrap(), secret("rt_").unwrap());
        assert!(one.starts_with("rt_") && one.len() == 3 + 43 && one != other, "{one} {other}");
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
