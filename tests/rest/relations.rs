//! What holds between rows: unique values, references, deletes that others stand in the way of.

use serde_json::{Value, json};

use crate::support::{Service, at, order_of, unique};

const NOBODY: &str = "0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e";

#[tokio::test]
async fn a_value_that_is_taken_is_a_conflict_that_names_the_field() {
    let service = Service::start();
    let (a, b, product) = (service.customer().await, service.customer().await, service.product(9).await);
    let order = service.order(&[(&product, 1)]).await;
    let user = service.user().await;
    let again = order_of(&a, &[(&product, 1)]);
    let number = {
        let mut body = again.clone();
        body["number"] = order["number"].clone();
        body
    };
    for (collection, body, field) in [
        ("customers", json!({ "name": "X", "email": a["email"] }), "email"),
        ("users", json!({ "name": "X", "email": user["email"] }), "email"),
        ("products", json!({ "sku": product["sku"], "name": "X", "price": "1.00" }), "sku"),
        ("orders", number, "number"),
    ] {
        let refusal = service.post(&format!("/api/v1/{collection}"), &body).await.refused(409, "CONFLICT");
        refusal.says(&format!("{field} is taken by another"));
        assert_eq!(refusal.broken(), [(field, "unique")]);
    }
    let taken = json!({ "email": a["email"] });
    service.patch(&at("customers", &b), &taken).await.refused(409, "CONFLICT").names("email", "unique");
    assert_eq!(service.get(&at("customers", &b)).await.ok(200), b);
    // One's own value is not taken by another.
    service.patch(&at("customers", &a), &taken).await.ok(200);
    assert_eq!(service.stock(&product).await, 8, "what was refused took nothing from stock");
}

#[tokio::test]
async fn a_value_is_free_again_when_its_row_is_gone() {
    let service = Service::start();
    let (customer, product) = (service.customer().await, service.product(1).await);
    let body = json!({ "name": "X", "email": customer["email"] });
    service.delete(&at("customers", &customer)).await;
    service.post("/api/v1/customers", &body).await.ok(201);
    // The same where the row is only marked; it cannot come back beside the new one.
    service.delete(&at("products", &product)).await;
    let body = json!({ "sku": product["sku"], "name": "X", "price": "1.00" });
    let heir = service.post("/api/v1/products", &body).await.ok(201);
    let undelete = format!("{}:undelete", at("products", &product));
    service.post(&undelete, &json!({})).await.refused(409, "CONFLICT").names("sku", "unique");
    service.delete(&at("products", &heir)).await;
    service.post(&undelete, &json!({})).await.ok(200);
}

#[tokio::test]
async fn a_reference_must_lead_somewhere() {
    let service = Service::start();
    let (customer, product) = (service.customer().await, service.product(9).await);
    let nobody = json!({ "id": NOBODY });
    let lonely = json!({ "name": "X", "email": format!("x{}@example.com", unique()), "user_id": NOBODY });
    for (collection, body, field) in [
        ("customers", lonely, "user_id"),
        ("orders", order_of(&nobody, &[(&product, 1)]), "customer_id"),
        ("orders", order_of(&customer, &[(&product, 1), (&nobody, 1)]), "lines[1].product_id"),
    ] {
        let answer = service.post(&format!("/api/v1/{collection}"), &body).await;
        answer.refused(409, "FAILED_PRECONDITION").names(field, "precondition");
    }
    let own = at("customers", &customer);
    let refusal = service.patch(&own, &json!({ "user_id": NOBODY })).await.refused(409, "FAILED_PRECONDITION");
    refusal.names("user_id", "precondition");
    // A row that is marked as deleted is no row.
    let user = service.user().await;
    service.delete(&at("users", &user)).await;
    let refusal = service.patch(&own, &json!({ "user_id": user["id"] })).await.refused(409, "FAILED_PRECONDITION");
    refusal.names("user_id", "precondition");
    service.delete(&at("products", &product)).await;
    let answer = service.post("/api/v1/orders", &order_of(&customer, &[(&product, 1)])).await;
    answer.refused(409, "FAILED_PRECONDITION").names("lines[0].product_id", "precondition");
    assert_eq!(service.get("/api/v1/orders").await.ok(200)["total"], 0);
}

