//! Mails: handed to a server (RFC 5321), or written to a folder where a developer finds them.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::error::Cause;
use crate::settings::MailSettings;

/// Longest that one command to the server may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Mails, by what became of them.
const MAILS: &str = "arcana_mails_total";

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Option<Arc<Inner>>);

struct Inner {
    from: Mailbox,
    way: Way,
    woken: Arc<Notify>,
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
        let way = match url.strip_prefix("file:") {
            Some(path) => Way::Folder(dir.join(path)),
            None => Way::Server(Box::new(server(url)?)),
        };
        Ok(Self(Some(Arc::new(Inner { from: mailbox(&settings.from)?, way, woken: Arc::default() }))))
    }

    /// One that sends none.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether it sends any.
    pub fn sends(&self) -> bool {
        self.0.is_some()
    }

    /// Wakes whoever sends what was left to be sent.
    pub fn wake(&self) {
        if let Some(inner) = &self.0 {
            inner.woken.notify_one();
        }
    }

    /// What wakes whoever sends; none if no mails are sent.
    pub fn woken(&self) -> Option<Arc<Notify>> {
        self.0.as_ref().map(|inner| inner.woken.clone())
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
        let built = Message::builder().from(self.from.clone()).to(to).subject(mail.subject).message_id(None);
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
            Way::Server(server) => match server.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(MailError::permanent(error)),
                Err(error) => Err(MailError::transient(error)),
            },
        }
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

fn server(url: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let example = "write smtps://user:password@host, smtp://user:password@host:587?tls=required or file:var/mail";
    // The cause may have words of the URL, which has a password.
    let built =
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| format!("is not understood; {example}"))?;
    Ok(built.timeout(Some(TIMEOUT)).build())
}

/// Whether mails can go there. In production, what is in them crosses no network in plain text.
pub(crate) fn check(url: &str, is_production: bool) -> Result<(), String> {
    if let Some(path) = url.strip_prefix("file:") {
        return if path.is_empty() { Err("names no folder; write file:var/mail".to_owned()) } else { Ok(()) };
    }
    server(url)?;
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let is_encrypted = url.starts_with("smtps:") || query.split('&').any(|pair| pair == "tls=required");
    let authority = address.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_here = ["localhost", "127.0.0.1", "[::1]"]
        .into_iter()
        .any(|here| host.strip_prefix(here).is_some_and(|port| port.is_empty() || port.starts_with(':')));
    if is_production && !is_encrypted && !is_here {
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

    #[test]
    fn what_cannot_be_sent_to_is_said_before_it_is_tried() {
        let wrong = ["file:", "smtp:", "http://host", "host", "smtp://user:hidden@host?tls=maybe"];
        for url in wrong {
            let message = check(url, false).unwrap_err();
            assert!(message.contains("write") && !message.contains("hidden"), "{url}: {message}");
        }
        for url in ["file:var/mail", "smtps://user:p@host", "smtp://host:587?tls=required", "smtp://127.0.0.1:1025"] {
            check(url, true).unwrap();
        }
        for url in ["smtp://host:25", "smtp://localhost.evil.example", "smtp://host?tls=opportunistic"] {
            check(url, false).unwrap();
            assert!(check(url, true).unwrap_err().contains("plain text"), "{url}");
        }
    }
}
