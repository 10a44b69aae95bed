//! The life of a session: signing up, in and out.

use arcana_generated::pb::arcana::identity::v1 as identity;
use identity::auth_service_client::AuthServiceClient;
use serde_json::json;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::people::{NEW_PASSWORD, PASSWORD, Person, closed, database, open_folder, refused};
use crate::support::{Service, eventually, unique};

const ME: &str = "/api/v1/auth/me";

async fn grpc(service: &Service) -> AuthServiceClient<Channel> {
    AuthServiceClient::new(service.channel().await)
}

fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

#[tokio::test]
async fn a_session_lives_from_sign_up_to_sign_out_on_both_protocols() {
    let service = closed().run();
    let mut client = grpc(&service).await;
    let ada = Person::register(&service).await;
    let me = ada.get(&service, ME).await.ok(200);
    assert_eq!((&me["id"], &me["email"], &me["roles"]), (&json!(ada.id), &json!(ada.email), &json!(["user"])));
    assert!(me.get("password_hash").is_none());
    let me = client.get_me(with(&ada.token, identity::GetMeRequest {})).await.unwrap().into_inner();
    assert_eq!(me.id, ada.id);

    let again = Person::login(&service, &ada.email.to_uppercase(), PASSWORD).await;
    assert_eq!(again.id, ada.id);
    again.post(&service, "/api/v1/auth/logout", &json!({})).await.ok(200);
    again.get(&service, ME).await.refused(401, "UNAUTHORIZED");
    let over = client.get_me(with(&again.token, identity::GetMeRequest {})).await;
    refused(over, Code::Unauthenticated, "UNAUTHORIZED");
    // The other session goes on.
    ada.get(&service, ME).await.ok(200);
}

