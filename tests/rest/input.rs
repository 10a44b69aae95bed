//! Bodies and paths that are wrong: each is refused with the place and the rule.

use serde_json::json;

use crate::support::{Service, at, raw, unique};

#[tokio::test]
async fn a_body_must_be_a_json_object() {
    let service = Service::start();
    let product = service.product(1).await;
    let own = at("products", &product);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, rule, words) in [
        ("", "required", "must be a JSON object"),
        ("{", "json", "EOF"),
        ("{\"name\": }", "json", "expected value"),
        ("{\"name\": \"a\",}", "json", "trailing comma"),
        ("{'name': 1}", "json", "line 1 column 2"),
        ("{} {}", "json", "trailing characters"),
        ("{\"stock\": 1e400}", "json", "number out of range"),
        ("{\"stock\": NaN}", "json", "expected value"),
        ("{\"name\": \"\\ud800\"}", "json", "hex escape"),
        ("{\"name\": \"a\nb\"}", "json", "control character"),
        (deep.as_str(), "json", "recursion limit"),
        ("{\"name\": \"a\", \"name\": \"b\"}", "json", "\"name\" is there more than once"),
        ("{\"tags\": [{\"a\": 1, \"a\": 2}]}", "json", "\"a\" is there more than once"),
    ] {
        for (method, path) in [("POST", "/api/v1/products"), ("PUT", own.as_str()), ("PATCH", own.as_str())] {
            let request = service.request(method, path).header("content-type", "application/json");
            service.send(request.body(body.to_owned())).await.breaks("body", rule).says(words);
        }
    }
    for body in ["null", "1", "\"text\"", "[]", "true"] {
        let request = service.request("PATCH", &own).header("content-type", "application/json");
        let answer = service.send(request.body(body)).await;
        assert_eq!(answer.refused(400, "VALIDATION_FAILED").broken(), [("body", "object")], "{body}");
    }
    let latin = service.request("PATCH", &own).header("content-type", "application/json");
    service.send(latin.body(b"{\"name\": \"caf\xe9\"}".to_vec())).await.breaks("body", "json");
    assert_eq!(service.get(&own).await.ok(200), product);
}

#[tokio::test]
async fn wrong_types_are_named_with_what_is_expected() {
    let service = Service::start();
    let product = service.product(1).await;
    let own = at("products", &product);
    for (patch, field, rule, words) in [
        (json!({ "name": 5 }), "name", "string", "must be a text, not a number"),
        (json!({ "name": ["a"] }), "name", "string", "not a list"),
        (json!({ "name": { "a": 1 } }), "name", "string", "not an object"),
        (json!({ "name": true }), "name", "string", "not a truth value"),
        (json!({ "name": "" }), "name", "string.min_len", "at least 1"),
        (json!({ "name": "x".repeat(201) }), "name", "string.max_len", "at most 200"),
        (json!({ "name": "a\u{0}b" }), "name", "string.nul", "NUL"),
        (json!({ "description": "灯".repeat(4001) }), "description", "string.max_len", "at most 4000"),
        (json!({ "stock": "5" }), "stock", "int32", "not a text"),
        (json!({ "stock": 5.5 }), "stock", "int32", "whole number"),
        (json!({ "stock": -1 }), "stock", "int32.gte", "at least 0"),
        (json!({ "stock": 2147483648_i64 }), "stock", "int32", "2147483647"),
        (json!({ "stock": 9007199254740992.0 }), "stock", "int32", "whole number"),
        (json!({ "stock": 1e300 }), "stock", "int32", "whole number"),
        (json!({ "stock": u64::MAX }), "stock", "int32", "whole number"),
        (json!({ "price": 10 }), "price", "string", "must be a text, not a number"),
        (json!({ "price": "ten" }), "price", "decimal", "such as"),
        (json!({ "price": "1e3" }), "price", "decimal", "such as"),
        (json!({ "price": "" }), "price", "decimal", "such as"),
        (json!({ "price": "1.001" }), "price", "decimal.precision", "2 of them behind"),
        (json!({ "price": "10000000000.00" }), "price", "decimal.precision", "12 digits"),
        (json!({ "price": "9".repeat(60) }), "price", "decimal", ""),
        (json!({ "tags": "a" }), "tags", "list", "must be a list"),
        (json!({ "tags": [1] }), "tags[0]", "string", "must be a text"),
        (json!({ "tags": ["a", null] }), "tags[1]", "required", "null"),
        (json!({ "tags": ["x".repeat(41)] }), "tags[0]", "string.max_len", "40"),
        (json!({ "tags": vec!["x"; 21] }), "tags", "repeated.max_items", "20"),
        (json!({ "colour": "red" }), "colour", "unknown", "no member here"),
        (json!({ "": 1 }), "", "unknown", "no member here"),
    ] {
        let answer = service.patch(&own, &patch).await;
        if field.is_empty() {
            assert_eq!(answer.status, 400, "{}", answer.text);
            continue;
        }
        answer.breaks(field, rule).says(words);
    }
    assert_eq!(service.get(&own).await.ok(200), product);
}

