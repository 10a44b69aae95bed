//! A hand-written route beside the generated ones: it goes through the same services, and so through the same rules.

use std::sync::Arc;

use arcana_generated::shop::v1::product::{PRODUCT, Product, ProductService};
use arcana_runtime::context::Context;
use arcana_runtime::error::Result;
use arcana_runtime::query::{Comparison, Filter, ListQuery};
use arcana_runtime::rest;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

/// Products of which fewer pieces than this are left are running low.
const LOW: i32 = 10;

/// `GET /api/v1/stock:low`
pub fn routes(products: Arc<dyn ProductService>) -> Router {
    Router::new().route("/api/v1/stock:low", get(low)).with_state(products)
}

/// The products that are running low, fewest first, at most a page of them.
async fn low(State(products): State<Arc<dyn ProductService>>, cx: Context) -> Result<Response> {
    let mut query = ListQuery::first(&PRODUCT).ordered_by(&Product::STOCK);
    query.narrow(Filter::compare(&Product::STOCK, Comparison::Less, &LOW));
    let page = products.list(&cx, query).await?;
    let line = |product: &Product| json!({ "sku": product.sku, "stock": product.stock });
    Ok(rest::ok(&json!({ "data": page.data.iter().map(line).collect::<Vec<_>>() })))
}
