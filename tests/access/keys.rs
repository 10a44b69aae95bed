//! Keys of programs: what they open, for how long, and what they never do.

use arcana_generated::pb::arcana::identity::v1 as identity;
use identity::auth_service_client::AuthServiceClient;
use serde_json::{Value, json};
use tonic::{Code, Request};

use crate::people::{PASSWORD, Person, closed, database, open_folder, refused};
use crate::support::{Answer, Service, eventually};

const KEYS: &str = "/api/v1/api_keys";
const ISSUE: &str = "/api/v1/api_keys:issue";
const ME: &str = "/api/v1/auth/me";

/// A key of a person, as it was answered.
async fn issue(service: &Service, person: &Person, body: Value) -> (String, Value) {
    let made = person.post(service, ISSUE, &body).await.ok(200);
    (made["key"].as_str().unwrap().to_owned(), made["api_key"].clone())
}

async fn get(service: &Service, key: &str, path: &str) -> Answer {
    service.send(service.request("GET", path).bearer_auth(key)).await
}

#[tokio::test]
async fn a_key_calls_for_its_account_on_both_protocols_and_is_shown_once() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    let (key, row) = issue(&service, &ada, json!({ "name": "export" })).await;
    assert!(key.starts_with("ak_") && key.len() > 40, "{key}");
    assert!(key.starts_with(row["hint"].as_str().unwrap()) && row.get("key_hash").is_none(), "{row}");
    assert_eq!((&row["roles"], &row["user_id"]), (&json!(["user"]), &json!(ada.id)));
    assert_eq!(get(&service, &key, ME).await.ok(200)["id"], ada.id);
    let mut client = AuthServiceClient::new(service.channel().await);
    let mut request = Request::new(identity::GetMeRequest {});
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    assert_eq!(client.get_me(request).await.unwrap().into_inner().id, ada.id);
    let page = ada.get(&service, KEYS).await.ok(200);
    assert_eq!((&page["data"][0]["id"], page["data"][0].get("key")), (&row["id"], None));
    let other = Person::register(&service).await;
    assert_eq!(other.get(&service, KEYS).await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn a_key_that_is_removed_or_made_up_opens_nothing() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    let (key, row) = issue(&service, &ada, json!({ "name": "export" })).await;
    get(&service, &key, ME).await.ok(200);
    let path = format!("{KEYS}/{}", row["id"].as_str().unwrap());
    let other = Person::register(&service).await;
    let delete = |person: &Person| service.send(service.request("DELETE", &path).bearer_auth(&person.token));
    delete(&other).await.refused(404, "NOT_FOUND");
    assert_eq!(delete(&ada).await.status, 204);
    for key in [key.as_str(), "ak_", "ak_'OR'1'='1", &format!("ak_{}", "A".repeat(43))] {
        let refusal = get(&service, key, ME).await.refused(401, "UNAUTHORIZED");
        assert_eq!(refusal.0["message"], "the key is not valid");
    }
    let mut client = AuthServiceClient::new(service.channel().await);
    let mut request = Request::new(identity::GetMeRequest {});
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    refused(client.get_me(request).await, Code::Unauthenticated, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_key_has_no_more_than_its_roles_and_no_more_than_its_account_by_now() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let (admin, ada) = (Person::admin(&service).await, Person::register(&service).await);
    ada.post(&service, ISSUE, &json!({ "name": "x", "roles": ["admin"] })).await.refused(403, "FORBIDDEN");
    ada.post(&service, ISSUE, &json!({ "name": "x", "days": 367 })).await.breaks("days", "int32.lte");
    let (small, _) = issue(&service, &admin, json!({ "name": "x" })).await;
    get(&service, &small, "/api/v1/customers").await.refused(403, "FORBIDDEN");
    let (large, _) = issue(&service, &admin, json!({ "name": "x", "roles": ["admin"] })).await;
    get(&service, &large, "/api/v1/customers").await.ok(200);
    // What the account loses, its keys lose.
    let demote = "UPDATE users SET roles = '[\"user\"]' WHERE email = ?";
    database(folder.path()).execute(demote, [&admin.email]).unwrap();
    let closed = async || (get(&service, &large, "/api/v1/customers").await.status == 403).then_some(());
    eventually("the role is gone", closed).await;
    // An account that is barred has no keys.
    let bar = "UPDATE users SET status = 'USER_STATUS_DISABLED' WHERE email = ?";
    database(folder.path()).execute(bar, [&admin.email]).unwrap();
    let closed = async || (get(&service, &large, ME).await.status == 401).then_some(());
    eventually("the account is barred", closed).await;
}

#[tokio::test]
async fn a_key_of_an_admin_acts_as_admin_and_not_as_what_its_account_is_besides() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let (root, ada) = (Person::admin(&service).await, Person::register(&service).await);
    let promote = "UPDATE users SET roles = '[\"super_admin\"]' WHERE email = ?";
    database(folder.path()).execute(promote, [&root.email]).unwrap();
    let (key, _) = issue(&service, &root, json!({ "name": "x", "roles": ["admin"] })).await;
    let set = |roles: Value| {
        let body = json!({ "user_id": ada.id, "roles": roles });
        service.send(service.request("POST", "/api/v1/auth/set-roles").bearer_auth(&key).json(&body))
    };
    set(json!(["moderator"])).await.ok(200);
    set(json!(["super_admin"])).await.refused(403, "FORBIDDEN");
    // Nor does it take from its own account what it has not itself.
    let own = json!({ "user_id": root.id, "roles": ["user"] });
    let request = service.request("POST", "/api/v1/auth/set-roles").bearer_auth(&key).json(&own);
    service.send(request).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_key_makes_no_keys_and_ends() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let ada = Person::register(&service).await;
    let (key, row) = issue(&service, &ada, json!({ "name": "export", "days": 1 })).await;
    let more = service.request("POST", ISSUE).bearer_auth(&key).json(&json!({ "name": "heir" }));
    service.send(more).await.refused(403, "FORBIDDEN");
    service
        .send(service.request("POST", "/api/v1/auth/logout").bearer_auth(&key).json(&json!({})))
        .await
        .refused(401, "UNAUTHORIZED");
    get(&service, &key, ME).await.ok(200);
    database(folder.path()).execute("UPDATE api_keys SET expires_at = created_at WHERE name = 'export'", []).unwrap();
    let ended = async || (get(&service, &key, ME).await.status == 401).then_some(());
    eventually("the key has ended", ended).await;
    get(&service, &key, ME).await.refused(401, "TOKEN_EXPIRED");
    assert!(row["expires_at"].as_str().unwrap() > row["created_at"].as_str().unwrap(), "{row}");
}

