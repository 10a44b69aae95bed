//! Tokens of another issuer: an OpenID provider that the test runs.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use arcana_generated::pb::arcana::identity::v1 as identity;
use axum::routing::get;
use axum::{Json, Router};
use identity::auth_service_client::AuthServiceClient;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tonic::Code;

use crate::people::{Person, closed, refused};
use crate::support::{Answer, Service, Start, eventually, unique};

const AUDIENCE: &str = "the shop";

/// A provider with its keys, the newest last.
struct Provider {
    address: SocketAddr,
    keys: Arc<Mutex<Vec<(String, EncodingKey)>>>,
    asked: Arc<AtomicUsize>,
}

fn key() -> EncodingKey {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap()
}

fn published(keys: &[(String, EncodingKey)]) -> JwkSet {
    let jwk = |(id, key): &(String, EncodingKey)| {
        let mut jwk = Jwk::from_encoding_key(key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some(id.clone());
        jwk
    };
    JwkSet { keys: keys.iter().map(jwk).collect() }
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let keys = Arc::new(Mutex::new(vec![("one".to_owned(), key())]));
        let asked = Arc::new(AtomicUsize::new(0));
        let configuration =
            json!({ "issuer": format!("http://{address}"), "jwks_uri": format!("http://{address}/keys") });
        let (kept, count) = (keys.clone(), asked.clone());
        let set = move || {
            count.fetch_add(1, Ordering::Relaxed);
            let set = published(&kept.lock().unwrap());
            async move { Json(set) }
        };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(|| async { Json(configuration) }))
            .route("/keys", get(set));
        tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
        Self { address, keys, asked }
    }

    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A service that takes its word.
    fn trusted(&self) -> Start {
        let settings = [
            format!("security.oidc.issuer={}", self.issuer()),
            format!("security.oidc.audience={AUDIENCE}"),
            "security.oidc.roles_claim=realm_access.roles".to_owned(),
            "security.oidc.roles=staff=moderator,boss=admin".to_owned(),
            "security.oidc.create_accounts=true".to_owned(),
        ];
        settings.iter().fold(closed(), |start, setting| start.set(setting))
    }

    /// What a token of somebody says.
    fn claims(&self, subject: &str) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        json!({
            "iss": self.issuer(), "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300,
            "email": format!("{subject}@example.com"), "email_verified": true, "name": "Ada of Elsewhere",
        })
    }

    fn sign(&self, claims: &Value) -> String {
        let keys = self.keys.lock().unwrap();
        let (id, key) = keys.last().unwrap();
        let header = Header { kid: Some(id.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, key).unwrap()
    }
}

fn with(mut claims: Value, member: &str, value: Value) -> Value {
    claims[member] = value;
    claims
}

async fn me(service: &Service, token: &str) -> Answer {
    service.send(service.request("GET", "/api/v1/auth/me").bearer_auth(token)).await
}

