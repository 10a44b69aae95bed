//! Events and jobs: with the rows or not at all, and in an order that a reader can rely on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arcana_runtime::changes::Adjust;
use arcana_runtime::db::OutboxEntry;
use arcana_runtime::service::Service;
use conformance_generated::conformance::v1::account::{SendReceipt, StockRanOut};
use conformance_generated::conformance::v1::order::Order;
use conformance_generated::conformance::v1::product::Product;
use serde_json::{Value, json};

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, precondition};

pub fn cases() -> Vec<Case> {
    vec![
        case(each_change_of_a_row_is_an_event),
        case(an_event_shows_the_row_with_its_children),
        case(an_adjustment_tells_what_is_stored_then),
        case(what_only_counts_is_no_event),
        case(a_refused_commit_leaves_no_event),
        case(events_and_jobs_of_logic_go_with_the_rows),
        case(a_row_without_events_tells_nothing),
        case(a_conflict_beside_an_event_names_its_field),
        case(positions_are_in_the_order_of_commits),
        case(a_reader_by_position_misses_nothing),
        case(positions_go_on_when_all_entries_are_gone),
    ]
}

async fn entries(stage: &Stage) -> Vec<OutboxEntry> {
    stage.db.give_positions().await.unwrap();
    stage.db.outbox_behind(&stage.cx, 0, 10_000).await.unwrap()
}

fn types(entries: &[OutboxEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.type_name.as_str()).collect()
}

async fn each_change_of_a_row_is_an_event(stage: Stage) {
    let before = stage.insert(rows::product(&stage, "LAMP", 3)).await;
    let after = Product { stock: 5, label: Some("new".to_owned()), ..before.clone() };
    let after = stage.write(|changes| changes.update(&before, after)).await.unwrap();
    stage.write(|changes| changes.delete(&after)).await.unwrap();
    stage.service::<Product>().undelete(&stage.cx, before.id).await.unwrap();
    let entries = entries(&stage).await;
    let name = |what: &str| format!("conformance.v1.Product.{what}");
    assert_eq!(types(&entries), [name("created"), name("updated"), name("deleted"), name("undeleted")]);
    for (place, entry) in (1..).zip(&entries) {
        assert_eq!((entry.position, entry.kind.as_str()), (place, "EVENT"));
        assert_eq!(entry.entity.as_deref(), Some("conformance.v1.Product"));
        assert_eq!(entry.key, Some(before.id.to_string()));
        assert_eq!(entry.request_id, &*stage.cx.request_id);
    }
    assert_eq!(entries[0].payload["row"]["stock"], 3);
    assert_eq!(entries[1].payload["row"]["stock"], 5);
    assert_eq!(entries[1].payload["changed"], json!(["stock", "label"]));
    assert_eq!(entries[2].payload["row"]["sku"], "LAMP");
}

async fn an_event_shows_the_row_with_its_children(stage: Stage) {
    let (account, lamp, _) = rows::shop(&stage).await;
    let order = Order { lines: vec![rows::line(&stage, &lamp, 2)], ..rows::order(&stage, "1", &account) };
    let order = stage.insert(order).await;
    let more = Order { lines: vec![order.lines[0].clone(), rows::line(&stage, &lamp, 1)], ..order.clone() };
    stage.write(|changes| changes.update(&order, more)).await.unwrap();
    let entries = entries(&stage).await;
    let of_orders: Vec<_> = entries.iter().filter(|entry| entry.type_name.contains("Order")).collect();
    assert_eq!(of_orders[0].payload["row"]["lines"][0]["quantity"], 2);
    assert_eq!(of_orders[1].payload["changed"], json!(["lines"]));
    assert_eq!(of_orders[1].payload["row"]["lines"].as_array().map(Vec::len), Some(2));
}

