//! Lists: pages, sizes, orders, tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::Service;

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// A shop with 23 products, whose stocks repeat and whose names do not.
async fn stocked() -> Service {
    let service = Service::start();
    for n in 0..23 {
        let name = format!("Thing {n:02}");
        let body =
            json!({ "sku": format!("P-{n:02}"), "name": name, "price": format!("{}.50", n % 4), "stock": n % 5 });
        service.post("/api/v1/products", &body).await.ok(201);
    }
    service
}

#[tokio::test]
async fn a_list_starts_with_the_ten_newest() {
    let service = stocked().await;
    let page = service.get("/api/v1/products").await.ok(200);
    assert_eq!((&page["page"], &page["size"], &page["total"]), (&json!(0), &json!(10), &json!(23)));
    let skus: Vec<_> = page["data"].as_array().unwrap().iter().map(|row| row["sku"].as_str().unwrap()).collect();
    let newest: Vec<_> = (13..23).rev().map(|n| format!("P-{n:02}")).collect();
    assert_eq!(skus, newest);
    let empty = service.get("/api/v1/orders").await.ok(200);
    assert_eq!(empty, json!({ "data": [], "page": 0, "size": 10, "total": 0, "next_page_token": "" }));
}

#[tokio::test]
async fn walking_by_token_gives_what_walking_by_page_gives() {
    let service = stocked().await;
    // Orders with ties, several members, both directions, and a condition.
    for arguments in [
        "",
        "&order=asc",
        "&sort=stock",
        "&sort=stock&order=desc",
        "&sort=stock,price&order=desc,asc",
        "&sort=price,stock,name&order=asc,desc",
        "&sort=id&order=desc",
        "&sort=name&filter=stock%20%3E%201",
        "&sort=stock&show_deleted=true",
        "&include_total=false",
    ] {
        let (mut by_page, mut by_token) = (Vec::new(), Vec::new());
        for page in 0..6 {
            let page = service.get(&format!("/api/v1/products?size=4{arguments}&page={page}")).await.ok(200);
            by_page.extend(ids(&page));
        }
        let mut token = String::new();
        loop {
            let page = service.get(&format!("/api/v1/products?size=4{arguments}&page_token={token}")).await.ok(200);
            by_token.extend(ids(&page));
            assert!(page.as_object().unwrap().contains_key("total"), "{page:#}");
            assert_eq!(page["total"].is_null(), arguments.contains("include_total"), "{page:#}");
            token = page["next_page_token"].as_str().unwrap().to_owned();
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(by_token, by_page, "{arguments}");
        let mut distinct = by_token.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), by_token.len(), "{arguments}: a row came twice");
        assert_eq!(by_token.len(), if arguments.contains("filter") { 13 } else { 23 }, "{arguments}");
    }
}

#[tokio::test]
async fn walking_holds_with_null_in_the_order() {
    let service = Service::start();
    let (customer, product) = (service.customer().await, service.product(100).await);
    for n in 0..9 {
        let mut body = crate::support::order_of(&customer, &[(&product, 1)]);
        if n % 2 == 0 {
            body["placed_at"] = json!(format!("2026-03-0{}T10:00:00Z", 1 + n / 4));
        }
        service.post("/api/v1/orders", &body).await.ok(201);
    }
    // Customers without an account stand before all others.
    let user = service.user().await;
    for n in 0..5 {
        let mut body = json!({ "name": format!("N{}", n % 2), "email": format!("null{n}@example.com") });
        if n > 2 {
            body["user_id"] = user["id"].clone();
        }
        service.post("/api/v1/customers", &body).await.ok(201);
    }
    for (collection, sort) in [("orders", "placed_at"), ("customers", "name"), ("customers", "country,created_at")] {
        for order in ["asc", "desc"] {
            let path = format!("/api/v1/{collection}?sort={sort}&order={order}");
            let all = ids(&service.get(&format!("{path}&size=100")).await.ok(200));
            let (mut walked, mut token) = (Vec::new(), String::new());
            for _ in 0..20 {
                let page = service.get(&format!("{path}&size=2&page_token={token}")).await.ok(200);
                walked.extend(ids(&page));
                token = page["next_page_token"].as_str().unwrap().to_owned();
                if token.is_empty() {
                    break;
                }
            }
            assert_eq!(walked, all, "{path}");
        }
    }
}

#[tokio::test]
async fn a_token_holds_while_rows_come_and_go() {
    let service = stocked().await;
    let first = service.get("/api/v1/products?size=5&sort=name").await.ok(200);
    let token = first["next_page_token"].as_str().unwrap();
    service.delete(&format!("/api/v1/products/{}", ids(&first)[2])).await;
    let body = json!({ "sku": "P-NEW", "name": "A thing before all", "price": "1.00" });
    service.post("/api/v1/products", &body).await.ok(201);
    let second = service.get(&format!("/api/v1/products?size=5&sort=name&page_token={token}")).await.ok(200);
    assert_eq!(second["data"][0]["name"], "Thing 05");
}

