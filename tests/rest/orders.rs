//! What is particular to orders, through the front door: prices, stock, lines, steps.

use serde_json::{Value, json};

use crate::support::{Service, at, order_of, unique};

#[tokio::test]
async fn totals_are_computed_and_prices_kept_as_they_were() {
    let service = Service::start();
    let (lamp, cup) = (service.product(20).await, service.product(20).await);
    let order = service.order(&[(&lamp, 3), (&cup, 1)]).await;
    assert_eq!(order["total"], "42.00");
    assert_eq!(order["lines"][0]["unit_price"], "10.50");
    assert!(order["placed_at"].is_string());
    service.patch(&at("products", &lamp), &json!({ "price": "99.99" })).await.ok(200);
    let own = at("orders", &order);
    let mut lines = order["lines"].clone();
    lines[0]["quantity"] = json!(4);
    let after = service.patch(&own, &json!({ "lines": lines })).await.ok(200);
    assert_eq!(after["total"], "52.50", "a line keeps its price");
    lines.as_array_mut().unwrap().push(json!({ "product_id": lamp["id"], "quantity": 1 }));
    let after = service.patch(&own, &json!({ "lines": lines })).await.ok(200);
    assert_eq!(after["total"], "152.49", "a new line has today's price");
    assert_eq!(service.get(&own).await.ok(200), after);
}

#[tokio::test]
async fn stock_follows_the_lines() {
    let service = Service::start();
    let (lamp, cup) = (service.product(10).await, service.product(10).await);
    let order = service.order(&[(&lamp, 3)]).await;
    let own = at("orders", &order);
    let stocks = async || (service.stock(&lamp).await, service.stock(&cup).await);
    assert_eq!(stocks().await, (7, 10));
    let line = |product: &Value, quantity: i32| json!({ "product_id": product["id"], "quantity": quantity });
    service.patch(&own, &json!({ "lines": [line(&lamp, 5), line(&cup, 1)] })).await.ok(200);
    assert_eq!(stocks().await, (5, 9));
    service.patch(&own, &json!({ "lines": [line(&lamp, 10), line(&cup, 1)] })).await.ok(200);
    assert_eq!(stocks().await, (0, 9));
    service.patch(&own, &json!({ "lines": [line(&cup, 2)] })).await.ok(200);
    assert_eq!(stocks().await, (10, 8));
    service.patch(&own, &json!({ "note": "no line" })).await.ok(200);
    assert_eq!(stocks().await, (10, 8));
    service.post(&format!("{own}:cancel"), &json!({})).await.ok(200);
    assert_eq!(stocks().await, (10, 10));
    assert_eq!(service.delete(&own).await.status, 204);
    assert_eq!(stocks().await, (10, 10), "a cancelled order has nothing to give back");
    let order = service.order(&[(&lamp, 3)]).await;
    assert_eq!(service.delete(&at("orders", &order)).await.status, 204);
    assert_eq!(stocks().await, (10, 10), "an open order gives back what it took");
}

#[tokio::test]
async fn nothing_is_sold_that_is_not_there() {
    let service = Service::start();
    let (lamp, cup, customer) = (service.product(5).await, service.product(5).await, service.customer().await);
    // In one line, and in several that only together are too many.
    for lines in [vec![(&lamp, 6)], vec![(&cup, 1), (&lamp, 3), (&lamp, 3)]] {
        let refusal = service.post("/api/v1/orders", &order_of(&customer, &lines)).await;
        let refusal = refusal.refused(409, "FAILED_PRECONDITION");
        refusal.says("only 5 are left, 6 are needed").names("lines", "precondition");
    }
    assert_eq!((service.stock(&lamp).await, service.stock(&cup).await), (5, 5));
    let order = service.order(&[(&lamp, 5)]).await;
    let mut lines = order["lines"].clone();
    lines[0]["quantity"] = json!(6);
    let answer = service.patch(&at("orders", &order), &json!({ "lines": lines })).await;
    answer.refused(409, "FAILED_PRECONDITION");
    assert_eq!(service.stock(&lamp).await, 0);
    assert_eq!(service.get(&at("orders", &order)).await.ok(200), order);
}

