//! Mails as those who get them see them: in the folder of a service, or taken by a server of the test's own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::tls::Pair;

/// A mail.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Mail {
    /// As it came over the wire, or stands in a file (RFC 5322, RFC 2045).
    pub fn read(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        let text = match header("Content-Transfer-Encoding").as_str() {
            "7bit" => body.to_owned(),
            "quoted-printable" => body.replace("=\r\n", "").replace("=3D", "="),
            other => panic!("{other} of {raw}"),
        };
        Self { to: header("To"), subject: header("Subject"), text }
    }

    /// The token in it.
    pub fn token(&self) -> String {
        let token = &self.text[self.text.find("mt_").unwrap()..];
        let end = token.find(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c)).unwrap_or(token.len());
        token[..end].to_owned()
    }
}

/// The mails in a folder to an address, oldest first.
pub fn in_folder(folder: &Path, to: &str) -> Vec<Mail> {
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = files.map(|file| file.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "eml")).collect();
    paths.sort();
    let mails = paths.iter().map(|path| Mail::read(&std::fs::read_to_string(path).unwrap()));
    mails.filter(|mail| mail.to == to).collect()
}

/// What a server does with mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    Takes,
    /// Not now: 451.
    Defers,
    /// Not to this address: 550.
    Refuses,
    /// Not from whoever signs in like that: 535.
    TurnsAway,
    /// Reads the mail, and says no more.
    FallsSilent,
}

/// A server for mails (RFC 5321), as far as a client needs one.
pub struct MailServer {
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    manners: Mutex<Manners>,
    seen: Mutex<Vec<Mail>>,
    logins: Mutex<Vec<String>>,
}

impl MailServer {
    /// In plain text, or over TLS with a certificate.
    pub async fn start(certificate: Option<&Pair>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state =
            Arc::new(State { manners: Mutex::new(Manners::Takes), seen: Mutex::default(), logins: Mutex::default() });
        let acceptor = certificate.map(|pair| {
            let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
            let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
            TlsAcceptor::from(Arc::new(config))
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, acceptor) = (shared.clone(), acceptor.clone());
                // A client that goes away ends its conversation.
                tokio::spawn(async move {
                    match acceptor {
                        None => talk(stream, &state).await,
                        Some(acceptor) => talk(acceptor.accept(stream).await?, &state).await,
                    }
                });
            }
        });
        Self { address, state }
    }

    pub fn behave(&self, manners: Manners) {
        *self.state.manners.lock().unwrap() = manners;
    }

    /// The mails that it was handed, whatever it said.
    pub fn seen(&self) -> Vec<Mail> {
        self.state.seen.lock().unwrap().clone()
    }

    /// What clients signed in with, as it came.
    pub fn logins(&self) -> Vec<String> {
        self.state.logins.lock().unwrap().clone()
    }
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, state: &State) -> std::io::Result<()> {
    let mut stream = BufStream::new(stream);
    say(&mut stream, "220 test").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let words = line.trim_end().to_owned();
        let verb = words.split(' ').next().unwrap_or_default().to_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut stream, "250-test\r\n250 AUTH PLAIN").await?,
            "AUTH" => {
                state.logins.lock().unwrap().push(words);
                let turned_away = *state.manners.lock().unwrap() == Manners::TurnsAway;
                say(&mut stream, if turned_away { "535 no" } else { "235 welcome" }).await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let mut raw = String::new();
                while !raw.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut raw).await? == 0 {
                        return Ok(());
                    }
                }
                state.seen.lock().unwrap().push(Mail::read(raw.strip_suffix(".\r\n").unwrap()));
                let manners = *state.manners.lock().unwrap();
                match manners {
                    Manners::Takes | Manners::TurnsAway => say(&mut stream, "250 taken").await?,
                    Manners::Defers => say(&mut stream, "451 later").await?,
                    Manners::Refuses => say(&mut stream, "550 nobody here").await?,
                    Manners::FallsSilent => std::future::pending().await,
                }
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "250 ok").await?,
        }
    }
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), words: &str) -> std::io::Result<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await?;
    stream.flush().await
}
