//! Rows to test with, made through the front door.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::Service;

/// A number that no other row of this test binary has.
pub fn unique() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Service {
    /// A new customer.
    pub async fn customer(&self) -> Value {
        let body = json!({ "name": "Grace Hopper", "email": format!("grace{}@example.com", unique()) });
        self.post("/api/v1/customers", &body).await.ok(201)
    }

    /// A new account.
    pub async fn user(&self) -> Value {
        let body = json!({ "name": "Ada Lovelace", "email": format!("ada{}@example.com", unique()) });
        self.post("/api/v1/users", &body).await.ok(201)
    }

    /// A new product at 10.50 with so many pieces.
    pub async fn product(&self, stock: i32) -> Value {
        let sku = format!("LAMP-{}", unique());
        self.post("/api/v1/products", &json!({ "sku": sku, "name": "Lamp", "price": "10.50", "stock": stock }))
            .await
            .ok(201)
    }

    /// A new order of a new customer: pieces of each product.
    pub async fn order(&self, lines: &[(&Value, i32)]) -> Value {
        let customer = self.customer().await;
        self.post("/api/v1/orders", &order_of(&customer, lines)).await.ok(201)
    }

    /// The pieces that are left of a product.
    pub async fn stock(&self, product: &Value) -> i64 {
        self.get(&at("products", product)).await.ok(200)["stock"].as_i64().unwrap()
    }
}

/// The body of an order.
pub fn order_of(customer: &Value, lines: &[(&Value, i32)]) -> Value {
    let line = |(product, quantity): &(&Value, i32)| json!({ "product_id": product["id"], "quantity": quantity });
    json!({
        "number": format!("SO-{}", unique()),
        "customer_id": customer["id"],
        "lines": lines.iter().map(line).collect::<Vec<_>>(),
    })
}

/// Where a row stands.
pub fn at(collection: &str, row: &Value) -> String {
    format!("/api/v1/{collection}/{}", row["id"].as_str().unwrap())
}