#[tokio::test]
async fn lines_are_changed_by_their_ids_and_no_others() {
    let service = Service::start();
    let (lamp, cup) = (service.product(50).await, service.product(50).await);
    let (order, other) = (service.order(&[(&lamp, 1), (&cup, 2)]).await, service.order(&[(&lamp, 1)]).await);
    let own = at("orders", &order);
    let id = |order: &Value, line: usize| order["lines"][line]["id"].clone();
    // Turned around, one changed, one added.
    let lines = json!([
        { "id": id(&order, 1), "product_id": cup["id"], "quantity": 2 },
        { "product_id": cup["id"], "quantity": 7 },
        { "id": id(&order, 0), "product_id": lamp["id"], "quantity": 5 },
    ]);
    let after = service.patch(&own, &json!({ "lines": lines })).await.ok(200);
    assert_eq!((id(&after, 0), id(&after, 2)), (id(&order, 1), id(&order, 0)));
    assert!(![id(&order, 0), id(&order, 1)].contains(&id(&after, 1)));
    assert_eq!(after["lines"][2]["quantity"], 5);
    assert_eq!(service.get(&own).await.ok(200), after);
    let only = json!([{ "id": id(&after, 1), "product_id": cup["id"], "quantity": 7 }]);
    let after = service.patch(&own, &json!({ "lines": only })).await.ok(200);
    assert_eq!(after["lines"].as_array().unwrap().len(), 1);
    // Ids of another order, of no one, and twice the same.
    let kept = id(&after, 0);
    for (lines, at) in [
        (json!([{ "id": id(&other, 0), "product_id": lamp["id"], "quantity": 1 }]), 0),
        (
            json!([{ "id": kept, "product_id": cup["id"], "quantity": 7 }, { "id": id(&order, 0), "product_id": lamp["id"], "quantity": 1 }]),
            1,
        ),
        (
            json!([{ "id": kept, "product_id": cup["id"], "quantity": 7 }, { "id": kept, "product_id": cup["id"], "quantity": 1 }]),
            1,
        ),
    ] {
        let refusal = service.patch(&own, &json!({ "lines": lines })).await;
        refusal.breaks(&format!("lines[{at}].id"), "owned.id").says("leave it out to add a new one");
    }
    assert_eq!(service.get(&own).await.ok(200), after);
    assert_eq!(service.get(&at("orders", &other)).await.ok(200), other);
}

#[tokio::test]
async fn wrong_lines_are_named_with_their_place() {
    let service = Service::start();
    let (lamp, customer) = (service.product(50).await, service.customer().await);
    let line = |quantity: Value| json!({ "product_id": lamp["id"], "quantity": quantity });
    for (lines, field, rule) in [
        (json!([]), "lines", "repeated.min_items"),
        (Value::Null, "lines", "required"),
        (json!({}), "lines", "list"),
        (json!([null]), "lines[0]", "required"),
        (json!([5]), "lines[0]", "object"),
        (json!([line(json!(1)), line(json!(0))]), "lines[1].quantity", "int32.gte"),
        (json!([line(json!(1001))]), "lines[0].quantity", "int32.lte"),
        (json!([line(json!(1.5))]), "lines[0].quantity", "int32"),
        (json!([line(json!("1"))]), "lines[0].quantity", "int32"),
        (json!([line(Value::Null)]), "lines[0].quantity", "required"),
        (json!([{ "quantity": 1 }]), "lines[0].product_id", "required"),
        (json!([{ "product_id": "x", "quantity": 1 }]), "lines[0].product_id", "string.uuid"),
        (json!([{ "product_id": lamp["id"], "quantity": 1, "price": "0.01" }]), "lines[0].price", "unknown"),
        (Value::Array(vec![line(json!(1)); 101]), "lines", "repeated.max_items"),
    ] {
        let body = json!({ "number": "SO-X", "customer_id": customer["id"], "lines": lines });
        service.post("/api/v1/orders", &body).await.breaks(field, rule);
    }
}

#[tokio::test]
async fn only_an_open_order_takes_a_step() {
    let service = Service::start();
    let lamp = service.product(50).await;
    let step = async |order: &Value, verb: &str| {
        let body =
            if verb == "ship" { json!({ "tracking_number": "1Z" }) } else { json!({ "reason": "Ordered twice." }) };
        service.post(&format!("{}:{verb}", at("orders", order)), &body).await
    };
    for (first, status, words) in
        [("cancel", "ORDER_STATUS_CANCELLED", "is cancelled"), ("ship", "ORDER_STATUS_SHIPPED", "is shipped")]
    {
        let order = service.order(&[(&lamp, 1)]).await;
        let own = at("orders", &order);
        let answer = step(&order, first).await;
        let after = answer.ok(200);
        assert_eq!((&after["status"], answer.header("etag")), (&json!(status), "\"2\""));
        assert_eq!(service.get(&own).await.ok(200), after);
        for second in ["cancel", "ship"] {
            let refusal = step(&order, second).await.refused(409, "FAILED_PRECONDITION");
            refusal.says(words).names("status", "precondition");
        }
        service.patch(&own, &json!({ "note": "late" })).await.refused(409, "FAILED_PRECONDITION").says(words);
        let delete = service.delete(&own).await;
        match first {
            "ship" => drop(delete.refused(409, "FAILED_PRECONDITION").says("is shipped")),
            _ => assert_eq!(delete.status, 204),
        }
    }
}

