//! Keys of every kind: made by the service, allotted, sent, composite; found one by one and many at once.

use std::collections::BTreeSet;

use arcana_runtime::access::Scope;
use arcana_runtime::changes::Store;
use arcana_runtime::entity::Entity;
use arcana_runtime::repository::Repository;
use arcana_runtime::service::Service;
use conformance_generated::conformance::v1::cell::{Cell, CellId};
use conformance_generated::conformance::v1::coded::Coded;
use conformance_generated::conformance::v1::imported::Imported;
use conformance_generated::conformance::v1::membership::Membership;
use conformance_generated::conformance::v1::numbered::{NewNumbered, Numbered};
use conformance_generated::conformance::v1::plain::Plain;
use uuid::Uuid;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, conflict};

pub fn cases() -> Vec<Case> {
    vec![
        case(uuids_of_every_value),
        case(numbers_of_every_value),
        case(texts_of_every_value),
        case(composite_keys_of_every_value),
        case(allotted_numbers_count_up_and_never_come_again),
        case(allotted_numbers_are_not_those_of_another_handle),
        case(each_sequence_counts_for_itself),
        case(a_taken_uuid_is_a_conflict_that_names_the_key),
        case(a_taken_number_is_a_conflict_that_names_the_key),
        case(a_taken_text_is_a_conflict_that_names_the_key),
        case(a_taken_composite_key_is_a_conflict_that_names_its_fields),
        case(a_taken_key_of_a_marked_row_is_a_conflict_too),
        case(keys_with_names_of_their_own_are_named_by_their_fields),
        case(find_many_passes_over_unknown_ids),
        case(find_many_takes_an_id_twice),
        case(find_many_of_composite_keys),
        case(find_many_of_hundreds),
        case(find_many_of_thousands),
        case(find_many_of_none),
    ]
}

fn cell(sheet: &str, row: i64, col: i64) -> Cell {
    Cell { sheet: sheet.to_owned().into(), row: row.into(), col: col.into(), text: Some("a".to_owned()), version: 1 }
}

async fn uuids_of_every_value(stage: Stage) {
    for id in [Uuid::nil(), Uuid::max(), Uuid::now_v7(), Uuid::from_u128(0x80 << 120), Uuid::from_u128(1)] {
        let row = stage.insert(Plain { id: id.into(), ..rows::plain(&stage, "a") }).await;
        assert_eq!(stage.stored(&row).await, row);
    }
    assert_eq!(stage.list::<Plain>(&[]).await.total, Some(5));
}

async fn numbers_of_every_value(stage: Stage) {
    for nr in [i64::MIN, -1, 0, 1, 9_007_199_254_740_993, i64::MAX] {
        let row = stage.insert(Imported { nr: nr.into(), name: nr.to_string() }).await;
        assert_eq!(stage.stored(&row).await, row);
    }
    assert_eq!(stage.list::<Imported>(&[]).await.total, Some(6));
}

async fn texts_of_every_value(stage: Stage) {
    let codes = ["a", "A", "a ", " a", "ä", "a\u{308}", "😀", "a/b", "a%2F", "'", "\\", "null", "1", "01"];
    for code in codes {
        let row = stage.insert(rows::coded(code)).await;
        assert_eq!(stage.stored(&row).await, row);
    }
    let longest = stage.insert(rows::coded(&"🦀".repeat(40))).await;
    assert_eq!(stage.stored(&longest).await, longest);
    assert_eq!(stage.list::<Coded>(&[]).await.total, Some(codes.len() as i64 + 1));
}

async fn composite_keys_of_every_value(stage: Stage) {
    for (sheet, row, col) in
        [("", 0, 0), ("a", i64::MIN, i64::MAX), ("a ", 1, 2), ("A", 1, 2), ("a", 12, 3), ("a", 1, 23)]
    {
        let cell = stage.insert(cell(sheet, row, col)).await;
        assert_eq!(stage.stored(&cell).await, cell);
    }
    assert_eq!(stage.list::<Cell>(&[]).await.total, Some(6));
}

async fn allotted_numbers_count_up_and_never_come_again(stage: Stage) {
    let service = stage.service::<Numbered>();
    let mut last = 0;
    for _ in 0..250 {
        let row = service.create(&stage.cx, NewNumbered { name: "a".to_owned() }).await.unwrap();
        assert!(row.id.0 > last, "{} behind {last}", row.id);
        last = row.id.0;
    }
    assert_eq!(stage.list::<Numbered>(&[]).await.total, Some(250));
    let newest = stage.find::<Numbered>(&last.into()).await.unwrap();
    stage.write(|changes| changes.delete(&newest)).await.unwrap();
    let again = service.create(&stage.cx, NewNumbered { name: "a".to_owned() }).await.unwrap();
    assert!(again.id.0 > last, "the number of a row that is gone comes again");
}

