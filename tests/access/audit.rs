//! Who did what: entries of the audit for accounts, sessions and keys.

use serde_json::{Value, json};

use crate::people::{NEW_PASSWORD, PASSWORD, Person, closed, database, open_folder};
use crate::support::eventually;

/// Entity, action, changes and caller of each entry about a row, in order.
fn entries(folder: &std::path::Path, key: &str) -> Vec<(String, String, Value, Option<String>)> {
    let database = database(folder);
    let sql = "SELECT entity, action, changes, principal FROM arcana_audit WHERE \"key\" = ? ORDER BY sequence";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([key], |row| {
        let changes: String = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, serde_json::from_str(&changes).unwrap(), row.get(3)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn what_becomes_of_an_account_is_kept_with_who_did_it_and_without_secrets() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let (admin, ada) = (Person::admin(&service).await, Person::register(&service).await);
    let roles = json!({ "user_id": ada.id, "roles": ["moderator"] });
    admin.post(&service, "/api/v1/auth/set-roles", &roles).await.ok(200);
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    ada.post(&service, "/api/v1/auth/change-password", &change).await.ok(200);
    let kept = entries(folder.path(), &ada.id);
    let said: Vec<_> = kept.iter().map(|(entity, action, ..)| (entity.as_str(), action.as_str())).collect();
    let user = "arcana.identity.v1.User";
    assert_eq!(said, [(user, "created"), (user, "updated"), (user, "updated")]);
    assert_eq!(kept[0].2["password_hash"], "changed");
    assert_eq!((&kept[1].2["roles"]["after"], &kept[1].3), (&json!(["moderator", "user"]), &Some(admin.id.clone())));
    assert_eq!((&kept[2].2, &kept[2].3), (&json!({ "password_hash": "changed" }), &Some(ada.id.clone())));
}

#[tokio::test]
async fn signing_in_and_out_is_kept_and_so_is_a_refused_try_at_an_account() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let ada = Person::register(&service).await;
    let page = ada.get(&service, "/api/v1/sessions").await.ok(200);
    let session = page["data"][0]["id"].as_str().unwrap().to_owned();
    ada.post(&service, "/api/v1/auth/logout", &json!({})).await.ok(200);
    let kept = entries(folder.path(), &session);
    assert_eq!((kept[0].1.as_str(), kept[1].1.as_str()), ("created", "updated"));
    assert!(kept[1].2["revoked_at"]["after"].is_string(), "{:?}", kept[1]);
    for email in [ada.email.as_str(), "nobody@example.com"] {
        let guess = json!({ "email": email, "password": "a guess" });
        service.post("/api/v1/auth/login", &guess).await.refused(401, "INVALID_CREDENTIALS");
    }
    let refused = async || {
        let kept = entries(folder.path(), &ada.id);
        kept.iter().any(|(_, action, changes, _)| action == "refused" && *changes == json!({})).then_some(())
    };
    eventually("the refusal is kept", refused).await;
    let refusals = "SELECT count(*) FROM arcana_audit WHERE action = 'refused'";
    let count: i64 = database(folder.path()).query_row(refusals, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1, "nobody fills the table by guessing at addresses");
    assert!(service.log().contains("a sign-in was refused"));
}

#[tokio::test]
async fn a_key_is_kept_when_it_is_made_and_when_it_is_removed() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let ada = Person::register(&service).await;
    let made = ada.post(&service, "/api/v1/api_keys:issue", &json!({ "name": "export" })).await.ok(200);
    let id = made["api_key"]["id"].as_str().unwrap();
    let path = format!("/api/v1/api_keys/{id}");
    assert_eq!(service.send(service.request("DELETE", &path).bearer_auth(&ada.token)).await.status, 204);
    let kept = entries(folder.path(), id);
    let said: Vec<_> = kept.iter().map(|(_, action, _, by)| (action.as_str(), by.clone())).collect();
    assert_eq!(said, [("created", Some(ada.id.clone())), ("deleted", Some(ada.id.clone()))]);
    assert_eq!(kept[0].2["key_hash"], "changed");
}
