//! Mails: handed to a server (RFC 5321), or written to a folder where a developer finds them.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, AsyncSmtpTransportBuilder};
use lettre::{AsyncTransport, Message, Tokio1Executor};
use uuid::Uuid;

use crate::error::Cause;
use crate::settings::MailSettings;

/// Longest that handing a mail to the server may take, from the first packet to the last.
pub const LONGEST: Duration = Duration::from_secs(45);
/// Longest that connecting to it may take.
const CONNECTING: Duration = Duration::from_secs(15);
/// Mails, by what became of them.
const MAILS: &str = "arcana_mails_total";

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Option<Arc<Inner>>);

struct Inner {
    from: Mailbox,
    way: Way,
    longest: Duration,
}

enum Way {
    Server(Box<AsyncSmtpTransport<Tokio1Executor>>),
    Folder(PathBuf),
}

/// One mail, in plain text.
#[derive(Clone, Copy)]
pub struct Mail<'a> {
    /// Address.
    pub to: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
#[error("the mail was not sent")]
pub struct MailError {
    /// It would not be sent another time either.
    pub is_permanent: bool,
    /// The cause, for the log.
    #[source]
    pub cause: Cause,
}

impl MailError {
    fn permanent(cause: impl Into<Cause>) -> Self {
        Self { is_permanent: true, cause: cause.into() }
    }

    fn transient(cause: impl Into<Cause>) -> Self {
        Self { is_permanent: false, cause: cause.into() }
    }
}

impl Mailer {
    /// As the settings say; a folder stands below `dir`.
    pub fn new(settings: &MailSettings, dir: &Path) -> Result<Self, String> {
        let Some(url) = &settings.url else { return Ok(Self::none()) };
        let from = mailbox(&settings.from)?;
        let way = match url.strip_prefix("file:") {
            Some(path) => Way::Folder(dir.join(path)),
            None => Way::Server(Box::new(server(url, from.email.domain())?.build())),
        };
        Ok(Self(Some(Arc::new(Inner { from, way, longest: LONGEST }))))
    }

    /// One that sends none.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether it sends any.
    pub fn sends(&self) -> bool {
        self.0.is_some()
    }

    /// Hands a mail to the server, or writes it to the folder.
    pub async fn send(&self, mail: Mail<'_>) -> Result<(), MailError> {
        let sent = match &self.0 {
            Some(inner) => inner.send(mail).await,
            None => Err(MailError::permanent("mail.url is not set")),
        };
        let outcome = match &sent {
            Ok(()) => "sent",
            Err(error) if error.is_permanent => "refused",
            Err(_) => "failed",
        };
        metrics::counter!(MAILS, "outcome" => outcome).increment(1);
        sent
    }
}

impl Inner {
    async fn send(&self, mail: Mail<'_>) -> Result<(), MailError> {
        let to = mailbox(mail.to).map_err(MailError::permanent)?;
        // Not the name of this machine, which nobody outside knows.
        let id = format!("<{}@{}>", Uuid::now_v7(), self.from.email.domain());
        let built = Message::builder().from(self.from.clone()).to(to).subject(mail.subject).message_id(Some(id));
        // Machines that answer mails do not answer this one (RFC 3834).
        let built = built.header(AutoSubmitted);
        let part = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(mail.text.to_owned());
        let message = built.singlepart(part).map_err(MailError::permanent)?;
        match &self.way {
            Way::Folder(folder) => {
                let (folder, bytes) = (folder.clone(), message.formatted());
                let written = tokio::task::spawn_blocking(move || write(&folder, &bytes)).await;
                written.map_err(MailError::transient)?.map_err(MailError::transient)
            }
            Way::Server(server) => match tokio::time::timeout(self.longest, server.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(told(error)),
                Err(_) => Err(MailError::transient(format!("the server took longer than {:?}", self.longest))),
            },
        }
    }
}

/// What a server answered. Its words may quote the mail, and so they go nowhere.
fn told(error: smtp::Error) -> MailError {
    match error.status().map(u16::from) {
        // It does not take mails for this address; whatever else it refuses may be a mistake of ours that is mended meanwhile.
        Some(code @ 550..=552) => MailError::permanent(format!("the server answered {code}")),
        Some(code) => MailError::transient(format!("the server answered {code}")),
        None => MailError::transient(error),
    }
}

#[derive(Clone, Copy)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Cause> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Under a name that sorts by time, whole or not at all, for its owner alone: there are tokens in it.
fn write(folder: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let id = Uuid::now_v7();
    let half = folder.join(format!(".{id}"));
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?.write_all(bytes)?;
    std::fs::rename(half, folder.join(format!("{id}.eml")))
}

/// An address with or without a name: `Shop <no-reply@shop.example>`.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|error: lettre::address::AddressError| error.to_string())
}

/// The server of a URL, greeted by the name in its path, or else by the domain of the sender.
fn server(url: &str, domain: &str) -> Result<AsyncSmtpTransportBuilder, String> {
    let example = "write smtps://user:password@host, smtp://user:password@host:587?tls=required or file:var/mail";
    // The cause may have words of the URL, which has a password.
    let built =
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| format!("is not understood; {example}"))?;
    let built = built.timeout(Some(CONNECTING));
    let is_named = url.parse().is_ok_and(|url: Uri| url.path().len() > 1);
    Ok(if is_named { built } else { built.hello_name(ClientId::Domain(domain.to_owned())) })
}

