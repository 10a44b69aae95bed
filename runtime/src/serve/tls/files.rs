//! The files of TLS: read, compared with those of before, and turned into certificates and keys.

use std::fmt::Display;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};

use crate::settings::TlsSettings;

/// Of what the files hold.
pub(super) type Digest = [u8; 32];

/// What the files hold, or why they cannot be read. A setting that is not made has no file.
pub(super) struct Files {
    certificate: Read,
    key: Read,
    client_ca: Read,
}

type Read = Option<Result<Vec<u8>, String>>;

/// What TLS is made of.
pub(super) struct Material {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) client_ca: Option<RootCertStore>,
}

/// What was taken of the files, and what was seen when they were last looked at.
pub(super) struct Watched {
    taken: Digest,
    seen: Digest,
}

impl Watched {
    pub(super) fn new(taken: Digest) -> Self {
        Self { taken, seen: taken }
    }

    /// Whether what is seen now is to be taken: it is new, and has stood still since the last look. A certificate whose
    /// key is yet to come is no pair.
    pub(super) fn is_due(&mut self, now: Digest) -> bool {
        let stands = std::mem::replace(&mut self.seen, now) == now;
        let due = stands && now != self.taken;
        if due {
            self.taken = now;
        }
        due
    }
}

impl Files {
    pub(super) fn read(settings: &TlsSettings) -> Self {
        let read = |path: &Option<_>| {
            path.as_deref().map(|path: &Path| std::fs::read(path).map_err(|error| error.to_string()))
        };
        Self {
            certificate: read(&settings.certificate),
            key: read(&settings.key),
            client_ca: read(&settings.client_ca),
        }
    }

    /// The same for the same files. The key itself is not kept.
    pub(super) fn digest(&self) -> Digest {
        let mut whole = Sha256::new();
        for file in [&self.certificate, &self.key, &self.client_ca] {
            let part = match file {
                None => Sha256::digest([]),
                Some(Ok(bytes)) => Sha256::digest(bytes),
                Some(Err(words)) => Sha256::digest(words),
            };
            whole.update(part);
        }
        whole.finalize().into()
    }

    /// What the files hold, or everything that is wrong with each.
    pub(super) fn material(&self, section: &str, settings: &TlsSettings) -> Result<Material, Vec<String>> {
        let certificate =
            part(section, "certificate", settings.certificate.as_deref(), &self.certificate, certificates);
        let key = part(section, "key", settings.key.as_deref(), &self.key, private_key);
        let client_ca = part(section, "client_ca", settings.client_ca.as_deref(), &self.client_ca, roots);
        match (certificate, key, client_ca) {
            (Ok(Some(chain)), Ok(Some(key)), Ok(client_ca)) => Ok(Material { chain, key, client_ca }),
            (certificate, key, client_ca) => {
                let problems =
                    [certificate.err(), key.err(), client_ca.err()].into_iter().flatten().collect::<Vec<_>>();
                // The settings know of it before.
                let missing = || vec![format!("{section}.tls needs a certificate and a key; set both")];
                Err(if problems.is_empty() { missing() } else { problems })
            }
        }
    }
}

fn part<T>(
    section: &str,
    field: &str,
    path: Option<&Path>,
    read: &Read,
    parse: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let words = |cause: String| unusable(section, field, path, &cause);
    match read {
        None => Ok(None),
        Some(Err(cause)) => Err(words(format!("cannot be read: {cause}"))),
        Some(Ok(bytes)) => parse(bytes).map(Some).map_err(words),
    }
}

/// A problem with one file.
pub(super) fn unusable(section: &str, field: &str, path: Option<&Path>, cause: &dyn Display) -> String {
    format!("{section}.tls.{field}: {} {cause}", path.unwrap_or(Path::new("")).display())
}

/// A problem with certificate and key together.
pub(super) fn unfit(section: &str, settings: &TlsSettings, error: &rustls::Error) -> String {
    let shown = |path: &Option<_>| path.as_deref().unwrap_or(Path::new("")).display().to_string();
    let (certificate, key) = (shown(&settings.certificate), shown(&settings.key));
    match error {
        rustls::Error::InconsistentKeys(_) => format!(
            "{section}.tls.key: {key} is not the key of the certificate in {certificate}; put a certificate and its own key there"
        ),
        other => {
            format!("{section}.tls: {certificate} with the key {key} cannot be used: {other}; have them issued anew")
        }
    }
}

fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| format!("is damaged: {error}; put the whole file there"))?;
    if found.is_empty() {
        return Err("holds no certificate; put PEM there (-----BEGIN CERTIFICATE-----)".to_owned());
    }
    Ok(found)
}

fn private_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    use rustls::pki_types::pem::Error;
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        Error::NoItemsFound => {
            "holds no private key; put PEM there (-----BEGIN PRIVATE KEY-----), not locked with a password".to_owned()
        }
        // Its words would show what stands there.
        _ => "is damaged; put the whole file there".to_owned(),
    })
}

fn roots(bytes: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(bytes)? {
        roots
            .add(certificate)
            .map_err(|error| format!("holds what is no CA ({error}); put certificates of CAs there"))?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_taken_once_and_when_it_stands_still() {
        let [old, half, new] = [[0; 32], [1; 32], [2; 32]];
        let mut watched = Watched::new(old);
        let due: Vec<bool> =
            [old, half, new, new, new, half, old, old].into_iter().map(|now| watched.is_due(now)).collect();
        assert_eq!(due, [false, false, false, true, false, false, false, true]);
        // Gone and back between two looks, or seen once only, is no change.
        assert_eq!([half, old, old].map(|now| watched.is_due(now)), [false, false, false]);
    }

    #[test]
    fn files_differ_by_what_they_hold_and_by_what_hinders_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| Some(folder.path().join(name));
        let settings = TlsSettings { certificate: path("a"), key: path("b"), ..TlsSettings::default() };
        let mut seen = vec![Files::read(&settings).digest()];
        for (name, text) in [("a", "one"), ("b", "one"), ("b", "two")] {
            std::fs::write(folder.path().join(name), text).unwrap();
            let digest = Files::read(&settings).digest();
            assert!(!seen.contains(&digest), "{name} {text}");
            seen.push(digest);
        }
        assert_eq!(Files::read(&settings).digest(), seen[3]);
    }
}