async fn allotted_numbers_are_not_those_of_another_handle(stage: Stage) {
    // As another process of the same service, or this one when it is started again.
    let other = Stage::open(&stage.config);
    let mut seen = BTreeSet::new();
    for _ in 0..150 {
        assert!(seen.insert(Store::allot(&stage.db, &stage.cx, Numbered::SPEC).await.unwrap()));
        assert!(seen.insert(Store::allot(&other.db, &other.cx, Numbered::SPEC).await.unwrap()));
    }
    assert!(seen.first().is_some_and(|first| *first >= 1));
}

async fn each_sequence_counts_for_itself(stage: Stage) {
    let first = stage.db.allot(&stage.cx, "one").await.unwrap();
    assert_eq!(first, 1);
    assert_eq!(stage.db.allot(&stage.cx, "other").await.unwrap(), 1);
    assert_eq!(stage.db.allot(&stage.cx, "one").await.unwrap(), 2);
}

async fn a_taken_uuid_is_a_conflict_that_names_the_key(stage: Stage) {
    let row = stage.insert(rows::plain(&stage, "a")).await;
    assert_eq!(conflict(stage.try_insert(Plain { text: "b".to_owned(), ..row.clone() }).await), "id");
    assert_eq!(stage.stored(&row).await, row);
}

async fn a_taken_number_is_a_conflict_that_names_the_key(stage: Stage) {
    stage.insert(Imported { nr: 7.into(), name: "a".to_owned() }).await;
    assert_eq!(conflict(stage.try_insert(Imported { nr: 7.into(), name: "b".to_owned() }).await), "nr");
}

async fn a_taken_text_is_a_conflict_that_names_the_key(stage: Stage) {
    stage.insert(rows::coded("a")).await;
    assert_eq!(conflict(stage.try_insert(rows::coded("a")).await), "code");
}

async fn a_taken_composite_key_is_a_conflict_that_names_its_fields(stage: Stage) {
    stage.insert(cell("a", 1, 2)).await;
    assert_eq!(conflict(stage.try_insert(cell("a", 1, 2)).await), "sheet, row, col");
}

async fn a_taken_key_of_a_marked_row_is_a_conflict_too(stage: Stage) {
    let row = stage.insert(cell("a", 1, 2)).await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    conflict(stage.try_insert(cell("a", 1, 2)).await);
}

async fn keys_with_names_of_their_own_are_named_by_their_fields(stage: Stage) {
    // The column is called `nr`; clients know the field only.
    stage.insert(rows::numbered(7)).await;
    assert_eq!(conflict(stage.try_insert(rows::numbered(7)).await), "id");
}

async fn find_many_passes_over_unknown_ids(stage: Stage) {
    let (a, b) = (stage.insert(rows::coded("a")).await, stage.insert(rows::coded("b")).await);
    let ids = [a.id(), "unknown".to_owned().into(), b.id(), "A".to_owned().into()];
    let mut found = stage.repository::<Coded>().find_many(&stage.cx, &Scope::Unrestricted, &ids).await.unwrap();
    found.sort_by(|a, b| a.code.cmp(&b.code));
    assert_eq!(found, [a, b]);
}

async fn find_many_takes_an_id_twice(stage: Stage) {
    let row = stage.insert(rows::plain(&stage, "a")).await;
    let found =
        stage.repository::<Plain>().find_many(&stage.cx, &Scope::Unrestricted, &[row.id, row.id]).await.unwrap();
    assert_eq!(found, [row]);
}

async fn find_many_of_composite_keys(stage: Stage) {
    let coded = stage.insert(rows::coded("a")).await;
    let mut ids = Vec::new();
    for nr in 1..=3 {
        let numbered = stage.insert(rows::numbered(nr)).await;
        let row = Membership { coded: None, coded_code: coded.id(), numbered_nr: numbered.id, role: nr.to_string() };
        ids.push(stage.insert(row).await.id());
    }
    ids[1].numbered_nr = 99.into();
    let found = stage.repository::<Membership>().find_many(&stage.cx, &Scope::Unrestricted, &ids).await.unwrap();
    let roles: BTreeSet<_> = found.iter().map(|row| row.role.as_str()).collect();
    assert_eq!(roles, ["1", "3"].into());
    let unknown = CellId { sheet: "a".to_owned().into(), row: 1.into(), col: 1.into() };
    assert_eq!(stage.find::<Cell>(&unknown).await, None);
}

async fn find_many_of_hundreds(stage: Stage) {
    finds(stage, 300).await;
}

async fn find_many_of_thousands(stage: Stage) {
    finds(stage, 5000).await;
}

async fn finds(stage: Stage, count: i32) {
    let rows = (0..count).map(|n| Plain { count: n, ..rows::plain(&stage, "a") }).collect::<Vec<_>>();
    let rows: Vec<Plain> =
        stage.write(|changes| rows.into_iter().map(|row| changes.insert(row)).collect()).await.unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut found = stage.repository::<Plain>().find_many(&stage.cx, &Scope::Unrestricted, &ids).await.unwrap();
    found.sort_by_key(|row| row.count);
    assert_eq!(found, rows);
}

async fn find_many_of_none(stage: Stage) {
    stage.insert(rows::plain(&stage, "a")).await;
    assert_eq!(stage.repository::<Plain>().find_many(&stage.cx, &Scope::Unrestricted, &[]).await.unwrap(), []);
}