#[tokio::test]
async fn values_at_the_edge_of_what_is_allowed_are_kept_exactly() {
    let service = Service::start();
    let product = service.product(1).await;
    let own = at("products", &product);
    for patch in [
        json!({ "name": "灯".repeat(200), "description": "\u{1}\t\n\u{10ffff}" }),
        json!({ "description": "x".repeat(4000), "tags": vec!["é".repeat(40); 20] }),
        json!({ "stock": i32::MAX, "price": "9999999999.99" }),
        json!({ "stock": 0, "price": "-9999999999.99" }),
        json!({ "tags": [""], "description": "" }),
    ] {
        service.patch(&own, &patch).await.ok(200);
        let row = service.get(&own).await.ok(200);
        for (member, value) in patch.as_object().unwrap() {
            assert_eq!(row[member], *value, "{member}");
        }
    }
    // JSON knows one kind of number; from 2^53 on, a fraction could have been lost.
    for (given, kept) in [("7.0", 7), ("-0.0", 0), ("1e3", 1000), ("2147483647.0", i32::MAX)] {
        let request = service.request("PATCH", &own).header("content-type", "application/json");
        let answer = service.send(request.body(format!("{{\"stock\": {given}}}"))).await;
        assert_eq!(answer.ok(200)["stock"], kept, "{given}");
    }
    for (given, kept) in [("1", "1.00"), ("1.5", "1.50"), ("-0", "0.00"), ("0001.50", "1.50"), ("2.000", "2.00")] {
        assert_eq!(service.patch(&own, &json!({ "price": given })).await.ok(200)["price"], kept, "{given}");
    }
}

#[tokio::test]
async fn times_are_kept_in_utc_with_microseconds() {
    let service = Service::start();
    let lamp = service.product(100).await;
    let order = service.order(&[(&lamp, 1)]).await;
    let own = at("orders", &order);
    for (given, kept) in [
        ("2026-05-06T07:08:09Z", "2026-05-06T07:08:09.000000Z"),
        ("2026-05-06T07:08:09.123456789+02:00", "2026-05-06T05:08:09.123456Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
    ] {
        let row = service.patch(&own, &json!({ "placed_at": given })).await.ok(200);
        assert_eq!(row["placed_at"], kept, "{given}");
        assert_eq!(service.get(&own).await.ok(200)["placed_at"], kept);
    }
    for wrong in [
        "",
        "now",
        "2026-05-06",
        "2026-05-06T07:08:09",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "0000-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "2026-05-06T25:00:00Z",
    ] {
        service.patch(&own, &json!({ "placed_at": wrong })).await.breaks("placed_at", "timestamp");
    }
    service.patch(&own, &json!({ "placed_at": 1_700_000_000 })).await.breaks("placed_at", "string");
}

#[tokio::test]
async fn a_key_must_be_a_uuid() {
    let service = Service::start();
    for id in [
        "x",
        "1",
        "0190d8a26c1f7b3e9d543f1a2b4c5d6e",
        "{0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e}",
        "0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6g",
        "%00",
        "..%2f..%2fetc",
        "a%20b",
        "%F0%9F%92%A1",
        "null",
        ":",
    ] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let request = service
                .request(method, &format!("/api/v1/products/{id}"))
                .json(&json!({ "stock": 1, "sku": "ABC", "name": "x", "price": "1" }));
            service.send(request).await.breaks("id", "string.uuid");
        }
    }
    let product = service.product(1).await;
    let upper = at("products", &product).to_uppercase().replace("/API/V1/PRODUCTS", "/api/v1/products");
    assert_eq!(service.get(&upper).await.ok(200), product, "a UUID is the same in capitals");
}

#[tokio::test]
async fn paths_that_are_no_text_are_refused() {
    let service = Service::start();
    for path in ["/api/v1/products/%FF", "/api/v1/products/%C3%28", "/api/v1/orders/%80:cancel"] {
        let method = if path.ends_with("cancel") { "POST" } else { "GET" };
        let request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = raw(service.rest, request.as_bytes()).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert!(answer.text.contains("application/problem+json"), "{}", answer.text);
    }
    for path in ["/api/v1/products/%zz", "/api/v1/products/%4", "/api/v1/products/%"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = raw(service.rest, request.as_bytes()).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert!(answer.body().contains("string.uuid"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_hundred_mistakes_are_a_hundred_violations() {
    let service = Service::start();
    let customer = service.customer().await;
    let lines: Vec<_> = (0..100).map(|n| json!({ "product_id": n, "quantity": 0 })).collect();
    let body = json!({ "number": format!("SO-{}", unique()), "customer_id": customer["id"], "lines": lines });
    let answer = service.post("/api/v1/orders", &body).await;
    let refusal = answer.refused(400, "VALIDATION_FAILED");
    assert!(refusal.broken().len() >= 100, "{}", refusal.broken().len());
    refusal.names("lines[99].product_id", "string");
}
