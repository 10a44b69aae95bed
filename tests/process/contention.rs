//! Many at once: starts on one database, orders for the last pieces, changes of one row.

use std::collections::BTreeMap;
use std::sync::Arc;

use arcana_generated::pb::shop::v1::order_service_client::OrderServiceClient;
use arcana_generated::pb::shop::v1::{CreateOrderRequest, Order, OrderLine};
use serde_json::json;
use tonic::Code;

use crate::support::{Service, Start, at, order_of, unique};

#[tokio::test(flavor = "multi_thread")]
async fn eight_that_start_at_once_on_a_fresh_database_all_serve() {
    for seeded in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let start = |_| {
            let path = folder.path().to_owned();
            tokio::task::spawn_blocking(move || {
                let start = Start::new().in_folder(&path);
                if seeded { start.seeded() } else { start }.run()
            })
        };
        let starting: Vec<_> = (0..8).map(start).collect();
        let mut services = Vec::new();
        for service in starting {
            services.push(service.await.unwrap());
        }
        let customer = services[0].customer().await;
        for service in &services {
            assert_eq!(service.get(&at("customers", &customer)).await.ok(200), customer);
            service.product(1).await;
        }
        let products = if seeded { 16 } else { 8 };
        assert_eq!(services[7].get("/api/v1/products").await.ok(200)["total"], products);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_pieces_are_sold_once() {
    let service = Arc::new(Service::start());
    let (customer, product) = (service.customer().await, service.product(20).await);
    let channel = service.channel().await;
    let orders: Vec<_> = (0..32)
        .map(|n| {
            let (service, channel) = (Arc::clone(&service), channel.clone());
            let (customer, product) = (customer.clone(), product.clone());
            tokio::spawn(async move {
                if n % 2 == 0 {
                    let answer = service.post("/api/v1/orders", &order_of(&customer, &[(&product, 1)])).await;
                    if answer.status == 201 {
                        return true;
                    }
                    answer.refused(409, "FAILED_PRECONDITION");
                    return false;
                }
                let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
                let line = OrderLine { product_id: text(&product["id"]), quantity: Some(1), ..Default::default() };
                let (number, customer_id) = (Some(format!("SO-{}", unique())), text(&customer["id"]));
                let order = Order { number, customer_id, lines: vec![line], ..Default::default() };
                match OrderServiceClient::new(channel).create_order(CreateOrderRequest { order: Some(order) }).await {
                    Ok(_) => true,
                    Err(status) => {
                        assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
                        false
                    }
                }
            })
        })
        .collect();
    let mut sold = 0;
    for order in orders {
        sold += usize::from(order.await.unwrap());
    }
    assert_eq!(sold, 20);
    assert_eq!(service.stock(&product).await, 0);
    assert_eq!(service.get("/api/v1/orders").await.ok(200)["total"], 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_on_one_order_are_taken_once() {
    let service = Arc::new(Service::start());
    let product = service.product(10).await;
    let order = service.order(&[(&product, 5)]).await;
    let own = at("orders", &order);
    let steps: Vec<_> = (0..16)
        .map(|n| {
            let (service, own) = (Arc::clone(&service), own.clone());
            tokio::spawn(async move {
                let (verb, body) =
                    if n % 2 == 0 { ("cancel", json!({})) } else { ("ship", json!({ "tracking_number": "1" })) };
                service.post(&format!("{own}:{verb}"), &body).await.status
            })
        })
        .collect();
    let mut statuses = BTreeMap::<u16, usize>::new();
    for step in steps {
        *statuses.entry(step.await.unwrap()).or_default() += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(200, 1), (409, 15)]));
    let after = service.get(&own).await.ok(200);
    let stock = if after["status"] == "ORDER_STATUS_CANCELLED" { 10 } else { 5 };
    assert_eq!((service.stock(&product).await, &after["version"]), (stock, &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_one_row_are_lost_only_if_the_client_is_told() {
    let service = Arc::new(Service::start());
    let product = service.product(0).await;
    let own = at("products", &product);
    let writes: Vec<_> = (0..24)
        .map(|n| {
            let (service, own) = (Arc::clone(&service), own.clone());
            tokio::spawn(async move { service.patch(&own, &json!({ "stock": n })).await })
        })
        .collect();
    let mut kept = 0;
    for write in writes {
        let answer = write.await.unwrap();
        if answer.status == 200 {
            kept += 1;
        } else {
            answer.refused(409, "CONCURRENT_UPDATE");
        }
    }
    assert!(kept > 0);
    assert_eq!(service.get(&own).await.ok(200)["version"], 1 + kept);
}
