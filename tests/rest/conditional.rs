//! `ETag`, `If-Match` and `If-None-Match`.

use serde_json::json;

use crate::support::{Service, at};

#[tokio::test]
async fn an_unchanged_row_is_not_sent_again() {
    let service = Service::start();
    let customer = service.customer().await;
    let own = at("customers", &customer);
    for (tag, status) in
        [("\"1\"", 304), ("W/\"1\"", 304), ("\"7\", \"1\"", 304), ("*", 304), ("\"2\"", 200), ("1", 200), ("", 200)]
    {
        let answer = service.send(service.request("GET", &own).header("if-none-match", tag)).await;
        assert_eq!(answer.status, status, "{tag}");
        assert_eq!(answer.header("etag"), "\"1\"", "{tag}");
        assert_eq!(answer.text.is_empty(), status == 304, "{tag}");
    }
    service.patch(&own, &json!({ "phone": "1" })).await.ok(200);
    let answer = service.send(service.request("GET", &own).header("if-none-match", "\"1\"")).await;
    assert_eq!(answer.ok(200)["phone"], "1");
}

#[tokio::test]
async fn a_write_holds_only_on_the_state_that_the_client_has_seen() {
    let service = Service::start();
    let customer = service.customer().await;
    let own = at("customers", &customer);
    service.patch(&own, &json!({ "phone": "1" })).await.ok(200);
    for tag in ["\"1\"", "\"3\"", "W/\"2\"", "\"\"", "\"2,\"", ",", ""] {
        let with = |method| service.request(method, &own).header("if-match", tag);
        service.send(with("PATCH").json(&json!({ "phone": "2" }))).await.refused(412, "PRECONDITION_FAILED");
        service.send(with("PUT").json(&customer)).await.refused(412, "PRECONDITION_FAILED");
        service.send(with("DELETE")).await.refused(412, "PRECONDITION_FAILED");
    }
    for tag in ["2", "\"2", "two words"] {
        let answer = service.send(service.request("DELETE", &own).header("if-match", tag)).await;
        answer.breaks("If-Match", "header").says("such as");
    }
    let mut version = 2;
    for tag in [format!("\"{version}\""), "*".to_owned(), "\"9\", \"4\"".to_owned()] {
        let request = service.request("PATCH", &own).header("if-match", &tag);
        let answer = service.send(request.json(&json!({ "phone": tag }))).await;
        version += 1;
        assert_eq!(answer.ok(200)["version"], version, "{tag}");
    }
    let answer = service.send(service.request("DELETE", &own).header("if-match", "\"5\"")).await;
    assert_eq!(answer.status, 204);
}

#[tokio::test]
async fn of_two_who_write_from_the_same_state_one_is_told_so() {
    let service = Service::start();
    let customer = service.customer().await;
    let own = at("customers", &customer);
    let write = |phone: &'static str| {
        let request = service.request("PATCH", &own).header("if-match", "\"1\"");
        service.send(request.json(&json!({ "phone": phone })))
    };
    let (a, b, c) = tokio::join!(write("a"), write("b"), write("c"));
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412]);
    assert_eq!(service.get(&own).await.ok(200)["version"], 2);
}

#[tokio::test]
async fn a_stale_tag_is_told_before_anything_else_about_the_row() {
    let service = Service::start();
    let product = service.product(1).await;
    let own = at("products", &product);
    let request = service.request("PATCH", &own).header("if-match", "\"9\"");
    service.send(request.json(&json!({ "sku": "OTHER-1" }))).await.refused(412, "PRECONDITION_FAILED");
    let missing = own.replace(product["id"].as_str().unwrap(), "0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e");
    let request = service.request("DELETE", &missing).header("if-match", "*");
    service.send(request).await.refused(404, "NOT_FOUND");
}
