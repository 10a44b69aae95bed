//! Inserts and updates: what the runtime keeps of a row, what it refuses, and that all of a commit is there or nothing.

use std::time::{Duration, Instant};

use arcana_runtime::changes::Adjust;
use arcana_runtime::error::Error;
use arcana_runtime::expand::Expand;
use arcana_runtime::service::{Etag, Service, etag};
use conformance_generated::conformance::v1::account::{Account, AccountPatch, NewAccount};
use conformance_generated::conformance::v1::bare::Bare;
use conformance_generated::conformance::v1::coded::Coded;
use conformance_generated::conformance::v1::plain::Plain;
use conformance_generated::conformance::v1::product::Product;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, concurrent, conflict, precondition};

pub fn cases() -> Vec<Case> {
    vec![
        case(an_insert_stamps_version_and_times),
        case(an_update_counts_the_version_and_keeps_the_time_of_the_insert),
        case(a_row_is_stored_as_it_is_for_imports),
        case(an_update_of_a_row_that_is_gone_is_refused),
        case(an_update_of_a_row_that_is_marked_as_deleted_is_refused),
        case(an_update_of_a_stale_version_is_refused),
        case(an_update_that_changes_nothing_still_counts),
        case(rows_without_a_version_take_the_last_write),
        case(a_row_of_nothing_but_a_key),
        case(many_rows_in_one_commit),
        case(rows_refer_to_rows_of_the_same_commit),
        case(the_last_write_fails_and_none_is_there),
        case(the_first_write_fails_and_none_is_there),
        case(a_failed_delete_undoes_an_insert),
        case(a_failed_guard_undoes_an_update),
        case(an_empty_commit_is_fine),
        case(one_row_written_twice_in_one_commit),
        case(expect_passes_on_a_row_as_it_was_read),
        case(expect_refuses_a_row_that_was_written),
        case(expect_refuses_a_row_that_is_gone),
        case(expect_refuses_a_row_that_is_marked_as_deleted),
        case(expect_fails_and_nothing_is_written),
        case(a_deadline_that_passed_writes_nothing),
        case(the_service_creates_gets_and_updates),
        case(the_service_refuses_a_stale_etag),
        case(what_one_handle_writes_another_reads),
    ]
}

async fn an_insert_stamps_version_and_times(stage: Stage) {
    let mut row = rows::account(&stage, "Ada");
    row.version = 77;
    let row = stage.insert(row).await;
    let stored = stage.stored(&row).await;
    assert_eq!((stored.version, stored.created_at, stored.updated_at), (1, stage.cx.now(), stage.cx.now()));
    assert_eq!(stored, row);
}

async fn an_update_counts_the_version_and_keeps_the_time_of_the_insert(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    let later = stage.later();
    let after = Account { name: "Grace".to_owned(), ..row.clone() };
    let after = later.write(|changes| changes.update(&row, after)).await.unwrap();
    let stored = stage.stored(&row).await;
    assert_eq!((stored.version, stored.created_at, stored.updated_at), (2, stage.cx.now(), later.cx.now()));
    assert_eq!((stored.name.as_str(), &stored), ("Grace", &after));
}

async fn a_row_is_stored_as_it_is_for_imports(stage: Stage) {
    let row = Account {
        version: 41,
        created_at: crate::values::time("1999-12-31T23:59:59Z"),
        ..rows::account(&stage, "Ada")
    };
    stage.write(|changes| changes.insert_as_it_is(&row)).await.unwrap();
    assert_eq!(stage.stored(&row).await, row);
    let after = Account { version: 50, ..row.clone() };
    stage.write(|changes| changes.update_as_it_is(&row, &after)).await.unwrap();
    assert_eq!(stage.stored(&row).await, after);
}

async fn an_update_of_a_row_that_is_gone_is_refused(stage: Stage) {
    let row = stage.insert(rows::node(&stage, "a")).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    concurrent(stage.write(|changes| changes.update(&row, row.clone())).await);
    let plain = stage.insert(rows::plain(&stage, "a")).await;
    stage.write(|changes| changes.delete(&plain)).await.unwrap();
    concurrent(stage.write(|changes| changes.update(&plain, plain.clone())).await);
}

async fn an_update_of_a_row_that_is_marked_as_deleted_is_refused(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    let deleted = Account { version: 2, ..row };
    concurrent(stage.write(|changes| changes.update(&deleted, deleted.clone())).await);
}

async fn an_update_of_a_stale_version_is_refused(stage: Stage) {
    let first = stage.insert(rows::coded("a")).await;
    let second =
        stage.write(|changes| changes.update(&first, Coded { name: "b".to_owned(), ..first.clone() })).await.unwrap();
    concurrent(stage.write(|changes| changes.update(&first, Coded { name: "c".to_owned(), ..first.clone() })).await);
    assert_eq!(stage.stored(&first).await, second);
}

