//! Where mails go, and what they say of where they come from.

use serde::Deserialize;

use super::unless_empty;
use crate::mail;

/// Where a link has its token.
pub const TOKEN: &str = "{token}";

/// Where mails go.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// A server, `smtps://user:password@host`, or a folder, `file:var/mail`; none: the service sends no mails.
    #[serde(deserialize_with = "unless_empty")]
    pub url: Option<String>,
    /// Whom they are from: `Shop <no-reply@shop.example>`.
    pub from: String,
    /// The page where a password is reset, with `{token}` in its address; none: the mail has the token alone.
    #[serde(deserialize_with = "unless_empty")]
    pub reset_link: Option<String>,
    /// The page where an address is verified, with `{token}` in its address.
    #[serde(deserialize_with = "unless_empty")]
    pub verify_link: Option<String>,
}

/// The URL may have a password.
impl std::fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url: _, from, reset_link, verify_link } = self;
        let mut shown = f.debug_struct("MailSettings");
        shown.field("from", from).field("reset_link", reset_link).field("verify_link", verify_link);
        shown.finish_non_exhaustive()
    }
}

impl MailSettings {
    /// What contradicts itself or is not safe, by key.
    pub(super) fn conflicts(&self, environment: &str) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let is_production = environment == "production";
        if let Some(Err(message)) = self.url.as_deref().map(|url| mail::check(url, &self.from, is_production)) {
            found.push(("mail.url", message));
        }
        if let Err(message) = mail::mailbox(&self.from) {
            let example = "write an address, such as Shop <no-reply@shop.example>";
            found.push(("mail.from", format!("{:?} is none ({message}); {example}", self.from)));
        }
        for (key, link) in [("mail.reset_link", &self.reset_link), ("mail.verify_link", &self.verify_link)] {
            let Some(link) = link else { continue };
            let example = "write the page and where the token goes, such as https://shop.example/reset#token={token}";
            if !link.contains(TOKEN) {
                found.push((key, format!("{link:?} has no {TOKEN}; {example}")));
            }
            let is_page = link.starts_with("https://") || link.starts_with("http://") && !is_production;
            if !is_page {
                found.push((key, format!("{link:?} is no https address; {example}")));
            }
        }
        found
    }
}