/// Whether mails can go there. In production, they go somewhere, and what is in them crosses no network in plain text.
pub(crate) fn check(url: &str, from: &str, is_production: bool) -> Result<(), String> {
    if let Some(path) = url.strip_prefix("file:") {
        return match path {
            "" => Err("names no folder; write file:var/mail".to_owned()),
            _ if is_production => {
                Err("is a folder, out of which nobody gets mails in production; name a server".to_owned())
            }
            _ => Ok(()),
        };
    }
    let domain = mailbox(from).map_or_else(|_| String::new(), |from| from.email.domain().to_owned());
    server(url, &domain)?;
    let parsed: Uri = url.parse().map_err(|_| "is no URL; percent-encode what stands in its password".to_owned())?;
    let authority = parsed.authority().map(Authority::as_str).unwrap_or_default();
    if authority.rsplit_once('@').is_some_and(|(user, _)| !user.contains(':')) {
        return Err("has a user without a password; write user:password@host".to_owned());
    }
    if matches!(parsed.host(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        return Ok(());
    }
    if domain == "localhost" {
        return Err("would send mails from localhost, which servers refuse; set mail.from".to_owned());
    }
    // The first one counts, as for whoever connects.
    let tls = parsed.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("tls="));
    if is_production && parsed.scheme_str() != Some("smtps") && tls != Some("required") {
        let mend = "write smtps://, or smtp:// with ?tls=required";
        return Err(format!("would send tokens in plain text, which is refused in production; {mend}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_folder(folder: &Path) -> Mailer {
        let url = Some(format!("file:{}", folder.display()));
        let from = "Shop <no-reply@shop.example>".to_owned();
        Mailer::new(&MailSettings { url, from, reset_link: None, verify_link: None }, Path::new("/nowhere")).unwrap()
    }

    #[tokio::test]
    async fn mails_are_written_whole_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let mailer = to_folder(folder.path());
        let mail = Mail { to: "Ada <ada@example.com>", subject: "Grüße", text: "one\ntwo" };
        mailer.send(mail).await.unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        let [file] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(file).unwrap();
        for line in
            ["From: Shop <no-reply@shop.example>", "To: Ada <ada@example.com>", "Auto-Submitted: auto-generated"]
        {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert!(text.ends_with("\r\n\r\none\r\ntwo\r\n"), "{text}");
    }

    #[tokio::test]
    async fn what_is_no_address_gets_no_mail_and_headers_cannot_be_added() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = to_folder(folder.path());
        for to in ["nobody", "ada@example.com\r\nBcc: eve@example.com", ""] {
            let error = mailer.send(Mail { to, subject: "s", text: "t" }).await.unwrap_err();
            assert!(error.is_permanent, "{to}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_server_that_falls_silent_holds_nobody_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let silent = async {
            let _connection = listener.accept().await.unwrap();
            std::future::pending::<()>().await
        };
        let from = mailbox("no-reply@shop.example").unwrap();
        let way = Way::Server(Box::new(server(&url, "shop.example").unwrap().build()));
        let inner = Inner { from, way, longest: Duration::from_millis(50) };
        tokio::select! {
            sent = inner.send(Mail { to: "ada@example.com", subject: "s", text: "t" }) => {
                let error = sent.unwrap_err();
                assert!(!error.is_permanent && error.cause.to_string().contains("longer than"), "{error:?}");
            }
            () = silent => {}
        }
    }

    #[test]
    fn what_cannot_be_sent_to_is_said_before_it_is_tried() {
        let from = "Shop <no-reply@shop.example>";
        let wrong =
            ["file:", "smtp:", "http://host", "host", "smtp://user:hidden@host?tls=maybe", "smtp://hidden@host"];
        for url in wrong {
            let message = check(url, from, false).unwrap_err();
            assert!(message.contains("write") && !message.contains("hidden"), "{url}: {message}");
        }
        for url in ["smtps://user:p%20q@host", "smtp://host:587?tls=required", "smtp://127.0.0.1:1025", "smtp://[::1]"]
        {
            check(url, from, true).unwrap();
        }
        check("smtp://localhost:25", "arcana <no-reply@localhost>", true).unwrap();
        for (url, words) in [
            ("smtp://host:25", "plain text"),
            ("smtp://localhost.evil.example", "plain text"),
            ("smtp://host?tls=opportunistic", "plain text"),
            ("smtp://host?tls=opportunistic&tls=required", "plain text"),
            ("smtp://u:p@localhost@host", "plain text"),
            ("file:var/mail", "is a folder"),
        ] {
            check(url, from, false).unwrap();
            assert!(check(url, from, true).unwrap_err().contains(words), "{url}");
        }
        let unnamed = check("smtps://host", "arcana <no-reply@localhost>", false).unwrap_err();
        assert!(unnamed.contains("set mail.from"), "{unnamed}");
    }
}
