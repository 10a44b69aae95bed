//! Owned children: written and read with their parent, in their order, and nobody else's.

use arcana_runtime::error::Error;
use arcana_runtime::service::{Etag, Service};
use conformance_generated::conformance::v1::order::{NewOrderLine, Order, OrderPatch};
use conformance_generated::conformance::v1::product::Product;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, concurrent, conflict};

pub fn cases() -> Vec<Case> {
    vec![
        case(children_come_back_in_their_order),
        case(two_kinds_of_children_do_not_mix),
        case(children_of_many_parents_find_their_own),
        case(children_are_added_at_any_place),
        case(children_are_changed_in_place),
        case(children_are_removed),
        case(children_are_reordered),
        case(all_at_once),
        case(all_children_go),
        case(many_children),
        case(a_change_of_children_counts_the_version_of_the_parent),
        case(a_change_of_children_of_a_stale_parent_is_refused),
        case(the_service_matches_children_by_id),
        case(the_service_refuses_the_id_of_a_foreign_child),
        case(a_child_cannot_be_taken_from_another_parent),
        case(a_child_id_that_is_taken_is_a_conflict),
    ]
}

async fn stored_order(stage: &Stage, number: &str, quantities: &[i32]) -> (Order, Product) {
    let account = stage.insert(rows::account(stage, number)).await;
    let product = stage.insert(rows::product(stage, number, 10)).await;
    let mut order = rows::order(stage, number, &account);
    order.lines = quantities.iter().map(|quantity| rows::line(stage, &product, *quantity)).collect();
    (stage.insert(order).await, product)
}

fn quantities(order: &Order) -> Vec<i32> {
    order.lines.iter().map(|line| line.quantity).collect()
}

/// Updates the lines, and checks that what is stored is what was meant.
async fn rewrite(stage: &Stage, order: &Order, change: impl FnOnce(&mut Order)) -> Order {
    let mut after = order.clone();
    change(&mut after);
    let after = stage.write(|changes| changes.update(order, after)).await.unwrap();
    assert_eq!(stage.stored(order).await, after);
    after
}

async fn children_come_back_in_their_order(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &[3, 1, 2, 1]).await;
    assert_eq!(stage.stored(&order).await, order);
    assert_eq!(stage.list::<Order>(&[]).await.data, [order]);
}

async fn two_kinds_of_children_do_not_mix(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &[1, 2]).await;
    let notes = ["first", "second", "third"].map(|text| rows::note(&stage, text));
    let order = rewrite(&stage, &order, |order| order.notes = notes.to_vec()).await;
    rewrite(&stage, &order, |order| order.lines.clear()).await;
}

async fn children_of_many_parents_find_their_own(stage: Stage) {
    let mut orders = Vec::new();
    for n in 0..6 {
        orders.push(stored_order(&stage, &n.to_string(), &vec![n; usize::try_from(n).unwrap()]).await.0);
    }
    let mut found = stage.list::<Order>(&[]).await.data;
    found.sort_by(|a, b| a.number.cmp(&b.number));
    assert_eq!(found, orders);
}

async fn children_are_added_at_any_place(stage: Stage) {
    let (order, product) = stored_order(&stage, "1", &[1, 2]).await;
    let new = |quantity| rows::line(&stage, &product, quantity);
    let order = rewrite(&stage, &order, |order| order.lines.insert(0, new(7))).await;
    let order = rewrite(&stage, &order, |order| order.lines.insert(2, new(8))).await;
    let order = rewrite(&stage, &order, |order| order.lines.push(new(9))).await;
    assert_eq!(quantities(&order), [7, 1, 8, 2, 9]);
}

async fn children_are_changed_in_place(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &[1, 2, 3]).await;
    let order = rewrite(&stage, &order, |order| order.lines[1].quantity = 20).await;
    let order = rewrite(&stage, &order, |order| order.lines[2].text = Some("fragile".to_owned())).await;
    rewrite(&stage, &order, |order| order.lines[2].text = None).await;
}

async fn children_are_removed(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &[1, 2, 3]).await;
    let order = rewrite(&stage, &order, |order| drop(order.lines.remove(0))).await;
    let order = rewrite(&stage, &order, |order| drop(order.lines.pop())).await;
    assert_eq!(quantities(&order), [2]);
}

async fn children_are_reordered(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &[1, 2, 3, 4]).await;
    let order = rewrite(&stage, &order, |order| order.lines.reverse()).await;
    let order = rewrite(&stage, &order, |order| order.lines.swap(0, 2)).await;
    assert_eq!(quantities(&order), [2, 3, 4, 1]);
}

