//! Tokens of another issuer: an OpenID provider, whose keys are fetched and kept for a while, and whose claims become an account with
//! roles (OpenID Connect Core 1.0 and Discovery 1.0; RFC 7517, RFC 8725).

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::token::{LEEWAY, MAX_TOKEN_BYTES};
use crate::error::{Error, Result};
use crate::settings::OidcSettings;

/// How long keys are good without another look.
const KEPT: Duration = Duration::from_secs(15 * 60);
/// How long they are good if the issuer cannot be asked.
const KEPT_AT_MOST: Duration = Duration::from_secs(60 * 60);
/// Pause behind a look that failed, or that was for an id that is not there.
const PAUSE: Duration = Duration::from_secs(10);
/// Longest that the issuer may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What the header of an access token says of its type, if anything: providers differ.
const TYPES: [&str; 2] = ["JWT", "at+jwt"];
/// Largest answer that is read.
const MAX_BYTES: usize = 1 << 20;

/// An issuer whose word is taken.
pub struct Issuer {
    settings: OidcSettings,
    keys: Arc<Keys>,
}

/// Its keys, as far as they are known.
struct Keys {
    issuer: String,
    http: Http,
    known: RwLock<Known>,
    /// When they were last asked for; whoever asks holds it.
    looked: Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Known {
    set: Arc<JwkSet>,
    since: Option<Instant>,
}

type Http = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// Somebody whom another issuer knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreigner {
    /// Who says so.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// Address that the issuer has verified.
    pub email: Option<String>,
    /// Name to greet with.
    pub name: Option<String>,
    /// Roles that the claims mean here.
    pub roles: Vec<String>,
    /// Whether an account may be opened for who has none.
    pub may_join: bool,
    /// When the token expires, in seconds since 1970.
    pub expires_at: u64,
}

fn refused() -> Error {
    Error::Unauthorized("the access token is not valid".to_owned())
}

impl Issuer {
    /// As the settings say, if they name one.
    pub fn new(settings: &OidcSettings) -> Option<Self> {
        let keys = Keys {
            issuer: settings.issuer.clone()?,
            http: client(),
            known: RwLock::new(Known { set: Arc::new(JwkSet { keys: Vec::new() }), since: None }),
            looked: Mutex::new(None),
        };
        Some(Self { settings: settings.clone(), keys: Arc::new(keys) })
    }

    /// Whether a token says that it comes from there; nothing of it is believed yet.
    pub fn is_named_by(&self, token: &str) -> bool {
        let claims = token.split('.').nth(1).filter(|_| token.len() <= MAX_TOKEN_BYTES);
        let claims = claims.and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims: Option<Value> = claims.and_then(|json| serde_json::from_slice(&json).ok());
        claims.is_some_and(|claims| claims["iss"] == self.keys.issuer.as_str())
    }

    /// Whom a token stands for, if it is valid. What is wrong with it is for nobody to know but that it has expired.
    pub async fn read(&self, token: &str) -> Result<Foreigner> {
        let header = decode_header(token).map_err(|_| refused())?;
        // Whoever calls does not tell where keys are.
        if header.jku.is_some() || header.jwk.is_some() || header.x5u.is_some() || header.crit.is_some() {
            return Err(refused());
        }
        // Tokens of other purposes, such as those that tell of a logout, are no access tokens (RFC 8725, 3.11).
        let is_access =
            header.typ.as_deref().is_none_or(|typ| TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ)));
        if !is_access {
            return Err(refused());
        }
        let jwk = self.keys.find(header.kid.as_deref()).await?;
        if !fits(&jwk, header.alg) {
            return Err(refused());
        }
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| refused())?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.keys.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let claims = decode::<Map<String, Value>>(token, &key, &validation).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => Error::TokenExpired,
            _ => refused(),
        })?;
        self.foreigner(&claims.claims).ok_or_else(refused)
    }

    fn foreigner(&self, claims: &Map<String, Value>) -> Option<Foreigner> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_verified = claims.get("email_verified") == Some(&Value::Bool(true));
        Some(Foreigner {
            issuer: self.keys.issuer.clone(),
            subject: text("sub").filter(|subject| !subject.is_empty())?,
            email: text("email").filter(|_| is_verified),
            name: text("name"),
            roles: self.roles(claims),
            may_join: self.settings.create_accounts,
            expires_at: claims.get("exp").and_then(Value::as_u64)?,
        })
    }

    /// The roles that the words of the claim stand for; words that the configuration does not know mean nothing here.
    fn roles(&self, claims: &Map<String, Value>) -> Vec<String> {
        let mut path = self.settings.roles_claim.split('.');
        let first = path.next().and_then(|name| claims.get(name));
        let words = match path.fold(first, |value, name| value.and_then(|value| value.get(name))) {
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(words)) => words.split(' ').collect(),
            _ => Vec::new(),
        };
        let known = self.settings.roles.iter().filter_map(|pair| pair.split_once('='));
        known.filter(|(word, _)| words.contains(word)).map(|(_, role)| role.to_owned()).collect()
    }
}