async fn an_adjustment_tells_what_is_stored_then(stage: Stage) {
    let product = stage.insert(rows::product(&stage, "LAMP", 3)).await;
    let take = |changes: &mut arcana_runtime::changes::Changes| {
        changes.adjust(Adjust::of(&product.id).add(&Product::STOCK, &-1));
    };
    stage.write(take).await.unwrap();
    stage.write(take).await.unwrap();
    let entries = entries(&stage).await;
    let told: Vec<_> =
        entries[1..].iter().map(|entry| (&entry.payload["row"]["stock"], &entry.payload["changed"])).collect();
    assert_eq!(told, [(&json!(2), &json!(["stock"])), (&json!(1), &json!(["stock"]))]);
    assert_eq!(entries[2].payload["row"]["version"], 3);
}

async fn what_only_counts_is_no_event(stage: Stage) {
    let product = stage.insert(rows::product(&stage, "LAMP", 3)).await;
    stage.write(|changes| changes.touch(&product)).await.unwrap();
    let product = stage.stored(&product).await;
    stage.write(|changes| changes.update(&product, product.clone())).await.unwrap();
    assert_eq!(types(&entries(&stage).await), ["conformance.v1.Product.created"]);
}

async fn a_refused_commit_leaves_no_event(stage: Stage) {
    let product = stage.insert(rows::product(&stage, "LAMP", 1)).await;
    let refused = stage.write(|changes| {
        changes.insert(rows::product(&stage, "CUP", 1));
        changes.emit(&StockRanOut { sku: "LAMP".to_owned(), missing: 1 });
        changes.adjust(Adjust::of(&product.id).add(&Product::STOCK, &-2).at_least(&Product::STOCK, &0));
    });
    precondition(refused.await);
    assert_eq!(types(&entries(&stage).await), ["conformance.v1.Product.created"]);
}

async fn events_and_jobs_of_logic_go_with_the_rows(stage: Stage) {
    stage
        .write(|changes| {
            changes.insert(rows::product(&stage, "LAMP", 0));
            changes.emit(&StockRanOut { sku: "LAMP".to_owned(), missing: 2 });
            changes.enqueue(&SendReceipt { order_number: "7".to_owned() });
        })
        .await
        .unwrap();
    // Without a row as well.
    stage.write(|changes| changes.enqueue(&SendReceipt { order_number: "8".to_owned() })).await.unwrap();
    let entries = entries(&stage).await;
    let told: Vec<(&str, &str, Value)> = entries[1..]
        .iter()
        .map(|entry| (entry.kind.as_str(), entry.type_name.as_str(), entry.payload.clone()))
        .collect();
    let expected = [
        ("EVENT", "conformance.v1.StockRanOut", json!({ "sku": "LAMP", "missing": 2 })),
        ("JOB", "conformance.v1.SendReceipt", json!({ "order_number": "7" })),
        ("JOB", "conformance.v1.SendReceipt", json!({ "order_number": "8" })),
    ];
    assert_eq!(told, expected);
}

async fn a_row_without_events_tells_nothing(stage: Stage) {
    stage.insert(rows::account(&stage, "Ada")).await;
    assert!(entries(&stage).await.is_empty());
}

async fn a_conflict_beside_an_event_names_its_field(stage: Stage) {
    stage.insert(rows::product(&stage, "LAMP", 1)).await;
    assert_eq!(crate::stage::conflict(stage.try_insert(rows::product(&stage, "LAMP", 1)).await), "sku");
    assert_eq!(entries(&stage).await.len(), 1);
}

/// What a row of [`write_at_once`] is called.
fn name(entry: &OutboxEntry) -> &str {
    let row = &entry.payload["row"];
    row["sku"].as_str().or(row["number"].as_str()).unwrap()
}

