//! Exports: all rows of a list, as lines of JSON or as CSV.

use serde_json::{Value, json};

use crate::support::{Answer, Service};

const LINES: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

async fn export(service: &Service, path: &str, media: &str) -> Answer {
    service.send(service.request("GET", path).header("accept", media)).await
}

/// More products than one portion of an export has, so that it must read on behind a key.
async fn stocked(service: &Service, count: usize) {
    for n in 0..count {
        let body =
            json!({ "sku": format!("E-{n:04}"), "name": format!("a \"b\", {n}"), "price": "1.50", "stock": n % 7 });
        service.post("/api/v1/products", &body).await.ok(201);
    }
}

#[tokio::test]
async fn has_every_row_once_in_the_order_of_the_list() {
    let service = Service::start();
    stocked(&service, 1_203).await;
    for arguments in ["", "?sort=stock,sku&order=desc,asc", "?filter=stock%20%3E%202&sort=sku", "?q=b&sort=sku"] {
        let answer = export(&service, &format!("/api/v1/products{arguments}"), LINES).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, LINES));
        let exported: Vec<Value> = answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (mut listed, mut token) = (Vec::new(), String::new());
        let join = if arguments.is_empty() { "?" } else { "&" };
        loop {
            let path = format!("/api/v1/products{arguments}{join}size=100&page_token={token}");
            let page = service.get(&path).await.ok(200);
            listed.extend(page["data"].as_array().unwrap().iter().cloned());
            token = page["next_page_token"].as_str().unwrap().to_owned();
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(exported.len(), listed.len(), "{arguments}");
        assert!(exported == listed, "{arguments}: another order or other rows");
    }
}

#[tokio::test]
async fn is_a_table_with_the_members_of_the_json() {
    let service = Service::start();
    let empty = export(&service, "/api/v1/products", CSV).await;
    assert_eq!(empty.text.matches("\r\n").count(), 1, "{}", empty.text);
    stocked(&service, 3).await;
    let answer = export(&service, "/api/v1/products?sort=sku", CSV).await;
    assert!(answer.header("content-type").starts_with("text/csv"), "{}", answer.header("content-type"));
    let list = service.get("/api/v1/products?sort=sku").await.ok(200);
    let first = list["data"][0].as_object().unwrap();
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let lines: Vec<&str> = answer.text.trim_end().split("\r\n").collect();
    assert_eq!((lines.len(), lines[0]), (4, names.join(",").as_str()));
    assert_eq!(empty.text.trim_end(), lines[0]);
    assert!(lines[1].contains("\"a \"\"b\"\", 0\""), "{}", lines[1]);
}

#[tokio::test]
async fn what_is_wrong_is_said_with_a_status() {
    let service = Service::start();
    for parameter in ["size=5", "page=1", "page_token=x", "include_total=true"] {
        let answer = export(&service, &format!("/api/v1/products?{parameter}"), CSV).await;
        answer.breaks(parameter.split('=').next().unwrap(), "query.unknown");
    }
    export(&service, "/api/v1/products?filter=nothing%20%3D%201", LINES).await.breaks("filter", "query.filter");
    // Whoever accepts a document gets one, and one row is no table.
    let both = export(&service, "/api/v1/products", "text/csv;q=0.5, application/json").await;
    assert_eq!(both.ok(200)["data"], json!([]));
    let product = service.product(1).await;
    let own = format!("/api/v1/products/{}", product["id"].as_str().unwrap());
    export(&service, &own, CSV).await.refused(406, "NOT_ACCEPTABLE");
}

#[tokio::test]
async fn shows_references_as_rows_where_it_is_asked_to() {
    let service = Service::start();
    let order = service.order(&[(&service.product(9).await, 1)]).await;
    let customer = service.get(&format!("/api/v1/customers/{}", order["customer_id"].as_str().unwrap())).await.ok(200);
    let lines = export(&service, "/api/v1/orders?expand=customer", LINES).await;
    assert_eq!(serde_json::from_str::<Value>(lines.text.trim_end()).unwrap()["customer"], customer);
    let table = export(&service, "/api/v1/orders?expand=customer", CSV).await;
    let email = customer["email"].as_str().unwrap();
    assert!(table.text.contains(&format!("\"\"email\"\":\"\"{email}\"\"")), "{}", table.text);
}
