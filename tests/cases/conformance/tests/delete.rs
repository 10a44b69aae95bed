//! Deletes, marks of deletion, and the way back.

use arcana_runtime::access::Scope;
use arcana_runtime::error::Error;
use arcana_runtime::expand::Expand;
use arcana_runtime::repository::Repository;
use arcana_runtime::service::{Etag, Service};
use conformance_generated::conformance::v1::account::Account;
use conformance_generated::conformance::v1::cell::Cell;
use conformance_generated::conformance::v1::document::Document;
use conformance_generated::conformance::v1::node::Node;
use conformance_generated::conformance::v1::order::Order;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, concurrent, conflict, precondition};

pub fn cases() -> Vec<Case> {
    vec![
        case(a_deleted_row_is_gone),
        case(a_delete_of_a_stale_version_is_refused),
        case(a_delete_of_a_row_that_is_gone_is_refused),
        case(a_marked_row_is_hidden_everywhere),
        case(a_marked_row_is_found_among_the_deleted),
        case(a_mark_counts_the_version_and_the_time),
        case(a_row_is_not_marked_twice),
        case(undelete_brings_a_row_back_as_it_was),
        case(undelete_of_a_live_row_is_refused),
        case(undelete_of_a_stale_version_is_refused),
        case(undelete_when_the_unique_value_is_taken_names_the_field),
        case(undelete_within_a_tenant_when_the_value_is_taken),
        case(undelete_when_a_reference_is_gone_is_refused),
        case(undelete_of_a_composite_key),
        case(owned_children_go_with_their_parent),
    ]
}

async fn find_deleted(stage: &Stage, row: &Account) -> Option<Account> {
    stage.repository::<Account>().find_deleted(&stage.cx, &Scope::Unrestricted, &row.id).await.unwrap()
}

async fn deleted(stage: &Stage, name: &str) -> Account {
    let row = stage.insert(rows::account(stage, name)).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    find_deleted(stage, &row).await.unwrap()
}

async fn a_deleted_row_is_gone(stage: Stage) {
    let (row, kept) = (stage.insert(rows::node(&stage, "a")).await, stage.insert(rows::node(&stage, "b")).await);
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    assert!(!stage.is_there(&row).await);
    assert_eq!(stage.list::<Node>(&[]).await.data, [kept]);
    let none = stage.repository::<Node>().find_deleted(&stage.cx, &Scope::Unrestricted, &row.id).await.unwrap();
    assert_eq!(none, None);
}

async fn a_delete_of_a_stale_version_is_refused(stage: Stage) {
    let row = stage.insert(rows::node(&stage, "a")).await;
    stage.write(|changes| changes.touch(&row)).await.unwrap();
    concurrent(stage.write(|changes| changes.delete(&row)).await);
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    stage.write(|changes| changes.touch(&row)).await.unwrap();
    concurrent(stage.write(|changes| changes.delete(&row)).await);
    assert!(stage.is_there(&row).await);
}

async fn a_delete_of_a_row_that_is_gone_is_refused(stage: Stage) {
    let row = stage.insert(rows::plain(&stage, "a")).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    concurrent(stage.write(|changes| changes.delete(&row)).await);
}

async fn a_marked_row_is_hidden_everywhere(stage: Stage) {
    let row = deleted(&stage, "Ada").await;
    let repository = stage.repository::<Account>();
    assert!(!stage.is_there(&row).await);
    assert_eq!(repository.find_many(&stage.cx, &Scope::Unrestricted, &[row.id]).await.unwrap(), []);
    assert_eq!(repository.find_many(&stage.cx, &Scope::Owner(row.id.0), &[row.id]).await.unwrap(), []);
    assert_eq!(stage.list::<Account>(&[]).await.total, Some(0));
    let get = stage.service::<Account>().get(&stage.cx, row.id, &Expand::NONE).await;
    assert!(matches!(get, Err(Error::NotFound(_))), "{get:?}");
}

async fn a_marked_row_is_found_among_the_deleted(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    assert_eq!(find_deleted(&stage, &row).await, None, "it is live");
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    assert_eq!(find_deleted(&stage, &row).await.unwrap().name, "Ada");
    let mine =
        stage.repository::<Account>().find_deleted(&stage.cx, &Scope::Owner(stage.uuid()), &row.id).await.unwrap();
    assert_eq!(mine, None, "it is somebody else's");
}

async fn a_mark_counts_the_version_and_the_time(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    let later = stage.later();
    later.write(|changes| changes.delete(&row)).await.unwrap();
    let deleted = find_deleted(&stage, &row).await.unwrap();
    assert_eq!(deleted, Account { version: 2, updated_at: later.cx.now(), ..row });
}

