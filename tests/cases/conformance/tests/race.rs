//! Many at once: what one of them does is done once, and nobody's write is lost unseen.

use std::collections::BTreeSet;

use arcana_runtime::changes::Adjust;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::service::{Etag, Service};
use conformance_generated::conformance::v1::account::{Account, AccountPatch};
use conformance_generated::conformance::v1::doctor::Doctor;
use conformance_generated::conformance::v1::node::Node;
use conformance_generated::conformance::v1::product::Product;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, told};

pub fn cases() -> Vec<Case> {
    vec![
        case(a_stock_of_100_is_sold_100_times),
        case(the_last_piece_is_sold_once_to_two_handles),
        case(two_writers_of_one_row_and_one_is_refused),
        case(many_writers_of_one_row_and_one_is_kept),
        case(two_that_watch_each_other_do_not_both_go),
        case(write_skew_through_two_handles),
        case(touching_the_parent_serialises_rules_over_its_children),
        case(one_unique_value_is_taken_once),
        case(allotted_numbers_are_never_given_twice),
        case(a_row_is_deleted_once),
        case(a_delete_and_a_new_reference_do_not_both_pass),
        case(adjusting_in_opposite_orders_ends),
        case(the_service_retries_what_others_overtook),
        case(readers_see_all_of_a_commit_or_nothing),
    ]
}

/// Starts tasks at once, each on a clone of a stage, and gives what they answer.
fn at_once<T, Work, Run>(stages: &[&Stage], count: usize, run: Run) -> impl Future<Output = Vec<T>> + use<T, Work, Run>
where
    T: Send + 'static,
    Work: Future<Output = T> + Send + 'static,
    Run: Fn(Stage, usize) -> Work,
{
    let tasks: Vec<_> = (0..count).map(|n| tokio::spawn(run(stages[n % stages.len()].clone(), n))).collect();
    async {
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    }
}

/// How many succeeded; the others must have been refused in this way.
#[track_caller]
fn succeeded<T>(outcomes: &[Result<T>], refused: fn(&Error) -> bool) -> usize {
    let failed = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    for error in failed {
        assert!(refused(error), "{}", told(error));
    }
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

fn is_concurrent(error: &Error) -> bool {
    matches!(error, Error::ConcurrentUpdate(_))
}

fn is_precondition(error: &Error) -> bool {
    matches!(error, Error::FailedPrecondition { .. })
}

fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::Conflict { .. })
}

fn take(product: &Product) -> Adjust<Product> {
    Adjust::of(&product.id).add(&Product::STOCK, &-1).add(&Product::SOLD, &1).at_least(&Product::STOCK, &0)
}

async fn a_stock_of_100_is_sold_100_times(stage: Stage) {
    let product = stage.insert(rows::product(&stage, "LAMP", 100)).await;
    let buyers = at_once(&[&stage], 32, |stage, _| {
        let product = product.clone();
        async move {
            let mut outcomes = Vec::new();
            for _ in 0..4 {
                outcomes.push(stage.write(|changes| changes.adjust(take(&product))).await);
            }
            outcomes
        }
    });
    let outcomes: Vec<_> = buyers.await.into_iter().flatten().collect();
    assert_eq!((outcomes.len(), succeeded(&outcomes, is_precondition)), (128, 100));
    let stored = stage.stored(&product).await;
    assert_eq!((stored.stock, stored.sold, stored.version), (0, 100, 101));
}

async fn the_last_piece_is_sold_once_to_two_handles(stage: Stage) {
    let other = Stage::open(&stage.config);
    for round in 0..10 {
        let product = stage.insert(rows::product(&stage, &round.to_string(), 1)).await;
        let outcomes = at_once(&[&stage, &other], 2, |stage, _| {
            let product = product.clone();
            async move { stage.write(|changes| changes.adjust(take(&product))).await }
        });
        assert_eq!(succeeded(&outcomes.await, is_precondition), 1);
        assert_eq!(stage.stored(&product).await.stock, 0);
    }
}

async fn two_writers_of_one_row_and_one_is_refused(stage: Stage) {
    let other = Stage::open(&stage.config);
    for round in 0..10 {
        let row = stage.insert(rows::account(&stage, &round.to_string())).await;
        let outcomes = at_once(&[&stage, &other], 2, |stage, n| {
            let row = row.clone();
            let after = Account { nickname: Some(format!("{round} {n}")), ..row.clone() };
            async move { stage.write(|changes| changes.update(&row, after)).await }
        });
        let outcomes = outcomes.await;
        assert_eq!(succeeded(&outcomes, is_concurrent), 1);
        let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
        assert_eq!(stage.stored(&row).await, winner);
    }
}