#[tokio::test]
async fn steps_check_what_they_are_told() {
    let service = Service::start();
    let lamp = service.product(50).await;
    let order = service.order(&[(&lamp, 1)]).await;
    let own = at("orders", &order);
    for (verb, body, field, rule) in [
        ("ship", json!({}), "tracking_number", "required"),
        ("ship", json!({ "tracking_number": "" }), "tracking_number", "string.min_len"),
        ("ship", json!({ "tracking_number": "x".repeat(65) }), "tracking_number", "string.max_len"),
        ("ship", json!({ "tracking_number": "1", "id": order["id"] }), "id", "path"),
        ("ship", json!([]), "body", "object"),
        ("cancel", json!({ "reason": "x".repeat(501) }), "reason", "string.max_len"),
        ("cancel", json!({ "reason": "a\u{0}b" }), "reason", "string.nul"),
        ("cancel", json!({ "raeson": "x" }), "raeson", "unknown"),
    ] {
        service.post(&format!("{own}:{verb}"), &body).await.breaks(field, rule);
    }
    service.post(&format!("{own}:cancel?reason=x"), &json!({})).await.breaks("reason", "query.unknown");
    service.post("/api/v1/orders/x:cancel", &json!({})).await.breaks("id", "string.uuid");
    let nobody = "/api/v1/orders/0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e:cancel";
    service.post(nobody, &json!({})).await.refused(404, "NOT_FOUND");
    // A step needs no body where nothing is required.
    let cancelled = service.send(service.request("POST", &format!("{own}:cancel"))).await.ok(200);
    assert_eq!((&cancelled["status"], &cancelled["note"]), (&json!("ORDER_STATUS_CANCELLED"), &Value::Null));
}

#[tokio::test]
async fn stock_cannot_run_over_what_it_can_hold() {
    let service = Service::start();
    let lamp = service.product(10).await;
    let order = service.order(&[(&lamp, 5)]).await;
    service.patch(&at("products", &lamp), &json!({ "stock": i32::MAX })).await.ok(200);
    let answer = service.post(&format!("{}:cancel", at("orders", &order)), &json!({})).await;
    answer.refused(409, "FAILED_PRECONDITION").names("stock", "precondition");
    assert_eq!(service.stock(&lamp).await, i64::from(i32::MAX));
    assert_eq!(service.get(&at("orders", &order)).await.ok(200), order);
}

#[tokio::test]
async fn the_largest_order_fits() {
    let service = Service::start();
    let body =
        json!({ "sku": format!("GOLD-{}", unique()), "name": "Gold", "price": "9999999999.99", "stock": 100_000 });
    let gold = service.post("/api/v1/products", &body).await.ok(201);
    let order = service.order(&[(&gold, 1000); 100]).await;
    assert_eq!(order["total"], "999999999999000.00");
    assert_eq!(order["lines"].as_array().unwrap().len(), 100);
    assert_eq!(service.stock(&gold).await, 0);
}

#[tokio::test]
async fn customers_are_ranked_by_what_they_ordered() {
    let service = Service::start();
    let product = service.product(100).await;
    let mut customers = Vec::new();
    for quantities in [vec![2], vec![3, 1], vec![9]] {
        let customer = service.customer().await;
        for quantity in quantities {
            let order = order_of(&customer, &[(&product, quantity)]);
            let order = service.post("/api/v1/orders", &order).await.ok(201);
            if quantity == 9 {
                service.post(&format!("{}:cancel", at("orders", &order)), &json!({})).await.ok(200);
            }
        }
        customers.push(customer);
    }
    let price: f64 = product["price"].as_str().unwrap().parse().unwrap();
    let rank = |n: usize, orders: i64, pieces: f64| {
        json!({ "customer_id": customers[n]["id"], "name": customers[n]["name"], "orders": orders,
                "revenue": format!("{:.2}", price * pieces) })
    };
    let answer = service.get("/api/v1/orders:rankCustomers").await.ok(200);
    assert_eq!(answer, json!({ "customers": [rank(1, 2, 4.0), rank(0, 1, 2.0)] }));
    let answer = service.get("/api/v1/orders:rankCustomers?size=1").await.ok(200);
    assert_eq!(answer, json!({ "customers": [rank(1, 2, 4.0)] }));
    let answer = service.get("/api/v1/orders:rankCustomers?since=2999-01-01T00:00:00Z").await.ok(200);
    assert_eq!(answer, json!({ "customers": [] }));
    service.get("/api/v1/orders:rankCustomers?size=101").await.breaks("size", "int32.lte");
}