async fn a_row_is_not_marked_twice(stage: Stage) {
    let row = deleted(&stage, "Ada").await;
    concurrent(stage.write(|changes| changes.delete(&row)).await);
}

async fn undelete_brings_a_row_back_as_it_was(stage: Stage) {
    let row = deleted(&stage, "Ada").await;
    let later = stage.later();
    let back = later.write(|changes| changes.undelete(&row)).await.unwrap();
    assert_eq!(back, Account { version: 3, updated_at: later.cx.now(), ..row.clone() });
    assert_eq!(stage.stored(&row).await, back);
    assert_eq!(find_deleted(&stage, &row).await, None);
}

async fn undelete_of_a_live_row_is_refused(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    concurrent(stage.write(|changes| changes.undelete(&row)).await);
    let told = stage.service::<Account>().undelete(&stage.cx, row.id).await;
    precondition(told);
    let unknown = stage.service::<Account>().undelete(&stage.cx, stage.uuid().into()).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
}

async fn undelete_of_a_stale_version_is_refused(stage: Stage) {
    let row = deleted(&stage, "Ada").await;
    let back = stage.write(|changes| changes.undelete(&row)).await.unwrap();
    stage.write(|changes| changes.delete(&back)).await.unwrap();
    concurrent(stage.write(|changes| changes.undelete(&row)).await);
}

async fn undelete_when_the_unique_value_is_taken_names_the_field(stage: Stage) {
    let row = deleted(&stage, "Ada").await;
    let other = stage.insert(rows::account(&stage, "Ada")).await;
    assert_eq!(conflict(stage.write(|changes| changes.undelete(&row)).await), "name");
    assert_eq!(conflict(stage.service::<Account>().undelete(&stage.cx, row.id).await), "name");
    stage.write(|changes| changes.update(&other, Account { name: "Grace".to_owned(), ..other.clone() })).await.unwrap();
    stage.service::<Account>().undelete(&stage.cx, row.id).await.unwrap();
}

async fn undelete_within_a_tenant_when_the_value_is_taken(stage: Stage) {
    let row = stage.insert(rows::document(&stage, "red", "a")).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    let row = Document { version: 2, ..row };
    // What another tenant has stands in nobody's way.
    stage.insert(rows::document(&stage, "blue", "a")).await;
    let back = stage.write(|changes| changes.undelete(&row)).await.unwrap();
    stage.write(|changes| changes.delete(&back)).await.unwrap();
    stage.insert(Document { title: "another".to_owned(), ..rows::document(&stage, "red", "a") }).await;
    let row = Document { version: 4, ..row };
    let field = conflict(stage.write(|changes| changes.undelete(&row)).await);
    assert!(field.contains("slug"), "{field}");
}

async fn undelete_when_a_reference_is_gone_is_refused(stage: Stage) {
    use conformance_generated::conformance::v1::word::Word;
    let target = stage.insert(crate::words::word(&stage, "a")).await;
    let row = stage.insert(Word { table: Some(target.key), ..crate::words::word(&stage, "b") }).await;
    let service = stage.service::<Word>();
    service.delete(&stage.cx, row.key, Etag::Any).await.unwrap();
    service.delete(&stage.cx, target.key, Etag::Any).await.unwrap();
    let outcome = service.undelete(&stage.cx, row.key).await;
    match outcome {
        // The reference was forgotten when its row went, or stands in the way now.
        Ok(back) => assert_eq!(back.table, None),
        Err(_) => assert_eq!(precondition(outcome).0.as_deref(), Some("table")),
    }
}

async fn undelete_of_a_composite_key(stage: Stage) {
    let cell = Cell { sheet: "a".to_owned().into(), row: 1.into(), col: 2.into(), text: None, version: 1 };
    let cell = stage.insert(cell).await;
    stage.write(|changes| changes.delete(&cell)).await.unwrap();
    assert!(!stage.is_there(&cell).await);
    let deleted = Cell { version: 2, ..cell };
    let back = stage.write(|changes| changes.undelete(&deleted)).await.unwrap();
    assert_eq!(stage.stored(&back).await, back);
}

async fn owned_children_go_with_their_parent(stage: Stage) {
    let (account, lamp, _) = rows::shop(&stage).await;
    let mut order = rows::order(&stage, "1", &account);
    order.lines.push(rows::line(&stage, &lamp, 1));
    let order = stage.insert(order).await;
    stage.write(|changes| changes.delete(&order)).await.unwrap();
    // Nothing is left that would keep the product.
    stage.write(|changes| changes.delete(&lamp)).await.unwrap();
    assert_eq!(stage.list::<Order>(&[]).await.total, Some(0));
}
