//! Several rows in one call: all of it or none, whatever the key, whoever calls, and however many do at once.

use std::sync::{Arc, Mutex};

use arcana_runtime::changes::{Adjust, Changes};
use arcana_runtime::context::{Context, Principal};
use arcana_runtime::error::{Error, Result};
use arcana_runtime::service::{Batch, Done, Etag, Hooks, RowDelete, RowUpdate, Standard, etag};
use async_trait::async_trait;
use conformance_generated::conformance::v1::account::{Account, AccountPatch, NewAccount};
use conformance_generated::conformance::v1::cell::{Cell, CellPatch, NewCell};
use conformance_generated::conformance::v1::numbered::{NewNumbered, Numbered, NumberedPatch};
use conformance_generated::conformance::v1::order::{NewOrder, NewOrderLine, Order, OrderPatch};
use conformance_generated::conformance::v1::product::Product;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, conflict, precondition};

pub fn cases() -> Vec<Case> {
    vec![
        case(rows_live_through_batches),
        case(a_taken_value_names_its_request_and_nothing_is_there),
        case(a_value_taken_within_the_batch_is_found),
        case(a_stale_etag_refuses_the_whole_batch),
        case(a_restricted_delete_names_its_request_and_nothing_goes),
        case(allotted_numbers_and_composite_keys),
        case(owned_children_go_with_their_rows),
        case(rows_of_others_are_not_found),
        case(hooks_run_for_each_row_with_one_set_of_changes),
        case(what_a_hook_declares_and_the_commit_refuses_names_its_request),
        case(batches_in_opposite_orders_end),
    ]
}

fn new_account(name: &str) -> NewAccount {
    NewAccount { name: name.to_owned(), nickname: None }
}

fn renamed(account: &Account, name: &str) -> RowUpdate<Account> {
    let patch = AccountPatch { name: Some(name.to_owned()), ..AccountPatch::default() };
    RowUpdate { id: account.id, patch, etag: Etag::Any }
}

fn gone(account: &Account) -> RowDelete<Account> {
    RowDelete { id: account.id, etag: Etag::Any }
}

async fn accounts(stage: &Stage, names: &[&str]) -> Vec<Account> {
    let new = names.iter().map(|name| new_account(name)).collect();
    stage.service::<Account>().batch_create(&stage.cx, new).await.unwrap()
}

async fn rows_live_through_batches(stage: Stage) {
    let service = stage.service::<Account>();
    let made = accounts(&stage, &["Ada", "Grace", "Edsger"]).await;
    assert_eq!(made.iter().map(|row| row.version).collect::<Vec<_>>(), [1, 1, 1]);
    let [ada, grace, edsger] = made.as_slice() else { panic!("{made:?}") };
    let read = service.batch_get(&stage.cx, vec![edsger.id, ada.id]).await.unwrap();
    assert_eq!(read, [edsger.clone(), ada.clone()]);
    let changed =
        service.batch_update(&stage.cx, vec![renamed(grace, "Hopper"), renamed(ada, "Lovelace")]).await.unwrap();
    let names: Vec<(&str, i64)> = changed.iter().map(|row| (row.name.as_str(), row.version)).collect();
    assert_eq!(names, [("Hopper", 2), ("Lovelace", 2)]);
    assert_eq!(stage.stored(grace).await, changed[0]);
    service.batch_delete(&stage.cx, vec![gone(ada), gone(edsger)]).await.unwrap();
    assert!(!stage.is_there(ada).await && stage.is_there(grace).await && !stage.is_there(edsger).await);
    let unknown = service.batch_get(&stage.cx, vec![grace.id, ada.id]).await;
    assert!(matches!(&unknown, Err(Error::NotFound(message)) if message.starts_with("ids[1]: ")), "{unknown:?}");
}

async fn a_taken_value_names_its_request_and_nothing_is_there(stage: Stage) {
    let service = stage.service::<Account>();
    let made = accounts(&stage, &["Ada", "Grace"]).await;
    let refused = service.batch_create(&stage.cx, ["Edsger", "Tony", "Ada"].map(new_account).to_vec()).await;
    assert_eq!(conflict(refused), "requests[2].account.name");
    assert_eq!(stage.list::<Account>(&[]).await.total, Some(2));
    let refused = service.batch_update(&stage.cx, vec![renamed(&made[0], "Edsger"), renamed(&made[1], "Edsger")]).await;
    assert_eq!(conflict(refused), "requests[1].account.name");
    assert_eq!(stage.stored(&made[0]).await, made[0]);
}

async fn a_value_taken_within_the_batch_is_found(stage: Stage) {
    let refused = stage.service::<Account>().batch_create(&stage.cx, ["Ada", "Ada"].map(new_account).to_vec()).await;
    assert_eq!(conflict(refused), "requests[1].account.name");
    assert_eq!(stage.list::<Account>(&[]).await.total, Some(0));
}

