//! Transactions in steps: what is read, held and written in one is committed together or not at all.

use std::time::{Duration, Instant};

use arcana_runtime::access::Scope;
use arcana_runtime::db::{LocalStore, Value};
use arcana_runtime::error::{Error, Result};
use arcana_runtime::query::ListQuery;
use conformance_generated::conformance::v1::account::{ACCOUNT, Account};
use conformance_generated::conformance::v1::doctor::{DOCTOR, Doctor};
use conformance_generated::conformance::v1::document::Document;
use conformance_generated::conformance::v1::order::Order;
use conformance_generated::conformance::v1::product::Product;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, concurrent, conflict, told};

pub fn cases() -> Vec<Case> {
    vec![
        case(reads_what_it_wrote_and_others_only_what_is_committed),
        case(what_is_not_committed_leaves_nothing),
        case(a_refused_write_cannot_be_passed_over),
        case(held_rows_are_changed_by_one_after_the_other),
        case(a_rule_over_a_set_holds_the_set),
        case(a_row_in_another_version_is_told),
        case(children_are_read_with_their_row),
        case(what_the_caller_may_not_see_is_not_found),
        case(who_goes_away_in_the_middle_blocks_nobody),
        case(ends_with_the_call),
        case(events_are_kept_with_the_rows),
        case(without_a_database_it_is_refused),
    ]
}

const ALL: &Scope = &Scope::Unrestricted;

fn renamed(row: &Account, name: &str) -> Account {
    Account { name: name.to_owned(), ..row.clone() }
}

async fn reads_what_it_wrote_and_others_only_what_is_committed(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    let fresh = rows::account(&stage, "Grace");
    let mut tx = stage.db.begin(&stage.cx).await.unwrap();
    let found = tx.find::<Account>(ALL, &row.id).await.unwrap().unwrap();
    assert_eq!(found, row);
    let mut changes = stage.changes();
    changes.update(&found, renamed(&found, "Ada Lovelace"));
    tx.write(changes).await.unwrap();
    assert_eq!(tx.find::<Account>(ALL, &row.id).await.unwrap().unwrap().name, "Ada Lovelace");
    let mut changes = stage.changes();
    changes.insert(fresh.clone());
    tx.write(changes).await.unwrap();
    let grace = [Value::Text("Grace".into())];
    let count = tx.query("SELECT count(*) FROM accounts WHERE name = ?", &grace, |row| row.get::<i64>(0)).await;
    assert_eq!(count.unwrap(), [1]);
    let names: Vec<_> = tx.list::<Account>(ALL, &ListQuery::first(&ACCOUNT)).await.unwrap();
    assert_eq!(names.len(), 2);
    // Readers elsewhere are not held up, and see nothing of it yet.
    assert_eq!(stage.stored(&row).await.name, "Ada");
    assert!(!stage.is_there(&fresh).await);
    tx.commit().await.unwrap();
    assert_eq!(stage.stored(&row).await.name, "Ada Lovelace");
    assert!(stage.is_there(&fresh).await);
}

async fn what_is_not_committed_leaves_nothing(stage: Stage) {
    for _ in 0..40 {
        let row = rows::account(&stage, "Ada");
        let mut tx = stage.db.begin(&stage.cx).await.unwrap();
        let mut changes = stage.changes();
        changes.insert(row.clone());
        tx.write(changes).await.unwrap();
        assert!(tx.find::<Account>(ALL, &row.id).await.unwrap().is_some());
        drop(tx);
        assert!(!stage.is_there(&row).await);
    }
    stage.insert(rows::account(&stage, "Ada")).await;
}

async fn a_refused_write_cannot_be_passed_over(stage: Stage) {
    stage.insert(rows::account(&stage, "Ada")).await;
    let (first, twice) = (rows::account(&stage, "Grace"), rows::account(&stage, "Ada"));
    let mut tx = stage.db.begin(&stage.cx).await.unwrap();
    let mut changes = stage.changes();
    changes.insert(first.clone());
    changes.insert(twice.clone());
    // The first is written by then.
    assert_eq!(conflict(tx.write(changes).await), "name");
    assert!(matches!(tx.commit().await, Err(Error::Internal(_))));
    assert!(!stage.is_there(&first).await && !stage.is_there(&twice).await);
}

/// Reads, thinks, writes: without the hold, most of it would be lost.
async fn sell(stage: &Stage, product: &Product) -> Result<()> {
    let mut tx = stage.db.begin(&stage.cx).await?;
    let now = tx.hold::<Product>(ALL, &product.id).await?.unwrap();
    tokio::task::yield_now().await;
    let mut changes = stage.changes();
    changes.update(&now, Product { stock: now.stock - 1, sold: now.sold + 1, ..now.clone() });
    tx.write(changes).await?;
    tx.commit().await
}

