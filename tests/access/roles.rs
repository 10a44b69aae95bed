//! Who gives and takes roles, and what they open.

use serde_json::{Value, json};

use crate::people::{Person, closed, database, open_folder};
use crate::support::{Answer, Service, eventually};

async fn set_roles(service: &Service, by: &Person, of: &Person, roles: &[&str]) -> Answer {
    by.post(service, "/api/v1/auth/set-roles", &json!({ "user_id": of.id, "roles": roles })).await
}

#[tokio::test]
async fn a_role_opens_what_the_schema_says_within_seconds() {
    let service = closed().run();
    let (admin, ada) = (Person::admin(&service).await, Person::register(&service).await);
    ada.get(&service, "/api/v1/customers").await.refused(403, "FORBIDDEN");
    set_roles(&service, &admin, &ada, &["admin"]).await.ok(200);
    let opened = async || (ada.get(&service, "/api/v1/customers").await.status == 200).then_some(());
    eventually("the role counts", opened).await;
    set_roles(&service, &admin, &ada, &["user"]).await.ok(200);
    let closed = async || (ada.get(&service, "/api/v1/customers").await.status == 403).then_some(());
    eventually("it is gone", closed).await;
}

#[tokio::test]
async fn nobody_grants_above_their_own_role_or_changes_who_stands_above() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let (admin, ada) = (Person::admin(&service).await, Person::register(&service).await);
    set_roles(&service, &ada, &ada, &["admin"]).await.refused(403, "FORBIDDEN");
    set_roles(&service, &admin, &ada, &["super_admin"]).await.refused(403, "FORBIDDEN");
    // A role of the project stands beside the hierarchy: an admin gives it.
    set_roles(&service, &admin, &ada, &["courier"]).await.ok(200);
    set_roles(&service, &admin, &ada, &["Courier"]).await.breaks("roles[0]", "string.pattern");

    let promote = "UPDATE users SET roles = '[\"super_admin\"]' WHERE email = ?";
    database(folder.path()).execute(promote, [&ada.email]).unwrap();
    set_roles(&service, &admin, &ada, &[]).await.refused(403, "FORBIDDEN");
    let status = json!({ "user_id": ada.id, "status": "USER_STATUS_DISABLED" });
    admin.post(&service, "/api/v1/auth/set-status", &status).await.refused(403, "FORBIDDEN");
    let path = format!("/api/v1/users/{}", ada.id);
    let change = service.request("PATCH", &path).bearer_auth(&admin.token);
    let change = change.header("content-type", "application/merge-patch+json").body(r#"{"name":"Eve"}"#);
    service.send(change).await.refused(403, "FORBIDDEN");
    service.send(service.request("DELETE", &path).bearer_auth(&admin.token)).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn who_is_barred_is_out_and_told_so_only_with_the_right_password() {
    let service = closed().run();
    let (admin, ada) = (Person::admin(&service).await, Person::register(&service).await);
    let status = |status: &str| json!({ "user_id": ada.id, "status": status });
    let path = "/api/v1/auth/set-status";
    admin.post(&service, path, &status("USER_STATUS_DISABLED")).await.ok(200);
    ada.get(&service, "/api/v1/auth/me").await.refused(401, "UNAUTHORIZED");
    let login = |password: &str| json!({ "email": ada.email, "password": password });
    let right = login(crate::people::PASSWORD);
    service.post("/api/v1/auth/login", &login("a guess")).await.refused(401, "INVALID_CREDENTIALS");
    service.post("/api/v1/auth/login", &right).await.refused(403, "FORBIDDEN");
    service.post("/api/v1/auth/refresh", &json!({ "refresh_token": ada.refresh })).await.refused(401, "UNAUTHORIZED");
    admin.post(&service, path, &status("USER_STATUS_ACTIVE")).await.ok(200);
    service.post("/api/v1/auth/login", &right).await.ok(200);
    let own = |status: &str| json!({ "user_id": admin.id, "status": status });
    admin.post(&service, path, &own("USER_STATUS_DISABLED")).await.refused(409, "FAILED_PRECONDITION");
    admin.post(&service, path, &own("USER_STATUS_ACTIVE")).await.ok(200);
    // Who gives a role up has it no more.
    assert_eq!(
        set_roles(&service, &admin, &admin, &["moderator"]).await.ok(200)["roles"],
        json!(["moderator", "user"])
    );
}

#[tokio::test]
async fn what_only_the_service_writes_cannot_be_assigned() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    let path = format!("/api/v1/users/{}", ada.id);
    let before = ada.get(&service, &path).await.ok(200);
    let attempt = json!({
        "name": "Ada", "roles": ["super_admin"], "status": "USER_STATUS_DISABLED", "version": 99, "created_at": "2001-01-01T00:00:00Z",
    });
    let change = service.request("PATCH", &path).bearer_auth(&ada.token);
    let change = change.header("content-type", "application/merge-patch+json").body(attempt.to_string());
    let after: Value = service.send(change).await.ok(200);
    for member in ["roles", "status", "created_at", "sync_status"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    let hash = service.request("PATCH", &path).bearer_auth(&ada.token);
    let hash = hash.header("content-type", "application/merge-patch+json").body(r#"{"password_hash":"x"}"#);
    assert_eq!(service.send(hash).await.status, 400);
    let register =
        json!({ "name": "Eve", "email": "eve@example.com", "password": crate::people::PASSWORD, "roles": ["admin"] });
    assert_eq!(service.post("/api/v1/auth/register", &register).await.status, 400);
}

#[tokio::test]
async fn who_lost_a_role_cannot_give_it_back_in_the_seconds_that_it_still_counts() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let admin = Person::admin(&service).await;
    // The look at the roles is fresh now, and good for two seconds.
    admin.get(&service, "/api/v1/users").await.ok(200);
    database(folder.path()).execute("UPDATE users SET roles = '[\"user\"]' WHERE email = ?", [&admin.email]).unwrap();
    set_roles(&service, &admin, &admin, &["admin"]).await.refused(403, "FORBIDDEN");
    let status = json!({ "user_id": admin.id, "status": "USER_STATUS_ACTIVE" });
    admin.post(&service, "/api/v1/auth/set-status", &status).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn an_account_that_was_removed_is_out_at_once_and_comes_back_signed_out() {
    let service = closed().run();
    let (admin, ada) = (Person::admin(&service).await, Person::register(&service).await);
    ada.get(&service, "/api/v1/auth/me").await.ok(200);
    let path = format!("/api/v1/users/{}", ada.id);
    service.send(service.request("DELETE", &path).bearer_auth(&admin.token)).await.ok(204);
    ada.get(&service, "/api/v1/auth/me").await.refused(401, "UNAUTHORIZED");
    admin.post(&service, &format!("{path}:undelete"), &json!({})).await.ok(200);
    ada.get(&service, "/api/v1/auth/me").await.refused(401, "UNAUTHORIZED");
    service.post("/api/v1/auth/refresh", &json!({ "refresh_token": ada.refresh })).await.refused(401, "UNAUTHORIZED");
    Person::login(&service, &ada.email, crate::people::PASSWORD).await;
}

#[tokio::test]
async fn nobody_brings_back_or_signs_out_who_stands_above() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let (admin, ada) = (Person::admin(&service).await, Person::register(&service).await);
    let session = ada.get(&service, "/api/v1/sessions").await.ok(200)["data"][0]["id"].as_str().unwrap().to_owned();
    let promote = "UPDATE users SET roles = '[\"super_admin\"]' WHERE email = ?";
    database(folder.path()).execute(promote, [&ada.email]).unwrap();
    let end = service.request("DELETE", &format!("/api/v1/sessions/{session}")).bearer_auth(&admin.token);
    service.send(end).await.refused(403, "FORBIDDEN");
    let mark = "UPDATE users SET deleted_at = created_at WHERE email = ?";
    database(folder.path()).execute(mark, [&ada.email]).unwrap();
    let path = format!("/api/v1/users/{}:undelete", ada.id);
    admin.post(&service, &path, &json!({})).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn every_account_keeps_the_role_that_lets_it_sign_out() {
    let service = closed().run();
    let (admin, ada) = (Person::admin(&service).await, Person::register(&service).await);
    let changed = set_roles(&service, &admin, &ada, &[]).await.ok(200);
    assert_eq!(changed["roles"], json!(["user"]));
    ada.post(&service, "/api/v1/auth/logout", &json!({})).await.ok(200);
}