impl Keys {
    /// The key of an id. What is known and fresh is answered at once; else the issuer is asked, by one at a time and in a task of its own:
    /// whoever stops waiting does not stop it.
    async fn find(self: &Arc<Self>, id: Option<&str>) -> Result<Jwk> {
        let known = self.known();
        let is_younger = |age: Duration| known.since.is_some_and(|since| since.elapsed() < age);
        let key = known.key(id).filter(|_| is_younger(KEPT_AT_MOST));
        if let Some(key) = key.as_ref().filter(|_| is_younger(KEPT)) {
            return Ok(key.clone());
        }
        let keys = Arc::clone(self);
        let looked = tokio::spawn(async move { keys.look().await });
        if let Some(key) = key {
            return Ok(key);
        }
        looked.await.map_err(Error::internal)?;
        let known = self.known();
        if known.since.is_none_or(|since| since.elapsed() >= KEPT_AT_MOST) {
            return Err(Error::unavailable("the issuer of the token cannot be asked for its keys"));
        }
        known.key(id).ok_or_else(refused)
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the issuer, unless that was done just now.
    async fn look(&self) {
        let mut looked = self.looked.lock().await;
        let now = Instant::now();
        if looked.is_some_and(|looked| now - looked < PAUSE) {
            return;
        }
        *looked = Some(now);
        match self.fetch().await {
            Ok(set) => {
                let known = Known { set: Arc::new(set), since: Some(now) };
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
            }
            Err(cause) => tracing::warn!(issuer = self.issuer, cause, "the keys of the issuer cannot be fetched"),
        }
    }

    async fn fetch(&self) -> Result<JwkSet, String> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let found: Value = self.get(&url).await?;
        if found["issuer"] != self.issuer.as_str() {
            return Err(format!("{url} is of {}, not of {}", found["issuer"], self.issuer));
        }
        let keys = found["jwks_uri"].as_str().ok_or_else(|| format!("{url} names no jwks_uri"))?;
        if !is_safe(keys) {
            return Err(format!("{keys} is neither https nor of this machine"));
        }
        self.get(keys).await
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        let asked = async {
            let answer = self.http.get(url.parse().map_err(told)?).await.map_err(told)?;
            if !answer.status().is_success() {
                return Err(format!("it answers {}", answer.status()));
            }
            let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await.map_err(told)?;
            serde_json::from_slice(&body.to_bytes()).map_err(told)
        };
        let answered = tokio::time::timeout(PATIENCE, asked).await;
        answered
            .unwrap_or_else(|_| Err("it does not answer in time".to_owned()))
            .map_err(|cause| format!("{url}: {cause}"))
    }
}

/// An error with what lies behind it.
fn told(cause: impl std::fmt::Display) -> String {
    format!("{cause:#}")
}

impl Known {
    fn key(&self, id: Option<&str>) -> Option<Jwk> {
        match (id, self.set.keys.as_slice()) {
            (Some(id), _) => self.set.find(id).cloned(),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        }
    }
}

/// Whether an address is one that nobody on the way can answer for: https, or this machine.
pub(crate) fn is_safe(url: &str) -> bool {
    let Ok(url) = url.parse::<http::Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here,
        _ => false,
    }
}

/// Whether a key is one of an algorithm: of its kind, and meant for it. A secret that is shared is no key of an issuer.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let of_its_kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(
            algorithm,
            Algorithm::RS256
                | Algorithm::RS384
                | Algorithm::RS512
                | Algorithm::PS256
                | Algorithm::PS384
                | Algorithm::PS512
        ),
        AlgorithmParameters::EllipticCurve(curve) => matches!(
            (&curve.curve, algorithm),
            (EllipticCurve::P256, Algorithm::ES256) | (EllipticCurve::P384, Algorithm::ES384)
        ),
        AlgorithmParameters::OctetKeyPair(pair) => {
            pair.curve == EllipticCurve::Ed25519 && algorithm == Algorithm::EdDSA
        }
        _ => false,
    };
    let signs = key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let meant = key.common.key_algorithm.is_none_or(|meant| meant == KeyAlgorithm::from(algorithm));
    of_its_kind && meant && signs
}

fn client() -> Http {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(rustls::DEFAULT_VERSIONS);
    #[expect(clippy::expect_used, reason = "the provider has the default versions")]
    let tls = tls.expect("the versions of ring").with_root_certificates(roots).with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    Client::builder(TokioExecutor::new()).build(connector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_or_of_this_machine() {
        for url in ["https://id.example.com/realms/x", "http://127.0.0.1:9000", "http://localhost/x", "http://[::1]:1"]
        {
            assert!(is_safe(url), "{url}");
        }
        for url in [
            "http://id.example.com",
            "ftp://id.example.com",
            "id.example.com",
            "https://",
            "http://127.0.0.1.evil.example",
        ] {
            assert!(!is_safe(url), "{url}");
        }
    }

    #[test]
    fn words_of_a_claim_become_roles_and_others_mean_nothing() {
        let settings = OidcSettings {
            issuer: Some("https://id.example.com".to_owned()),
            audience: "shop".to_owned(),
            roles_claim: "realm_access.roles".to_owned(),
            roles: vec!["staff=moderator".to_owned(), "boss=admin".to_owned()],
            create_accounts: true,
        };
        let issuer = Issuer::new(&settings).unwrap();
        let roles = |claims: Value| issuer.roles(claims.as_object().unwrap());
        assert_eq!(roles(serde_json::json!({ "realm_access": { "roles": ["staff", "admin"] } })), ["moderator"]);
        assert_eq!(roles(serde_json::json!({ "realm_access": { "roles": "boss staff" } })), ["moderator", "admin"]);
        assert!(roles(serde_json::json!({ "roles": ["staff"] })).is_empty());
        assert!(roles(serde_json::json!({ "realm_access": 7 })).is_empty());
    }
}
