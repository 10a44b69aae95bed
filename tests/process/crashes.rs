//! `kill -9`: what was acknowledged is there, and nothing is there by half.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Service, Start, at, eventually, order_of};

const ROUNDS: usize = 3;
const WRITERS: usize = 6;
/// Orders that are acknowledged before the process is killed.
const ENOUGH: usize = 40;
const STOCK: i64 = 1_000_000;

/// All rows of a collection.
async fn all(service: &Service, collection: &str) -> Vec<Value> {
    let (mut rows, mut token) = (Vec::new(), String::new());
    loop {
        let page = service.get(&format!("/api/v1/{collection}?size=100&page_token={token}")).await.ok(200);
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        token = page["next_page_token"].as_str().unwrap().to_owned();
        if token.is_empty() {
            return rows;
        }
    }
}

/// Orders until the service is gone; gives those that it has acknowledged.
async fn order_on(service: Arc<Service>, customer: Value, products: Vec<Value>, count: Arc<AtomicUsize>) -> Vec<Value> {
    let mut acknowledged = Vec::new();
    for n in 1.. {
        let lines: Vec<_> = products.iter().map(|product| (product, 1 + n % 3)).collect();
        let request = service.request("POST", "/api/v1/orders").json(&order_of(&customer, &lines));
        // The connection breaks when the process is killed.
        let Ok(answer) = request.send().await else { break };
        if answer.status() != 201 {
            break;
        }
        let Ok(order) = answer.json::<Value>().await else { break };
        acknowledged.push(order);
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

async fn round(folder: &Path, customer: &Value, products: &[Value]) -> Vec<Value> {
    let service = Arc::new(Start::new().in_folder(folder).run());
    let count = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| tokio::spawn(order_on(Arc::clone(&service), customer.clone(), products.to_vec(), Arc::clone(&count))))
        .collect();
    eventually("orders are taken", async || (count.load(Ordering::Relaxed) >= ENOUGH).then_some(())).await;
    service.signal(Signal::KILL);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let service = Start::new().in_folder(folder.path()).run();
    let customer = service.customer().await;
    let mut products = Vec::new();
    for sku in ["KILL-1", "KILL-2", "KILL-3"] {
        let body = json!({ "sku": sku, "name": "Cup", "price": "1.50", "stock": STOCK });
        products.push(service.post("/api/v1/products", &body).await.ok(201));
    }
    drop(service);
    let mut acknowledged = Vec::new();
    for _ in 0..ROUNDS {
        acknowledged.extend(round(folder.path(), &customer, &products).await);
    }
    let service = Start::new().in_folder(folder.path()).run();
    let orders: BTreeMap<String, Value> =
        all(&service, "orders").await.into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect();
    assert!(acknowledged.len() >= ROUNDS * ENOUGH);
    for order in &acknowledged {
        assert_eq!(orders.get(order["id"].as_str().unwrap()), Some(order));
    }
    // Each of the others is whole, too: all its lines, its total, and its pieces gone from stock.
    let mut sold = 0;
    for order in orders.values() {
        let lines = order["lines"].as_array().unwrap();
        assert_eq!(lines.len(), products.len(), "{order:#}");
        let pieces: i64 = lines.iter().map(|line| line["quantity"].as_i64().unwrap()).sum();
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let total = format!("{:.2}", pieces as f64 * 1.5);
        assert_eq!(order["total"], total, "{order:#}");
        sold += pieces / 3;
    }
    for product in &products {
        assert_eq!(service.stock(product).await, STOCK - sold, "{}", at("products", product));
    }
}
