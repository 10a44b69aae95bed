//! `Idempotency-Key`: a create that is repeated happens once.

use serde_json::json;

use crate::support::secrets::PASSWORD;
use crate::support::{Service, Start, at, unique};

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

async fn post(service: &Service, key: &str, path: &str, body: &serde_json::Value) -> crate::support::Answer {
    service.send(service.request("POST", path).header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn a_custom_rpc_that_is_repeated_is_answered_alike_on_both_protocols() {
    use arcana_generated::pb::shop::v1 as shop;
    let service = Service::start();
    let lamp = service.product(10).await;
    let order = service.order(&[(&lamp, 3)]).await;
    let cancel = format!("{}:cancel", at("orders", &order));
    let reason = json!({ "reason": "Ordered twice." });
    let first = post(&service, "a", &cancel, &reason).await;
    let etag = first.header("etag").to_owned();
    let row = first.ok(200);
    // Without the key, it is what it is: done already.
    service.post(&cancel, &reason).await.refused(409, "FAILED_PRECONDITION");
    let again = post(&service, "a", &cancel, &reason).await;
    assert_eq!(again.header("etag"), etag);
    assert_eq!(again.ok(200), row);
    assert_eq!(service.stock(&lamp).await, 10);
    let refused = post(&service, "a", &cancel, &json!({})).await.refused(409, "CONFLICT");
    assert_eq!(refused.0["errors"][0]["field"], "Idempotency-Key");
    let id = order["id"].as_str().map(str::to_owned);
    let message = shop::CancelOrderRequest { id, reason: reason["reason"].as_str().map(str::to_owned) };
    let mut request = tonic::Request::new(message);
    request.metadata_mut().insert("idempotency-key", "a".parse().unwrap());
    let mut client = shop::order_service_client::OrderServiceClient::new(service.channel().await);
    let answer = client.cancel_order(request).await.unwrap().into_inner();
    assert_eq!(answer.version, row["version"].as_i64().unwrap());
}

#[tokio::test]
async fn a_call_that_was_refused_may_be_tried_again_under_its_key() {
    let service = Service::start();
    let lamp = service.product(10).await;
    let order = service.order(&[(&lamp, 3)]).await;
    let own = at("orders", &order);
    post(&service, "a", &format!("{own}:ship"), &json!({ "tracking_number": "" }))
        .await
        .refused(400, "VALIDATION_FAILED");
    post(&service, "a", &format!("{own}:ship"), &json!({ "tracking_number": "1Z" })).await.ok(200);
}

#[tokio::test]
async fn what_is_asked_with_a_secret_takes_no_key() {
    let service = Service::start();
    let email = format!("{}@example.com", unique());
    let body = json!({ "name": "Ada", "email": email, "password": PASSWORD });
    post(&service, "a", "/api/v1/auth/register", &body).await.ok(200);
    let refused = post(&service, "a", "/api/v1/auth/register", &body).await.refused(409, "CONFLICT");
    assert_eq!(refused.0["errors"][0]["field"], "email", "nothing of the password is kept under the key");
}