#[tokio::test]
async fn somebody_whom_the_issuer_knows_calls_on_both_protocols_and_gets_one_account() {
    let provider = Provider::start().await;
    let service = provider.trusted().run();
    let subject = format!("ada{}", unique());
    let claims = provider.claims(&subject);
    let token = provider.sign(&claims);
    // At once: only one of them opens the account.
    let service = Arc::new(service);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (service, token) = (service.clone(), token.clone());
            tokio::spawn(async move { me(&service, &token).await.ok(200)["id"].clone() })
        })
        .collect();
    let account = me(&service, &token).await.ok(200);
    for call in calls {
        assert_eq!(call.await.unwrap(), account["id"]);
    }
    assert_eq!((&account["name"], &account["email"]), (&json!("Ada of Elsewhere"), &claims["email"]));
    assert_eq!(account["roles"], json!(["user"]));
    let mut client = AuthServiceClient::new(service.channel().await);
    let ada = Person { id: String::new(), email: String::new(), token, refresh: String::new() };
    assert_eq!(client.get_me(ada.request(identity::GetMeRequest {})).await.unwrap().into_inner().id, account["id"]);
    // All of that for one look at the keys.
    assert_eq!(provider.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn words_of_the_issuer_are_roles_as_the_configuration_says() {
    let provider = Provider::start().await;
    let service = provider.trusted().run();
    let token = |words: Value| {
        let claims = provider.claims(&format!("ada{}", unique()));
        provider.sign(&with(claims, "realm_access", json!({ "roles": words })))
    };
    let customers =
        async |token: &str| service.send(service.request("GET", "/api/v1/customers").bearer_auth(token)).await;
    customers(&token(json!(["boss"]))).await.ok(200);
    for words in [json!(["staff"]), json!(["admin"]), json!(["super_admin"]), json!([])] {
        customers(&token(words)).await.refused(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn a_token_that_the_issuer_did_not_make_or_not_for_us_is_refused_and_not_told_why() {
    let provider = Provider::start().await;
    let service = provider.trusted().run();
    let claims = provider.claims(&format!("ada{}", unique()));
    me(&service, &provider.sign(&claims)).await.ok(200);
    let refuses = async |token: &str, why: &str| {
        let refusal = me(&service, token).await.refused(401, "UNAUTHORIZED");
        assert_eq!(refusal.0["message"], "the access token is not valid", "{why}");
    };
    let now = claims["iat"].as_u64().unwrap();
    for (member, value) in [
        ("aud", json!("another")),
        ("aud", Value::Null),
        ("sub", json!("")),
        ("sub", Value::Null),
        ("nbf", json!(now + 3600)),
        ("exp", Value::Null),
    ] {
        let token = provider.sign(&with(claims.clone(), member, value.clone()));
        refuses(&token, &format!("{member}: {value}")).await;
    }
    let forged =
        jsonwebtoken::encode(&Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) }, &claims, &key());
    refuses(&forged.unwrap(), "another key under its name").await;
    // The public key is no secret.
    let public = serde_json::to_vec(&published(&provider.keys.lock().unwrap()).keys[0]).unwrap();
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
    let shared = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&public)).unwrap();
    refuses(&shared, "HS256 by the public key").await;
    let token = provider.sign(&claims);
    let (message, _) = token.rsplit_once('.').unwrap();
    refuses(&format!("{message}."), "no signature").await;
    let expired = with(with(claims.clone(), "iat", json!(now - 900)), "exp", json!(now - 600));
    me(&service, &provider.sign(&expired)).await.refused(401, "TOKEN_EXPIRED");
    let mut client = AuthServiceClient::new(service.channel().await);
    let eve = Person { id: String::new(), email: String::new(), token: shared, refresh: String::new() };
    refused(client.get_me(eve.request(identity::GetMeRequest {})).await, Code::Unauthenticated, "UNAUTHORIZED");
    // Another issuer is nobody's, and its keys are not asked for.
    let elsewhere = provider.sign(&with(claims, "iss", json!("http://127.0.0.1:1")));
    refuses(&elsewhere, "another issuer").await;
}

#[tokio::test]
async fn a_new_key_of_the_issuer_is_looked_for_and_made_up_ones_do_not_make_it_ask_all_the_time() {
    let provider = Provider::start().await;
    let service = provider.trusted().run();
    let call = async || me(&service, &provider.sign(&provider.claims(&format!("ada{}", unique())))).await;
    call().await.ok(200);
    assert_eq!(provider.asked.load(Ordering::Relaxed), 1);
    provider.keys.lock().unwrap().push(("two".to_owned(), key()));
    // It was asked just now, and is asked again when the pause is over.
    let known = async || (call().await.status == 200).then_some(());
    eventually("the new key is known", known).await;
    assert_eq!(provider.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn whoever_stops_waiting_does_not_stop_the_look_for_keys() {
    let provider = Provider::start().await;
    let service = provider.trusted().run();
    let claims = provider.claims(&format!("ada{}", unique()));
    let mut client = AuthServiceClient::new(service.channel().await);
    let ada = Person { id: String::new(), email: String::new(), token: provider.sign(&claims), refresh: String::new() };
    let mut hasty = ada.request(identity::GetMeRequest {});
    hasty.set_timeout(std::time::Duration::from_micros(1));
    client.get_me(hasty).await.unwrap_err();
    me(&service, &ada.token).await.ok(200);
    assert_eq!(provider.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn nobody_takes_over_an_account_by_its_address_or_joins_without_one() {
    let provider = Provider::start().await;
    let service = provider.trusted().run();
    let ada = Person::register(&service).await;
    let claims = with(provider.claims(&format!("eve{}", unique())), "email", json!(ada.email));
    me(&service, &provider.sign(&claims)).await.refused(401, "UNAUTHORIZED");
    let unverified = with(provider.claims(&format!("eve{}", unique())), "email_verified", json!(false));
    me(&service, &provider.sign(&unverified)).await.refused(401, "UNAUTHORIZED");
    let known_only = provider.trusted().set("security.oidc.create_accounts=false").run();
    let claims = provider.claims(&format!("eve{}", unique()));
    me(&known_only, &provider.sign(&claims)).await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_closes_its_own_door_only() {
    let provider = Provider::start().await;
    let gone = format!("http://{}", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let service = provider.trusted().set(&format!("security.oidc.issuer={gone}")).run();
    let claims = with(provider.claims("ada"), "iss", json!(gone));
    me(&service, &provider.sign(&claims)).await.refused(503, "SERVICE_UNAVAILABLE");
    let ada = Person::register(&service).await;
    ada.get(&service, "/api/v1/auth/me").await.ok(200);
}
