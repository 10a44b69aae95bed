//! Keys that tokens are signed with: one file each in a folder, named by its id and its algorithm. The last by its name signs,
//! which is the newest of those that are made here; the others still verify what they signed. The folder is looked at every few
//! seconds, and at once for an id that is not known.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{DecodingKey, EncodingKey};
use uuid::Uuid;

use crate::settings::{SecuritySettings, SigningAlgorithm};

/// Pause between two looks at the folder because of an id that nobody knows.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// Age from which on the keys are looked at anew: a new one must sign, and one that was taken away must not count, on every replica.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Id of the key that the configuration holds.
const CONFIGURED: &str = "configured";
/// Bytes of a secret that the service makes, and fewest of one that it is given (RFC 7518, 3.2).
pub(crate) const SECRET_BYTES: usize = 32;

/// The keys of a deployment.
pub struct Keys {
    folder: Option<PathBuf>,
    set: RwLock<Arc<KeySet>>,
    looked: Mutex<Instant>,
    algorithm: SigningAlgorithm,
    /// Counts the keys that were taken away.
    lost: AtomicU64,
}

/// The keys at one time, oldest first.
pub(super) struct KeySet {
    keys: Vec<Key>,
    algorithm: SigningAlgorithm,
}

/// One key.
pub(super) struct Key {
    pub id: String,
    pub algorithm: SigningAlgorithm,
    pub signs: EncodingKey,
    pub verifies: DecodingKey,
    /// What everybody may know of it.
    public: Option<Jwk>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The folder, or a file in it, cannot be read or written.
    #[error(
        "{path}: {cause}; security.keys names the folder of the signing keys, which the service must be able to write"
    )]
    Folder {
        /// Where.
        path: String,
        /// Cause.
        cause: std::io::Error,
    },
    /// A file holds no key.
    #[error("{path} is no {algorithm} key ({cause}); take it out of the folder, or `keys rotate` makes a new one")]
    File {
        /// Where.
        path: String,
        /// What its name says it is.
        algorithm: &'static str,
        /// Cause.
        cause: String,
    },
    /// A key cannot be made.
    #[error("a key cannot be made: {0}")]
    Made(String),
}

impl Keys {
    /// The key that the configuration holds, or those in the folder, which get a first one.
    pub fn open(settings: &SecuritySettings, dir: &Path) -> Result<Self, KeysError> {
        let algorithm = settings.algorithm;
        let (folder, keys) = match &settings.secret {
            Some(secret) => (None, vec![symmetric(CONFIGURED.to_owned(), secret.as_bytes())]),
            None => {
                let folder = dir.join(&settings.keys);
                let mut keys = read(&folder)?;
                if !keys.iter().any(|key| key.algorithm == algorithm) {
                    make(&folder, algorithm)?;
                    keys = read(&folder)?;
                }
                (Some(folder), keys)
            }
        };
        let set = RwLock::new(Arc::new(KeySet { keys, algorithm }));
        Ok(Self { folder, set, looked: Mutex::new(Instant::now()), algorithm, lost: AtomicU64::new(0) })
    }

    /// Makes a new key, which signs from now on, and says its id.
    pub fn rotate(settings: &SecuritySettings, dir: &Path) -> Result<String, KeysError> {
        make(&dir.join(&settings.keys), settings.algorithm)
    }

    /// The keys, not older than a few seconds.
    pub(super) fn current(&self) -> Arc<KeySet> {
        self.look(LOOK_AGAIN);
        self.known()
    }

    /// The keys, read anew if there is none of that id among them, and not just now.
    pub(super) fn with(&self, id: &str) -> Arc<KeySet> {
        let set = self.current();
        if set.find(id).is_some() || !is_id(id) {
            return set;
        }
        self.look(LOOK_PAUSE);
        self.known()
    }

    /// How often a key was taken away: what was verified before may have been by that one.
    pub(super) fn lost(&self) -> u64 {
        self.look(LOOK_AGAIN);
        self.lost.load(Ordering::Acquire)
    }

