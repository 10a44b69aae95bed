//! Tickets for those who cannot send headers: what they open, for how long, and what they never do.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::people::{Person, closed};
use crate::support::{Answer, Service};

const TICKET: &str = "/api/v1/auth/ticket";
const ME: &str = "/api/v1/auth/me";
const SECRET: &str = "a secret that is known to this test only";

async fn ticket(service: &Service, person: &Person) -> String {
    let issued = person.post(service, TICKET, &json!({})).await.ok(200);
    assert_eq!(issued["expires_in"], 30);
    issued["ticket"].as_str().unwrap().to_owned()
}

async fn with(service: &Service, method: &str, path: &str, ticket: &str) -> Answer {
    let joint = if path.contains('?') { '&' } else { '?' };
    service.send(service.request(method, &format!("{path}{joint}access_ticket={ticket}"))).await
}

#[tokio::test]
async fn a_ticket_stands_for_its_session_in_calls_that_read() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    let ticket = ticket(&service, &ada).await;
    let answer = with(&service, "GET", ME, &ticket).await;
    assert_eq!((&answer.ok(200)["id"], answer.header("cache-control")), (&json!(ada.id), "no-store"));
    let sessions = with(&service, "GET", "/api/v1/sessions?size=1&sort=created_at", &ticket).await.ok(200);
    assert_eq!(sessions["data"][0]["user_id"], ada.id);
    // It has what its account has by now, and no more.
    with(&service, "GET", "/api/v1/users", &ticket).await.refused(403, "FORBIDDEN");
    // With the session, it ends.
    ada.post(&service, "/api/v1/auth/logout", &json!({})).await.ok(200);
    with(&service, "GET", ME, &ticket).await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_ticket_is_no_token_and_a_token_no_ticket() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    let ticket = ticket(&service, &ada).await;
    service.send(service.request("GET", ME).bearer_auth(&ticket)).await.refused(401, "UNAUTHORIZED");
    for other in [ada.token.as_str(), &ada.refresh, "", "x", "a.b.c"] {
        with(&service, "GET", ME, other).await.refused(401, "UNAUTHORIZED");
    }
    let path = format!("{ME}?access_ticket={ticket}");
    let both = service.request("GET", &path).bearer_auth(&ada.token);
    service.send(both).await.refused(401, "UNAUTHORIZED").says("not both");
    with(&service, "GET", &path, &ticket).await.breaks("access_ticket", "query.repeated");
    // It changes nothing, and makes no other tickets and keys.
    let sessions = ada.get(&service, "/api/v1/sessions").await.ok(200);
    let session = format!("/api/v1/sessions/{}", sessions["data"][0]["id"].as_str().unwrap());
    for (method, path, body) in [
        ("POST", TICKET, json!({})),
        ("POST", "/api/v1/api_keys:issue", json!({ "name": "x" })),
        ("DELETE", &session, Value::Null),
    ] {
        let mut request = service.request(method, &format!("{path}?access_ticket={ticket}"));
        if !body.is_null() {
            request = request.json(&body);
        }
        service.send(request).await.breaks("access_ticket", "query.unknown");
    }
    let key = ada.post(&service, "/api/v1/api_keys:issue", &json!({ "name": "x" })).await.ok(200);
    let by_key = service.request("POST", TICKET).bearer_auth(key["key"].as_str().unwrap()).json(&json!({}));
    service.send(by_key).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_ticket_ends_by_itself() {
    let service = closed().set(&format!("security.secret={SECRET}")).run();
    let ada = Person::register(&service).await;
    let ticket = ticket(&service, &ada).await;
    let old = aged(&ticket, 0);
    with(&service, "GET", ME, &old).await.ok(200);
    with(&service, "GET", ME, &aged(&ticket, 60)).await.refused(401, "UNAUTHORIZED").says("the ticket has expired");
}

/// The ticket as it would be, had it been issued so many seconds earlier.
fn aged(ticket: &str, seconds: u64) -> String {
    use base64::Engine as _;
    let payload = ticket.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    let mut claims: Value = serde_json::from_slice(&payload).unwrap();
    for member in ["iat", "exp"] {
        claims[member] = json!(claims[member].as_u64().unwrap() - seconds);
    }
    let (typ, kid) = (Some("ticket+jwt".to_owned()), Some("configured".to_owned()));
    let header = Header { typ, kid, ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}