async fn an_update_that_changes_nothing_still_counts(stage: Stage) {
    let row = stage.insert(rows::coded("a")).await;
    stage.write(|changes| changes.update(&row, row.clone())).await.unwrap();
    assert_eq!(stage.stored(&row).await.version, 2);
    // Without a version, the very same values are written again: no engine may take that for a row that is gone.
    let plain = stage.insert(rows::plain(&stage, "a")).await;
    stage.write(|changes| changes.update(&plain, plain.clone())).await.unwrap();
    assert_eq!(stage.stored(&plain).await, plain);
}

async fn rows_without_a_version_take_the_last_write(stage: Stage) {
    let row = stage.insert(rows::plain(&stage, "a")).await;
    for text in ["b", "c"] {
        stage.write(|changes| changes.update(&row, Plain { text: text.to_owned(), ..row.clone() })).await.unwrap();
    }
    assert_eq!(stage.stored(&row).await.text, "c");
    // Nobody can say in which state they read it.
    stage.write(|changes| changes.expect_version(&row)).await.unwrap();
}

async fn a_row_of_nothing_but_a_key(stage: Stage) {
    let row = stage.insert(Bare { id: stage.uuid().into() }).await;
    stage.write(|changes| changes.update(&row, row.clone())).await.unwrap();
    assert_eq!(stage.list::<Bare>(&[]).await.data, std::slice::from_ref(&row));
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    concurrent(stage.write(|changes| changes.update(&row, row.clone())).await);
}

async fn many_rows_in_one_commit(stage: Stage) {
    let mut changes = stage.changes();
    for n in 0..500 {
        changes.insert(Plain { count: n, ..rows::plain(&stage, "many") });
    }
    stage.commit(changes).await.unwrap();
    assert_eq!(stage.list::<Plain>(&[]).await.total, Some(500));
}

async fn rows_refer_to_rows_of_the_same_commit(stage: Stage) {
    let parent = rows::node(&stage, "parent");
    let child = conformance_generated::conformance::v1::node::Node {
        parent_id: Some(parent.id),
        ..rows::node(&stage, "child")
    };
    let (parent, child) = stage.write(|changes| (changes.insert(parent), changes.insert(child))).await.unwrap();
    assert_eq!((stage.stored(&parent).await, stage.stored(&child).await), (parent, child));
}

async fn the_last_write_fails_and_none_is_there(stage: Stage) {
    let kept = stage.insert(rows::product(&stage, "TAKEN", 5)).await;
    let account = stage.insert(rows::account(&stage, "Ada")).await;
    let (plain, order) = (rows::plain(&stage, "new"), rows::order(&stage, "1", &account));
    let mut changes = stage.changes();
    changes.insert(plain.clone());
    changes.insert(order.clone());
    changes.update(&account, Account { name: "Grace".to_owned(), ..account.clone() });
    changes.adjust(Adjust::of(&kept.id).add(&Product::STOCK, &-1));
    changes.insert(rows::product(&stage, "TAKEN", 1));
    conflict(stage.commit(changes).await);
    assert!(!stage.is_there(&plain).await && !stage.is_there(&order).await);
    assert_eq!(stage.stored(&account).await, account);
    assert_eq!(stage.stored(&kept).await, kept);
}

async fn the_first_write_fails_and_none_is_there(stage: Stage) {
    stage.insert(rows::product(&stage, "TAKEN", 5)).await;
    let plain = rows::plain(&stage, "new");
    let mut changes = stage.changes();
    changes.insert(rows::product(&stage, "TAKEN", 1));
    changes.insert(plain.clone());
    conflict(stage.commit(changes).await);
    assert!(!stage.is_there(&plain).await);
}

async fn a_failed_delete_undoes_an_insert(stage: Stage) {
    let (account, ..) = rows::shop(&stage).await;
    stage.insert(rows::order(&stage, "1", &account)).await;
    let plain = rows::plain(&stage, "new");
    let mut changes = stage.changes();
    changes.insert(plain.clone());
    changes.delete(&account);
    precondition(stage.commit(changes).await);
    assert!(!stage.is_there(&plain).await && stage.is_there(&account).await);
}

async fn a_failed_guard_undoes_an_update(stage: Stage) {
    let (account, lamp, cup) = rows::shop(&stage).await;
    let mut changes = stage.changes();
    changes.update(&account, Account { name: "Grace".to_owned(), ..account.clone() });
    changes.adjust(Adjust::of(&lamp.id).add(&Product::STOCK, &-10).at_least(&Product::STOCK, &0));
    changes.adjust(Adjust::of(&cup.id).add(&Product::STOCK, &-11).at_least(&Product::STOCK, &0));
    precondition(stage.commit(changes).await);
    assert_eq!((stage.stored(&account).await, stage.stored(&lamp).await), (account, lamp));
}