    fn known(&self) -> Arc<KeySet> {
        Arc::clone(&self.set.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the folder if the last look is older than that, and nobody else does.
    fn look(&self, age: Duration) {
        let (Some(folder), Ok(mut looked)) = (&self.folder, self.looked.try_lock()) else { return };
        if looked.elapsed() < age {
            return;
        }
        *looked = Instant::now();
        match read(folder) {
            Ok(keys) if keys.iter().any(|key| key.algorithm == self.algorithm) => {
                let gone = self.known().keys.iter().any(|old| !keys.iter().any(|key| key.id == old.id));
                let set = Arc::new(KeySet { keys, algorithm: self.algorithm });
                *self.set.write().unwrap_or_else(PoisonError::into_inner) = set;
                if gone {
                    self.lost.fetch_add(1, Ordering::Release);
                }
            }
            Ok(_) => {
                tracing::error!(folder = %folder.display(), "no signing key is left in its folder; the last ones are kept")
            }
            Err(error) => tracing::error!(cause = %error, "the signing keys cannot be read anew"),
        }
    }

    /// The public keys as a JWK set; secrets have none.
    pub(super) fn public(&self) -> serde_json::Value {
        let keys = self.current().keys.iter().filter_map(|key| key.public.clone()).collect();
        serde_json::to_value(JwkSet { keys }).unwrap_or_default()
    }
}

impl KeySet {
    pub(super) fn find(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The newest of the algorithm that is configured.
    pub(super) fn signer(&self) -> Option<&Key> {
        self.keys.iter().rfind(|key| key.algorithm == self.algorithm)
    }
}

/// Ids are those that `make` gives, or another's that is as plain: they name files.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The keys of a folder, oldest first; a folder that is not there has none.
fn read(folder: &Path) -> Result<Vec<Key>, KeysError> {
    let refused = |path: &Path, cause| KeysError::Folder { path: path.display().to_string(), cause };
    let entries = match std::fs::read_dir(folder) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|cause| refused(folder, cause))?,
    };
    let mut keys = Vec::new();
    for entry in entries {
        let path = entry.map_err(|cause| refused(folder, cause))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('.'));
        let named = name.and_then(|(id, word)| Some((id, SigningAlgorithm::named(word)?)));
        // What is being written has another name, and so has what others put there.
        let Some((id, algorithm)) = named.filter(|(id, _)| is_id(id)) else { continue };
        let text = match std::fs::read(&path) {
            // Taken away just now.
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => continue,
            text => text.map_err(|cause| refused(&path, cause))?,
        };
        let key = key(id.to_owned(), algorithm, &text).map_err(|cause| KeysError::File {
            path: path.display().to_string(),
            algorithm: algorithm.name(),
            cause,
        })?;
        keys.push(key);
    }
    // Ids that we give are in the order of their making.
    keys.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(keys)
}

fn key(id: String, algorithm: SigningAlgorithm, text: &[u8]) -> Result<Key, String> {
    let signs = match algorithm {
        SigningAlgorithm::Hs256 => {
            let secret = STANDARD.decode(text.trim_ascii()).map_err(|cause| cause.to_string())?;
            if secret.len() < SECRET_BYTES {
                return Err(format!("has {} bytes, but needs {SECRET_BYTES}", secret.len()));
            }
            return Ok(symmetric(id, &secret));
        }
        SigningAlgorithm::EdDsa => EncodingKey::from_ed_pem(text),
        SigningAlgorithm::Es256 => EncodingKey::from_ec_pem(text),
        SigningAlgorithm::Rs256 => EncodingKey::from_rsa_pem(text),
    };
    let signs = signs.map_err(|cause| cause.to_string())?;
    let mut public = Jwk::from_encoding_key(&signs, algorithm.of_token()).map_err(|cause| cause.to_string())?;
    public.common.key_id = Some(id.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    let verifies = DecodingKey::from_jwk(&public).map_err(|cause| cause.to_string())?;
    Ok(Key { id, algorithm, signs, verifies, public: Some(public) })
}

fn symmetric(id: String, secret: &[u8]) -> Key {
    let (signs, verifies) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
    Key { id, algorithm: SigningAlgorithm::Hs256, signs, verifies, public: None }
}

/// Makes a key and writes it for its owner alone.
fn make(folder: &Path, algorithm: SigningAlgorithm) -> Result<String, KeysError> {
    let failed = |cause: aws_lc_rs::error::Unspecified| KeysError::Made(cause.to_string());
    let text = match algorithm {
        SigningAlgorithm::Hs256 => {
            let mut secret = [0; SECRET_BYTES];
            getrandom::fill(&mut secret).map_err(|cause| KeysError::Made(cause.to_string()))?;
            STANDARD.encode(secret)
        }
        SigningAlgorithm::EdDsa => {
            let pair = Ed25519KeyPair::generate().map_err(failed)?;
            pem(pair.to_pkcs8v1().map_err(failed)?.as_ref())
        }
        SigningAlgorithm::Es256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
            pem(pair.to_pkcs8v1().map_err(failed)?.as_ref())
        }
        SigningAlgorithm::Rs256 => {
            use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
            let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
            pem(der.as_ref())
        }
    };
    let id = Uuid::now_v7().to_string();
    let path = folder.join(format!("{id}.{}", algorithm.name()));
    write(folder, &path, text.as_bytes())
        .map_err(|cause| KeysError::Folder { path: path.display().to_string(), cause })?;
    Ok(id)
}

/// Whole or not at all: others may read the folder at any time.
fn write(folder: &Path, path: &Path, text: &[u8]) -> std::io::Result<()> {
    let (mut folders, mut options) = (std::fs::DirBuilder::new(), std::fs::OpenOptions::new());
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folders.mode(0o700);
        options.mode(0o600);
    }
    folders.recursive(true).create(folder)?;
    let unfinished = path.with_extension("unfinished");
    let mut file = options.write(true).create_new(true).open(&unfinished)?;
    file.write_all(text)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)
}

/// PKCS #8 as text (RFC 7468).
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----")
}

#[cfg(test)]
pub(super) mod tests;
