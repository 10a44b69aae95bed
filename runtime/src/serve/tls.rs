//! TLS of one listener: its files, which may change while it serves, and the handshake.

mod files;
mod verifier;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::peer::{self, Pattern, PeerIdentity};
use crate::settings::{ServerSettings, TlsSettings};
use files::{Digest, Files, Watched};
use verifier::Verifier;

/// A caller that does not finish its handshake within this time is cut off.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the files are looked at. What is new is taken once it has stood still from one look to the next.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// What hinders TLS, all at once, each with the key and the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsProblems(pub Vec<String>);

impl fmt::Display for TlsProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TLS cannot be served:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// TLS of one listener.
pub(super) struct Tls {
    section: &'static str,
    settings: TlsSettings,
    allowed: Arc<[Pattern]>,
    current: watch::Sender<Arc<ServerConfig>>,
    begun_with: Digest,
}

/// TLS of both listeners; one without a certificate has none.
#[derive(Default)]
pub(super) struct Listeners {
    pub(super) rest: Option<Arc<Tls>>,
    pub(super) grpc: Option<Arc<Tls>>,
}

impl Listeners {
    pub(super) fn load(server: &ServerSettings) -> Result<Self, TlsProblems> {
        let rest = Tls::load("server.rest", &server.rest.tls);
        let grpc = Tls::load("server.grpc", &server.grpc.tls);
        match (rest, grpc) {
            (Ok(rest), Ok(grpc)) => Ok(Self { rest, grpc }),
            (rest, grpc) => {
                let problems = rest.err().into_iter().chain(grpc.err());
                Err(TlsProblems(problems.flatten().collect()))
            }
        }
    }

    /// Takes over what changes in the files, for ever.
    pub(super) async fn follow(self) {
        let follow = async |tls: Option<Arc<Tls>>| {
            if let Some(tls) = tls {
                tls.follow().await;
            }
        };
        tokio::join!(follow(self.rest), follow(self.grpc));
    }
}

impl Tls {
    fn load(section: &'static str, settings: &TlsSettings) -> Result<Option<Arc<Self>>, Vec<String>> {
        if settings.certificate.is_none() {
            return Ok(None);
        }
        // Those that are none are problems of the settings, and reported as such.
        let allowed = settings.allowed_identities.iter().filter_map(|text| Pattern::parse(text).ok());
        let allowed: Arc<[Pattern]> = allowed.collect();
        let files = Files::read(settings);
        let config = config(section, settings, &files, &allowed)?;
        Ok(Some(Arc::new(Self {
            section,
            settings: settings.clone(),
            allowed,
            current: watch::Sender::new(config),
            begun_with: files.digest(),
        })))
    }

    /// Shows the caller who this is, and learns who the caller is if that was asked for.
    pub(super) async fn handshake(
        &self,
        stream: TcpStream,
    ) -> std::io::Result<(TlsStream<TcpStream>, Option<PeerIdentity>)> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.current.borrow()));
        let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await??;
        if self.settings.client_ca.is_none() {
            return Ok((stream, None));
        }
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        match certificate.and_then(|certificate| peer::identify(certificate, &self.allowed)) {
            Some(peer) => Ok((stream, Some(peer))),
            // The handshake has refused it already.
            None => Err(std::io::ErrorKind::PermissionDenied.into()),
        }
    }

    async fn follow(&self) {
        let mut watched = Watched::new(self.begun_with);
        let mut looks = tokio::time::interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let settings = self.settings.clone();
            // A volume may be slow to answer.
            let Ok(files) = tokio::task::spawn_blocking(move || Files::read(&settings)).await else { continue };
            if watched.is_due(files.digest()) {
                self.take(&files);
            }
        }
    }

    fn take(&self, files: &Files) {
        let listener = self.section;
        match config(listener, &self.settings, files, &self.allowed) {
            Ok(config) => {
                self.current.send_replace(config);
                tracing::info!(listener, "the certificate has changed; new connections get the new one");
            }
            Err(problems) => {
                let cause = problems.join("; ");
                tracing::error!(
                    listener,
                    cause,
                    "the files of TLS have changed and cannot be used; the ones before go on. Mend them: they are looked at \
                     again as soon as they change"
                );
            }
        }
    }
}

/// TLS 1.3 and 1.2, both with forward secrecy and authenticated ciphers only: rustls knows no others.
fn config(
    section: &str,
    settings: &TlsSettings,
    files: &Files,
    allowed: &Arc<[Pattern]>,
) -> Result<Arc<ServerConfig>, Vec<String>> {
    let material = files.material(section, settings)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let whole = |error: rustls::Error| vec![files::unfit(section, settings, &error)];
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(whole)?;
    let builder = match material.client_ca {
        Some(roots) => builder.with_client_cert_verifier(verifier(section, settings, roots, provider, allowed)?),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(material.chain, material.key).map_err(whole)?;
    // gRPC-Web comes over HTTP/1.1 too.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if settings.client_ca.is_some() {
        // Each connection shows its certificate anew: one that has expired meanwhile is noticed.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Arc::new(config))
}

fn verifier(
    section: &str,
    settings: &TlsSettings,
    roots: rustls::RootCertStore,
    provider: Arc<CryptoProvider>,
    allowed: &Arc<[Pattern]>,
) -> Result<Arc<Verifier>, Vec<String>> {
    let verifier = Verifier::new(roots, provider, Arc::clone(allowed));
    verifier.map_err(|error| vec![files::unusable(section, "client_ca", settings.client_ca.as_deref(), &error)])
}