async fn many_writers_of_one_row_and_one_is_kept(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    let outcomes = at_once(&[&stage], 16, |stage, n| {
        let row = row.clone();
        let after = Account { name: n.to_string(), ..row.clone() };
        async move { stage.write(|changes| changes.update(&row, after)).await }
    });
    assert_eq!(succeeded(&outcomes.await, is_concurrent), 1);
    assert_eq!(stage.stored(&row).await.version, 2);
}

fn doctor(stage: &Stage, name: &str) -> Doctor {
    Doctor { id: stage.uuid().into(), name: name.to_owned(), on_call: true, version: 1 }
}

/// Each goes off call because the other, whom it has read, is on call.
async fn leave(stage: Stage, me: Doctor, other: Doctor) -> Result<Doctor> {
    let mut changes = stage.changes();
    changes.expect_version(&other);
    let after = changes.update(&me, Doctor { on_call: false, ..me.clone() });
    stage.commit(changes).await.map(|()| after)
}

async fn watch(stage: &Stage, stages: &[&Stage]) {
    for _ in 0..20 {
        let pair = [stage.insert(doctor(stage, "a")).await, stage.insert(doctor(stage, "b")).await];
        let outcomes = at_once(stages, 2, |stage, n| leave(stage, pair[n].clone(), pair[1 - n].clone())).await;
        assert!(succeeded(&outcomes, is_concurrent) <= 1, "both have left");
        let mut on_call = 0;
        for row in &pair {
            on_call += usize::from(stage.stored(row).await.on_call);
        }
        assert!(on_call >= 1);
        // Whoever tries again on what is there now is not held up for ever.
        let mut now = [stage.stored(&pair[0]).await, stage.stored(&pair[1]).await];
        now.sort_by_key(|row| !row.on_call);
        if now[1].on_call {
            leave(stage.clone(), now[0].clone(), now[1].clone()).await.unwrap();
        }
    }
}

async fn two_that_watch_each_other_do_not_both_go(stage: Stage) {
    watch(&stage, &[&stage]).await;
}

async fn write_skew_through_two_handles(stage: Stage) {
    let other = Stage::open(&stage.config);
    watch(&stage, &[&stage, &other]).await;
}

async fn touching_the_parent_serialises_rules_over_its_children(stage: Stage) {
    let other = Stage::open(&stage.config);
    let parent = stage.insert(rows::node(&stage, "parent")).await;
    // At most one child: each counts none, adds its own, and bumps the parent that it has read.
    let outcomes = at_once(&[&stage, &other], 8, |stage, n| {
        let parent = parent.clone();
        async move {
            let child = Node { parent_id: Some(parent.id), ..rows::node(&stage, &n.to_string()) };
            stage
                .write(|changes| (changes.expect_version(&parent), changes.touch(&parent), changes.insert(child)))
                .await
        }
    });
    assert_eq!(succeeded(&outcomes.await, is_concurrent), 1);
    assert_eq!(stage.list::<Node>(&[("filter", "parent_id:*")]).await.total, Some(1));
}

async fn one_unique_value_is_taken_once(stage: Stage) {
    let other = Stage::open(&stage.config);
    for round in 0..5 {
        let name = format!("Ada {round}");
        let outcomes = at_once(&[&stage, &other], 8, |stage, _| {
            let row = rows::account(&stage, &name);
            async move { stage.try_insert(row).await }
        });
        assert_eq!(succeeded(&outcomes.await, is_conflict), 1);
    }
    assert_eq!(stage.list::<Account>(&[]).await.total, Some(5));
}

async fn allotted_numbers_are_never_given_twice(stage: Stage) {
    let other = Stage::open(&stage.config);
    let numbers = at_once(&[&stage, &other], 16, |stage, _| async move {
        let mut numbers = Vec::new();
        for _ in 0..60 {
            numbers.push(stage.db.allot(&stage.cx, "numbered").await.unwrap());
        }
        numbers
    });
    let numbers: Vec<_> = numbers.await.into_iter().flatten().collect();
    let distinct: BTreeSet<_> = numbers.iter().collect();
    assert_eq!((numbers.len(), distinct.len()), (960, 960));
}

