//! `kill -9`, of the service and of the database server: what was acknowledged is there, and nothing is there by half.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arcana_testing::{Mariadb, Postgres, Server};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Service, Start, at, eventually, keep_on_sqlite, order_of};

/// Kills of the service.
const ROUNDS: usize = 20;
/// Kills of the database server, which takes longer to come back.
const SERVER_ROUNDS: usize = 3;
const WRITERS: usize = 6;
/// Orders that are acknowledged between two kills.
const ENOUGH: usize = 40;
const STOCK: i64 = 1_000_000;

/// Who orders, and what.
#[derive(Clone)]
struct Shop {
    customer: Value,
    products: Vec<Value>,
}

impl Shop {
    async fn open(service: &Service) -> Self {
        let customer = service.customer().await;
        let mut products = Vec::new();
        for sku in ["KILL-1", "KILL-2", "KILL-3"] {
            let body = json!({ "sku": sku, "name": "Cup", "price": "1.50", "stock": STOCK });
            products.push(service.post("/api/v1/products", &body).await.ok(201));
        }
        Self { customer, products }
    }

    /// Orders until told to stop, or until the service is gone; gives those that it has acknowledged.
    async fn order_on(self, service: Arc<Service>, count: Arc<AtomicUsize>, stop: Arc<AtomicBool>) -> Vec<Value> {
        let mut acknowledged = Vec::new();
        for n in 1.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let lines: Vec<_> = self.products.iter().map(|product| (product, 1 + n % 3)).collect();
            let request = service.request("POST", "/api/v1/orders").json(&order_of(&self.customer, &lines));
            // The connection breaks when the process is killed.
            let Ok(answer) = request.send().await else { break };
            match answer.status().as_u16() {
                201 => {
                    let Ok(order) = answer.json::<Value>().await else { break };
                    acknowledged.push(order);
                    count.fetch_add(1, Ordering::Relaxed);
                }
                // The server is away, or comes back.
                503 | 504 => tokio::task::yield_now().await,
                status => panic!("{status}: {}", answer.text().await.unwrap_or_default()),
            }
        }
        acknowledged
    }

    /// That all acknowledged orders are there, and that each of all is whole: its lines, its total, and its pieces gone
    /// from stock.
    async fn check(&self, service: &Service, acknowledged: &[Value]) {
        let rows = all(service, "orders").await.into_iter();
        let orders: BTreeMap<_, _> = rows.map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect();
        for order in acknowledged {
            assert_eq!(orders.get(order["id"].as_str().unwrap()), Some(order));
        }
        let mut sold = 0;
        for order in orders.values() {
            let lines = order["lines"].as_array().unwrap();
            assert_eq!(lines.len(), self.products.len(), "{order:#}");
            let pieces: i64 = lines.iter().map(|line| line["quantity"].as_i64().unwrap()).sum();
            #[allow(clippy::cast_precision_loss, reason = "small numbers")]
            let total = format!("{:.2}", pieces as f64 * 1.5);
            assert_eq!(order["total"], total, "{order:#}");
            sold += pieces / 3;
        }
        for product in &self.products {
            assert_eq!(service.stock(product).await, STOCK - sold, "{}", at("products", product));
        }
    }
}

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

/// Those who order at a service, all at once.
struct Load {
    writers: Vec<tokio::task::JoinHandle<Vec<Value>>>,
    count: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Load {
    fn on(service: &Arc<Service>, shop: &Shop) -> Self {
        let (count, stop) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let writer =
            |_| tokio::spawn(shop.clone().order_on(Arc::clone(service), Arc::clone(&count), Arc::clone(&stop)));
        let writers = (0..WRITERS).map(writer).collect();
        Self { writers, count, stop }
    }

    /// Waits for further orders to be acknowledged.
    async fn more(&self) {
        let enough = self.count.load(Ordering::Relaxed) + ENOUGH;
        eventually("orders are taken", async || (self.count.load(Ordering::Relaxed) >= enough).then_some(())).await;
    }

    async fn end(self) -> Vec<Value> {
        self.stop.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for writer in self.writers {
            acknowledged.extend(writer.await.unwrap());
        }
        acknowledged
    }
}

async fn kills_of_the_service(folder: &Path, setting: &str) {
    let start = || Start::new().in_folder(folder).set(setting).run();
    let mut service = Arc::new(start());
    let shop = Shop::open(&service).await;
    let mut acknowledged = Vec::new();
    for _ in 0..ROUNDS {
        let load = Load::on(&service, &shop);
        load.more().await;
        service.signal(Signal::KILL);
        acknowledged.extend(load.end().await);
        drop(service);
        service = Arc::new(start());
    }
    assert!(acknowledged.len() >= ROUNDS * ENOUGH);
    shop.check(&service, &acknowledged).await;
}

async fn kills_of_the_server(server: &Server, url: &str) {
    let service = Arc::new(Start::new().set(&format!("database.url={url}")).run());
    let shop = Shop::open(&service).await;
    let load = Load::on(&service, &shop);
    for _ in 0..SERVER_ROUNDS {
        load.more().await;
        server.kill9();
        eventually("the service says that it is not ready", async || {
            (service.get("/health/ready").await.status == 503).then_some(())
        })
        .await;
        server.restart();
        load.more().await;
    }
    let acknowledged = load.end().await;
    shop.check(&service, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_the_service_lose_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    kills_of_the_service(folder.path(), "database.synchronous=NORMAL").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_where_commits_survive_the_loss_of_power() {
    let folder = tempfile::tempdir().unwrap();
    keep_on_sqlite(folder.path());
    kills_of_the_service(folder.path(), "database.synchronous=FULL").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_postgres_lose_nothing_and_the_service_goes_on() {
    let server = Postgres::start();
    let url = server.create_database("kills");
    kills_of_the_server(&server, &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_mariadb_lose_nothing_and_the_service_goes_on() {
    let server = Mariadb::start();
    let url = server.create_database("kills");
    kills_of_the_server(&server, &url).await;
}
