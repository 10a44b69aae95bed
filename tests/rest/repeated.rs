//! `Idempotency-Key`: a create that is repeated happens once.

use serde_json::json;

use crate::support::{Service, Start, unique};

fn customer() -> serde_json::Value {
    json!({ "name": "Ada", "email": format!("{}@example.com", unique()) })
}

async fn create(service: &Service, key: &str, body: &serde_json::Value) -> crate::support::Answer {
    service.send(service.request("POST", "/api/v1/customers").header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn a_create_that_is_repeated_is_answered_alike() {
    let service = Service::start();
    let body = customer();
    let first = create(&service, "a", &body).await;
    let location = first.header("location").to_owned();
    let row = first.ok(201);
    // Whatever became of the row.
    service.patch(&location, &json!({ "phone": "1" })).await.ok(200);
    let again = create(&service, "a", &body).await;
    assert_eq!((again.header("location"), again.header("etag")), (location.as_str(), "\"1\""));
    assert_eq!(again.ok(201), row);
    assert_eq!(service.get("/api/v1/customers").await.ok(200)["total"], 1);
}

#[tokio::test]
async fn a_key_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let body = customer();
    let row = create(&Start::new().in_folder(folder.path()).run(), "a", &body).await.ok(201);
    let service = Start::new().in_folder(folder.path()).run();
    assert_eq!(create(&service, "a", &body).await.ok(201), row);
}

#[tokio::test]
async fn a_key_of_another_request_is_a_conflict() {
    let service = Service::start();
    create(&service, "a", &customer()).await.ok(201);
    let refused = create(&service, "a", &customer()).await.refused(409, "CONFLICT");
    assert_eq!(refused.0["errors"][0]["field"], "Idempotency-Key");
    for key in ["", "two words", &"x".repeat(256)] {
        create(&service, key, &customer()).await.refused(400, "VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn both_protocols_share_their_keys() {
    use arcana_generated::pb::shop::v1 as shop;
    let service = Service::start();
    let body = customer();
    let row = create(&service, "a", &body).await.ok(201);
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let customer = shop::Customer { name: text("name"), email: text("email"), ..Default::default() };
    let mut request = tonic::Request::new(shop::CreateCustomerRequest { customer: Some(customer) });
    request.metadata_mut().insert("idempotency-key", "a".parse().unwrap());
    let mut client = shop::customer_service_client::CustomerServiceClient::new(service.channel().await);
    assert_eq!(client.create_customer(request).await.unwrap().into_inner().id, row["id"].as_str().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_under_one_key_are_one() {
    let service = std::sync::Arc::new(Service::start());
    let body = customer();
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let (service, body) = (service.clone(), body.clone());
            tokio::spawn(async move { create(&service, "a", &body).await.ok(201)["id"].clone() })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for call in calls {
        ids.insert(call.await.unwrap().to_string());
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(service.get("/api/v1/customers").await.ok(200)["total"], 1);
}
