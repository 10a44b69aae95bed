//! Pages: their sizes and totals, and tokens that go with one list only.

use arcana_runtime::access::Scope;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::query::Page;
use arcana_runtime::repository::Repository;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformance_generated::conformance::v1::cell::Cell;
use conformance_generated::conformance::v1::plain::Plain;
use conformance_generated::conformance::v1::product::Product;
use conformance_generated::migrations;
use futures::future::join_all;

use crate::cases::{Case, case};
use crate::dialects;
use crate::rows;
use crate::stage::{Stage, query};

pub fn cases() -> Vec<Case> {
    vec![
        case(an_empty_table_has_one_empty_page),
        case(a_page_behind_the_last_is_empty),
        case(the_last_page_has_no_token_when_it_is_full),
        case(a_total_counts_all_pages_and_only_what_matches),
        case(a_total_is_left_out_when_it_is_not_wanted),
        case(a_token_is_bound_to_filter_order_and_scope),
        case(a_token_that_nobody_made_is_refused),
        case(a_token_with_other_values_is_refused),
        case(a_token_holds_for_all_who_serve_the_database),
        case(a_token_of_another_database_is_refused),
        case(a_page_takes_up_behind_a_row_that_is_gone),
        case(rows_that_come_meanwhile_do_not_shift_pages_by_token),
        case(pages_of_a_composite_key),
        case(deleted_rows_are_listed_when_they_are_wanted),
    ]
}

async fn filled(stage: &Stage, count: usize) -> Vec<Plain> {
    let mut filled = Vec::new();
    for n in 0..count {
        let text = format!("{:02}", n % 5);
        filled.push(stage.insert(Plain { count: n as i32, ..rows::plain(stage, &text) }).await);
    }
    filled
}

#[track_caller]
fn refuses_the_token<E: std::fmt::Debug>(page: Result<Page<E>>) {
    match page {
        Err(Error::Validation(found)) => assert_eq!(found[0].field, "page_token"),
        other => panic!("{other:?} instead of a refused token"),
    }
}

async fn an_empty_table_has_one_empty_page(stage: Stage) {
    let page = stage.list::<Plain>(&[]).await;
    assert!(page.data.is_empty() && page.next_page_token.is_empty());
    assert_eq!((page.page, page.size, page.total), (0, 10, Some(0)));
}

async fn a_page_behind_the_last_is_empty(stage: Stage) {
    filled(&stage, 3).await;
    let page = stage.list::<Plain>(&[("page", "7"), ("size", "2")]).await;
    assert!(page.data.is_empty() && page.next_page_token.is_empty());
    assert_eq!((page.page, page.total), (7, Some(3)));
}

async fn the_last_page_has_no_token_when_it_is_full(stage: Stage) {
    filled(&stage, 4).await;
    let first = stage.list::<Plain>(&[("size", "2")]).await;
    assert!(!first.next_page_token.is_empty());
    let last = stage.list::<Plain>(&[("size", "2"), ("page_token", &first.next_page_token)]).await;
    assert_eq!((last.data.len(), last.next_page_token.as_str()), (2, ""));
}

async fn a_total_counts_all_pages_and_only_what_matches(stage: Stage) {
    filled(&stage, 12).await;
    let page = stage.list::<Plain>(&[("size", "1"), ("filter", "text >= \"03\"")]).await;
    assert_eq!((page.data.len(), page.total), (1, Some(4)));
    let count = query::<Plain>(&[("filter", "text = \"00\"")]).unwrap();
    assert_eq!(stage.repository::<Plain>().count(&stage.cx, &Scope::Unrestricted, &count).await.unwrap(), 3);
}

async fn a_total_is_left_out_when_it_is_not_wanted(stage: Stage) {
    filled(&stage, 3).await;
    assert_eq!(stage.list::<Plain>(&[("include_total", "false")]).await.total, None);
    assert_eq!(stage.list::<Plain>(&[("include_total", "true"), ("page", "1"), ("size", "2")]).await.total, Some(3));
}

async fn a_token_is_bound_to_filter_order_and_scope(stage: Stage) {
    for slug in ["a", "b", "c"] {
        stage.insert(rows::document(&stage, "red", slug)).await;
    }
    type Document = conformance_generated::conformance::v1::document::Document;
    let scope = Scope::Tenant("red".to_owned());
    let first = stage.list_in::<Document>(&scope, &[("sort", "slug"), ("size", "1")]).await.unwrap();
    let token = ("page_token", first.next_page_token.as_str());
    let size = ("size", "1");
    assert_eq!(stage.list_in::<Document>(&scope, &[("sort", "slug"), size, token]).await.unwrap().data[0].slug, "b");
    // A page may have another size than the one before.
    let rest = stage.list_in::<Document>(&scope, &[("sort", "slug"), ("size", "9"), token]).await.unwrap();
    assert_eq!(rest.data.len(), 2);
    refuses_the_token(stage.list_in::<Document>(&scope, &[("sort", "slug"), ("order", "desc"), size, token]).await);
    refuses_the_token(stage.list_in::<Document>(&scope, &[size, token]).await);
    refuses_the_token(stage.list_in::<Document>(&scope, &[("sort", "slug"), ("slug", "b"), size, token]).await);
    refuses_the_token(
        stage.list_in::<Document>(&scope, &[("sort", "slug"), ("show_deleted", "true"), size, token]).await,
    );
    let other = Scope::Tenant("blue".to_owned());
    refuses_the_token(stage.list_in::<Document>(&other, &[("sort", "slug"), size, token]).await);
    refuses_the_token(stage.list_in::<Document>(&Scope::Unrestricted, &[("sort", "slug"), size, token]).await);
}