async fn a_stale_etag_refuses_the_whole_batch(stage: Stage) {
    let service = stage.service::<Account>();
    let made = accounts(&stage, &["Ada", "Grace"]).await;
    let stale = Etag::OneOf(vec![etag(&made[1]).unwrap()]);
    service.batch_update(&stage.cx, vec![renamed(&made[1], "Hopper")]).await.unwrap();
    let second = RowUpdate { etag: stale.clone(), ..renamed(&made[1], "Other") };
    let refused = service.batch_update(&stage.cx, vec![renamed(&made[0], "Other"), second]).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed)), "{refused:?}");
    let second = RowDelete { id: made[1].id, etag: stale };
    let refused = service.batch_delete(&stage.cx, vec![gone(&made[0]), second]).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed)), "{refused:?}");
    assert_eq!(stage.stored(&made[0]).await, made[0]);
}

async fn a_restricted_delete_names_its_request_and_nothing_goes(stage: Stage) {
    let made = accounts(&stage, &["Ada", "Grace"]).await;
    stage.insert(rows::order(&stage, "1", &made[1])).await;
    let refused = stage.service::<Account>().batch_delete(&stage.cx, vec![gone(&made[0]), gone(&made[1])]).await;
    assert_eq!(precondition(refused).0.as_deref(), Some("requests[1]"));
    assert!(stage.is_there(&made[0]).await);
}

async fn allotted_numbers_and_composite_keys(stage: Stage) {
    let service = stage.service::<Numbered>();
    let new = ["a", "b", "c"].map(|name| NewNumbered { name: name.to_owned() }).to_vec();
    let made = service.batch_create(&stage.cx, new).await.unwrap();
    assert!(made[0].id < made[1].id && made[1].id < made[2].id, "{made:?}");
    let patch = NumberedPatch { name: Some("z".to_owned()) };
    let update = RowUpdate { id: made[1].id, patch, etag: Etag::Any };
    assert_eq!(service.batch_update(&stage.cx, vec![update]).await.unwrap()[0].name, "z");

    let cells = stage.service::<Cell>();
    let new =
        |row: i64, col: i64| NewCell { sheet: "s".to_owned().into(), row: row.into(), col: col.into(), text: None };
    let made = cells.batch_create(&stage.cx, vec![new(1, 1), new(1, 2), new(2, 1)]).await.unwrap();
    let ids: Vec<_> = made.iter().rev().map(arcana_runtime::entity::Entity::id).collect();
    let read = cells.batch_get(&stage.cx, ids.clone()).await.unwrap();
    assert_eq!(read.iter().map(|cell| (cell.row.0, cell.col.0)).collect::<Vec<_>>(), [(2, 1), (1, 2), (1, 1)]);
    let patch = |text: &str| CellPatch { text: Some(Some(text.to_owned())), ..CellPatch::default() };
    let update = |id: &_, text| RowUpdate { id: Clone::clone(id), patch: patch(text), etag: Etag::Any };
    let twice = vec![update(&ids[0], "x"), update(&ids[1], "y"), update(&ids[0], "z")];
    let changed = cells.batch_update(&stage.cx, twice).await.unwrap();
    assert_eq!(changed.iter().map(|cell| cell.text.as_deref()).collect::<Vec<_>>(), [Some("z"), Some("y"), Some("z")]);
    let gone = |id: &_| RowDelete { id: Clone::clone(id), etag: Etag::Any };
    cells.batch_delete(&stage.cx, vec![gone(&ids[0]), gone(&ids[1]), gone(&ids[0])]).await.unwrap();
    assert_eq!(stage.list::<Cell>(&[]).await.total, Some(1));
}

async fn owned_children_go_with_their_rows(stage: Stage) {
    let account = stage.insert(rows::account(&stage, "Ada")).await;
    let product = stage.insert(rows::product(&stage, "A", 9)).await;
    let line = |quantity| NewOrderLine { id: None, product_id: product.id, quantity, text: None };
    let new = |number: &str, quantities: &[i32]| NewOrder {
        number: number.to_owned(),
        account_id: account.id,
        lines: quantities.iter().map(|quantity| line(*quantity)).collect(),
        notes: Vec::new(),
    };
    let service = stage.service::<Order>();
    let made = service.batch_create(&stage.cx, vec![new("1", &[1, 2]), new("2", &[3])]).await.unwrap();
    let patch = OrderPatch { lines: Some(vec![line(4)]), ..OrderPatch::default() };
    let update = |order: &Order| RowUpdate { id: order.id, patch: patch.clone(), etag: Etag::Any };
    let changed = service.batch_update(&stage.cx, made.iter().map(update).collect()).await.unwrap();
    for order in &changed {
        assert_eq!(order.lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [4]);
        assert_eq!(stage.stored(order).await, *order);
    }
}

