//! What every call meets before it reaches a service: routes, media types, sizes, ids, health, documents.

use serde_json::{Value, json};

use crate::support::{Service, Start, at, raw};

#[tokio::test]
async fn unknown_routes_are_not_found() {
    let service = Service::start();
    for path in [
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/widgets",
        "/api/v1/products/",
        "/api/v2/products",
        "/api/v1/products/a/b",
        "/API/v1/products",
        "/api/v1//products",
        "/api/v1/order_lines",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = service.send(service.request(method, path)).await;
            answer.refused(404, "NOT_FOUND").says("no such route");
        }
    }
}

#[tokio::test]
async fn bodies_are_taken_in_their_media_types_only() {
    let service = Service::start();
    let product = service.product(1).await;
    let own = at("products", &product);
    let body = json!({ "sku": "ABC", "name": "Cup", "price": "1.00" }).to_string();
    let send = async |method: &str, path: &str, media: &str| {
        let request = service.request(method, path).body(body.clone());
        service.send(if media.is_empty() { request } else { request.header("content-type", media) }).await
    };
    for media in ["", "text/plain", "application/xml", "application/x-www-form-urlencoded", "json", "application/jsonx"]
    {
        for (method, path) in [("POST", "/api/v1/products"), ("PUT", own.as_str()), ("PATCH", own.as_str())] {
            let refusal = send(method, path, media).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
            refusal.says("send application/");
        }
    }
    send("POST", "/api/v1/products", "application/merge-patch+json").await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    send("POST", "/api/v1/products", "Application/JSON; charset=utf-8").await.ok(201);
    for media in ["application/json", "application/merge-patch+json; charset=utf-8"] {
        let request = service.request("PATCH", &own).header("content-type", media).body("{\"stock\": 3}");
        service.send(request).await.ok(200);
    }
}

#[tokio::test]
async fn answers_are_json_and_those_who_cannot_read_it_are_told() {
    let service = Service::start();
    for accept in ["text/html", "application/xml", "image/*", "application/json;q=0"] {
        let answer = service.send(service.request("GET", "/api/v1/products").header("accept", accept)).await;
        answer.refused(406, "NOT_ACCEPTABLE").says("application/json");
    }
    for accept in ["*/*", "application/json", "text/html, application/*;q=0.1"] {
        service.send(service.request("GET", "/api/v1/products").header("accept", accept)).await.ok(200);
    }
}

#[tokio::test]
async fn bodies_have_a_largest_size() {
    let service = Start::new().set("server.max_body_bytes=2000").run();
    let body = json!({ "sku": "ABC", "name": "Cup", "price": "1.00", "description": "x".repeat(2000) });
    let refusal = service.post("/api/v1/products", &body).await.refused(413, "PAYLOAD_TOO_LARGE");
    refusal.says("larger than 2000 bytes");
    let chunk = format!("7d1\r\n{}\r\n0\r\n\r\n", "x".repeat(2001));
    let head =
        "POST /api/v1/products HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let answer = raw(service.rest, format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}").as_bytes()).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
    // What only claims to be large is refused before it is sent.
    let answer = raw(service.rest, format!("{head}content-length: 99999999999\r\n\r\n").as_bytes()).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
}

#[tokio::test]
async fn a_sane_request_id_is_kept() {
    let service = Service::start();
    let with = |id: &'static str| service.send(service.request("GET", "/api/v1/nothing").header("x-request-id", id));
    let refusal = with("call-1.a_B").await.refused(404, "NOT_FOUND");
    assert_eq!(refusal.0["request_id"], "call-1.a_B");
    for id in ["two words", "<script>", "", "a;b"] {
        assert_ne!(with(id).await.refused(404, "NOT_FOUND").0["request_id"], id);
    }
}

#[tokio::test]
async fn health_and_metrics_answer() {
    let service = Service::start();
    service.get("/api/v1/products/x").await;
    for path in ["/health/live", "/health/ready"] {
        let answer = service.get(path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(body["status"], "up", "{path}");
    }
    let metrics = service.get("/metrics").await;
    for gauge in ["database_connections{state=\"busy\"} ", "database_connections{state=\"idle\"} "] {
        assert!(metrics.text.contains(gauge), "{}", metrics.text);
    }
    assert_eq!(metrics.status, 200);
    assert!(
        metrics.text.contains("http_requests_total{method=\"GET\",route=\"/api/v1/products/{id}\",status=\"400\"} 1")
    );
    assert!(!metrics.text.contains("products/x"));
}

#[tokio::test]
async fn the_contract_is_served_and_knows_every_route() {
    let service = Service::start();
    let answer = service.get("/openapi.json").await;
    let document: Value = serde_json::from_str(&answer.text).unwrap();
    for route in arcana_generated::ROUTES.iter().copied().flatten() {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        assert!(operation.is_object(), "{} {}", route.method, route.path);
    }
    let docs = service.get("/docs/").await;
    assert_eq!(docs.status, 200);
    assert!(docs.header("content-type").starts_with("text/html"));
    assert!(!docs.text.contains("https://"), "{}", docs.text);
}

#[tokio::test]
async fn other_origins_are_let_in_only_where_the_settings_say_so() {
    let (closed, open) = (Service::start(), Start::new().set("server.cors.allowed_origins=https://shop.test").run());
    let ask = |service: &Service| {
        let request = service.request("OPTIONS", "/api/v1/products").header("origin", "https://shop.test");
        request.header("access-control-request-method", "POST")
    };
    assert_eq!(closed.send(ask(&closed)).await.header("access-control-allow-origin"), "");
    let answer = open.send(ask(&open)).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://shop.test");
    assert!(answer.header("access-control-allow-methods").contains("PATCH"));
}