async fn a_token_that_nobody_made_is_refused(stage: Stage) {
    filled(&stage, 3).await;
    for token in ["x", "AAAA", "W10", "bnVsbA"] {
        refuses_the_token(stage.list_in::<Plain>(&Scope::Unrestricted, &[("page_token", token)]).await);
    }
}

/// The token with another value in it, and all else as it was.
fn forged(token: &str, from: &str, to: &str) -> String {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap();
    assert!(text.contains(from), "{text}");
    URL_SAFE_NO_PAD.encode(text.replacen(from, to, 1))
}

async fn a_token_with_other_values_is_refused(stage: Stage) {
    filled(&stage, 3).await;
    let list = [("sort", "text"), ("size", "1")];
    let token = stage.list::<Plain>(&list).await.next_page_token;
    let same = forged(&token, "00", "00");
    assert_eq!(stage.list::<Plain>(&[list[0], list[1], ("page_token", &same)]).await.data[0].text, "01");
    for wrong in [forged(&token, "\"00\"", "\"01\""), forged(&token, "\"00\"", "null"), forged(&token, "\"00\",", "")] {
        let page = [list[0], list[1], ("page_token", wrong.as_str())];
        refuses_the_token(stage.list_in::<Plain>(&Scope::Unrestricted, &page).await);
    }
}

async fn a_token_holds_for_all_who_serve_the_database(stage: Stage) {
    filled(&stage, 4).await;
    let others: Vec<Stage> = (0..4).map(|_| Stage::open(&stage.config)).collect();
    // All of them need the key at once, and none has made it yet.
    let first = [("sort", "text"), ("size", "1")];
    let pages = join_all(others.iter().map(|other| other.list::<Plain>(&first))).await;
    for page in &pages {
        assert_eq!(page.next_page_token, pages[0].next_page_token);
    }
    for other in &others {
        let next = other.list::<Plain>(&[first[0], first[1], ("page_token", &pages[1].next_page_token)]).await;
        assert_eq!(next.data[0].text, "01");
    }
}

async fn a_token_of_another_database_is_refused(stage: Stage) {
    filled(&stage, 3).await;
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Stage::open(&dialects::config(&format!("sqlite://{}", folder.path().join("other.db").display())));
    elsewhere.db.migrate_up(migrations::ALL).await.unwrap();
    filled(&elsewhere, 3).await;
    let token = elsewhere.list::<Plain>(&[("sort", "text"), ("size", "1")]).await.next_page_token;
    let page = [("sort", "text"), ("size", "1"), ("page_token", token.as_str())];
    assert_eq!(elsewhere.list::<Plain>(&page).await.data[0].text, "01");
    refuses_the_token(stage.list_in::<Plain>(&Scope::Unrestricted, &page).await);
}

async fn a_page_takes_up_behind_a_row_that_is_gone(stage: Stage) {
    let rows = filled(&stage, 5).await;
    let first = stage.list::<Plain>(&[("sort", "text"), ("size", "2")]).await;
    assert_eq!(first.data, rows[..2]);
    stage.write(|changes| changes.delete(&rows[1])).await.unwrap();
    let next = stage.list::<Plain>(&[("sort", "text"), ("size", "2"), ("page_token", &first.next_page_token)]).await;
    assert_eq!(next.data, rows[2..4]);
}

async fn rows_that_come_meanwhile_do_not_shift_pages_by_token(stage: Stage) {
    let rows = filled(&stage, 5).await;
    let first = stage.list::<Plain>(&[("sort", "text"), ("size", "2")]).await;
    stage.insert(rows::plain(&stage, "0")).await;
    let next = stage.list::<Plain>(&[("sort", "text"), ("size", "3"), ("page_token", &first.next_page_token)]).await;
    assert_eq!(next.data, rows[2..]);
}

async fn pages_of_a_composite_key(stage: Stage) {
    let mut meant = Vec::new();
    for (sheet, row, col) in [("B", 2, 1), ("a", -1, 0), ("a", -1, 5), ("a", 10, 0), ("a ", 0, 0), ("ä", 0, i64::MIN)]
    {
        let cell = Cell { sheet: sheet.to_owned().into(), row: row.into(), col: col.into(), text: None, version: 1 };
        meant.push(stage.insert(cell).await);
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    while found.is_empty() || !token.is_empty() {
        let page = stage.list::<Cell>(&[("size", "2"), ("page_token", &token)]).await;
        found.extend(page.data);
        token = page.next_page_token;
    }
    assert_eq!(found, meant);
}

async fn deleted_rows_are_listed_when_they_are_wanted(stage: Stage) {
    let (kept, gone) =
        (stage.insert(rows::product(&stage, "A", 1)).await, stage.insert(rows::product(&stage, "B", 1)).await);
    stage.write(|changes| changes.delete(&gone)).await.unwrap();
    let page = stage.list::<Product>(&[]).await;
    assert_eq!((page.data, page.total), (vec![kept], Some(1)));
    let page = stage.list::<Product>(&[("show_deleted", "true")]).await;
    assert_eq!((page.data.len(), page.total), (2, Some(2)));
}
