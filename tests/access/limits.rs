//! Who calls too often is refused for a while, on both protocols together, and told for how long.

use arcana_generated::pb::arcana::identity::v1 as identity;
use identity::auth_service_client::AuthServiceClient;
use serde_json::json;
use tonic::Code;

use crate::people::{PASSWORD, Person, closed, refused};

const VALIDATE: &str = "/api/v1/auth/validate-token";

#[tokio::test]
async fn a_rate_of_the_schema_is_one_for_both_protocols_and_each_caller() {
    let service = closed().run();
    let mut client = AuthServiceClient::new(service.channel().await);
    let body = json!({ "token": "x" });
    let mut calls = 0;
    let answer = loop {
        let answer = service.post(VALIDATE, &body).await;
        if answer.status != 200 {
            break answer;
        }
        calls += 1;
        assert!(calls < 2000, "nobody is refused");
    };
    // Some came back meanwhile.
    assert!(calls >= 600, "{calls}");
    answer.refused(429, "RATE_LIMITED");
    assert_eq!(answer.header("ratelimit-policy"), "\"calls\";q=600;w=60");
    assert_eq!(answer.header("ratelimit"), format!("\"calls\";r=0;t={}", answer.header("retry-after")));
    let request = identity::ValidateTokenRequest { token: Some("x".to_owned()) };
    // At this rate one call comes back every tenth of a second; several at once are too many.
    let mut limited = None;
    for _ in 0..100 {
        if let Err(status) = client.validate_token(request.clone()).await {
            limited = Some(status);
            break;
        }
    }
    refused(Err::<(), _>(limited.unwrap()), Code::ResourceExhausted, "RATE_LIMITED");
    // An account is another caller than the address that it calls from.
    let ada = Person::register(&service).await;
    ada.post(&service, VALIDATE, &body).await.ok(200);
}

#[tokio::test]
async fn a_rate_of_the_configuration_counts_all_calls_of_a_caller_and_none_of_operators() {
    let service = closed().set("server.rate_limit=20/h").run();
    let ada = Person::register(&service).await;
    let mut client = AuthServiceClient::new(service.channel().await);
    for n in 0..20 {
        if n % 2 == 0 {
            ada.get(&service, "/api/v1/auth/me").await.ok(200);
        } else {
            client.get_me(ada.request(identity::GetMeRequest {})).await.unwrap();
        }
    }
    let refusal = ada.get(&service, "/api/v1/customers").await;
    refusal.refused(429, "RATE_LIMITED");
    assert_eq!(refusal.header("ratelimit-policy"), "\"calls\";q=20;w=3600");
    refused(client.get_me(ada.request(identity::GetMeRequest {})).await, Code::ResourceExhausted, "RATE_LIMITED");
    // Whoever is not signed in is counted by address, and so is not she; what operators look at is not counted.
    service.get("/api/v1/customers").await.refused(401, "UNAUTHORIZED");
    for _ in 0..30 {
        assert_eq!(service.get("/health/live").await.status, 200);
    }
}

#[tokio::test]
async fn who_tries_to_sign_in_too_often_from_one_address_waits_whomever_it_is_about() {
    let service = closed().set("security.lockout.rate_per_address=5/h").run();
    for n in 0..5 {
        let guess = json!({ "email": format!("nobody{n}@example.com"), "password": "a guess" });
        service.post("/api/v1/auth/login", &guess).await.refused(401, "INVALID_CREDENTIALS");
    }
    let guess = json!({ "email": "another@example.com", "password": "a guess" });
    service.post("/api/v1/auth/login", &guess).await.refused(429, "RATE_LIMITED");
    let register = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    service.post("/api/v1/auth/register", &register).await.refused(429, "RATE_LIMITED");
}
