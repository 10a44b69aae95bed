//! The six verbs of every entity, and what stands beside them.

use serde_json::{Value, json};

use crate::support::{Service, at, order_of, unique};

/// One entity, to run through all verbs: its collection, a body to create it, and a change of one member.
struct Case {
    collection: &'static str,
    body: Value,
    change: (&'static str, Value),
    soft_delete: bool,
}

async fn cases(service: &Service) -> Vec<Case> {
    let (customer, product) = (service.customer().await, service.product(100).await);
    let n = unique();
    let case = |collection, body, change, soft_delete| Case { collection, body, change, soft_delete };
    vec![
        case("users", json!({ "name": "Ada", "email": format!("u{n}@example.com") }), ("name", json!("Eve")), true),
        case("customers", json!({ "name": "Bob", "email": format!("c{n}@example.com") }), ("phone", json!("1")), false),
        case(
            "products",
            json!({ "sku": format!("SKU-{n}"), "name": "Cup", "price": "3.00" }),
            ("tags", json!(["new"])),
            true,
        ),
        case("orders", order_of(&customer, &[(&product, 1)]), ("note", json!("quick")), false),
    ]
}

#[tokio::test]
async fn every_entity_lives_through_all_six_verbs() {
    let service = Service::start();
    for Case { collection, body, change: (member, value), .. } in cases(&service).await {
        let path = format!("/api/v1/{collection}");
        let created = service.post(&path, &body).await;
        let row = created.ok(201);
        let own = at(collection, &row);
        assert_eq!(created.header("location"), own);
        assert_eq!(created.header("etag"), "\"1\"");
        assert_eq!(row["version"], 1);
        assert_eq!(row["created_at"], row["updated_at"]);

        let read = service.get(&own).await;
        assert_eq!((read.ok(200), read.header("etag")), (row.clone(), "\"1\""));

        let patched = service.patch(&own, &json!({ member: value })).await;
        let patched_row = patched.ok(200);
        assert_eq!((&patched_row[member], patched.header("etag")), (&value, "\"2\""));
        assert_eq!(patched_row["version"], 2);
        assert_eq!(patched_row["created_at"], row["created_at"]);
        assert!(patched_row["updated_at"].as_str() > row["updated_at"].as_str());

        // An answer can be sent back as it is.
        let replaced = service.put(&own, &patched_row).await;
        let replaced_row = replaced.ok(200);
        assert_eq!((&replaced_row[member], replaced.header("etag")), (&value, "\"3\""));

        let page = service.get(&path).await.ok(200);
        assert!(page["data"].as_array().unwrap().contains(&replaced_row), "{page:#}");

        let deleted = service.delete(&own).await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        service.get(&own).await.refused(404, "NOT_FOUND");
        service.delete(&own).await.refused(404, "NOT_FOUND");
        service.patch(&own, &json!({})).await.refused(404, "NOT_FOUND");
        service.put(&own, &replaced_row).await.refused(404, "NOT_FOUND");
        let page = service.get(&path).await.ok(200);
        assert!(!page["data"].as_array().unwrap().iter().any(|other| other["id"] == row["id"]));
    }
}

#[tokio::test]
async fn answers_have_every_member_in_the_order_of_the_schema() {
    let service = Service::seeded();
    let members = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    for (collection, expected) in [
        ("users", "id name email roles status sync_status version created_at updated_at email_verified_at"),
        ("customers", "id name email country phone user_id version created_at updated_at"),
        ("products", "id sku name description price stock tags version created_at updated_at"),
        (
            "orders",
            "id number customer_id customer status total note lines placed_at tracking_number version created_at updated_at",
        ),
    ] {
        let page = service.get(&format!("/api/v1/{collection}")).await.ok(200);
        assert_eq!(page["total"], 8);
        for row in page["data"].as_array().unwrap() {
            assert_eq!(members(row), expected);
            assert_eq!(service.get(&at(collection, row)).await.ok(200), *row);
        }
        assert_eq!(members(&page), "data page size total next_page_token");
    }
    let order = &service.get("/api/v1/orders").await.ok(200)["data"][0];
    assert_eq!(members(&order["lines"][0]), "id product_id product quantity unit_price");
}

#[tokio::test]
async fn deleted_rows_come_back_where_the_schema_keeps_them() {
    let service = Service::start();
    for Case { collection, body, soft_delete, .. } in cases(&service).await {
        let row = service.post(&format!("/api/v1/{collection}"), &body).await.ok(201);
        let own = at(collection, &row);
        let undelete = format!("{own}:undelete");
        if !soft_delete {
            let refusal = service.post(&undelete, &json!({})).await;
            // An entity with other verbs names them.
            assert!([404, 405].contains(&refusal.status), "{}", refusal.text);
            continue;
        }
        service.post(&undelete, &json!({})).await.refused(409, "FAILED_PRECONDITION");
        assert_eq!(service.delete(&own).await.status, 204);
        let total = |page: Value| page["total"].as_i64().unwrap();
        let list = format!("/api/v1/{collection}?show_deleted");
        let hidden = total(service.get(&format!("{list}=false")).await.ok(200));
        let shown = total(service.get(&format!("{list}=true")).await.ok(200));
        assert_eq!(shown, hidden + 1);
        let back = service.post(&undelete, &json!({})).await;
        let back_row = back.ok(200);
        assert_eq!((back_row["id"].clone(), back.header("etag").is_empty()), (row["id"].clone(), false));
        assert!(back_row["version"].as_i64() > row["version"].as_i64());
        assert_eq!(service.get(&own).await.ok(200), back_row);
    }
}

#[tokio::test]
async fn a_declared_verb_takes_its_own_method_only() {
    let service = Service::start();
    let product = service.product(1).await;
    let order = service.order(&[(&product, 1)]).await;
    for (path, methods, allow) in [
        (format!("{}:cancel", at("orders", &order)), ["GET", "PUT", "PATCH", "OPTIONS"], "POST"),
        (format!("{}:ship", at("orders", &order)), ["GET", "PUT", "DELETE", "TRACE"], "POST"),
        (format!("{}:undelete", at("products", &product)), ["GET", "PATCH", "DELETE", "OPTIONS"], "POST"),
        (at("orders", &order), ["POST", "OPTIONS", "TRACE", "BREW"], "GET, HEAD, PUT, PATCH, DELETE"),
    ] {
        for method in methods {
            let answer = service.send(service.request(method, &path).json(&json!({}))).await;
            answer.refused(405, "METHOD_NOT_ALLOWED");
            assert_eq!(answer.header("allow"), allow, "{method} {path}");
        }
    }
    let unknown = service.post(&format!("{}:explode", at("orders", &order)), &json!({})).await;
    unknown.refused(404, "NOT_FOUND");
    assert!(unknown.text.contains(":cancel, :ship"), "{}", unknown.text);
    // For a method without verbs it belongs to the id, and is no UUID.
    service.get(&format!("{}:explode", at("orders", &order))).await.breaks("id", "string.uuid");
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_are_allowed() {
    let service = Service::start();
    let product = service.product(1).await;
    let own = at("products", &product);
    let allowed = |answer: &crate::support::Answer| {
        let mut methods: Vec<_> = answer.header("allow").split(',').map(|method| method.trim().to_owned()).collect();
        methods.retain(|method| method != "HEAD");
        methods.sort();
        methods.join(" ")
    };
    for method in ["DELETE", "PUT", "PATCH", "TRACE", "BREW"] {
        let answer = service.send(service.request(method, "/api/v1/products")).await;
        answer.refused(405, "METHOD_NOT_ALLOWED");
        assert_eq!(allowed(&answer), "GET POST", "{method}");
    }
    let answer = service.send(service.request("POST", &own)).await;
    answer.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(allowed(&answer), "DELETE GET PATCH PUT");
    let answer = service.send(service.request("POST", "/api/v1/stock:low")).await;
    answer.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(allowed(&answer), "GET");
}

#[tokio::test]
async fn the_hand_written_route_goes_through_the_service() {
    let service = Service::start();
    let (few, many) = (service.product(3).await, service.product(30).await);
    let low = service.get("/api/v1/stock:low").await.ok(200);
    assert_eq!(low, json!({ "data": [{ "sku": few["sku"], "stock": 3 }] }));
    assert!(!low.to_string().contains(many["sku"].as_str().unwrap()));
}
