//! Tokens that are forged, bent or borrowed, sent to a closed service over both protocols: each is refused, and none is told why.

use arcana_generated::pb::arcana::identity::v1 as identity;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::auth_service_client::AuthServiceClient;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tonic::{Code, Request};

use crate::people::{PASSWORD, Person, closed, refused};
use crate::support::Service;

const SECRET: &str = "a secret that is known to this test only";

/// A token with this header and these claims, signed as the service signs.
fn signed(header: &str, claims: &str, secret: &[u8]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn parts(token: &str) -> (Value, Value) {
    let part = |n: usize| {
        let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(n).unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    (part(0), part(1))
}

fn with(value: &Value, member: &str, other: Value) -> String {
    let mut value = value.clone();
    value[member] = other;
    value.to_string()
}

async fn refuses(service: &Service, token: &str, why: &str) {
    let answer = service.send(service.request("GET", "/api/v1/auth/me").bearer_auth(token)).await;
    let refusal = answer.refused(401, "UNAUTHORIZED");
    assert_eq!(refusal.0["message"], "the access token is not valid", "{why}");
    assert_eq!(answer.header("www-authenticate"), "Bearer", "{why}");
    let mut client = AuthServiceClient::new(service.channel().await);
    let mut request = Request::new(identity::GetMeRequest {});
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let status = refused(client.get_me(request).await, Code::Unauthenticated, "UNAUTHORIZED");
    assert_eq!(status.message(), "the access token is not valid", "{why}");
}

#[tokio::test]
async fn a_forged_token_is_refused_and_not_told_why() {
    let service = closed().set(&format!("security.secret={SECRET}")).run();
    let ada = Person::register(&service).await;
    let (header, claims) = parts(&ada.token);
    let as_issued = signed(&header.to_string(), &claims.to_string(), SECRET.as_bytes());
    service.send(service.request("GET", "/api/v1/auth/me").bearer_auth(&as_issued)).await.ok(200);

    let headers = [
        ("alg", json!("none")),
        ("alg", json!("None")),
        ("alg", json!("HS512")),
        ("kid", json!("another")),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("x' UNION SELECT 'secret'--")),
        ("jku", json!("https://attacker.example/keys.json")),
        ("x5u", json!("https://attacker.example/cert.pem")),
        ("jwk", json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode("attacker") })),
        ("typ", json!("JWT")),
    ];
    for (member, value) in headers {
        let token = signed(&with(&header, member, value.clone()), &claims.to_string(), SECRET.as_bytes());
        refuses(&service, &token, &format!("{member}: {value}")).await;
    }
    let far = claims["exp"].as_u64().unwrap() + 3600;
    for (member, value) in [
        ("iss", json!("another")),
        ("aud", json!("another")),
        ("nbf", json!(far)),
        ("iat", json!(far)),
        ("sub", json!("admin")),
        ("sid", Value::Null),
        ("exp", Value::Null),
    ] {
        let token = signed(&header.to_string(), &with(&claims, member, value.clone()), SECRET.as_bytes());
        refuses(&service, &token, &format!("{member}: {value}")).await;
    }
    let twice = claims.to_string().replacen('{', r#"{"sub":"01890a5d-ac96-774b-bcce-b302099a8057","#, 1);
    refuses(&service, &signed(&header.to_string(), &twice, SECRET.as_bytes()), "a claim twice").await;
    let (message, _) = ada.token.rsplit_once('.').unwrap();
    refuses(&service, &format!("{message}."), "an empty signature").await;
    refuses(&service, &format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 32])), "a made-up signature").await;
    refuses(&service, &signed(&header.to_string(), &claims.to_string(), b"guess"), "another secret").await;
    let large = with(&claims, "more", json!("A".repeat(9000)));
    refuses(&service, &signed(&header.to_string(), &large, SECRET.as_bytes()), "a token of 9 KB").await;
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let service = closed().set("security.algorithm=RS256").run();
    let ada = Person::register(&service).await;
    let (mut header, claims) = parts(&ada.token);
    header["alg"] = json!("HS256");
    let jwk = service.get("/.well-known/jwks.json").await.ok(200)["keys"][0].clone();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for kid in ["../../etc/passwd", "..", "", "' OR 1=1 --"] {
        let mut other = header.clone();
        other["kid"] = json!(kid);
        refuses(&service, &signed(&other.to_string(), &claims.to_string(), b""), kid).await;
    }
    for secret in [jwk.to_string().into_bytes(), modulus] {
        refuses(&service, &signed(&header.to_string(), &claims.to_string(), &secret), "signed with the public key")
            .await;
    }
}

#[tokio::test]
async fn a_token_that_says_more_than_the_account_has_gives_no_more() {
    let service = closed().set(&format!("security.secret={SECRET}")).run();
    let ada = Person::register(&service).await;
    let (header, claims) = parts(&ada.token);
    let mighty = signed(&header.to_string(), &with(&claims, "roles", json!(["super_admin"])), SECRET.as_bytes());
    service.send(service.request("GET", "/api/v1/users").bearer_auth(&mighty)).await.refused(403, "FORBIDDEN");
    // The session of one is none of another's.
    let eve = Person::login(&service, &Person::register(&service).await.email, PASSWORD).await;
    let (_, of_eve) = parts(&eve.token);
    let borrowed = signed(&header.to_string(), &with(&claims, "sid", of_eve["sid"].clone()), SECRET.as_bytes());
    service.send(service.request("GET", "/api/v1/auth/me").bearer_auth(&borrowed)).await.refused(401, "UNAUTHORIZED");
}
