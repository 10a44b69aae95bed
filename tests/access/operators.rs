//! What operators do from the command line, and what a closed service needs.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::json;

use crate::people::{NEW_PASSWORD, PASSWORD, Person, closed, create_admin, user};
use crate::support::{command, eventually};

fn run(folder: &std::path::Path, arguments: &[&str]) -> (bool, String) {
    let output = command(folder).args(arguments).output().unwrap();
    let text = if output.status.success() { &output.stdout } else { &output.stderr };
    (output.status.success(), String::from_utf8_lossy(text).trim().to_owned())
}

#[tokio::test]
async fn the_first_administrator_is_made_by_the_operator() {
    let service = closed().run();
    let admin = Person::admin(&service).await;
    let me = admin.get(&service, "/api/v1/auth/me").await.ok(200);
    assert_eq!(me["roles"], json!(["admin", "user"]));
    admin.get(&service, "/api/v1/users").await.ok(200);

    let words = |email: &str, password: &str| {
        let output = create_admin(service.folder(), email, password, &[]);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(words("new@example.com", "short").contains("password must have at least 10 characters"));
    assert!(words(&admin.email, PASSWORD).contains("email"), "{}", words(&admin.email, PASSWORD));
    assert!(words("no address", PASSWORD).contains("email must be"), "{}", words("no address", PASSWORD));
}

#[tokio::test]
async fn the_operator_gives_an_account_another_password_and_ends_its_sessions() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    let set = |email: &str, password: &str| user(service.folder(), &["set-password", email], password, &[]);
    assert!(set(&ada.email, NEW_PASSWORD).status.success());
    let old = json!({ "email": ada.email, "password": PASSWORD });
    service.post("/api/v1/auth/login", &old).await.refused(401, "INVALID_CREDENTIALS");
    Person::login(&service, &ada.email, NEW_PASSWORD).await;
    let ended = async || (ada.get(&service, "/api/v1/auth/me").await.status == 401).then_some(());
    eventually("the session has ended", ended).await;
    for (email, password, words) in [
        ("nobody@example.com", NEW_PASSWORD, "there is no account nobody@example.com"),
        (&ada.email, "short", "new_password must have at least 10 characters"),
    ] {
        let output = set(email, password);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(words), "{told}");
    }
}

#[tokio::test]
async fn the_first_of_all_is_made_by_the_operator_too() {
    let service = closed().run();
    let email = "root@example.com";
    let made = user(service.folder(), &["create-admin", email, "--super"], PASSWORD, &[]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let root = Person::login(&service, email, PASSWORD).await;
    let me = root.get(&service, "/api/v1/auth/me").await.ok(200);
    assert_eq!(me["roles"], json!(["super_admin", "user"]));
}

#[tokio::test]
async fn a_token_for_scripts_is_one_of_the_account() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    let (fine, token) = run(service.folder(), &["token", &ada.email]);
    assert!(fine, "{token}");
    let script = Person { token, ..Person::login(&service, &ada.email, PASSWORD).await };
    assert_eq!(script.get(&service, "/api/v1/auth/me").await.ok(200)["id"], json!(ada.id));
    let (fine, words) = run(service.folder(), &["token", "nobody@example.com"]);
    assert!(!fine && words.contains("there is no account nobody@example.com"), "{words}");
}

#[tokio::test]
async fn a_new_key_signs_and_tokens_of_the_old_one_are_good_until_they_expire() {
    let service = closed().set("security.algorithm=EdDSA").run();
    let published = async || service.get("/.well-known/jwks.json").await.ok(200)["keys"].as_array().unwrap().clone();
    let before = published().await;
    assert_eq!((before.len(), &before[0]["alg"], &before[0]["crv"]), (1, &json!("EdDSA"), &json!("Ed25519")));
    assert!(before[0].get("d").is_none(), "the private part");
    let old = Person::register(&service).await;

    let (fine, words) = run(service.folder(), &["keys", "rotate", "--set", "security.algorithm=EdDSA"]);
    assert!(fine && words.contains("signs from now on"), "{words}");
    let new = words.split(' ').nth(2).unwrap().to_owned();
    let signs = async || {
        let next = Person::login(&service, &old.email, PASSWORD).await;
        let header = jsonwebtoken::decode_header(&next.token).unwrap();
        (header.kid.as_deref() == Some(&new)).then_some(())
    };
    eventually("the running service signs with it", signs).await;
    // Another process signs with it, and this one learns of it by its id.
    let (fine, token) = run(service.folder(), &["token", &old.email, "--set", "security.algorithm=EdDSA"]);
    assert!(fine, "{token}");
    let new = Person { token, ..Person::login(&service, &old.email, PASSWORD).await };
    new.get(&service, "/api/v1/auth/me").await.ok(200);
    old.get(&service, "/api/v1/auth/me").await.ok(200);
    assert_eq!(published().await.len(), 2);
}

#[tokio::test]
async fn production_serves_a_closed_service_and_no_open_one() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |mode: &str| {
        let mut command = command(folder.path());
        command.env("ARCANA_ENV", "production").args(["serve", "--set", &format!("security.mode={mode}")]);
        command.output().unwrap()
    };
    let words = String::from_utf8_lossy(&serve("development").stderr).into_owned();
    assert!(words.contains("set it to enforced"), "{words}");
    let mut closed = command(folder.path());
    closed.env("ARCANA_ENV", "production").args(["serve", "--set", "security.mode=enforced"]);
    let mut closed = closed.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(closed.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let answer = reqwest::get(format!("{}/api/v1/users", line.trim().trim_start_matches("REST "))).await;
    closed.kill().unwrap();
    closed.wait().unwrap();
    assert_eq!(answer.unwrap().status(), 401, "{line}");
    for (setting, word) in [("security.secret=short", "fewer than 32 bytes"), ("security.mode=open", "one of")] {
        let output = command(folder.path()).args(["serve", "--set", setting]).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && words.contains(word), "{setting}: {words}");
    }
}

#[tokio::test]
async fn a_token_expires() {
    let service = closed().set("security.access_ttl_seconds=10").run();
    let ada = Person::register(&service).await;
    ada.get(&service, "/api/v1/auth/me").await.ok(200);
    let expired = async || (ada.get(&service, "/api/v1/auth/me").await.status == 401).then_some(());
    eventually("it expires", expired).await;
    ada.get(&service, "/api/v1/auth/me").await.refused(401, "TOKEN_EXPIRED");
    let refreshed = service.post("/api/v1/auth/refresh", &json!({ "refresh_token": ada.refresh })).await.ok(200);
    assert_eq!(refreshed["expires_in"], 10);
}