#[tokio::test]
async fn a_row_that_others_need_stays() {
    let service = Service::start();
    let product = service.product(9).await;
    let order = service.order(&[(&product, 1)]).await;
    let customer = format!("/api/v1/customers/{}", order["customer_id"].as_str().unwrap());
    for own in [customer.clone(), at("products", &product)] {
        let refusal = service.delete(&own).await.refused(409, "FAILED_PRECONDITION");
        refusal.says("refer to it; delete those first");
        service.get(&own).await.ok(200);
    }
    assert_eq!(service.delete(&at("orders", &order)).await.status, 204);
    for own in [customer, at("products", &product)] {
        assert_eq!(service.delete(&own).await.status, 204);
    }
}

#[tokio::test]
async fn an_account_that_goes_leaves_its_customers_behind() {
    let service = Service::start();
    let user = service.user().await;
    let body = json!({ "name": "X", "email": "left@example.com", "user_id": user["id"] });
    let customer = service.post("/api/v1/customers", &body).await.ok(201);
    assert_eq!(service.delete(&at("users", &user)).await.status, 204);
    // The account is only marked, so the reference stays until it goes for good; the customer can be changed meanwhile.
    let after = service.get(&at("customers", &customer)).await.ok(200);
    assert!([Value::Null, user["id"].clone()].contains(&after["user_id"]), "{after:#}");
    service.post(&format!("{}:undelete", at("users", &user)), &json!({})).await.ok(200);
    service.patch(&at("customers", &customer), &json!({ "phone": "1" })).await.ok(200);
}

#[tokio::test]
async fn a_reference_is_shown_as_its_row_where_it_is_asked_for() {
    let service = Service::start();
    let (customer, product) = (service.customer().await, service.product(9).await);
    let order = service.post("/api/v1/orders", &order_of(&customer, &[(&product, 2)])).await.ok(201);
    assert!(order.as_object().unwrap().contains_key("customer"), "a member is always there: {order:#}");
    assert_eq!((&order["customer"], &order["lines"][0]["product"]), (&Value::Null, &Value::Null));
    let product = service.get(&at("products", &product)).await.ok(200);
    let path = format!("{}?expand=customer,lines.product", at("orders", &order));
    let shown = service.get(&path).await.ok(200);
    assert_eq!((&shown["customer"], &shown["lines"][0]["product"]), (&customer, &product));
    let listed = service.get("/api/v1/orders?expand=customer").await.ok(200);
    assert_eq!((&listed["data"][0]["customer"], &listed["data"][0]["lines"][0]["product"]), (&customer, &Value::Null));
    // What was shown may be sent back: the rows in it are passed over.
    let replaced = service.put(&at("orders", &order), &shown).await.ok(200);
    assert_eq!((&replaced["customer"], &replaced["note"]), (&Value::Null, &shown["note"]));
    let mut renamed = shown.clone();
    renamed["customer"]["name"] = json!("Somebody else");
    service.patch(&at("orders", &order), &renamed).await.ok(200);
    assert_eq!(service.get(&at("customers", &customer)).await.ok(200), customer);
}

#[tokio::test]
async fn an_expanded_answer_is_never_said_to_be_unchanged() {
    let service = Service::start();
    let (customer, product) = (service.customer().await, service.product(9).await);
    let order = service.post("/api/v1/orders", &order_of(&customer, &[(&product, 1)])).await.ok(201);
    let asked = |path: &str| service.request("GET", path).header("if-none-match", "\"1\"");
    let path = at("orders", &order);
    assert_eq!(service.send(asked(&path)).await.status, 304);
    let expanded = format!("{path}?expand=customer");
    service.patch(&at("customers", &customer), &json!({ "name": "Another name" })).await.ok(200);
    let answer = service.send(asked(&expanded)).await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"1\""));
    assert_eq!(answer.ok(200)["customer"]["name"], "Another name");
}

#[tokio::test]
async fn paths_that_nobody_knows_are_refused() {
    let service = Service::start();
    let order = service.order(&[(&service.product(9).await, 1)]).await;
    let row = at("orders", &order);
    for path in ["/api/v1/orders", row.as_str()] {
        let refusal = service.get(&format!("{path}?expand=lines")).await.breaks("expand", "query.expand");
        refusal.says("known are customer, lines.product");
        service.get(&format!("{path}?expand=customer&expand=customer")).await.breaks("expand", "query.repeated");
        service.get(&format!("{path}?expands=customer")).await.breaks("expands", "query.unknown");
    }
    service.get("/api/v1/products?expand=customer").await.breaks("expand", "query.unknown");
}