/// 32 that write at once: a new row that refers to another, a change of a row, which may be one statement with its event, and
/// several rows. Each has an event for every round, and one for its first row.
async fn write_at_once(stage: &Stage, rounds: usize) -> Vec<(usize, usize, String)> {
    let clock = Arc::new(AtomicUsize::new(0));
    let account = stage.insert(rows::account(stage, "Ada")).await;
    let writers: Vec<_> = (0..32)
        .map(|writer| {
            let (stage, clock, account) = (stage.clone(), Arc::clone(&clock), account.clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                let mut own = rows::order(&stage, &format!("{writer}-first"), &account);
                for round in 0..=rounds {
                    let sku = if round == 0 { own.number.clone() } else { format!("{writer}-{round}") };
                    let started = clock.fetch_add(1, Ordering::SeqCst);
                    match (round, (writer + round) % 3) {
                        (0, _) => own = stage.insert(own).await,
                        (_, 0) => drop(stage.insert(rows::order(&stage, &sku, &account)).await),
                        (_, 1) => {
                            let after = Order { number: sku.clone(), ..own.clone() };
                            own = stage.write(|changes| changes.update(&own, after)).await.unwrap();
                        }
                        _ => {
                            let (product, other) = (rows::product(&stage, &sku, 1), rows::plain(&stage, &sku));
                            stage.write(|changes| (changes.insert(product), changes.insert(other))).await.unwrap();
                        }
                    }
                    done.push((started, clock.fetch_add(1, Ordering::SeqCst), sku));
                }
                done
            })
        })
        .collect();
    let mut all = Vec::new();
    for writer in writers {
        all.extend(writer.await.unwrap());
    }
    all
}

async fn positions_are_in_the_order_of_commits(stage: Stage) {
    let relay = Stage::open(&stage.config);
    let stop = Arc::new(AtomicBool::new(false));
    let relaying = tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            while !stop.load(Ordering::SeqCst) {
                relay.db.give_positions().await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    let done = write_at_once(&stage, 6).await;
    stop.store(true, Ordering::SeqCst);
    relaying.await.unwrap();
    let entries = entries(&stage).await;
    let position: BTreeMap<&str, i64> = entries.iter().map(|entry| (name(entry), entry.position)).collect();
    assert_eq!(position.len(), 32 * 7);
    // A write that began when another was done stands behind it.
    for (_, ended, first) in &done {
        for (started, _, second) in &done {
            assert!(started <= ended || position[first.as_str()] < position[second.as_str()], "{first} {second}");
        }
    }
}

async fn a_reader_by_position_misses_nothing(stage: Stage) {
    // Two relays, as two processes have, and a reader of its own.
    let stop = Arc::new(AtomicBool::new(false));
    let relays: Vec<_> = (0..2)
        .map(|_| {
            let (relay, stop) = (Stage::open(&stage.config), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    relay.db.give_positions().await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let reading = tokio::spawn({
        let (reader, stop) = (Stage::open(&stage.config), Arc::clone(&stop));
        async move {
            let (mut seen, mut at) = (Vec::new(), 0);
            loop {
                let ending = stop.load(Ordering::SeqCst);
                let found = reader.db.outbox_behind(&reader.cx, at, 7).await.unwrap();
                at = found.last().map_or(at, |entry| entry.position);
                let more = !found.is_empty();
                seen.extend(found.iter().map(|entry| (entry.position, name(entry).to_owned())));
                if ending && !more {
                    return seen;
                }
                tokio::task::yield_now().await;
            }
        }
    });
    let done = write_at_once(&stage, 6).await;
    stage.db.give_positions().await.unwrap();
    stop.store(true, Ordering::SeqCst);
    for relay in relays {
        relay.await.unwrap();
    }
    let seen = reading.await.unwrap();
    assert_eq!(seen.iter().map(|(position, _)| *position).collect::<Vec<_>>(), (1..=32 * 7).collect::<Vec<_>>());
    let mut told: Vec<_> = seen.into_iter().map(|(_, sku)| sku).collect();
    let mut written: Vec<_> = done.into_iter().map(|(_, _, sku)| sku).collect();
    told.sort();
    written.sort();
    assert_eq!(told, written);
}

async fn positions_go_on_when_all_entries_are_gone(stage: Stage) {
    stage.insert(rows::product(&stage, "LAMP", 1)).await;
    assert_eq!(entries(&stage).await[0].position, 1);
    stage.db.forget_events(&stage.later().cx, std::time::Duration::ZERO).await.unwrap();
    assert!(entries(&stage).await.is_empty());
    stage.insert(rows::product(&stage, "CUP", 1)).await;
    assert_eq!(entries(&stage).await[0].position, 2);
}
