//! TLS as clients see it: a CA that gives whatever certificate a test needs, and connections that show and check them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

/// Years that a certificate is good for, both included.
pub type Years = std::ops::RangeInclusive<i32>;

/// Good today.
pub const NOW: Years = 2020..=2120;

/// A CA.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub pem: String,
}

/// A certificate with its key, in PEM.
#[derive(Clone)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    /// A new CA.
    pub fn new() -> Self {
        Self::called("CA of tests")
    }

    /// One of this name, as others may have.
    pub fn called(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for `localhost`.
    pub fn server(&self) -> Pair {
        self.issue("localhost", &NOW, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A certificate of a client.
    pub fn client(&self, name: &str) -> Pair {
        self.client_of(name, &NOW)
    }

    /// One that is good for these years.
    pub fn client_of(&self, name: &str, years: &Years) -> Pair {
        self.issue(name, years, ExtendedKeyUsagePurpose::ClientAuth)
    }

    pub fn issue(&self, name: &str, years: &Years, purpose: ExtendedKeyUsagePurpose) -> Pair {
        let mut params = CertificateParams::default();
        let text = name.try_into().unwrap();
        params.subject_alt_names = vec![if name.contains("://") { SanType::URI(text) } else { SanType::DnsName(text) }];
        params.extended_key_usages = vec![purpose];
        params.not_before = rcgen::date_time_ymd(*years.start(), 1, 1);
        params.not_after = rcgen::date_time_ymd(*years.end(), 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

impl Pair {
    /// What `cert dev` has made.
    pub fn read(folder: &Path, name: &str) -> Self {
        let read = |kind: &str| std::fs::read_to_string(folder.join(format!("{name}.{kind}"))).unwrap();
        Self { certificate: read("pem"), key: read("key") }
    }

    /// The certificate as it goes over the wire.
    pub fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }
}

/// Who connects, as `localhost` expects it.
#[derive(Clone)]
pub struct Client(Arc<ClientConfig>);

impl Client {
    /// Trusts the CA, and shows a certificate if it has one.
    pub fn new(ca: &str, own: Option<&Pair>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![pair.der()], key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self(Arc::new(config))
    }

    /// Speaks these protocols only, the dearest first.
    pub fn speaking(&self, protocols: &[&str]) -> Self {
        let mut config = (*self.0).clone();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self(Arc::new(config))
    }

    /// A handshake, seen from this side only: the other may still refuse.
    pub async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::clone(&self.0)).connect(ServerName::try_from("localhost").unwrap(), stream).await
    }

    /// The alert with which the client is refused, in the handshake or, as TLS 1.3 has it, with the first answer.
    pub async fn alert(&self, address: SocketAddr) -> String {
        let exchange = async {
            let mut stream = self.speaking(&["http/1.1"]).connect(address).await?;
            stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
            let mut answer = [0; 100];
            let length = stream.read(&mut answer).await?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer[..length]).into_owned())
        };
        match exchange.await {
            Ok(answer) => panic!("served: {answer}"),
            Err(error) => {
                let words = error.to_string();
                let alert = words.strip_prefix("received fatal alert: ");
                alert.unwrap_or_else(|| panic!("no alert: {words}")).to_owned()
            }
        }
    }

    /// The certificate that is shown to new connections.
    pub async fn shown(&self, address: SocketAddr) -> CertificateDer<'static> {
        let stream = self.connect(address).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    }

    /// A connection for many requests, over the protocol that both agree on.
    pub async fn open(&self, address: SocketAddr) -> Result<Connection, String> {
        let stream = self.connect(address).await.map_err(words)?;
        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let stream = TokioIo::new(stream);
        // What goes wrong with the connection is told by its requests.
        if two {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.map_err(words)?;
            tokio::spawn(connection);
            Ok(Connection::Two(sender))
        } else {
            let (sender, connection) = http1::handshake(stream).await.map_err(words)?;
            tokio::spawn(connection);
            Ok(Connection::One(sender))
        }
    }

    /// `GET` on a connection of its own.
    pub async fn get(&self, address: SocketAddr, path: &str) -> Result<(u16, String), String> {
        self.open(address).await?.get(path).await
    }

    /// A connection for the clients of tonic.
    pub async fn channel(&self, address: SocketAddr) -> Result<Channel, String> {
        let client = self.clone();
        let connect = tower::service_fn(move |_| {
            let client = client.clone();
            async move { client.connect(address).await.map(TokioIo::new) }
        });
        Endpoint::from_static("http://localhost").connect_with_connector(connect).await.map_err(words)
    }
}

/// HTTP/1.1 or HTTP/2 over TLS.
pub enum Connection {
    One(http1::SendRequest<Empty<Bytes>>),
    Two(http2::SendRequest<Empty<Bytes>>),
}

impl Connection {
    /// Sends a request without a body.
    pub async fn send(&mut self, request: http::request::Builder) -> Result<Response<Incoming>, String> {
        let request: Request<_> = request.body(Empty::new()).unwrap();
        match self {
            Self::One(sender) => {
                sender.ready().await.map_err(words)?;
                sender.send_request(request).await.map_err(words)
            }
            Self::Two(sender) => sender.send_request(request).await.map_err(words),
        }
    }

    /// `GET`
    pub async fn get(&mut self, path: &str) -> Result<(u16, String), String> {
        let request = match self {
            Self::One(_) => Request::get(path).header("host", "localhost"),
            Self::Two(_) => Request::get(format!("https://localhost{path}")),
        };
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(words)?.to_bytes();
        Ok((status, String::from_utf8(body.to_vec()).unwrap()))
    }
}

/// An error with its causes.
fn words(error: impl std::error::Error + 'static) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