#[tokio::test]
async fn everything_of_a_session_works_over_grpc_too() {
    let service = closed().run();
    let mut client = grpc(&service).await;
    let email = format!("person{}@example.com", unique());
    let (name, password) = (Some("Ada".to_owned()), Some(PASSWORD.to_owned()));
    let request = identity::RegisterRequest { name, email: Some(email.clone()), password: password.clone() };
    client.register(request.clone()).await.unwrap();
    refused(client.register(request).await, Code::AlreadyExists, "CONFLICT");
    let request = identity::LoginRequest { email: Some(email), password };
    let credentials = client.login(request).await.unwrap().into_inner();
    let token = credentials.access_token.unwrap();
    let request = identity::RefreshRequest { refresh_token: credentials.refresh_token };
    let next = client.refresh(request).await.unwrap().into_inner();
    let check = identity::ValidateTokenRequest { token: Some(token.clone()) };
    let valid = client.validate_token(check.clone()).await.unwrap().into_inner();
    assert!(valid.valid && valid.user_id == next.user_id && valid.roles == ["user"], "{valid:?}");
    let ended = client.logout_all(with(&token, identity::LogoutAllRequest {})).await.unwrap().into_inner();
    assert_eq!(ended.sessions, 2);
    let over = client.validate_token(check).await.unwrap().into_inner();
    assert_eq!(over, identity::ValidateTokenResponse::default());
    let request = identity::RefreshRequest { refresh_token: next.refresh_token };
    refused(client.refresh(request).await, Code::Unauthenticated, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_its_second_use_ends_the_session() {
    let folder = open_folder();
    let service = closed().in_folder(folder.path()).run();
    let ada = Person::register(&service).await;
    let refresh = async |token: &str| service.post("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await;
    let next = refresh(&ada.refresh).await.ok(200);
    // Within the grace, the answer may have been lost: it is given anew, and nothing ends.
    refresh(&ada.refresh).await.ok(200);
    // As if the grace were over.
    database(folder.path())
        .execute("UPDATE refresh_tokens SET used_at = used_at - 11000000 WHERE used_at IS NOT NULL", [])
        .unwrap();
    refresh(&ada.refresh).await.refused(401, "UNAUTHORIZED");
    refresh(next["refresh_token"].as_str().unwrap()).await.refused(401, "UNAUTHORIZED");
    ada.get(&service, ME).await.refused(401, "UNAUTHORIZED");
    assert!(service.log().contains("a refresh token came twice"), "{}", service.log());
}

#[tokio::test]
async fn a_session_that_another_replica_ended_is_over_within_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (closed().in_folder(folder.path()).run(), closed().in_folder(folder.path()).run());
    let ada = Person::register(&one).await;
    ada.get(&other, ME).await.ok(200);
    ada.post(&one, "/api/v1/auth/logout", &json!({})).await.ok(200);
    let started = std::time::Instant::now();
    eventually("the other replica knows", async || (ada.get(&other, ME).await.status == 401).then_some(())).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_the_old_password() {
    let service = closed().run();
    let (phone, laptop) = {
        let phone = Person::register(&service).await;
        let laptop = Person::login(&service, &phone.email, PASSWORD).await;
        (phone, laptop)
    };
    let new = NEW_PASSWORD;
    let change = |current: &str| json!({ "current_password": current, "new_password": new });
    let path = "/api/v1/auth/change-password";
    laptop.post(&service, path, &change("wrong")).await.refused(403, "FORBIDDEN").says("current_password");
    let changed = laptop.post(&service, path, &change(PASSWORD)).await.ok(200);
    assert_eq!(changed["sessions"], 1);
    laptop.get(&service, ME).await.ok(200);
    phone.get(&service, ME).await.refused(401, "UNAUTHORIZED");
    let old = json!({ "email": phone.email, "password": PASSWORD });
    service.post("/api/v1/auth/login", &old).await.refused(401, "INVALID_CREDENTIALS");
    Person::login(&service, &phone.email, new).await;
}

#[tokio::test]
async fn who_guesses_has_to_wait_whether_there_is_the_account_or_not() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    for email in [ada.email.as_str(), "nobody@example.com"] {
        let guess = json!({ "email": email, "password": "a guess" });
        for _ in 0..6 {
            let refusal = service.post("/api/v1/auth/login", &guess).await.refused(401, "INVALID_CREDENTIALS");
            assert_eq!(refusal.0["message"], "the credentials are wrong", "{email}");
        }
        let answer = service.post("/api/v1/auth/login", &guess).await;
        answer.refused(429, "RATE_LIMITED");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() <= 16);
    }
    // The right one has to wait as well: else the answer would tell it apart.
    let right = json!({ "email": ada.email, "password": PASSWORD });
    service.post("/api/v1/auth/login", &right).await.refused(429, "RATE_LIMITED");
    ada.get(&service, ME).await.ok(200);
}

#[tokio::test]
async fn one_sees_and_ends_ones_own_sessions_only() {
    let service = closed().run();
    let (ada, eve) = (Person::register(&service).await, Person::register(&service).await);
    let own = |page: serde_json::Value| page["data"].as_array().unwrap().clone();
    let of_ada = own(ada.get(&service, "/api/v1/sessions").await.ok(200));
    assert_eq!(of_ada.len(), 1);
    assert_eq!((&of_ada[0]["user_id"], &of_ada[0]["address"]), (&json!(ada.id), &json!("127.0.0.1")));
    let path = format!("/api/v1/sessions/{}", of_ada[0]["id"].as_str().unwrap());
    eve.get(&service, &path).await.refused(404, "NOT_FOUND");
    let remove = |person: &Person| service.request("DELETE", &path).bearer_auth(&person.token);
    service.send(remove(&eve)).await.refused(404, "NOT_FOUND");
    service.send(remove(&ada)).await.ok(204);
    ada.get(&service, ME).await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_session_tells_where_it_was_opened_as_trusted_proxies_say() {
    let service = closed().set("server.trusted_proxies=127.0.0.0/8,10.0.0.0/8").run();
    let ada = Person::register(&service).await;
    let login = service.request("POST", "/api/v1/auth/login").header("user-agent", "Arcana/1.0");
    let login = login.header("x-forwarded-for", "6.6.6.6, 198.51.100.1, 10.0.0.7");
    service.send(login.json(&json!({ "email": ada.email, "password": PASSWORD }))).await.ok(200);
    let session = &ada.get(&service, "/api/v1/sessions").await.ok(200)["data"][0];
    assert_eq!((&session["address"], &session["user_agent"]), (&json!("198.51.100.1"), &json!("Arcana/1.0")));
}

#[tokio::test]
async fn accounts_are_opened_by_administrators_where_registration_is_closed() {
    let service = closed().set("security.registration=false").run();
    let body = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    service.post("/api/v1/auth/register", &body).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn nothing_secret_is_logged() {
    let service = closed().set("observability.log.level=trace").set("observability.log.access=true").run();
    let ada = Person::register(&service).await;
    Person::login(&service, &ada.email, PASSWORD).await;
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    ada.post(&service, "/api/v1/auth/change-password", &change).await.ok(200);
    service.post("/api/v1/auth/refresh", &json!({ "refresh_token": ada.refresh })).await.ok(200);
    let log = service.log();
    assert!(log.contains("/api/v1/auth/login"), "the log has the calls");
    for secret in [PASSWORD, NEW_PASSWORD, ada.token.as_str(), ada.refresh.as_str(), "$argon2id$"] {
        let at = log.find(secret);
        assert!(at.is_none(), "{secret} is in the log: {:?}", at.map(|at| &log[at.saturating_sub(200)..at]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_once_count_as_guesses_one_after_the_other() {
    let service = std::sync::Arc::new(closed().run());
    let ada = Person::register(&service).await;
    let guess = json!({ "email": ada.email, "password": "a guess" });
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (service, guess) = (service.clone(), guess.clone());
            tokio::spawn(async move { service.post("/api/v1/auth/login", &guess).await.status })
        })
        .collect();
    let mut looked_at = 0;
    for call in calls {
        let status = call.await.unwrap();
        assert!([401, 429].contains(&status), "{status}");
        looked_at += usize::from(status == 401);
    }
    assert!(looked_at <= 6, "{looked_at} of 20 were looked at");
}

#[tokio::test]
async fn who_is_signed_in_changes_the_password_while_others_guess_at_it() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    let guess = json!({ "email": ada.email, "password": "a guess" });
    while service.post("/api/v1/auth/login", &guess).await.status != 429 {}
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    ada.post(&service, "/api/v1/auth/change-password", &change).await.ok(200);
}

#[test]
fn what_is_to_be_redacted_stands_in_no_debug_output() {
    use arcana_generated::arcana::identity::v1::auth::{Credentials, LoginRequest};
    let request = LoginRequest { email: "ada@example.com".to_owned(), password: PASSWORD.to_owned() };
    assert_eq!(format!("{request:?}"), r#"LoginRequest { email: "ada@example.com", password: [redacted] }"#);
    let credentials =
        Credentials { access_token: PASSWORD.to_owned(), refresh_token: PASSWORD.to_owned(), ..Credentials::default() };
    assert!(!format!("{credentials:?}").contains(PASSWORD), "{credentials:?}");
}
