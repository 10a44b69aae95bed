//! The presence table of the contract: what absent, null and given mean for each kind of field.

use serde_json::{Value, json};

use crate::support::{Service, at, order_of, unique};

fn without(body: &Value, member: &str) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().shift_remove(member);
    body
}

fn with(body: &Value, member: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[member] = value;
    body
}

fn customer() -> Value {
    json!({ "name": "Grace", "email": format!("presence{}@example.com", unique()) })
}

#[tokio::test]
async fn required_members_must_be_there_and_cannot_be_null() {
    let service = Service::start();
    let (owner, product) = (service.customer().await, service.product(50).await);
    // A replacement may leave out what never changes; null it is not.
    for (collection, body, members, kept) in [
        ("customers", customer(), vec!["name", "email"], vec![]),
        ("users", customer(), vec!["name", "email"], vec![]),
        (
            "products",
            json!({ "sku": "ABC-1", "name": "Cup", "price": "1.00" }),
            vec!["sku", "name", "price"],
            vec!["sku"],
        ),
        (
            "orders",
            order_of(&owner, &[(&product, 1)]),
            vec!["number", "customer_id", "lines"],
            vec!["number", "customer_id"],
        ),
    ] {
        let path = format!("/api/v1/{collection}");
        let row = service.post(&path, &body).await.ok(201);
        let own = at(collection, &row);
        for member in members {
            for wrong in [without(&body, member), with(&body, member, Value::Null)] {
                let refusal = service.post(&path, &wrong).await.breaks(member, "required");
                assert_eq!(refusal.broken().len(), 1, "{:#}", refusal.0);
                if !kept.contains(&member) || wrong.get(member).is_some() {
                    service.put(&own, &wrong).await.breaks(member, "required");
                }
            }
            service.patch(&own, &json!({ member: null })).await.breaks(member, "required");
        }
        assert_eq!(service.get(&own).await.ok(200), row, "nothing of it was kept");
        let patched = service.patch(&own, &json!({})).await.ok(200);
        for member in body.as_object().unwrap().keys() {
            assert_eq!(patched[member], row[member], "absent is unchanged");
        }
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let service = Service::start();
    let body = json!({ "email": "no address", "country": "gb", "phone": 5, "nmae": "Grace", "zzz": 1 });
    let refusal = service.post("/api/v1/customers", &body).await;
    let refusal = refusal.refused(400, "VALIDATION_FAILED");
    refusal.names("name", "required");
    refusal.names("phone", "string");
    assert!(refusal.names("nmae", "unknown").contains("did you mean name?"));
    assert!(refusal.names("zzz", "unknown").ends_with("read-only are id, version, created_at, updated_at"));
    let body = json!({ "name": "", "email": "no address", "country": "gb", "phone": "x".repeat(33) });
    let refusal = service.post("/api/v1/customers", &body).await.refused(400, "VALIDATION_FAILED");
    for (field, rule) in [
        ("name", "string.min_len"),
        ("email", "string.email"),
        ("country", "string.pattern"),
        ("phone", "string.max_len"),
    ] {
        refusal.names(field, rule);
    }
    assert_eq!(refusal.0["errors"][3]["params"], json!({ "max": "32" }), "{:#}", refusal.0);
}

#[tokio::test]
async fn plain_members_fall_back_to_their_default() {
    let service = Service::start();
    // With a declared default, and with the zero value of the type.
    let product = json!({ "sku": format!("SKU-{}", unique()), "name": "Cup", "price": "1.00" });
    for (collection, body, member, default, other) in [
        ("customers", customer(), "country", json!("GB"), json!("DE")),
        ("products", product.clone(), "stock", json!(0), json!(7)),
        ("products", with(&product, "sku", json!("TAGS-1")), "tags", json!([]), json!(["a", "b"])),
    ] {
        let path = format!("/api/v1/{collection}");
        let row = service.post(&path, &body).await.ok(201);
        let own = at(collection, &row);
        assert_eq!(row[member], default, "absent at creation");
        assert_eq!(service.patch(&own, &json!({ member: other })).await.ok(200)[member], other);
        assert_eq!(service.patch(&own, &json!({})).await.ok(200)[member], other, "absent in a patch");
        assert_eq!(service.patch(&own, &json!({ member: null })).await.ok(200)[member], default, "null in a patch");
        assert_eq!(service.put(&own, &with(&body, member, other.clone())).await.ok(200)[member], other);
        assert_eq!(service.put(&own, &body).await.ok(200)[member], default, "absent in a replacement");
        service.put(&own, &with(&body, member, other.clone())).await.ok(200);
        assert_eq!(service.put(&own, &with(&body, member, Value::Null)).await.ok(200)[member], default);
    }
    let null = service.post("/api/v1/customers", &with(&customer(), "country", Value::Null)).await.ok(201);
    assert_eq!(null["country"], "GB");
}

#[tokio::test]
async fn optional_members_are_null_unless_given() {
    let service = Service::start();
    let (owner, piece, user) = (service.customer().await, service.product(50).await, service.user().await);
    let product = json!({ "sku": format!("SKU-{}", unique()), "name": "Cup", "price": "1.00" });
    let order = order_of(&owner, &[(&piece, 1)]);
    for (collection, body, member, value) in [
        ("customers", customer(), "phone", json!("+44 20")),
        ("customers", customer(), "user_id", user["id"].clone()),
        ("products", product, "description", json!("")),
        ("orders", order, "note", json!("ring twice")),
    ] {
        let row = service.post(&format!("/api/v1/{collection}"), &body).await.ok(201);
        let own = at(collection, &row);
        assert_eq!(row[member], Value::Null, "absent at creation");
        assert_eq!(service.patch(&own, &json!({ member: value })).await.ok(200)[member], value);
        assert_eq!(service.patch(&own, &json!({})).await.ok(200)[member], value, "absent in a patch");
        assert_eq!(service.patch(&own, &json!({ member: null })).await.ok(200)[member], Value::Null);
        assert_eq!(service.put(&own, &with(&body, member, value.clone())).await.ok(200)[member], value);
        assert_eq!(service.put(&own, &body).await.ok(200)[member], Value::Null, "absent in a replacement");
    }
}

#[tokio::test]
async fn output_only_members_are_passed_over_whatever_they_say() {
    let service = Service::start();
    let (owner, piece) = (service.customer().await, service.product(50).await);
    let mut body = order_of(&owner, &[(&piece, 2)]);
    let silly = json!({
        "id": "mine", "status": "ORDER_STATUS_SHIPPED", "total": -5, "tracking_number": [], "version": "x",
        "created_at": "yesterday", "updated_at": null,
    });
    body.as_object_mut().unwrap().extend(silly.as_object().unwrap().clone());
    let row = service.post("/api/v1/orders", &body).await.ok(201);
    assert_ne!(row["id"], "mine");
    assert_eq!(
        (&row["status"], &row["total"], &row["version"]),
        (&json!("ORDER_STATUS_OPEN"), &json!("21.00"), &json!(1))
    );
    let own = at("orders", &row);
    for answer in [service.patch(&own, &silly).await, service.put(&own, &body).await] {
        let after = answer.ok(200);
        for member in ["id", "status", "total", "tracking_number", "created_at"] {
            assert_eq!(after[member], row[member], "{member}");
        }
    }
    let user = service.post("/api/v1/users", &with(&customer(), "roles", json!(["super_admin"]))).await.ok(201);
    assert_eq!(user["roles"], json!([]));
    assert_eq!(user["status"], "USER_STATUS_ACTIVE");
}

#[tokio::test]
async fn immutable_members_can_be_set_once() {
    let service = Service::start();
    let (owner, other, piece) = (service.customer().await, service.customer().await, service.product(50).await);
    let body = order_of(&owner, &[(&piece, 1)]);
    let row = service.post("/api/v1/orders", &body).await.ok(201);
    let own = at("orders", &row);
    for (member, value) in [("number", json!("SO-OTHER")), ("customer_id", other["id"].clone())] {
        service.patch(&own, &json!({ member: row[member] })).await.ok(200);
        service.put(&own, &body).await.ok(200);
        let refusal = service.patch(&own, &json!({ member: value })).await.breaks(member, "immutable");
        assert_eq!(refusal.broken().len(), 1);
        service.put(&own, &with(&body, member, value)).await.breaks(member, "immutable");
    }
    let replaced = service.put(&own, &json!({ "lines": body["lines"], "note": "as before" })).await.ok(200);
    for member in ["number", "customer_id"] {
        assert_eq!(replaced[member], row[member], "absent in a replacement");
    }
    let product = service.product(1).await;
    service.patch(&at("products", &product), &json!({ "sku": "NEW-1" })).await.breaks("sku", "immutable");
}

#[tokio::test]
async fn sensitive_members_are_unknown_to_the_outside() {
    let service = Service::seeded();
    let answer = service.get("/api/v1/users").await;
    answer.ok(200);
    assert!(!answer.text.contains("password"));
    let body = with(&customer(), "password_hash", json!("x"));
    let refusal = service.post("/api/v1/users", &body).await.breaks("password_hash", "unknown");
    assert_eq!(refusal.broken().len(), 1);
    service.get("/api/v1/users?password_hash=x").await.breaks("password_hash", "query.unknown");
    service.get("/api/v1/users?sort=password_hash").await.breaks("sort", "query.order");
    service.get("/api/v1/users?filter=password_hash:*").await.breaks("filter", "query.filter");
}