async fn an_empty_commit_is_fine(stage: Stage) {
    stage.commit(stage.changes()).await.unwrap();
}

async fn one_row_written_twice_in_one_commit(stage: Stage) {
    let product = rows::product(&stage, "LAMP", 1);
    let mut changes = stage.changes();
    let product = changes.insert(product);
    changes.adjust(Adjust::of(&product.id).add(&Product::STOCK, &2));
    changes.adjust(Adjust::of(&product.id).add(&Product::STOCK, &3));
    stage.commit(changes).await.unwrap();
    let stored = stage.stored(&product).await;
    assert_eq!((stored.stock, stored.version), (6, 3));
}

async fn expect_passes_on_a_row_as_it_was_read(stage: Stage) {
    let row = stage.insert(rows::coded("a")).await;
    let plain = rows::plain(&stage, "new");
    stage.write(|changes| (changes.expect_version(&row), changes.insert(plain.clone()))).await.unwrap();
    assert_eq!(stage.stored(&row).await.version, 1, "an expected row is not written");
    assert!(stage.is_there(&plain).await);
}

async fn expect_refuses_a_row_that_was_written(stage: Stage) {
    let row = stage.insert(rows::coded("a")).await;
    stage.write(|changes| changes.touch(&row)).await.unwrap();
    concurrent(stage.write(|changes| changes.expect_version(&row)).await);
}

async fn expect_refuses_a_row_that_is_gone(stage: Stage) {
    let row = stage.insert(rows::coded("a")).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    concurrent(stage.write(|changes| changes.expect_version(&row)).await);
}

async fn expect_refuses_a_row_that_is_marked_as_deleted(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    concurrent(stage.write(|changes| changes.expect_version(&row)).await);
}

async fn expect_fails_and_nothing_is_written(stage: Stage) {
    let row = stage.insert(rows::coded("a")).await;
    stage.write(|changes| changes.touch(&row)).await.unwrap();
    let plain = rows::plain(&stage, "new");
    concurrent(stage.write(|changes| (changes.insert(plain.clone()), changes.expect_version(&row))).await);
    assert!(!stage.is_there(&plain).await);
}

async fn a_deadline_that_passed_writes_nothing(stage: Stage) {
    let mut late = stage.clone();
    late.cx.deadline = Some(Instant::now() - Duration::from_millis(1));
    let plain = rows::plain(&stage, "late");
    let outcome = late.try_insert(plain.clone()).await;
    assert!(matches!(outcome, Err(Error::Timeout)), "{outcome:?}");
    assert!(!stage.is_there(&plain).await);
}

async fn the_service_creates_gets_and_updates(stage: Stage) {
    let service = stage.service::<Account>();
    let new = NewAccount { name: "Ada".to_owned(), nickname: Some("countess".to_owned()) };
    let created = service.create(&stage.cx, new).await.unwrap();
    assert_eq!(service.get(&stage.cx, created.id, &Expand::NONE).await.unwrap(), created);
    let patch = AccountPatch { nickname: Some(None), ..AccountPatch::default() };
    let updated = service.update(&stage.cx, created.id, patch, Etag::Any).await.unwrap();
    assert_eq!((updated.name.as_str(), updated.nickname.as_deref(), updated.version), ("Ada", None, 2));
    assert_eq!(service.get(&stage.cx, created.id, &Expand::NONE).await.unwrap(), updated);
    let unknown = service.get(&stage.cx, stage.uuid().into(), &Expand::NONE).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
}

async fn the_service_refuses_a_stale_etag(stage: Stage) {
    let service = stage.service::<Account>();
    let created = service.create(&stage.cx, NewAccount { name: "Ada".to_owned(), nickname: None }).await.unwrap();
    let tag = Etag::OneOf(vec![etag(&created).unwrap()]);
    let patch = AccountPatch { name: Some("Grace".to_owned()), ..AccountPatch::default() };
    service.update(&stage.cx, created.id, patch.clone(), tag.clone()).await.unwrap();
    let stale = service.update(&stage.cx, created.id, patch, tag.clone()).await;
    assert!(matches!(stale, Err(Error::PreconditionFailed)), "{stale:?}");
    let stale = service.delete(&stage.cx, created.id, tag).await;
    assert!(matches!(stale, Err(Error::PreconditionFailed)), "{stale:?}");
    assert!(stage.is_there(&created).await);
}

async fn what_one_handle_writes_another_reads(stage: Stage) {
    let other = Stage::open(&stage.config);
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    assert_eq!(other.stored(&row).await, row);
    other.write(|changes| changes.delete(&row)).await.unwrap();
    assert!(!stage.is_there(&row).await);
}