async fn held_rows_are_changed_by_one_after_the_other(stage: Stage) {
    let other = Stage::open(&stage.config);
    let product = stage.insert(rows::product(&stage, "LAMP", 100)).await;
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let (stage, product) = ([&stage, &other][n % 2].clone(), product.clone());
            tokio::spawn(async move {
                for _ in 0..3 {
                    sell(&stage, &product).await.unwrap_or_else(|error| panic!("{}", told(&error)));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let stored = stage.stored(&product).await;
    assert_eq!((stored.stock, stored.sold, stored.version), (52, 48, 49));
}

/// Off call, unless nobody else is on call.
async fn leave(stage: Stage, me: Doctor) -> Result<()> {
    let mut tx = stage.db.begin(&stage.cx).await?;
    let on_call = tx.hold_list::<Doctor>(ALL, &ListQuery::first(&DOCTOR).with(&Doctor::ON_CALL, &true)).await?;
    if on_call.len() < 2 {
        return Err(Error::precondition("nobody else is on call"));
    }
    let now = on_call.into_iter().find(|row| row.id == me.id).unwrap();
    let mut changes = stage.changes();
    changes.update(&now, Doctor { on_call: false, ..now.clone() });
    tx.write(changes).await?;
    tx.commit().await
}

async fn a_rule_over_a_set_holds_the_set(stage: Stage) {
    let other = Stage::open(&stage.config);
    for round in 0..10 {
        let mut pair = Vec::new();
        for name in ["a", "b"] {
            let name = format!("{name} {round}");
            pair.push(stage.insert(Doctor { id: stage.uuid().into(), name, on_call: true, version: 1 }).await);
        }
        let first = tokio::spawn(leave(stage.clone(), pair[0].clone()));
        let second = tokio::spawn(leave(other.clone(), pair[1].clone()));
        let mut left = 0;
        for outcome in [first.await.unwrap(), second.await.unwrap()] {
            match outcome {
                Ok(()) => left += 1,
                Err(Error::FailedPrecondition { .. }) => {}
                Err(error) => panic!("{}", told(&error)),
            }
        }
        assert_eq!(left, 1);
        // The next round starts without anybody on call.
        for row in &pair {
            let now = stage.stored(row).await;
            stage.write(|changes| changes.delete(&now)).await.unwrap();
        }
    }
}

async fn a_row_in_another_version_is_told(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    let mut tx = stage.db.begin(&stage.cx).await.unwrap();
    let mut changes = stage.changes();
    changes.update(&Account { version: 9, ..row.clone() }, renamed(&row, "Grace"));
    concurrent(tx.write(changes).await);
    drop(tx);
    assert_eq!(stage.stored(&row).await, row);
}

async fn children_are_read_with_their_row(stage: Stage) {
    let (account, lamp, _) = rows::shop(&stage).await;
    let mut order = rows::order(&stage, "1", &account);
    order.lines = vec![rows::line(&stage, &lamp, 2), rows::line(&stage, &lamp, 1)];
    let order = stage.insert(order).await;
    let mut tx = stage.db.begin(&stage.cx).await.unwrap();
    assert_eq!(tx.hold::<Order>(ALL, &order.id).await.unwrap(), Some(order));
}

async fn what_the_caller_may_not_see_is_not_found(stage: Stage) {
    let document = stage.insert(rows::document(&stage, "north", "plan")).await;
    for (tenant, seen) in [("north", true), ("south", false)] {
        let scope = Scope::Tenant(tenant.to_owned());
        let mut tx = stage.db.begin(&stage.cx).await.unwrap();
        assert_eq!(tx.hold::<Document>(&scope, &document.id).await.unwrap().is_some(), seen);
    }
}

async fn who_goes_away_in_the_middle_blocks_nobody(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    let (held, wait) = tokio::sync::oneshot::channel::<()>();
    let task = {
        let (stage, row) = (stage.clone(), row.clone());
        tokio::spawn(async move {
            let mut tx = stage.db.begin(&stage.cx).await.unwrap();
            let mut changes = stage.changes();
            changes.update(&row, renamed(&row, "Grace"));
            tx.write(changes).await.unwrap();
            held.send(()).unwrap();
            std::future::pending::<()>().await;
            tx.commit().await
        })
    };
    wait.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    let after = stage.write(|changes| changes.update(&row, renamed(&row, "Ada Lovelace"))).await.unwrap();
    assert_eq!(stage.stored(&row).await, after);
}

async fn ends_with_the_call(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    let hurried = stage.cx.until(Instant::now() + Duration::from_millis(300));
    let mut tx = stage.db.begin(&hurried).await.unwrap();
    let mut changes = stage.changes();
    changes.update(&row, renamed(&row, "Grace"));
    tx.write(changes).await.unwrap();
    while hurried.check_deadline().is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(tx.find::<Account>(ALL, &row.id).await, Err(Error::Timeout)));
    assert!(matches!(tx.commit().await, Err(Error::Timeout)));
    assert_eq!(stage.stored(&row).await, row);
    let hurried = stage.cx.until(Instant::now() + Duration::from_millis(300));
    let mut late = stage.db.begin(&hurried).await.unwrap();
    while hurried.check_deadline().is_ok() {
        tokio::task::yield_now().await;
    }
    let mut changes = stage.changes();
    changes.update(&row, renamed(&row, "Grace"));
    assert!(matches!(late.write(changes).await, Err(Error::Timeout)));
    drop(late);
    stage.write(|changes| changes.update(&row, renamed(&row, "Ada Lovelace"))).await.unwrap();
}

async fn events_are_kept_with_the_rows(stage: Stage) {
    for (keep, events) in [(false, 0), (true, 1)] {
        let mut tx = stage.db.begin(&stage.cx).await.unwrap();
        let mut changes = stage.changes();
        changes.insert(rows::product(&stage, "LAMP", 1));
        tx.write(changes).await.unwrap();
        if keep {
            tx.commit().await.unwrap();
        }
        stage.db.give_positions().await.unwrap();
        assert_eq!(stage.db.outbox_behind(&stage.cx, 0, 100).await.unwrap().len(), events);
    }
}

async fn without_a_database_it_is_refused(stage: Stage) {
    assert!(matches!(LocalStore::none().begin(&stage.cx).await, Err(Error::Internal(_))));
    LocalStore::of(&stage.db).begin(&stage.cx).await.unwrap().commit().await.unwrap();
}
