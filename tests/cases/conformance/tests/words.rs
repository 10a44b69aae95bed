//! Tables and columns that are named by words of SQL work like all others.

use arcana_runtime::access::Scope;
use arcana_runtime::changes::Adjust;
use arcana_runtime::fixture::Fixture;
use arcana_runtime::service::{Etag, Service};
use conformance_generated::conformance::v1::kind::Kind;
use conformance_generated::conformance::v1::word::{Word, WordPart};

use crate::cases::{Case, case};
use crate::stage::{Stage, conflict, precondition};

pub fn cases() -> Vec<Case> {
    vec![
        case(words_are_written_and_read),
        case(words_are_changed_and_marked_and_brought_back),
        case(words_are_filtered_and_ordered),
        case(words_are_guarded),
        case(words_are_unique_and_named_as_fields),
        case(words_refer_and_are_named_as_fields),
        case(words_are_bound_to_a_tenant),
        case(samples_of_every_table_fit),
    ]
}

pub fn word(stage: &Stage, name: &str) -> Word {
    Word {
        key: stage.uuid().into(),
        user: "red".to_owned(),
        group: name.to_owned(),
        from: name.to_owned(),
        to: name.to_owned(),
        table: None,
        values: Vec::new(),
        ..Word::fixture(0)
    }
}

async fn words_are_written_and_read(stage: Stage) {
    let mut row = word(&stage, "a");
    row.values = (0..3).map(|n| WordPart { id: stage.uuid().into(), select: format!("{n}"), usage: n }).collect();
    let row = stage.insert(row).await;
    assert_eq!(stage.stored(&row).await, row);
    assert_eq!(stage.list::<Word>(&[]).await.data, [row]);
}

async fn words_are_changed_and_marked_and_brought_back(stage: Stage) {
    let row = stage.insert(word(&stage, "a")).await;
    let mut after = row.clone();
    (after.desc, after.r#where, after.rank) = ("down".to_owned(), None, !row.rank);
    after.values = vec![WordPart { id: stage.uuid().into(), select: String::new(), usage: 1 }];
    let after = stage.write(|changes| changes.update(&row, after)).await.unwrap();
    assert_eq!(stage.stored(&row).await, after);
    stage.write(|changes| changes.delete(&after)).await.unwrap();
    assert!(!stage.is_there(&row).await);
    let back = stage.service::<Word>().undelete(&stage.cx, row.key).await.unwrap();
    assert_eq!((stage.stored(&row).await, back.version), (back, 4));
}

async fn words_are_filtered_and_ordered(stage: Stage) {
    let mut meant = Vec::new();
    for (limit, name) in (1..).zip(["b", "a", "c"]) {
        let row = Word { limit, r#where: (limit != 2).then(|| name.to_owned()), ..word(&stage, name) };
        meant.push(stage.insert(row).await);
    }
    let page = stage.list::<Word>(&[("sort", "where,limit"), ("order", "asc,desc")]).await;
    assert_eq!(page.data, [meant[1].clone(), meant[0].clone(), meant[2].clone()]);
    let filter = "group:\"c\" OR limit < 3 AND NOT where:* OR where = \"b\"";
    let page = stage.list::<Word>(&[("filter", filter), ("sort", "limit")]).await;
    assert_eq!(page.data, meant);
    let first = stage.list::<Word>(&[("sort", "where"), ("size", "1")]).await;
    let next = stage.list::<Word>(&[("sort", "where"), ("size", "1"), ("page_token", &first.next_page_token)]).await;
    assert_eq!((first.data[0].limit, next.data[0].limit), (2, 1));
}

async fn words_are_guarded(stage: Stage) {
    let row = stage.insert(Word { limit: 5, ..word(&stage, "a") }).await;
    let by = |count| {
        Adjust::of(&row.key).add(&Word::LIMIT, &count).at_least(&Word::LIMIT, &0).was(&Word::GROUP, &"a".to_owned())
    };
    stage.write(|changes| changes.adjust(by(-5))).await.unwrap();
    let (field, _) = precondition(stage.write(|changes| changes.adjust(by(-1))).await);
    assert_eq!((field.as_deref(), stage.stored(&row).await.version), (Some("limit"), 2));
}

async fn words_are_unique_and_named_as_fields(stage: Stage) {
    let row = stage.insert(word(&stage, "a")).await;
    let again = Word { from: "x".to_owned(), ..word(&stage, "a") };
    assert!(conflict(stage.try_insert(again).await).split(", ").any(|field| field == "group"));
    let again = Word { group: "x".to_owned(), ..word(&stage, "a") };
    let field = conflict(stage.try_insert(again).await);
    assert!(field.ends_with("from, to"), "{field}");
    let again = Word { key: row.key, user: "blue".to_owned(), ..word(&stage, "b") };
    assert_eq!(conflict(stage.try_insert(again).await), "key");
}

async fn words_refer_and_are_named_as_fields(stage: Stage) {
    let target = stage.insert(word(&stage, "a")).await;
    let missing = Word { table: Some(stage.uuid().into()), ..word(&stage, "b") };
    assert_eq!(precondition(stage.try_insert(missing).await).0.as_deref(), Some("table"));
    let row = stage.insert(Word { table: Some(target.key), ..word(&stage, "b") }).await;
    assert_eq!(stage.stored(&row).await, row);
}

async fn words_are_bound_to_a_tenant(stage: Stage) {
    let row = stage.insert(word(&stage, "a")).await;
    stage.insert(Word { user: "blue".to_owned(), ..word(&stage, "a") }).await;
    let page = stage.list_in::<Word>(&Scope::Tenant("red".to_owned()), &[]).await.unwrap();
    assert_eq!((page.data, page.total), (vec![row.clone()], Some(1)));
    stage.service::<Word>().delete(&stage.cx, row.key, Etag::Any).await.unwrap();
}

async fn samples_of_every_table_fit(stage: Stage) {
    let seeded = conformance_generated::seed(&stage.db, 20).await.unwrap();
    assert!(seeded.iter().all(|seeded| seeded.rows == 20), "{seeded:?}");
    assert_eq!(stage.list::<Kind>(&[]).await.total, Some(20));
}
