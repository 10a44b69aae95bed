//! What is particular to orders: prices and totals are ours, stock follows the lines, and the status has its steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::shop::v1::order::{
    CancelOrderRequest, Order, OrderId, OrderLine, OrderMethods, OrderRepository, OrderStatus, RankCustomersRequest,
    RankCustomersResponse, ShipOrderRequest,
};
use arcana_generated::shop::v1::product::{Product, ProductId, ProductRepository};
use arcana_runtime::access::Scope;
use arcana_runtime::changes::{Adjust, Changes};
use arcana_runtime::context::Context;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::service::Hooks;
use arcana_runtime::types::Decimal;
use async_trait::async_trait;

/// The logic of orders.
pub struct OrderLogic {
    orders: Arc<dyn OrderRepository>,
    products: Arc<dyn ProductRepository>,
}

/// Pieces per product.
type Pieces = BTreeMap<ProductId, i32>;

impl OrderLogic {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self { orders: repositories.orders.clone(), products: repositories.products.clone() }
    }

    /// Prices the new lines, sums all of them up, and takes from stock what the order needs more than `before`.
    async fn settle(&self, cx: &Context, draft: &mut Order, before: Pieces, changes: &mut Changes) -> Result<()> {
        let products = self.products_of(cx, draft).await?;
        for (index, line) in draft.lines.iter_mut().enumerate() {
            let product = products.get(&line.product_id).ok_or_else(|| {
                let field = format!("lines[{index}].product_id");
                Error::precondition_on(field, format!("there is no product {}", line.product_id))
            })?;
            // A line keeps the price that it was ordered at.
            if line.unit_price.is_zero() {
                line.unit_price = product.price;
            }
        }
        draft.total = draft.lines.iter().map(|line| line.unit_price * Decimal::from(line.quantity)).sum();
        let mut more = pieces(&draft.lines);
        for (product, count) in before {
            *more.entry(product).or_default() -= count;
        }
        for (id, count) in more.into_iter().filter(|(_, count)| *count != 0) {
            if let Some(product) = products.get(&id).filter(|product| product.stock < count) {
                let message = format!("of {} only {} are left, {count} are needed", product.sku, product.stock);
                return Err(Error::precondition_on("lines", message));
            }
            take(changes, id, count);
        }
        Ok(())
    }

    async fn products_of(&self, cx: &Context, order: &Order) -> Result<BTreeMap<ProductId, Product>> {
        let ids: Vec<ProductId> = pieces(&order.lines).into_keys().collect();
        let products = self.products.find_many(cx, &Scope::Unrestricted, &ids).await?;
        Ok(products.into_iter().map(|product| (product.id, product)).collect())
    }

    /// An order that may still take a step.
    async fn open_order(&self, cx: &Context, scope: &Scope, id: &OrderId) -> Result<Order> {
        let order = self.orders.find_by_id(cx, scope, id).await?.ok_or_else(|| Error::no_row("Order", id))?;
        require_open(&order)?;
        Ok(order)
    }
}

fn require_open(order: &Order) -> Result<()> {
    let state = match order.status {
        OrderStatus::Open => return Ok(()),
        OrderStatus::Shipped => "shipped",
        OrderStatus::Cancelled => "cancelled",
        OrderStatus::Unspecified => "in no known state",
    };
    let message = format!("order {} is {state}; only an open order can be changed", order.number);
    Err(Error::precondition_on("status", message))
}

fn pieces(lines: &[OrderLine]) -> Pieces {
    let mut pieces = Pieces::new();
    for line in lines {
        *pieces.entry(line.product_id).or_default() += line.quantity;
    }
    pieces
}

/// Takes pieces from stock, or puts them back if there are fewer than none; the guard holds against all others who
/// take at the same time.
fn take(changes: &mut Changes, product: ProductId, count: i32) {
    changes.adjust(Adjust::of(&product).add(&Product::STOCK, &-count).at_least(&Product::STOCK, &0));
}

fn put_back(changes: &mut Changes, order: &Order) {
    for (product, count) in pieces(&order.lines) {
        take(changes, product, -count);
    }
}

#[async_trait]
impl Hooks<Order> for OrderLogic {
    async fn before_create(&self, cx: &Context, draft: &mut Order, changes: &mut Changes) -> Result<()> {
        draft.placed_at.get_or_insert_with(|| cx.now());
        self.settle(cx, draft, Pieces::new(), changes).await
    }

    async fn before_update(
        &self,
        cx: &Context,
        current: &Order,
        draft: &mut Order,
        changes: &mut Changes,
    ) -> Result<()> {
        require_open(current)?;
        draft.placed_at = draft.placed_at.or(current.placed_at);
        self.settle(cx, draft, pieces(&current.lines), changes).await
    }

    async fn before_delete(&self, _cx: &Context, current: &Order, changes: &mut Changes) -> Result<()> {
        match current.status {
            OrderStatus::Shipped => require_open(current),
            OrderStatus::Open => {
                put_back(changes, current);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl OrderMethods for OrderLogic {
    async fn rank_customers(
        &self,
        cx: &Context,
        scope: &Scope,
        request: RankCustomersRequest,
        _changes: &mut Changes,
    ) -> Result<RankCustomersResponse> {
        Ok(RankCustomersResponse { customers: self.orders.rank_customers(cx, scope, &request).await? })
    }

    async fn cancel(
        &self,
        cx: &Context,
        scope: &Scope,
        request: CancelOrderRequest,
        changes: &mut Changes,
    ) -> Result<Order> {
        let order = self.open_order(cx, scope, &request.id).await?;
        put_back(changes, &order);
        let note = request.reason.or_else(|| order.note.clone());
        Ok(changes.update(&order, Order { status: OrderStatus::Cancelled, note, ..order.clone() }))
    }

    async fn ship(
        &self,
        cx: &Context,
        scope: &Scope,
        request: ShipOrderRequest,
        changes: &mut Changes,
    ) -> Result<Order> {
        let order = self.open_order(cx, scope, &request.id).await?;
        let tracking_number = Some(request.tracking_number);
        Ok(changes.update(&order, Order { status: OrderStatus::Shipped, tracking_number, ..order.clone() }))
    }
}

#[cfg(test)]
mod tests;
