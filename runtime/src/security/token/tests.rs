//! Tokens that are ours, and all the ways in which one is not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::*;
use crate::security::keys::tests::settings;
use crate::settings::SigningAlgorithm;

const SECRET: &str = "a secret of at least thirty-two bytes";

struct Service {
    tokens: Tokens,
    dir: tempfile::TempDir,
}

fn service(algorithm: SigningAlgorithm) -> Service {
    let dir = tempfile::tempdir().unwrap();
    let secret = (algorithm == SigningAlgorithm::Hs256).then(|| SECRET.to_owned());
    let settings = SecuritySettings { algorithm, secret, ..settings() };
    let keys = Keys::open(&settings, dir.path()).unwrap();
    Service { tokens: Tokens::new(keys, &settings), dir }
}

fn account() -> Account {
    Account { id: Uuid::now_v7(), roles: vec!["user".to_owned()], tenant: None }
}

fn claims() -> Value {
    json!({
        "iss": "test", "sub": Uuid::now_v7(), "aud": "test", "exp": now() + 60, "iat": now(), "jti": Uuid::now_v7(),
        "sid": Uuid::now_v7(), "roles": ["admin"],
    })
}

fn header() -> Value {
    json!({ "alg": "HS256", "typ": "at+jwt", "kid": "configured" })
}

fn part(value: &str) -> String {
    URL_SAFE_NO_PAD.encode(value)
}

/// Signed with our own secret, so that nothing but what was changed is wrong.
fn signed(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn with(mut value: Value, member: &str, other: Value) -> String {
    value[member] = other;
    value.to_string()
}

fn refused(tokens: &Tokens, token: &str, why: &str) {
    match tokens.read(TokenKind::Access, token) {
        Err(Error::Unauthorized(message)) => assert_eq!(message, "the access token is not valid", "{why}"),
        other => panic!("{why}: {other:?}"),
    }
}

#[test]
fn what_was_issued_is_read_again() {
    for algorithm in
        [SigningAlgorithm::Hs256, SigningAlgorithm::EdDsa, SigningAlgorithm::Es256, SigningAlgorithm::Rs256]
    {
        let Service { tokens, dir: _dir } = service(algorithm);
        let (account, session) = (account(), Uuid::now_v7());
        let issued = tokens.issue(TokenKind::Access, &account, session).unwrap();
        let read = tokens.read(TokenKind::Access, &issued.text).unwrap();
        assert_eq!((read.sub, read.sid, read.roles, issued.expires_in), (account.id, session, account.roles, 900));
    }
}

#[test]
fn a_token_is_good_as_it_is_made_here() {
    let Service { tokens, dir: _dir } = service(SigningAlgorithm::Hs256);
    assert!(tokens.read(TokenKind::Access, &signed(&header().to_string(), &claims().to_string())).is_ok());
}

#[test]
fn headers_that_choose_the_key_or_the_algorithm_are_refused() {
    let Service { tokens, dir: _dir } = service(SigningAlgorithm::Hs256);
    let claims = claims().to_string();
    for (member, value) in [
        ("alg", json!("none")),
        ("alg", json!("None")),
        ("alg", json!("HS384")),
        ("alg", json!("RS256")),
        ("kid", json!("another")),
        ("kid", json!("../../etc/passwd")),
        ("kid", json!("' OR '1'='1")),
        ("kid", json!("")),
        ("kid", Value::Null),
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/cert")),
        ("x5c", json!(["MIIB"])),
        ("jwk", json!({ "kty": "oct", "k": part(SECRET) })),
        ("crit", json!(["exp"])),
        ("typ", json!("JWT")),
        ("typ", json!("id+jwt")),
        ("typ", Value::Null),
    ] {
        refused(&tokens, &signed(&with(header(), member, value.clone()), &claims), &format!("{member}: {value}"));
    }
}

#[test]
fn claims_of_others_are_refused() {
    let Service { tokens, dir: _dir } = service(SigningAlgorithm::Hs256);
    let header = header().to_string();
    for (member, value) in [
        ("iss", json!("another")),
        ("iss", Value::Null),
        ("aud", json!("another")),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("sub", json!("not-a-uuid")),
        ("sub", Value::Null),
        ("sid", Value::Null),
        ("exp", Value::Null),
        ("exp", json!("tomorrow")),
        ("nbf", json!(now() + 60)),
        ("iat", json!(now() + 60)),
        ("roles", json!("admin")),
    ] {
        refused(&tokens, &signed(&header, &with(claims(), member, value.clone())), &format!("{member}: {value}"));
    }
}

#[test]
fn an_expired_token_is_told_so() {
    let Service { tokens, dir: _dir } = service(SigningAlgorithm::Hs256);
    let token = signed(&header().to_string(), &with(claims(), "exp", json!(now() - 60)));
    assert!(matches!(tokens.read(TokenKind::Access, &token), Err(Error::TokenExpired)));
}

#[test]
fn a_claim_that_stands_twice_is_refused() {
    let Service { tokens, dir: _dir } = service(SigningAlgorithm::Hs256);
    for member in [r#""sub": "01890a5d-ac96-774b-bcce-b302099a8057""#, r#""roles": []"#, r#""exp": 9999999999"#] {
        let claims = claims().to_string().replacen('{', &format!("{{{member},"), 1);
        refused(&tokens, &signed(&header().to_string(), &claims), member);
    }
    let twice = header().to_string().replacen('{', r#"{"alg": "none","#, 1);
    refused(&tokens, &signed(&twice, &claims().to_string()), "alg");
}

#[test]
fn a_signature_is_there_and_ours() {
    let Service { tokens, dir: _dir } = service(SigningAlgorithm::Hs256);
    let good = signed(&header().to_string(), &claims().to_string());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = signed(&header().to_string(), &with(claims(), "roles", json!(["super_admin"])));
    let other_message = other.rsplit_once('.').unwrap().0;
    for (token, why) in [
        (format!("{message}."), "empty signature"),
        (message.to_owned(), "no signature"),
        (format!("{other_message}.{signature}"), "signature of another"),
        (format!("{message}.{}", part("signature")), "made up"),
        (format!("{good}.{}", part("x")), "a fourth part"),
        (String::new(), "empty"),
        ("a.b.c".to_owned(), "no token"),
        (format!("{good}{}", "A".repeat(MAX_TOKEN_BYTES)), "too long"),
    ] {
        refused(&tokens, &token, why);
    }
}

#[test]
fn a_public_key_is_no_secret_to_sign_with() {
    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256, SigningAlgorithm::Rs256] {
        let Service { tokens, dir: _dir } = service(algorithm);
        let public = tokens.keys().public();
        let jwk = &public["keys"][0];
        let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": jwk["kid"] }).to_string();
        let message = format!("{}.{}", part(&header), part(&claims().to_string()));
        let raw = |member: &str| URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap_or_default()).unwrap();
        for secret in [jwk.to_string().into_bytes(), raw("x"), raw("n")] {
            let key = EncodingKey::from_secret(&secret);
            let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
            refused(&tokens, &format!("{message}.{signature}"), algorithm.name());
        }
    }
}

#[test]
fn a_key_of_another_service_is_not_ours() {
    let (one, other) = (service(SigningAlgorithm::EdDsa), service(SigningAlgorithm::EdDsa));
    let issued = other.tokens.issue(TokenKind::Access, &account(), Uuid::now_v7()).unwrap();
    refused(&one.tokens, &issued.text, "of another service");
    assert!(other.dir.path().join("keys").is_dir());
}
