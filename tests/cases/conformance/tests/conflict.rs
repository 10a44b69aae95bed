//! Values that no two rows may share: refused with the field that is taken, and with nothing written.

use conformance_generated::conformance::v1::account::Account;
use conformance_generated::conformance::v1::document::Document;
use conformance_generated::conformance::v1::order::Order;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, conflict};

pub fn cases() -> Vec<Case> {
    vec![
        case(a_taken_value_names_its_field),
        case(an_update_to_a_taken_value_names_its_field),
        case(an_update_that_keeps_its_own_value_is_fine),
        case(null_is_shared_by_all),
        case(case_accents_and_spaces_tell_values_apart),
        case(the_second_of_two_unique_fields_is_named),
        case(a_value_of_a_marked_row_is_free),
        case(a_value_is_taken_per_tenant),
        case(a_composite_value_names_all_its_fields),
        case(a_composite_value_is_taken_as_a_whole_only),
        case(a_composite_value_is_taken_per_tenant),
        case(two_rows_of_one_commit_share_a_value),
        case(a_value_moves_on_within_one_commit),
        case(a_value_is_free_behind_a_delete_in_one_commit),
        case(a_conflict_leaves_nothing_behind),
    ]
}

fn of_tenant(field: &str, own: &[&str]) -> bool {
    let named: Vec<_> = field.split(", ").filter(|name| *name != "tenant_id").collect();
    named == own
}

async fn a_taken_value_names_its_field(stage: Stage) {
    stage.insert(rows::account(&stage, "Ada")).await;
    assert_eq!(conflict(stage.try_insert(rows::account(&stage, "Ada")).await), "name");
}

async fn an_update_to_a_taken_value_names_its_field(stage: Stage) {
    stage.insert(rows::account(&stage, "Ada")).await;
    let other = stage.insert(rows::account(&stage, "Grace")).await;
    let after = Account { name: "Ada".to_owned(), ..other.clone() };
    assert_eq!(conflict(stage.write(|changes| changes.update(&other, after)).await), "name");
    assert_eq!(stage.stored(&other).await, other);
}

async fn an_update_that_keeps_its_own_value_is_fine(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "Ada")).await;
    let after = Account { nickname: Some("countess".to_owned()), ..row.clone() };
    stage.write(|changes| changes.update(&row, after)).await.unwrap();
}

async fn null_is_shared_by_all(stage: Stage) {
    for name in ["a", "b", "c"] {
        stage.insert(rows::account(&stage, name)).await;
    }
    assert_eq!(stage.list::<Account>(&[]).await.total, Some(3));
}

async fn case_accents_and_spaces_tell_values_apart(stage: Stage) {
    for name in ["ada", "Ada", "ADA", "ada ", " ada", "adá", "ada\u{301}", "ａda", "straße", "strasse"] {
        stage.insert(rows::account(&stage, name)).await;
        assert_eq!(conflict(stage.try_insert(rows::account(&stage, name)).await), "name", "{name:?}");
    }
}

async fn the_second_of_two_unique_fields_is_named(stage: Stage) {
    let named = |name: &str| Account { nickname: Some("ace".to_owned()), ..rows::account(&stage, name) };
    stage.insert(named("Ada")).await;
    assert_eq!(conflict(stage.try_insert(named("Grace")).await), "nickname");
}

async fn a_value_of_a_marked_row_is_free(stage: Stage) {
    let first = stage.insert(rows::account(&stage, "Ada")).await;
    stage.write(|changes| changes.delete(&first)).await.unwrap();
    let second = stage.insert(rows::account(&stage, "Ada")).await;
    stage.write(|changes| changes.delete(&second)).await.unwrap();
    stage.insert(rows::account(&stage, "Ada")).await;
    assert_eq!(conflict(stage.try_insert(rows::account(&stage, "Ada")).await), "name");
}

async fn a_value_is_taken_per_tenant(stage: Stage) {
    stage.insert(rows::document(&stage, "red", "a")).await;
    stage.insert(rows::document(&stage, "blue", "a")).await;
    let again = Document { title: "another".to_owned(), ..rows::document(&stage, "red", "a") };
    let field = conflict(stage.try_insert(again).await);
    assert!(of_tenant(&field, &["slug"]), "{field}");
}

async fn a_composite_value_names_all_its_fields(stage: Stage) {
    stage.insert(rows::document(&stage, "red", "a")).await;
    let again = Document { title: "a".to_owned(), ..rows::document(&stage, "red", "b") };
    let field = conflict(stage.try_insert(again).await);
    assert!(of_tenant(&field, &["folder", "title"]), "{field}");
}

async fn a_composite_value_is_taken_as_a_whole_only(stage: Stage) {
    stage.insert(rows::document(&stage, "red", "a")).await;
    let half = Document { folder: "outbox".to_owned(), title: "a".to_owned(), ..rows::document(&stage, "red", "b") };
    stage.insert(half).await;
    let shifted = Document { folder: "inboxa".to_owned(), title: String::new(), ..rows::document(&stage, "red", "c") };
    stage.insert(shifted).await;
}

async fn a_composite_value_is_taken_per_tenant(stage: Stage) {
    stage.insert(rows::document(&stage, "red", "a")).await;
    stage.insert(Document { title: "a".to_owned(), ..rows::document(&stage, "blue", "b") }).await;
}

async fn two_rows_of_one_commit_share_a_value(stage: Stage) {
    let (first, second) = (rows::account(&stage, "Ada"), rows::account(&stage, "Ada"));
    let outcome = stage.write(|changes| (changes.insert(first.clone()), changes.insert(second.clone()))).await;
    assert_eq!(conflict(outcome), "name");
    assert!(!stage.is_there(&first).await && !stage.is_there(&second).await);
}

async fn a_value_moves_on_within_one_commit(stage: Stage) {
    let (a, b) = (stage.insert(rows::account(&stage, "a")).await, stage.insert(rows::account(&stage, "b")).await);
    let mut changes = stage.changes();
    changes.update(&b, Account { name: "c".to_owned(), ..b.clone() });
    changes.update(&a, Account { name: "b".to_owned(), ..a.clone() });
    stage.commit(changes).await.unwrap();
    assert_eq!((stage.stored(&a).await.name, stage.stored(&b).await.name), ("b".to_owned(), "c".to_owned()));
}

async fn a_value_is_free_behind_a_delete_in_one_commit(stage: Stage) {
    let row = stage.insert(rows::account(&stage, "a")).await;
    let mut changes = stage.changes();
    changes.delete(&row);
    let new = changes.insert(rows::account(&stage, "a"));
    stage.commit(changes).await.unwrap();
    assert!(stage.is_there(&new).await && !stage.is_there(&row).await);
}

async fn a_conflict_leaves_nothing_behind(stage: Stage) {
    let (account, lamp, _) = rows::shop(&stage).await;
    stage.insert(rows::order(&stage, "1", &account)).await;
    let mut again = rows::order(&stage, "1", &account);
    again.lines.push(rows::line(&stage, &lamp, 1));
    assert_eq!(conflict(stage.try_insert(again).await), "number");
    assert_eq!(stage.list::<Order>(&[]).await.total, Some(1));
    // No line was left that would keep the product.
    stage.write(|changes| changes.delete(&lamp)).await.unwrap();
}