async fn rows_of_others_are_not_found(stage: Stage) {
    let made = accounts(&stage, &["Ada", "Grace"]).await;
    let ada = stage.called_by(Principal::account(made[0].id.0, "user"));
    let service = ada.service::<Account>();
    let read = service.batch_get(&ada.cx, vec![made[0].id]).await.unwrap();
    assert_eq!(read[0].name, "Ada");
    for refused in [
        service.batch_get(&ada.cx, vec![made[0].id, made[1].id]).await.map(drop),
        service.batch_update(&ada.cx, vec![renamed(&made[0], "x"), renamed(&made[1], "y")]).await.map(drop),
        service.batch_delete(&ada.cx, vec![gone(&made[0]), gone(&made[1])]).await,
    ] {
        assert!(matches!(&refused, Err(Error::NotFound(message)) if message.contains("[1]")), "{refused:?}");
    }
    let refused = service.batch_create(&ada.cx, vec![new_account("z")]).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    assert_eq!(stage.stored(&made[0]).await, made[0]);
}

/// Takes the pieces of each line from the stock, and remembers what it was told.
struct Selling {
    product: Product,
    told: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Hooks<Order> for Selling {
    async fn before_create(&self, _cx: &Context, draft: &mut Order, changes: &mut Changes) -> Result<()> {
        if draft.lines.is_empty() {
            return Err(Error::precondition_on("lines", "an order has lines"));
        }
        for line in &draft.lines {
            let adjust = Adjust::of(&self.product.id).add(&Product::STOCK, &-line.quantity);
            changes.adjust(adjust.at_least(&Product::STOCK, &0));
        }
        Ok(())
    }

    async fn after_commit(&self, _cx: &Context, done: Done<'_, Order>) {
        if let Done::Created(order) = done {
            self.told.lock().unwrap().push(order.number.clone());
        }
    }
}

async fn selling(stage: &Stage) -> (Standard<Order, Selling>, impl Fn(&str, &[i32]) -> NewOrder) {
    let account = stage.insert(rows::account(stage, "Ada")).await;
    let product = stage.insert(rows::product(stage, "A", 5)).await;
    let id = product.id;
    let new = move |number: &str, quantities: &[i32]| NewOrder {
        number: number.to_owned(),
        account_id: account.id,
        lines: quantities.iter().map(|n| NewOrderLine { id: None, product_id: id, quantity: *n, text: None }).collect(),
        notes: Vec::new(),
    };
    let logic = Selling { product, told: Arc::default() };
    (Standard::new(Arc::new(stage.repository()), Arc::new(stage.db.clone()), Arc::new(logic)), new)
}

async fn hooks_run_for_each_row_with_one_set_of_changes(stage: Stage) {
    let (service, new) = selling(&stage).await;
    service.batch_create(&stage.cx, vec![new("1", &[1, 1]), new("2", &[2])]).await.unwrap();
    assert_eq!(stage.stored(&service.logic.product).await.stock, 1);
    assert_eq!(*service.logic.told.lock().unwrap(), ["1", "2"]);
    let refused = service.batch_create(&stage.cx, vec![new("3", &[1]), new("4", &[])]).await;
    assert_eq!(precondition(refused).0.as_deref(), Some("requests[1].order.lines"));
    assert_eq!(stage.stored(&service.logic.product).await.stock, 1);
}

async fn what_a_hook_declares_and_the_commit_refuses_names_its_request(stage: Stage) {
    let (service, new) = selling(&stage).await;
    let refused = service.batch_create(&stage.cx, vec![new("1", &[4]), new("2", &[2])]).await;
    assert_eq!(precondition(refused).0.as_deref(), Some("requests[1].order.stock"));
    assert_eq!(stage.list::<Order>(&[]).await.total, Some(0));
    assert!(service.logic.told.lock().unwrap().is_empty());
}

async fn batches_in_opposite_orders_end(stage: Stage) {
    let made = accounts(&stage, &["a", "b", "c", "d"]).await;
    let tasks: Vec<_> = (0..6)
        .map(|n| {
            let (stage, mut rows) = (stage.clone(), made.clone());
            if n % 2 == 0 {
                rows.reverse();
            }
            tokio::spawn(async move {
                let updates = rows.iter().map(|row| RowUpdate {
                    patch: AccountPatch { nickname: Some(None), ..AccountPatch::default() },
                    ..renamed(row, "")
                });
                stage.service::<Account>().batch_update(&stage.cx, updates.collect()).await
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => done += 1,
            Err(Error::ConcurrentUpdate(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(done > 0);
    for row in &made {
        assert_eq!(stage.stored(row).await.version, 1 + done);
    }
}
