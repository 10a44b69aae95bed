//! References: to rows that are there and live; and what becomes of rows when the one they refer to goes.

use arcana_runtime::changes::Write;
use arcana_runtime::error::Error;
use arcana_runtime::service::{Etag, Service};
use conformance_generated::conformance::v1::account::Account;
use conformance_generated::conformance::v1::document::Document;
use conformance_generated::conformance::v1::imported::Imported;
use conformance_generated::conformance::v1::link::Link;
use conformance_generated::conformance::v1::membership::Membership;
use conformance_generated::conformance::v1::node::Node;
use conformance_generated::conformance::v1::order::Order;
use conformance_generated::conformance::v1::parcel::Parcel;
use conformance_generated::conformance::v1::word::Word;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, precondition};
use crate::words::word;

pub fn cases() -> Vec<Case> {
    vec![
        case(a_missing_reference_names_its_field),
        case(a_missing_reference_of_every_kind_of_key),
        case(an_update_to_a_missing_reference_names_its_field),
        case(a_missing_reference_in_a_composite_key_names_its_field),
        case(a_missing_reference_of_an_owned_child_names_its_field),
        case(a_reference_to_a_marked_row_is_refused),
        case(an_update_to_a_reference_to_a_marked_row_is_refused),
        case(a_reference_that_stays_is_not_looked_at_again),
        case(a_child_that_refers_to_a_marked_row_is_refused),
        case(a_reference_to_oneself),
        case(a_restricted_delete_says_who_refers),
        case(a_restricted_delete_by_an_owned_child),
        case(a_restricted_mark_says_who_refers),
        case(a_restricted_delete_by_a_number),
        case(a_delete_is_free_once_nobody_refers),
        case(a_delete_cascades_through_levels),
        case(a_delete_cascades_through_composite_keys),
        case(a_cascade_stops_at_a_restricted_row),
        case(a_delete_sets_references_to_null),
        case(a_mark_sets_references_to_null),
        case(a_write_of_what_was_read_before_a_mark_is_refused),
        case(rows_that_refer_to_a_marked_row_can_be_changed),
        case(referrer_and_referred_go_in_one_commit),
        case(a_marked_row_keeps_no_other_from_being_marked),
        case(a_marked_row_and_the_removal_of_what_it_refers_to),
        case(undelete_of_a_row_that_refers_to_a_marked_row_is_refused),
    ]
}

fn named(stage: &Stage, name: &str, change: impl FnOnce(&mut Node)) -> Node {
    let mut node = rows::node(stage, name);
    change(&mut node);
    node
}

async fn a_missing_reference_names_its_field(stage: Stage) {
    let (field, _) =
        precondition(stage.try_insert(named(&stage, "a", |node| node.parent_id = Some(stage.uuid().into()))).await);
    assert_eq!(field.as_deref(), Some("parent_id"));
    let (field, _) =
        precondition(stage.try_insert(named(&stage, "a", |node| node.anchor_id = Some(stage.uuid().into()))).await);
    assert_eq!(field.as_deref(), Some("anchor_id"));
    assert_eq!(stage.list::<Node>(&[]).await.total, Some(0));
}

async fn a_missing_reference_of_every_kind_of_key(stage: Stage) {
    let node = stage.insert(rows::node(&stage, "a")).await;
    let none =
        Link { id: stage.uuid().into(), numbered_id: None, imported_nr: None, coded_code: None, node_id: node.id };
    for (field, link) in [
        ("numbered_id", Link { numbered_id: Some(1.into()), ..none.clone() }),
        ("imported_nr", Link { imported_nr: Some(1.into()), ..none.clone() }),
        ("coded_code", Link { coded_code: Some("a".to_owned().into()), ..none.clone() }),
        ("node_id", Link { node_id: stage.uuid().into(), ..none.clone() }),
    ] {
        assert_eq!(precondition(stage.try_insert(link).await).0.as_deref(), Some(field));
    }
    stage.insert(none).await;
    // Texts are the same only to the last byte, here too.
    let coded = stage.insert(rows::coded("a")).await;
    let link = Link {
        id: stage.uuid().into(),
        numbered_id: None,
        imported_nr: None,
        coded_code: Some("A".to_owned().into()),
        node_id: node.id,
    };
    precondition(stage.try_insert(Link { coded_code: Some("a ".to_owned().into()), ..link.clone() }).await);
    precondition(stage.try_insert(link.clone()).await);
    stage.insert(Link { coded_code: Some(coded.code.clone()), ..link }).await;
}