async fn a_row_is_deleted_once(stage: Stage) {
    let other = Stage::open(&stage.config);
    for name in ["a", "b", "c", "d", "e"] {
        let row = stage.insert(rows::account(&stage, name)).await;
        let outcomes = at_once(&[&stage, &other], 4, |stage, _| {
            let row = row.clone();
            async move { stage.write(|changes| changes.delete(&row)).await }
        });
        assert_eq!(succeeded(&outcomes.await, is_concurrent), 1);
    }
}

async fn a_delete_and_a_new_reference_do_not_both_pass(stage: Stage) {
    let other = Stage::open(&stage.config);
    for round in 0..20 {
        let account = stage.insert(rows::account(&stage, &round.to_string())).await;
        let outcomes = at_once(&[&stage, &other], 2, |stage, n| {
            let account = account.clone();
            async move {
                match n {
                    0 => stage.write(|changes| changes.delete(&account)).await,
                    _ => stage.try_insert(rows::order(&stage, &round.to_string(), &account)).await.map(drop),
                }
            }
        });
        let outcomes = outcomes.await;
        let passed = succeeded(&outcomes, |error| is_precondition(error) || is_concurrent(error));
        assert_eq!(passed, 1, "an order of an account that is marked as deleted: {outcomes:?}");
    }
}

async fn adjusting_in_opposite_orders_ends(stage: Stage) {
    let other = Stage::open(&stage.config);
    let pair = [stage.insert(rows::product(&stage, "A", 0)).await, stage.insert(rows::product(&stage, "B", 0)).await];
    let outcomes = at_once(&[&stage, &other], 16, |stage, n| {
        let (first, second) = (pair[n % 2].id, pair[1 - n % 2].id);
        async move {
            let mut outcomes = Vec::new();
            for _ in 0..5 {
                let mut changes = stage.changes();
                changes.adjust(Adjust::of(&first).add(&Product::STOCK, &1));
                changes.adjust(Adjust::of(&second).add(&Product::STOCK, &1));
                outcomes.push(stage.commit(changes).await);
            }
            outcomes
        }
    });
    // Engines that see a deadlock give one of the two up; the commit is tried again before its caller hears of it.
    let outcomes: Vec<_> = outcomes.await.into_iter().flatten().collect();
    let passed = succeeded(&outcomes, is_concurrent);
    assert!(passed >= outcomes.len() * 9 / 10, "only {passed} of {} have passed", outcomes.len());
    for product in &pair {
        assert_eq!(usize::try_from(stage.stored(product).await.stock).unwrap(), passed);
    }
}

async fn the_service_retries_what_others_overtook(stage: Stage) {
    let other = Stage::open(&stage.config);
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    let outcomes = at_once(&[&stage, &other], 8, |stage, n| async move {
        let patch = AccountPatch { nickname: Some(Some(n.to_string())), ..AccountPatch::default() };
        stage.service::<Account>().update(&stage.cx, row.id, patch, Etag::Any).await
    });
    let passed = succeeded(&outcomes.await, is_concurrent);
    assert!(passed >= 1);
    assert_eq!(stage.stored(&row).await.version, 1 + i64::try_from(passed).unwrap());
}

async fn readers_see_all_of_a_commit_or_nothing(stage: Stage) {
    let (account, lamp, _) = rows::shop(&stage).await;
    let other = Stage::open(&stage.config);
    let writer = {
        let (stage, account, lamp) = (stage.clone(), account.clone(), lamp.clone());
        tokio::spawn(async move {
            for n in 0..40 {
                let mut order = rows::order(&stage, &n.to_string(), &account);
                order.lines = (0..5).map(|quantity| rows::line(&stage, &lamp, quantity)).collect();
                let mut changes = stage.changes();
                changes.insert(order);
                changes.adjust(take(&lamp).at_least(&Product::STOCK, &-1000).set(&Product::STOCK, &1));
                stage.commit(changes).await.unwrap();
            }
        })
    };
    type Order = conformance_generated::conformance::v1::order::Order;
    loop {
        let done = writer.is_finished();
        let orders = other.list::<Order>(&[("size", "100")]).await;
        assert!(orders.data.iter().all(|order| order.lines.len() == 5), "an order without its lines");
        if done {
            assert_eq!(orders.total, Some(40));
            break;
        }
    }
    writer.await.unwrap();
}