#[tokio::test]
async fn a_token_goes_with_its_own_arguments_only() {
    let service = stocked().await;
    service.customer().await;
    let page = service.get("/api/v1/products?size=5&sort=stock&filter=stock%3E0").await.ok(200);
    let token = page["next_page_token"].as_str().unwrap().to_owned();
    let with = |path: &str, arguments: &str| format!("/api/v1/{path}?page_token={token}{arguments}");
    // Another size is fine: the place is the same.
    service.get(&with("products", "&size=7&sort=stock&filter=stock%3E0")).await.ok(200);
    for (path, arguments) in [
        ("products", ""),
        ("products", "&sort=stock"),
        ("products", "&sort=stock&filter=stock%3E1"),
        ("products", "&sort=stock&order=desc&filter=stock%3E0"),
        ("products", "&sort=stock&filter=stock%3E0&show_deleted=true"),
        ("products", "&sort=stock&filter=stock%3E0&stock=1"),
        ("customers", ""),
    ] {
        let refusal = service.get(&with(path, arguments)).await.breaks("page_token", "query.page_token");
        refusal.says("filter and order of the page that gave it");
    }
    let refusal = service.get(&with("products", "&sort=stock&filter=stock%3E0&page=1")).await;
    refusal.breaks("page", "query.page");
    for wrong in ["x", "AAAA", "%22", &token[1..], &"A".repeat(9000), "WyJhIixbXV0", "bnVsbA"] {
        let answer = service.get(&format!("/api/v1/products?page_token={wrong}")).await;
        answer.breaks("page_token", "query.page_token");
    }
}

#[tokio::test]
async fn a_token_with_other_values_is_refused() {
    let service = stocked().await;
    let page = service.get("/api/v1/products?size=1&sort=name").await.ok(200);
    let token = page["next_page_token"].as_str().unwrap();
    let inside = String::from_utf8(URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap();
    for (from, to, fits) in [("Thing 00", "Thing 00", true), ("Thing 00", "Thing 05", false)] {
        let forged = URL_SAFE_NO_PAD.encode(inside.replace(from, to));
        let answer = service.get(&format!("/api/v1/products?size=1&sort=name&page_token={forged}")).await;
        match fits {
            true => assert_eq!(answer.ok(200)["data"][0]["name"], "Thing 01"),
            false => drop(answer.breaks("page_token", "query.page_token")),
        }
    }
}

#[tokio::test]
async fn wrong_arguments_are_refused_by_name() {
    let service = Service::start();
    for (query, field, rule) in [
        ("size=101", "size", "query.range"),
        ("size=0", "size", "query.range"),
        ("size=-1", "size", "query.range"),
        ("size=ten", "size", "query.range"),
        ("size=", "size", "query.range"),
        ("size=99999999999999999999", "size", "query.range"),
        ("page=-1", "page", "query.range"),
        ("page=1.5", "page", "query.range"),
        ("page=9223372036854775807", "page", "query.page"),
        ("page=1&page=2", "page", "query.repeated"),
        ("sort=nothing", "sort", "query.order"),
        ("sort=", "sort", "query.order"),
        ("sort=name,name", "sort", "query.order"),
        ("sort=tags", "sort", "query.order"),
        ("sort=name;drop%20table%20products", "sort", "query.order"),
        ("sort=name&order=up", "order", "query.order"),
        ("sort=name&order=asc,desc", "order", "query.order"),
        ("order=asc,desc", "order", "query.order"),
        ("include_total=maybe", "include_total", "query.bool"),
        ("show_deleted=1", "show_deleted", "query.bool"),
        ("stock=many", "stock", "query.value"),
        ("stock=2147483648", "stock", "query.value"),
        ("price=1.234", "price", "query.value"),
        ("nothing=1", "nothing", "query.unknown"),
        ("tags=a", "tags", "query.unknown"),
        ("id=0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e", "id", "query.unknown"),
        ("name=%00", "name", "query.value"),
        ("=1", "query", "query"),
        ("name=%FF", "query", "query"),
        ("name=%zz", "query", "query"),
        ("name=%4", "query", "query"),
    ] {
        let answer = service.get(&format!("/api/v1/products?{query}")).await;
        if (field, rule) == ("query", "query") {
            answer.refused(400, "VALIDATION_FAILED");
        } else {
            answer.breaks(field, rule);
        }
    }
    // All at once, and nowhere else but in lists.
    let refusal = service.get("/api/v1/products?size=0&sort=x&nothing=1").await.refused(400, "VALIDATION_FAILED");
    assert_eq!(refusal.broken().len(), 3, "{:#}", refusal.0);
    let product = service.product(1).await;
    let own = crate::support::at("products", &product);
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let request = service.request(method, &format!("{own}?size=1")).json(&product);
        service.send(request).await.breaks("size", "query.unknown");
    }
    service.post("/api/v1/products?dry_run=true", &json!({})).await.breaks("dry_run", "query.unknown");
}

#[tokio::test]
async fn pages_may_be_as_large_as_a_hundred_and_beyond_the_end() {
    let service = stocked().await;
    assert_eq!(ids(&service.get("/api/v1/products?size=100").await.ok(200)).len(), 23);
    assert_eq!(ids(&service.get("/api/v1/products?size=1&page=22").await.ok(200)).len(), 1);
    let beyond = service.get("/api/v1/products?size=10&page=3").await.ok(200);
    assert_eq!((ids(&beyond).len(), &beyond["total"], &beyond["page"]), (0, &json!(23), &json!(3)));
    assert_eq!(beyond["next_page_token"], "");
}
