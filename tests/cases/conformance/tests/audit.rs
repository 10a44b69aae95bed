//! The audit: who changed what, in the transaction that changed it.

use arcana_runtime::changes::Adjust;
use arcana_runtime::context::Principal;
use conformance_generated::conformance::v1::account::Account;
use conformance_generated::conformance::v1::product::Product;
use serde_json::{Value, json};

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, conflict};

pub fn cases() -> Vec<Case> {
    vec![
        case(each_change_is_kept_with_its_values),
        case(the_caller_is_kept),
        case(what_is_sensitive_is_only_said_to_have_changed),
        case(a_relative_change_is_kept_as_it_was_stored),
        case(a_refused_change_is_not_kept),
    ]
}

/// Action, principal and changes of each entry, in order.
async fn kept(stage: &Stage) -> Vec<(String, Option<String>, Value)> {
    let sql = "SELECT \"action\", principal, changes FROM arcana_audit ORDER BY sequence";
    let read = |row: &arcana_runtime::db::Row<'_>| Ok((row.get(0)?, row.get(1)?, Value::Object(row.json(2)?)));
    stage.db.fetch(&stage.cx, sql, &[], read).await.unwrap()
}

async fn each_change_is_kept_with_its_values(stage: Stage) {
    let before = stage.insert(rows::account(&stage, "Ada")).await;
    let after = Account { name: "Grace".to_owned(), ..before.clone() };
    let after = stage.write(|changes| changes.update(&before, after)).await.unwrap();
    stage.write(|changes| changes.delete(&after)).await.unwrap();
    let kept = kept(&stage).await;
    let actions: Vec<_> = kept.iter().map(|(action, ..)| action.as_str()).collect();
    assert_eq!(actions, ["created", "updated", "deleted"]);
    assert_eq!(kept[0].2["name"], json!({ "before": null, "after": "Ada" }));
    assert_eq!(kept[1].2, json!({ "name": { "before": "Ada", "after": "Grace" } }));
    assert_eq!(kept[2].2["name"], json!({ "before": "Grace", "after": null }));
}

async fn the_caller_is_kept(stage: Stage) {
    let caller = stage.uuid();
    let called = stage.called_by(Principal::account(caller, "admin"));
    called.insert(rows::account(&stage, "Ada")).await;
    stage.insert(rows::account(&stage, "Grace")).await;
    let callers: Vec<_> = kept(&stage).await.into_iter().map(|(_, principal, _)| principal).collect();
    assert_eq!(callers, [Some(caller.to_string()), None]);
}

async fn what_is_sensitive_is_only_said_to_have_changed(stage: Stage) {
    let before = stage.insert(Account { secret: Some("xyzzy".to_owned()), ..rows::account(&stage, "Ada") }).await;
    let after = Account { secret: Some("plugh".to_owned()), ..before.clone() };
    stage.write(|changes| changes.update(&before, after)).await.unwrap();
    let kept = kept(&stage).await;
    assert_eq!(kept[1].2, json!({ "secret": "changed" }));
    assert!(kept.iter().all(|(.., changes)| !changes.to_string().contains("xyzzy")));
}

async fn a_relative_change_is_kept_as_it_was_stored(stage: Stage) {
    let product = stage.insert(rows::product(&stage, "LAMP", 3)).await;
    stage.write(|changes| changes.adjust(Adjust::of(&product.id).add(&Product::STOCK, &4))).await.unwrap();
    assert_eq!(kept(&stage).await[1].2, json!({ "stock": { "before": null, "after": 7 } }));
}

async fn a_refused_change_is_not_kept(stage: Stage) {
    stage.insert(rows::account(&stage, "Ada")).await;
    conflict(stage.try_insert(rows::account(&stage, "Ada")).await);
    assert_eq!(kept(&stage).await.len(), 1);
}