async fn all_at_once(stage: Stage) {
    let (order, product) = stored_order(&stage, "1", &[1, 2, 3, 4]).await;
    let order = rewrite(&stage, &order, |order| {
        order.lines.remove(1);
        order.lines.rotate_left(1);
        order.lines[0].quantity = 30;
        order.lines.insert(1, rows::line(&stage, &product, 9));
        order.number = "2".to_owned();
    })
    .await;
    assert_eq!(quantities(&order), [30, 9, 4, 1]);
}

async fn all_children_go(stage: Stage) {
    let (order, product) = stored_order(&stage, "1", &[1, 2, 3]).await;
    rewrite(&stage, &order, |order| order.lines.clear()).await;
    stage.write(|changes| changes.delete(&product)).await.unwrap();
}

async fn many_children(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &(0..400).collect::<Vec<_>>()).await;
    let order = rewrite(&stage, &order, |order| order.lines.reverse()).await;
    rewrite(&stage, &order, |order| order.lines.retain(|line| line.quantity % 3 == 0)).await;
}

async fn a_change_of_children_counts_the_version_of_the_parent(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &[1]).await;
    let after = rewrite(&stage, &order, |order| order.lines[0].quantity = 2).await;
    assert_eq!((order.version, after.version), (1, 2));
}

async fn a_change_of_children_of_a_stale_parent_is_refused(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &[1, 2]).await;
    let newer = rewrite(&stage, &order, |order| order.lines[0].quantity = 10).await;
    let mut stale = order.clone();
    stale.lines.clear();
    concurrent(stage.write(|changes| changes.update(&order, stale)).await);
    assert_eq!(stage.stored(&order).await, newer);
}

fn sent(order: &Order) -> Vec<NewOrderLine> {
    let lines = order.lines.iter().cloned();
    lines
        .map(|line| NewOrderLine {
            id: Some(line.id),
            product_id: line.product_id,
            quantity: line.quantity,
            text: line.text,
        })
        .collect()
}

async fn the_service_matches_children_by_id(stage: Stage) {
    let (order, product) = stored_order(&stage, "1", &[1, 2, 3]).await;
    let mut lines = sent(&order);
    lines.remove(1);
    lines.reverse();
    lines[0].quantity = 30;
    lines.push(NewOrderLine { id: None, product_id: product.id, quantity: 4, text: None });
    let patch = OrderPatch { lines: Some(lines), ..OrderPatch::default() };
    let after = stage.service::<Order>().update(&stage.cx, order.id, patch, Etag::Any).await.unwrap();
    assert_eq!(quantities(&after), [30, 1, 4]);
    assert_eq!((after.lines[0].id, after.lines[1].id), (order.lines[2].id, order.lines[0].id));
    assert_eq!(stage.stored(&order).await, after);
}

async fn the_service_refuses_the_id_of_a_foreign_child(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &[1]).await;
    let (other, _) = stored_order(&stage, "2", &[2]).await;
    let mut lines = sent(&order);
    lines.extend(sent(&other));
    let patch = OrderPatch { lines: Some(lines), ..OrderPatch::default() };
    match stage.service::<Order>().update(&stage.cx, order.id, patch, Etag::Any).await {
        Err(Error::Validation(found)) => assert_eq!(found[0].field, "lines[1].id"),
        outcome => panic!("{outcome:?} instead of a refused id"),
    }
    assert_eq!((stage.stored(&order).await, stage.stored(&other).await), (order, other));
}

async fn a_child_cannot_be_taken_from_another_parent(stage: Stage) {
    let (order, _) = stored_order(&stage, "1", &[1]).await;
    let (other, _) = stored_order(&stage, "2", &[2]).await;
    // Logic that declares so past the service: the row of the other stays as it is.
    let thief = Order { lines: other.lines.clone(), ..order.clone() };
    assert!(stage.write(|changes| changes.update(&order, thief)).await.is_err());
    let before = Order { lines: other.lines.clone(), ..order.clone() };
    let mut after = before.clone();
    after.lines[0].quantity = 99;
    assert!(stage.write(|changes| changes.update(&before, after)).await.is_err());
    assert_eq!((stage.stored(&order).await, stage.stored(&other).await), (order, other));
}

async fn a_child_id_that_is_taken_is_a_conflict(stage: Stage) {
    let (order, product) = stored_order(&stage, "1", &[1]).await;
    let mut again = Order { number: "2".to_owned(), id: stage.uuid().into(), ..order.clone() };
    again.lines.push(rows::line(&stage, &product, 2));
    assert!(conflict(stage.try_insert(again.clone()).await).ends_with("id"));
    assert!(!stage.is_there(&again).await);
    assert_eq!(stage.stored(&order).await, order);
}
