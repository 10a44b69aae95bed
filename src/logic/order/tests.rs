//! Orders, tested without a database: repositories answer what a test tells them, and writes are looked at as data.

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::shop::v1::order::MockOrderRepository;
use arcana_generated::shop::v1::product::MockProductRepository;
use arcana_runtime::changes::{GuardCheck, Set, Write};
use arcana_runtime::db::Value;
use arcana_runtime::fixture::Fixture;

use super::*;

/// A product that costs 49.90 and of which 10 pieces are left.
fn product() -> Product {
    Product { price: "49.90".parse().unwrap(), stock: 10, ..Product::fixture(0) }
}

/// An open order of two pieces that are not priced yet.
fn order() -> Order {
    let line = OrderLine { product_id: product().id, quantity: 2, unit_price: Decimal::ZERO, ..OrderLine::fixture(0) };
    Order { lines: vec![line], total: Decimal::ZERO, placed_at: None, ..Order::fixture(0) }
}

fn logic(orders: MockOrderRepository, found: Vec<Product>) -> OrderLogic {
    let mut products = MockProductRepository::new();
    products.expect_find_many().returning(move |_, _, _| Ok(found.clone()));
    OrderLogic::new(&Repositories { orders: Arc::new(orders), products: Arc::new(products), ..Repositories::mocked() })
}

fn holding(order: Order) -> MockOrderRepository {
    let mut orders = MockOrderRepository::new();
    orders.expect_find_by_id().returning(move |_, _, _| Ok(Some(order.clone())));
    orders
}

/// What a change adds to the stock of the product.
fn stock_added(changes: &Changes) -> Vec<i64> {
    let added = changes.writes().iter().filter_map(|write| match write {
        Write::Adjust { sets, guards, .. } => {
            assert!(guards.iter().all(|guard| guard.check == GuardCheck::AtLeast && guard.value == Value::I64(0)));
            sets.iter().find_map(|set| match set {
                Set::Add("stock", Value::I64(count)) => Some(*count),
                _ => None,
            })
        }
        _ => None,
    });
    added.collect()
}

fn field_of(error: Error) -> Option<String> {
    match error {
        Error::FailedPrecondition { field, .. } => field,
        other => panic!("another error: {other}"),
    }
}

#[tokio::test]
async fn a_new_order_is_priced_summed_up_and_taken_from_stock() {
    let (cx, mut draft) = (Context::system(), order());
    let mut changes = Changes::new(&cx);
    logic(MockOrderRepository::new(), vec![product()]).before_create(&cx, &mut draft, &mut changes).await.unwrap();
    assert_eq!(draft.total.to_string(), "99.80");
    assert_eq!(draft.lines[0].unit_price, product().price);
    assert!(draft.placed_at.is_some());
    assert_eq!(stock_added(&changes), [-2]);
}

#[tokio::test]
async fn refuses_an_order_of_more_than_is_left() {
    let (cx, mut draft) = (Context::system(), order());
    draft.lines[0].quantity = 11;
    let mut changes = Changes::new(&cx);
    let logic = logic(MockOrderRepository::new(), vec![product()]);
    let refused = logic.before_create(&cx, &mut draft, &mut changes).await.unwrap_err();
    assert_eq!(field_of(refused).as_deref(), Some("lines"));
    assert!(changes.is_empty());
}

#[tokio::test]
async fn refuses_a_line_of_an_unknown_product_and_names_it() {
    let (cx, mut draft) = (Context::system(), order());
    let logic = logic(MockOrderRepository::new(), Vec::new());
    let refused = logic.before_create(&cx, &mut draft, &mut Changes::new(&cx)).await.unwrap_err();
    assert_eq!(field_of(refused).as_deref(), Some("lines[0].product_id"));
}

#[tokio::test]
async fn a_changed_order_takes_only_the_difference_and_keeps_old_prices() {
    let cx = Context::system();
    let mut current = order();
    current.lines[0].unit_price = "40.00".parse().unwrap();
    let mut draft = current.clone();
    draft.lines[0].quantity = 5;
    let mut changes = Changes::new(&cx);
    let logic = logic(MockOrderRepository::new(), vec![product()]);
    logic.before_update(&cx, &current, &mut draft, &mut changes).await.unwrap();
    assert_eq!(stock_added(&changes), [-3]);
    assert_eq!(draft.total.to_string(), "200.00");
}

#[tokio::test]
async fn cancelling_puts_the_stock_back_and_keeps_the_reason() {
    let cx = Context::system();
    let mut changes = Changes::new(&cx);
    let request = CancelOrderRequest { id: order().id, reason: Some("twice".to_owned()) };
    let logic = logic(holding(order()), vec![product()]);
    let cancelled = logic.cancel(&cx, &Scope::Unrestricted, request, &mut changes).await.unwrap();
    assert_eq!(cancelled.status, OrderStatus::Cancelled);
    assert_eq!(cancelled.note.as_deref(), Some("twice"));
    assert_eq!(cancelled.version, order().version + 1);
    assert_eq!(stock_added(&changes), [2]);
}

#[tokio::test]
async fn only_open_orders_are_changed_cancelled_or_shipped() {
    let cx = Context::system();
    for status in [OrderStatus::Shipped, OrderStatus::Cancelled] {
        let order = Order { status, ..order() };
        let logic = logic(holding(order.clone()), vec![product()]);
        let mut changes = Changes::new(&cx);
        let update = logic.before_update(&cx, &order, &mut order.clone(), &mut changes).await;
        assert_eq!(field_of(update.unwrap_err()).as_deref(), Some("status"));
        let request = CancelOrderRequest { id: order.id, reason: None };
        let cancel = logic.cancel(&cx, &Scope::Unrestricted, request, &mut changes).await;
        assert_eq!(field_of(cancel.unwrap_err()).as_deref(), Some("status"));
        let request = ShipOrderRequest { id: order.id, tracking_number: "1Z".to_owned() };
        let ship = logic.ship(&cx, &Scope::Unrestricted, request, &mut changes).await;
        assert_eq!(field_of(ship.unwrap_err()).as_deref(), Some("status"));
        assert!(changes.is_empty());
    }
}

#[tokio::test]
async fn shipping_keeps_the_tracking_number() {
    let cx = Context::system();
    let mut changes = Changes::new(&cx);
    let request = ShipOrderRequest { id: order().id, tracking_number: "1Z".to_owned() };
    let logic = logic(holding(order()), Vec::new());
    let shipped = logic.ship(&cx, &Scope::Unrestricted, request, &mut changes).await.unwrap();
    assert_eq!((shipped.status, shipped.tracking_number.as_deref()), (OrderStatus::Shipped, Some("1Z")));
    assert!(stock_added(&changes).is_empty());
}

#[tokio::test]
async fn what_was_shipped_stays_and_what_was_open_gives_its_stock_back() {
    let cx = Context::system();
    let logic = logic(MockOrderRepository::new(), Vec::new());
    let mut changes = Changes::new(&cx);
    let shipped = Order { status: OrderStatus::Shipped, ..order() };
    assert!(logic.before_delete(&cx, &shipped, &mut changes).await.is_err());
    logic.before_delete(&cx, &order(), &mut changes).await.unwrap();
    assert_eq!(stock_added(&changes), [2]);
}
