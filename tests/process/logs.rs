//! Logs as JSON: each line stands for itself and knows its call.

use std::collections::BTreeSet;

use arcana_generated::pb::shop::v1::ListProductsRequest;
use arcana_generated::pb::shop::v1::product_service_client::ProductServiceClient;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Service, Start};

fn logged() -> Service {
    Start::new().set("observability.log.format=json").set("observability.log.access=true").run()
}

fn lines(service: &Service) -> Vec<Value> {
    let log = service.log();
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[tokio::test]
async fn every_line_is_json_and_every_call_leaves_its_request_id() {
    let mut service = logged();
    let mut ids = BTreeSet::new();
    for path in ["/api/v1/products", "/api/v1/products/x", "/nothing", "/api/v1/products?size=0"] {
        ids.insert(service.get(path).await.header("x-request-id").to_owned());
    }
    let told = service.request("GET", "/api/v1/products?name=%22%0A").header("x-request-id", "told-1");
    ids.insert(service.send(told).await.header("x-request-id").to_owned());
    let mut client = ProductServiceClient::new(service.channel().await);
    let answer = client.list_products(ListProductsRequest::default()).await.unwrap();
    ids.insert(answer.metadata().get("x-request-id").unwrap().to_str().unwrap().to_owned());
    assert!(ids.contains("told-1"));
    drop(client);
    service.signal(Signal::TERM);
    assert_eq!(service.wait().await.code(), Some(0));
    let lines = lines(&service);
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string() && line["target"].is_string(), "{line}");
    }
    let answered: BTreeSet<_> = lines
        .iter()
        .filter(|line| line["message"] == "answered")
        .map(|line| line["span"]["request_id"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned())
        .collect();
    assert_eq!(answered, ids);
}

#[tokio::test]
async fn a_quiet_log_says_nothing_of_calls() {
    let mut service = Start::new().set("observability.log.level=error").run();
    service.get("/api/v1/products/x").await.breaks("id", "string.uuid");
    service.signal(Signal::TERM);
    assert_eq!(service.wait().await.code(), Some(0));
    assert_eq!(service.log(), "");
}