async fn an_update_to_a_missing_reference_names_its_field(stage: Stage) {
    let node = stage.insert(rows::node(&stage, "a")).await;
    let after = Node { next_id: Some(stage.uuid().into()), ..node.clone() };
    let (field, _) = precondition(stage.write(|changes| changes.update(&node, after)).await);
    assert_eq!((field.as_deref(), stage.stored(&node).await), (Some("next_id"), node));
}

async fn a_missing_reference_in_a_composite_key_names_its_field(stage: Stage) {
    let coded = stage.insert(rows::coded("a")).await;
    let row = Membership { coded: None, coded_code: coded.code, numbered_nr: 1.into(), role: String::new() };
    assert_eq!(precondition(stage.try_insert(row).await).0.as_deref(), Some("numbered_nr"));
}

async fn a_missing_reference_of_an_owned_child_names_its_field(stage: Stage) {
    let (account, lamp, cup) = rows::shop(&stage).await;
    let mut order = rows::order(&stage, "1", &account);
    order.lines = vec![rows::line(&stage, &lamp, 1), rows::line(&stage, &cup, 1)];
    order.lines[1].product_id = stage.uuid().into();
    let (field, _) = precondition(stage.try_insert(order.clone()).await);
    let field = field.unwrap();
    assert!(field.ends_with("product_id"), "{field}");
    assert!(!stage.is_there(&order).await);
}

async fn a_reference_to_a_marked_row_is_refused(stage: Stage) {
    let account = stage.insert(rows::account(&stage, "Ada")).await;
    stage.write(|changes| changes.delete(&account)).await.unwrap();
    let (field, _) = precondition(stage.try_insert(rows::order(&stage, "1", &account)).await);
    assert_eq!(field.as_deref(), Some("account_id"));
}

async fn an_update_to_a_reference_to_a_marked_row_is_refused(stage: Stage) {
    let (ada, grace) =
        (stage.insert(rows::account(&stage, "Ada")).await, stage.insert(rows::account(&stage, "Grace")).await);
    let order = stage.insert(rows::order(&stage, "1", &ada)).await;
    stage.write(|changes| changes.delete(&grace)).await.unwrap();
    let after = Order { account_id: grace.id, ..order.clone() };
    let (field, _) = precondition(stage.write(|changes| changes.update(&order, after)).await);
    assert_eq!(field.as_deref(), Some("account_id"));
}

