//! Statements without end: a filter that no index helps, over rows that are many, is cut off, and nobody else notices.

use std::sync::Arc;

use crate::commands::{printed, run};
use crate::support::Start;

/// Rows that the filter is tried on; it takes much longer than a statement may.
const ROWS: &str = "10000";

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_takes_too_long_is_cut_off_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    printed(&run(folder.path(), &["migrate", "up"]));
    printed(&run(folder.path(), &["seed", "--rows", ROWS]));
    let service = Arc::new(Start::new().in_folder(folder.path()).set("database.statement_timeout_ms=25").run());
    let product = service.get("/api/v1/products?size=1").await.ok(200)["data"][0].clone();
    let words: Vec<_> = (0..300).map(|n| format!("name:zq{n}")).collect();
    let slow = words.join(" OR ");
    let searches: Vec<_> = (0..4)
        .map(|_| {
            let (service, slow) = (Arc::clone(&service), slow.clone());
            tokio::spawn(async move {
                let request = service.request("GET", "/api/v1/products").query(&[("filter", &slow)]);
                service.send(request).await.refused(503, "SERVICE_UNAVAILABLE");
            })
        })
        .collect();
    // By its key, a row is read while the others search.
    for _ in 0..20 {
        let found = service.get(&format!("/api/v1/products/{}", product["id"].as_str().unwrap())).await.ok(200);
        assert_eq!(found, product);
    }
    for search in searches {
        search.await.unwrap();
    }
    assert_eq!(service.get("/api/v1/products?size=1").await.ok(200)["data"][0], product);
    assert_eq!(service.get("/health/ready").await.status, 200);
}