#[tokio::test]
async fn a_key_that_is_asked_for_again_is_made_once_and_not_shown_again() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    let ask = || {
        let request = service.request("POST", ISSUE).bearer_auth(&ada.token).header("idempotency-key", "a");
        service.send(request.json(&json!({ "name": "export" })))
    };
    ask().await.ok(200);
    let refused = ask().await.refused(409, "CONFLICT");
    assert_eq!(refused.0["errors"][0]["field"], "Idempotency-Key");
    assert_eq!(ada.get(&service, KEYS).await.ok(200)["total"], 1);
}

#[tokio::test]
async fn keys_go_with_their_account_and_do_not_come_back_with_it() {
    let service = closed().run();
    let (admin, ada) = (Person::admin(&service).await, Person::register(&service).await);
    let (key, _) = issue(&service, &ada, json!({ "name": "export" })).await;
    let path = format!("/api/v1/users/{}", ada.id);
    let by_admin = |method: &str, path: &str| service.send(service.request(method, path).bearer_auth(&admin.token));
    assert_eq!(by_admin("DELETE", &path).await.status, 204);
    by_admin("POST", &format!("{path}:undelete")).await.ok(200);
    get(&service, &key, ME).await.refused(401, "UNAUTHORIZED");
    Person::login(&service, &ada.email, PASSWORD).await;
}