async fn a_reference_that_stays_is_not_looked_at_again(stage: Stage) {
    let (ada, grace) =
        (stage.insert(rows::account(&stage, "Ada")).await, stage.insert(rows::account(&stage, "Grace")).await);
    let order = stage.insert(rows::order(&stage, "1", &ada)).await;
    // A look would share the account with all others that write an order of it.
    let looks = |after: Order| {
        let mut changes = stage.changes();
        changes.update(&order, after);
        match changes.writes() {
            [Write::Update { redirected, .. }] => {
                redirected.iter().map(|reference| reference.field).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(looks(Order { number: "2".to_owned(), ..order.clone() }), [""; 0]);
    assert_eq!(looks(Order { account_id: grace.id, ..order.clone() }), ["account_id"]);
}

async fn a_child_that_refers_to_a_marked_row_is_refused(stage: Stage) {
    let (account, lamp, _) = rows::shop(&stage).await;
    let order = stage.insert(rows::order(&stage, "1", &account)).await;
    stage.write(|changes| changes.delete(&lamp)).await.unwrap();
    let after = Order { lines: vec![rows::line(&stage, &lamp, 1)], ..order.clone() };
    let (field, _) = precondition(stage.write(|changes| changes.update(&order, after)).await);
    let field = field.unwrap();
    assert!(field.ends_with("product_id"), "{field}");
    assert_eq!(stage.stored(&order).await, order);
}

async fn a_reference_to_oneself(stage: Stage) {
    let mut node = rows::node(&stage, "a");
    (node.parent_id, node.next_id) = (Some(node.id), Some(node.id));
    let node = stage.insert(node).await;
    assert_eq!(stage.stored(&node).await, node);
    stage.write(|changes| changes.delete(&node)).await.unwrap();
    assert!(!stage.is_there(&node).await);
}

async fn a_restricted_delete_says_who_refers(stage: Stage) {
    let anchor = stage.insert(rows::node(&stage, "anchor")).await;
    stage.insert(named(&stage, "boat", |node| node.anchor_id = Some(anchor.id))).await;
    let (_, message) = precondition(stage.write(|changes| changes.delete(&anchor)).await);
    assert!(message.contains("nodes") || message.contains("Node"), "{message}");
    assert!(stage.is_there(&anchor).await);
}

async fn a_restricted_delete_by_an_owned_child(stage: Stage) {
    let (account, lamp, _) = rows::shop(&stage).await;
    let mut order = rows::order(&stage, "1", &account);
    order.lines.push(rows::line(&stage, &lamp, 1));
    stage.insert(order).await;
    let (_, message) = precondition(stage.write(|changes| changes.delete(&lamp)).await);
    assert!(message.contains("order_lines") || message.contains("OrderLine"), "{message}");
    assert!(stage.is_there(&lamp).await);
}

async fn a_restricted_mark_says_who_refers(stage: Stage) {
    let account = stage.insert(rows::account(&stage, "Ada")).await;
    stage.insert(rows::order(&stage, "1", &account)).await;
    let (_, message) = precondition(stage.write(|changes| changes.delete(&account)).await);
    assert!(message.contains("orders") || message.contains("Order"), "{message}");
    let (_, message) = precondition(stage.service::<Account>().delete(&stage.cx, account.id, Etag::Any).await);
    assert!(message.contains("orders") || message.contains("Order"), "{message}");
    assert!(stage.is_there(&account).await);
}

async fn a_restricted_delete_by_a_number(stage: Stage) {
    let node = stage.insert(rows::node(&stage, "a")).await;
    let imported = stage.insert(Imported { nr: (-7).into(), name: "a".to_owned() }).await;
    let link = Link {
        id: stage.uuid().into(),
        numbered_id: None,
        imported_nr: Some(imported.nr),
        coded_code: None,
        node_id: node.id,
    };
    stage.insert(link).await;
    let (_, message) = precondition(stage.write(|changes| changes.delete(&imported)).await);
    assert!(message.contains("links") || message.contains("Link"), "{message}");
}

async fn a_delete_is_free_once_nobody_refers(stage: Stage) {
    let anchor = stage.insert(rows::node(&stage, "anchor")).await;
    let boat = stage.insert(named(&stage, "boat", |node| node.anchor_id = Some(anchor.id))).await;
    stage.write(|changes| changes.update(&boat, Node { anchor_id: None, ..boat.clone() })).await.unwrap();
    stage.write(|changes| changes.delete(&anchor)).await.unwrap();
}

async fn a_delete_cascades_through_levels(stage: Stage) {
    let root = stage.insert(rows::node(&stage, "root")).await;
    let child = stage.insert(named(&stage, "child", |node| node.parent_id = Some(root.id))).await;
    let leaf = stage.insert(named(&stage, "leaf", |node| node.parent_id = Some(child.id))).await;
    let other = stage.insert(rows::node(&stage, "other")).await;
    let link =
        Link { id: stage.uuid().into(), numbered_id: None, imported_nr: None, coded_code: None, node_id: leaf.id };
    let link = stage.insert(link).await;
    stage.write(|changes| changes.delete(&root)).await.unwrap();
    assert_eq!(stage.list::<Node>(&[]).await.data, [other]);
    assert!(!stage.is_there(&link).await);
}

async fn a_delete_cascades_through_composite_keys(stage: Stage) {
    let (coded, numbered) = (stage.insert(rows::coded("a")).await, stage.insert(rows::numbered(1)).await);
    let row = Membership { coded: None, coded_code: coded.code.clone(), numbered_nr: numbered.id, role: String::new() };
    let row = stage.insert(row).await;
    stage.write(|changes| changes.delete(&coded)).await.unwrap();
    assert!(!stage.is_there(&row).await && stage.is_there(&numbered).await);
}

async fn a_cascade_stops_at_a_restricted_row(stage: Stage) {
    let root = stage.insert(rows::node(&stage, "root")).await;
    let child = stage.insert(named(&stage, "child", |node| node.parent_id = Some(root.id))).await;
    // Goes with the root, too, but for the child it would be in the way.
    let boat = stage.insert(named(&stage, "boat", |node| node.anchor_id = Some(child.id))).await;
    precondition(stage.write(|changes| changes.delete(&root)).await);
    for node in [&root, &child, &boat] {
        assert!(stage.is_there(node).await, "{}", node.name);
    }
}

async fn a_delete_sets_references_to_null(stage: Stage) {
    let node = stage.insert(rows::node(&stage, "a")).await;
    let before = stage.insert(named(&stage, "before", |other| other.next_id = Some(node.id))).await;
    let numbered = stage.insert(rows::numbered(1)).await;
    let link = Link {
        id: stage.uuid().into(),
        numbered_id: Some(numbered.id),
        imported_nr: None,
        coded_code: None,
        node_id: before.id,
    };
    let link = stage.insert(link).await;
    stage.write(|changes| (changes.delete(&node), changes.delete(&numbered))).await.unwrap();
    assert_eq!(stage.stored(&before).await.next_id, None);
    assert_eq!(stage.stored(&link).await.numbered_id, None);
}

async fn a_mark_sets_references_to_null(stage: Stage) {
    let target = stage.insert(word(&stage, "a")).await;
    let row = stage.insert(Word { table: Some(target.key), ..word(&stage, "b") }).await;
    stage.write(|changes| changes.delete(&target)).await.unwrap();
    assert_eq!(stage.stored(&row).await.table, None);
}

async fn a_write_of_what_was_read_before_a_mark_is_refused(stage: Stage) {
    let target = stage.insert(word(&stage, "a")).await;
    let row = stage.insert(Word { table: Some(target.key), ..word(&stage, "b") }).await;
    stage.write(|changes| changes.delete(&target)).await.unwrap();
    // It would bring the reference back, which it does not change.
    let after = Word { limit: row.limit + 1, ..row.clone() };
    let outcome = stage.write(|changes| changes.update(&row, after)).await;
    assert!(matches!(outcome, Err(Error::ConcurrentUpdate(_))), "{outcome:?}");
    assert_eq!(stage.stored(&row).await.table, None);
}

async fn rows_that_refer_to_a_marked_row_can_be_changed(stage: Stage) {
    let target = stage.insert(word(&stage, "a")).await;
    let row = stage.insert(Word { table: Some(target.key), ..word(&stage, "b") }).await;
    stage.write(|changes| changes.delete(&target)).await.unwrap();
    // Whatever became of the reference, this does not touch it.
    let row = stage.stored(&row).await;
    let after = Word { limit: row.limit + 1, ..row.clone() };
    let after = stage.write(|changes| changes.update(&row, after)).await.unwrap();
    assert_eq!(stage.stored(&row).await, after);
}

async fn referrer_and_referred_go_in_one_commit(stage: Stage) {
    let account = stage.insert(rows::account(&stage, "Ada")).await;
    let order = stage.insert(rows::order(&stage, "1", &account)).await;
    let parcel = stage.insert(Parcel { id: stage.uuid().into(), order_id: order.id, text: "a".to_owned() }).await;
    stage.write(|changes| (changes.delete(&order), changes.delete(&account))).await.unwrap();
    assert!(!stage.is_there(&account).await && !stage.is_there(&parcel).await);
}

async fn a_marked_row_keeps_no_other_from_being_marked(stage: Stage) {
    let account = stage.insert(rows::account(&stage, "Ada")).await;
    let row = Document { account_id: Some(account.id), ..rows::document(&stage, "red", "a") };
    let row = stage.insert(row).await;
    precondition(stage.write(|changes| changes.delete(&account)).await);
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    stage.write(|changes| changes.delete(&account)).await.unwrap();
}

async fn a_marked_row_and_the_removal_of_what_it_refers_to(stage: Stage) {
    let node = stage.insert(rows::node(&stage, "a")).await;
    let row = stage.insert(Document { node_id: Some(node.id), ..rows::document(&stage, "red", "a") }).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    // The row could come back, so the database may keep what it refers to; but then it says so in plain words.
    match stage.write(|changes| changes.delete(&node)).await {
        Ok(()) => assert!(!stage.is_there(&node).await),
        refused => drop(precondition(refused)),
    }
}

async fn undelete_of_a_row_that_refers_to_a_marked_row_is_refused(stage: Stage) {
    let account = stage.insert(rows::account(&stage, "Ada")).await;
    let row = Document { account_id: Some(account.id), ..rows::document(&stage, "red", "a") };
    let row = stage.insert(row).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    stage.write(|changes| changes.delete(&account)).await.unwrap();
    let (field, _) = precondition(stage.service::<Document>().undelete(&stage.cx, row.id).await);
    assert_eq!(field.as_deref(), Some("account_id"));
    // Once the account is back, so may the row be.
    stage.service::<Account>().undelete(&stage.cx, account.id).await.unwrap();
    stage.service::<Document>().undelete(&stage.cx, row.id).await.unwrap();
}
