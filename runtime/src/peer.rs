//! Peers of the deployment: who they are by their certificates, and which of them are let in.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, DnsName};

/// The names by which a client was let in whose certificate was verified. Each request of its connection has it as an
/// extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIdentity(Arc<[String]>);

impl PeerIdentity {
    /// At least one: DNS names in lower case, and URIs.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

/// One entry of `allowed_identities`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// This DNS name.
    Name(String),
    /// Every DNS name with one label before this.
    Below(String),
    /// This URI.
    Uri(String),
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some((scheme, rest)) = text.split_once("://") {
            let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*');
            if plain && !scheme.is_empty() && !rest.is_empty() {
                return Ok(Self::Uri(text.to_owned()));
            }
            return Err(format!("{text:?} is no URI; write it in full, as its certificate has it, without *"));
        }
        let name = text.to_ascii_lowercase();
        let (name, make) = match name.strip_prefix("*.") {
            Some(rest) => (rest.to_owned(), Self::Below as fn(String) -> Self),
            None => (name, Self::Name as fn(String) -> Self),
        };
        match DnsName::try_from(name.as_str()) {
            Ok(_) if !name.ends_with('.') => Ok(make(name)),
            _ => Err(format!(
                "{text:?} is no identity; write a DNS name (orders.internal), all names of a domain (*.internal), or a URI \
                 (spiffe://example.com/orders)"
            )),
        }
    }

    fn allows_name(&self, name: &str) -> bool {
        match self {
            Self::Name(allowed) => allowed == name,
            Self::Below(domain) => name.split_once('.').is_some_and(|(label, rest)| label != "*" && rest == domain),
            Self::Uri(_) => false,
        }
    }
}

/// The names of a certificate that are allowed; `None` if there are none. That it was verified is up to the caller.
pub(crate) fn identify(certificate: &CertificateDer<'_>, allowed: &[Pattern]) -> Option<PeerIdentity> {
    let parsed = webpki::EndEntityCert::try_from(certificate).ok()?;
    let names = parsed.valid_dns_names().map(str::to_ascii_lowercase);
    let names = names.filter(|name| allowed.iter().any(|pattern| pattern.allows_name(name)));
    let uris = parsed.valid_uri_names().map(str::to_owned);
    let uris = uris.filter(|uri| allowed.iter().any(|pattern| matches!(pattern, Pattern::Uri(text) if text == uri)));
    let found: Arc<[String]> = names.chain(uris).collect();
    if found.is_empty() { None } else { Some(PeerIdentity(found)) }
}

/// All names of a certificate, for the log: they are those of a client whose certificate is verified, but not allowed.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let parsed = webpki::EndEntityCert::try_from(certificate);
    parsed.map_or_else(
        |_| Vec::new(),
        |parsed| parsed.valid_dns_names().chain(parsed.valid_uri_names()).map(str::to_owned).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(names: &[&str]) -> CertificateDer<'static> {
        let mut params = rcgen::CertificateParams::default();
        let name = |text: &&str| {
            let text = (*text).try_into().unwrap();
            if <rcgen::string::Ia5String as AsRef<str>>::as_ref(&text).contains("://") {
                rcgen::SanType::URI(text)
            } else {
                rcgen::SanType::DnsName(text)
            }
        };
        params.subject_alt_names = names.iter().map(name).collect();
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn allowed(names: &[&str], allowed: &[&str]) -> Option<Vec<String>> {
        let patterns: Vec<Pattern> = allowed.iter().map(|text| Pattern::parse(text).unwrap()).collect();
        identify(&certificate(names), &patterns).map(|peer| peer.names().to_vec())
    }

    fn some(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_name_is_allowed_as_a_whole_and_in_any_case() {
        assert_eq!(allowed(&["Orders.Internal"], &["orders.internal"]), some(&["orders.internal"]));
        assert_eq!(allowed(&["orders.internal"], &["ORDERS.internal"]), some(&["orders.internal"]));
        for other in ["orders.internal.example.com", "xorders.internal", "a.orders.internal", "internal"] {
            assert_eq!(allowed(&[other], &["orders.internal"]), None, "{other}");
        }
    }

    #[test]
    fn a_star_stands_for_one_label() {
        assert_eq!(allowed(&["orders.internal"], &["*.internal"]), some(&["orders.internal"]));
        for other in ["internal", "a.orders.internal", "orders.internals", "*.internal"] {
            assert_eq!(allowed(&[other], &["*.internal"]), None, "{other}");
        }
    }

    #[test]
    fn a_uri_is_allowed_as_it_is_written() {
        let uri = "spiffe://example.com/orders";
        assert_eq!(allowed(&[uri], &[uri]), some(&[uri]));
        for other in ["spiffe://example.com/Orders", "spiffe://example.com/orders/1", "https://example.com/orders"] {
            assert_eq!(allowed(&[other], &[uri]), None, "{other}");
        }
    }

    #[test]
    fn only_names_that_are_allowed_are_known() {
        let names = ["other.example.com", "orders.internal", "spiffe://example.com/x"];
        assert_eq!(allowed(&names, &["*.internal", "spiffe://example.com/y"]), some(&["orders.internal"]));
        assert_eq!(allowed(&[], &["*.internal"]), None);
        assert_eq!(super::names(&certificate(&names)), names);
    }

    #[test]
    fn what_is_no_identity_is_refused() {
        for text in ["", "*", "*.", "a..b", "*.*.internal", "orders.*", "a b", "spiffe://*/x", "://x", "x://", "a.b."] {
            assert!(Pattern::parse(text).is_err(), "{text:?}");
        }
    }
}
