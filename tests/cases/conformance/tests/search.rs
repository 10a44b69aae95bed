//! Searches: the words of searchable fields are those of the row as it is, and find the same rows everywhere.

use std::collections::BTreeSet;

use arcana_runtime::access::Scope;
use arcana_runtime::changes::Adjust;
use arcana_runtime::entity::{Entity, EntitySpec};
use arcana_runtime::error::Error;
use arcana_runtime::fixture::Fixture;
use arcana_runtime::query::{ListArguments, ListQuery};
use arcana_runtime::repository::{Repository, Reworded, reword};
use arcana_runtime::service::{Etag, Service};
use conformance_generated::conformance::v1::cell::{Cell, CellId, CellPatch};
use conformance_generated::conformance::v1::document::Document;
use conformance_generated::conformance::v1::numbered::Numbered;
use conformance_generated::conformance::v1::product::Product;

use crate::cases::{Case, case};
use crate::migrate::with;
use crate::rows;
use crate::stage::{Stage, query, told};

pub fn cases() -> Vec<Case> {
    vec![
        case(words_are_found_by_their_start_whatever_their_case_and_accents),
        case(every_word_must_be_there_in_any_field),
        case(what_is_no_word_is_refused),
        case(hostile_texts_find_nothing_else),
        case(an_update_changes_what_is_found),
        case(an_adjustment_changes_what_is_found),
        case(a_row_without_a_version_is_found_by_its_new_words),
        case(many_words_and_long_ones),
        case(marked_rows_are_hidden_and_come_back),
        case(a_row_that_is_gone_is_not_found),
        case(rows_with_keys_of_several_fields),
        case(a_search_goes_with_filters_orders_and_totals),
        case(pages_go_on_within_a_search),
        case(a_search_stays_in_its_tenant),
        case(a_commit_that_fails_leaves_no_words),
        case(writers_at_once_leave_the_words_of_the_row),
        case(rows_from_before_are_found_after_the_start),
        case(words_are_made_anew_for_other_fields),
        case(processes_that_start_at_once_make_words_once_each),
    ]
}

async fn labelled(stage: &Stage, sku: &str, label: &str) -> Product {
    stage.insert(Product { label: Some(label.to_owned()), ..rows::product(stage, sku, 1) }).await
}

/// The products that a search finds, as their numbers; the total is theirs.
async fn found(stage: &Stage, q: &str) -> String {
    let page = stage.list::<Product>(&[("q", q), ("size", "100")]).await;
    let skus: BTreeSet<String> = page.data.iter().map(|row| row.sku.clone()).collect();
    assert_eq!(page.total, Some(i64::try_from(page.data.len()).unwrap()), "{q}");
    assert_eq!(skus.len(), page.data.len(), "{q} finds a row twice");
    skus.into_iter().collect::<Vec<_>>().join(" ")
}

fn refused<E: Entity>(parameters: &[(&str, &str)]) -> String {
    match query::<E>(parameters) {
        Err(Error::Validation(violations)) => {
            violations.iter().map(|violation| format!("{} {}", violation.field, violation.message)).collect()
        }
        other => panic!("{other:?} instead of a refusal"),
    }
}

async fn words_are_found_by_their_start_whatever_their_case_and_accents(stage: Stage) {
    labelled(&stage, "A", "Éclair au Café").await;
    labelled(&stage, "B", "ECLAIRAGE, straße 42").await;
    labelled(&stage, "C", "東京タワー İzmir ΟΔΟΣ").await;
    stage.insert(rows::product(&stage, "D", 1)).await;
    for (q, expected) in [
        ("eclair", "A B"),
        ("ÉCLAIR", "A B"),
        ("e\u{301}claira", "B"),
        ("eclairages", ""),
        ("lair", ""),
        ("caf", "A"),
        ("STRASSE", "B"),
        ("straß", "B"),
        ("4", "B"),
        ("420", ""),
        ("東京", "C"),
        ("京", ""),
        ("izmir", "C"),
        ("οδός", "C"),
        ("z", ""),
        ("ｅｃｌａｉｒ", "A B"),
    ] {
        assert_eq!(found(&stage, q).await, expected, "{q}");
    }
    let arguments = ListArguments { q: "caf".to_owned(), ..ListArguments::default() };
    let query = ListQuery::from_grpc(Product::SPEC, &arguments).unwrap();
    let page = stage.repository::<Product>().list(&stage.cx, &Scope::Unrestricted, &query).await.unwrap();
    assert_eq!((page.data[0].sku.as_str(), page.total), ("A", Some(1)));
}

async fn every_word_must_be_there_in_any_field(stage: Stage) {
    let tenant = Scope::Tenant("t".to_owned());
    for (slug, title) in [("desk-lamp", "A warm light"), ("wall-lamp", "A cold light"), ("cup", "Warm tea")] {
        stage.insert(Document { title: title.to_owned(), ..rows::document(&stage, "t", slug) }).await;
    }
    for (q, expected) in [
        ("lamp", 2),
        ("lamp light", 2),
        ("warm lamp", 1),
        ("lamp warm LAMP lämp", 1),
        ("warm", 2),
        ("desk cold", 0),
        ("a warm light desk lamp", 1),
        ("w", 3),
    ] {
        let page = stage.list_in::<Document>(&tenant, &[("q", q)]).await.unwrap();
        assert_eq!((page.data.len(), page.total), (expected, Some(i64::try_from(expected).unwrap())), "{q}");
    }
}

async fn what_is_no_word_is_refused(_: Stage) {
    for q in ["", " ", "%", "'\"\\", "😀", "\u{0}", "--"] {
        assert!(refused::<Product>(&[("q", q)]).contains("q has no word in it"), "{q:?}");
    }
    assert!(refused::<Product>(&[("q", "a b c d e f g h i")]).contains("at most 8"));
    assert!(refused::<Product>(&[("q", &"é".repeat(201))]).contains("200"));
    query::<Product>(&[("q", &"é".repeat(200))]).unwrap();
    assert!(refused::<Product>(&[("q", "a"), ("q", "b")]).contains("more than once"));
    assert!(refused::<conformance_generated::conformance::v1::plain::Plain>(&[("q", "a")]).contains("no parameter"));
}

async fn hostile_texts_find_nothing_else(stage: Stage) {
    labelled(&stage, "A", "it's 100% \"quoted\" under_score back\\slash").await;
    labelled(&stage, "B", "plain").await;
    for (q, expected) in [
        ("it's", "A"),
        ("100%", "A"),
        ("%lain", ""),
        ("p%", "B"),
        ("p_", "B"),
        ("_lain", ""),
        ("under_score", "A"),
        ("back\\slash", "A"),
        ("plain\u{0}", "B"),
        ("' OR 1=1 --", ""),
        ("\"quoted\"", "A"),
        ("plain; DROP TABLE products", ""),
        ("p? $1 :a", ""),
    ] {
        assert_eq!(found(&stage, q).await, expected, "{q:?}");
    }
}

async fn an_update_changes_what_is_found(stage: Stage) {
    let row = labelled(&stage, "A", "red lamp").await;
    let label = |text: &str| Product { label: Some(text.to_owned()), ..row.clone() };
    let row = stage.write(|changes| changes.update(&row, label("blue lamp"))).await.unwrap();
    assert_eq!((found(&stage, "red").await, found(&stage, "blue lamp").await), (String::new(), "A".to_owned()));
    // The same words, written in another way.
    let row = stage.write(|changes| changes.update(&row, Product { label: Some("LAMP, blue".into()), ..row.clone() }));
    let row = row.await.unwrap();
    assert_eq!(found(&stage, "lamp blue").await, "A");
    let row = stage.write(|changes| changes.update(&row, Product { stock: 7, ..row.clone() })).await.unwrap();
    assert_eq!(found(&stage, "lamp blue").await, "A");
    let row = stage.write(|changes| changes.update(&row, Product { label: None, ..row.clone() })).await.unwrap();
    assert_eq!(found(&stage, "lamp").await, "");
    stage.write(|changes| changes.update(&row, Product { label: Some("cup".into()), ..row.clone() })).await.unwrap();
    assert_eq!(found(&stage, "cup").await, "A");
}

async fn an_adjustment_changes_what_is_found(stage: Stage) {
    let row = labelled(&stage, "A", "red lamp").await;
    let set = |text: &str| Adjust::<Product>::of(&row.id).set(&Product::LABEL, &text.to_owned());
    stage.write(|changes| changes.adjust(set("green lamp").add(&Product::STOCK, &1))).await.unwrap();
    assert_eq!((found(&stage, "red").await, found(&stage, "green lamp").await), (String::new(), "A".to_owned()));
    stage.write(|changes| changes.adjust(Adjust::<Product>::of(&row.id).add(&Product::STOCK, &1))).await.unwrap();
    assert_eq!(found(&stage, "green").await, "A");
    let broken = set("white lamp").at_least(&Product::STOCK, &100);
    stage.write(|changes| changes.adjust(broken)).await.unwrap_err();
    assert_eq!((found(&stage, "white").await, found(&stage, "green").await), (String::new(), "A".to_owned()));
    stage.write(|changes| changes.adjust(set(""))).await.unwrap();
    assert_eq!(found(&stage, "green").await, "");
}

async fn a_row_without_a_version_is_found_by_its_new_words(stage: Stage) {
    let row = stage.insert(rows::numbered(7)).await;
    // Read before another wrote it: without a version, nobody can tell.
    let other = Numbered { name: "other words".to_owned(), ..row.clone() };
    stage.write(|changes| changes.update(&row, other)).await.unwrap();
    stage.write(|changes| changes.update(&row, row.clone())).await.unwrap();
    assert_eq!(stage.list::<Numbered>(&[("q", "other")]).await.data, []);
    assert_eq!(stage.list::<Numbered>(&[("q", "number 7")]).await.data, [row]);
}

async fn many_words_and_long_ones(stage: Stage) {
    let text: String = (0..2000).map(|n| format!("w{n:04} ")).collect();
    assert!(text.len() > 10_000);
    let row = labelled(&stage, "A", &text).await;
    labelled(&stage, "B", &"x".repeat(10_000)).await;
    assert_eq!(found(&stage, "w0000 w0511 w1999").await, "A");
    assert_eq!(found(&stage, "w2000").await, "");
    // Longer words are told apart by their first 64 characters only.
    assert_eq!(found(&stage, &"x".repeat(64)).await, "B");
    assert_eq!(found(&stage, &format!("{}y", "x".repeat(64))).await, "B");
    assert_eq!(found(&stage, &format!("{}y", "x".repeat(63))).await, "");
    stage.write(|changes| changes.update(&row, Product { label: Some("short".into()), ..row.clone() })).await.unwrap();
    assert_eq!((found(&stage, "w").await, found(&stage, "short").await), (String::new(), "A".to_owned()));
}

async fn marked_rows_are_hidden_and_come_back(stage: Stage) {
    let row = labelled(&stage, "A", "lamp").await;
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    assert_eq!(found(&stage, "lamp").await, "");
    let all = stage.list::<Product>(&[("q", "lamp"), ("show_deleted", "true")]).await;
    assert_eq!(all.data.len(), 1);
    stage.write(|changes| changes.undelete(&all.data[0])).await.unwrap();
    assert_eq!(found(&stage, "lamp").await, "A");
}

async fn a_row_that_is_gone_is_not_found(stage: Stage) {
    let (gone, kept) = (stage.insert(rows::numbered(1)).await, stage.insert(rows::numbered(2)).await);
    stage.write(|changes| changes.delete(&gone)).await.unwrap();
    assert_eq!(stage.list::<Numbered>(&[("q", "number")]).await.data, [kept]);
    // Its key comes again with other words.
    stage.insert(Numbered { name: "again".to_owned(), ..gone }).await;
    assert_eq!(stage.list::<Numbered>(&[("q", "number")]).await.total, Some(1));
    assert_eq!(stage.list::<Numbered>(&[("q", "again")]).await.total, Some(1));
}

fn cell(sheet: &str, row: i64, col: i64, text: &str) -> Cell {
    Cell {
        sheet: sheet.to_owned().into(),
        row: row.into(),
        col: col.into(),
        text: Some(text.to_owned()),
        ..Cell::fixture(0)
    }
}

async fn rows_with_keys_of_several_fields(stage: Stage) {
    let one = stage.insert(cell("a", 1, 1, "red lamp")).await;
    stage.insert(cell("a", 1, 2, "red cup")).await;
    stage.insert(cell("b", 1, 1, "blue lamp")).await;
    let count = async |q: &str| stage.list::<Cell>(&[("q", q)]).await.total;
    assert_eq!((count("red").await, count("lamp").await), (Some(2), Some(2)));
    assert_eq!(stage.list::<Cell>(&[("q", "lamp"), ("sheet", "a")]).await.data, [one]);
    // A change of one member by itself, and one of another.
    let service = stage.service::<Cell>();
    let id = CellId { sheet: "a".to_owned().into(), row: 1.into(), col: 1.into() };
    let patch = |text: &str| CellPatch { text: Some(Some(text.to_owned())), ..CellPatch::default() };
    service.update(&stage.cx, id.clone(), patch("green lamp"), Etag::Any).await.unwrap();
    service.update(&stage.cx, id.clone(), CellPatch::default(), Etag::Any).await.unwrap();
    assert_eq!((count("red").await, count("green lamp").await, count("lamp").await), (Some(1), Some(1), Some(2)));
    service.delete(&stage.cx, id.clone(), Etag::Any).await.unwrap();
    assert_eq!((count("green").await, count("lamp").await), (Some(0), Some(1)));
    service.undelete(&stage.cx, id).await.unwrap();
    assert_eq!((count("green").await, count("lamp").await), (Some(1), Some(2)));
}

async fn a_search_goes_with_filters_orders_and_totals(stage: Stage) {
    for (sku, label, stock) in [("A", "red lamp", 3), ("B", "red cup", 1), ("C", "blue lamp", 2), ("D", "red pen", 2)] {
        stage.insert(Product { label: Some(label.to_owned()), ..rows::product(&stage, sku, stock) }).await;
    }
    let skus = async |parameters: &[(&str, &str)]| {
        let page = stage.list::<Product>(parameters).await;
        (page.data.iter().map(|row| row.sku.clone()).collect::<Vec<_>>().join(" "), page.total)
    };
    assert_eq!(skus(&[("q", "red"), ("filter", "stock < 3"), ("order", "asc")]).await, ("B D".into(), Some(2)));
    assert_eq!(skus(&[("q", "red"), ("stock", "2")]).await, ("D".into(), Some(1)));
    assert_eq!(skus(&[("q", "red"), ("sort", "created_at"), ("order", "desc"), ("size", "2")]).await.1, Some(3));
    assert_eq!(skus(&[("q", "red"), ("page", "1"), ("size", "2"), ("order", "asc")]).await, ("D".into(), Some(3)));
    assert_eq!(skus(&[("q", "red"), ("include_total", "false"), ("stock", "1")]).await, ("B".into(), None));
    assert_eq!(skus(&[("q", "red lamp"), ("filter", "NOT stock = 3")]).await, (String::new(), Some(0)));
}

async fn pages_go_on_within_a_search(stage: Stage) {
    for n in 0..11 {
        labelled(&stage, &format!("L{n:02}"), if n % 2 == 0 { "lamp light" } else { "lamp" }).await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page =
            stage.list::<Product>(&[("q", "light"), ("size", "2"), ("order", "asc"), ("page_token", &token)]).await;
        seen.extend(page.data.iter().map(|row| row.sku.clone()));
        assert_eq!(page.total, Some(6));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["L00", "L02", "L04", "L06", "L08", "L10"]);
    // A token is that of its search: not of another, and not of none.
    let first = stage.list::<Product>(&[("q", "light"), ("size", "2")]).await;
    for other in [vec![("q", "lamp")], vec![]] {
        let parameters: Vec<_> = other.into_iter().chain([("page_token", first.next_page_token.as_str())]).collect();
        let outcome = stage.list_in::<Product>(&Scope::Unrestricted, &parameters).await;
        assert!(matches!(outcome, Err(Error::Validation(_))), "{outcome:?}");
    }
    // Said in other letters, it is the same search.
    stage.list::<Product>(&[("q", "LÌGHT"), ("size", "2"), ("page_token", &first.next_page_token)]).await;
}

async fn a_search_stays_in_its_tenant(stage: Stage) {
    let mine = stage.insert(rows::document(&stage, "mine", "lamp")).await;
    stage.insert(rows::document(&stage, "yours", "lamp")).await;
    let page = stage.list_in::<Document>(&Scope::Tenant("mine".to_owned()), &[("q", "lamp")]).await.unwrap();
    assert_eq!((page.data, page.total), (vec![mine], Some(1)));
}

async fn a_commit_that_fails_leaves_no_words(stage: Stage) {
    let row = labelled(&stage, "A", "red lamp").await;
    let fresh = Product { label: Some("ghost".to_owned()), ..rows::product(&stage, "A", 1) };
    stage.try_insert(fresh).await.unwrap_err();
    assert_eq!(found(&stage, "ghost").await, "");
    stage.write(|changes| changes.touch(&row)).await.unwrap();
    let stale = Product { label: Some("ghost".to_owned()), ..row.clone() };
    stage.write(|changes| changes.update(&row, stale)).await.unwrap_err();
    assert_eq!((found(&stage, "ghost").await, found(&stage, "red").await), (String::new(), "A".to_owned()));
}

async fn writers_at_once_leave_the_words_of_the_row(stage: Stage) {
    let row = labelled(&stage, "A", "start").await;
    let tasks: Vec<_> = (0..12)
        .map(|n| {
            let (stage, id) = (stage.clone(), row.id);
            tokio::spawn(async move {
                let text = format!("common word{n} shared{}", n % 3);
                let adjust = Adjust::<Product>::of(&id).set(&Product::LABEL, &text);
                stage.write(|changes| changes.adjust(adjust)).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap_or_else(|error| panic!("{}", told(&error)));
    }
    let label = stage.stored(&row).await.label.unwrap();
    assert_eq!(found(&stage, &label).await, "A");
    for n in 0..12 {
        let expected = if label.contains(&format!("word{n} ")) { "A" } else { "" };
        // By its whole word: word1 begins word10.
        let page = stage.list::<Product>(&[("q", &format!("word{n} shared{}", n % 3))]).await;
        let exact =
            page.data.iter().filter(|row| row.label.as_deref().is_some_and(|l| l.contains(&format!("word{n} "))));
        assert_eq!(exact.map(|row| row.sku.as_str()).collect::<String>(), expected);
    }
    assert_eq!(words(&stage, Product::SPEC).await, 3);
}

/// How many words are kept of all rows.
async fn words(stage: &Stage, spec: &EntitySpec) -> i64 {
    let sql = format!("SELECT count(*) FROM {}", spec.words.as_ref().unwrap().table);
    stage.db.fetch(&stage.cx, &sql, &[], |row| row.get::<i64>(0)).await.unwrap()[0]
}

/// As if the fields had become searchable just now.
async fn forget_words(stage: &Stage) {
    let up = "DELETE FROM products_words; DELETE FROM cells_words; DELETE FROM numbered_words;";
    stage.db.migrate_up(with(up, "DELETE FROM cells_words;")).await.unwrap();
}

async fn rows_from_before_are_found_after_the_start(stage: Stage) {
    let row = labelled(&stage, "A", "red lamp").await;
    let marked = labelled(&stage, "B", "red cup").await;
    stage.write(|changes| changes.delete(&marked)).await.unwrap();
    for n in 0..120 {
        stage.insert(cell(&format!("s{}", n % 7), n / 7, n, &format!("cell n{n}"))).await;
        stage.insert(rows::numbered(n + 1)).await;
    }
    forget_words(&stage).await;
    assert_eq!((found(&stage, "red").await, words(&stage, Cell::SPEC).await), (String::new(), 0));
    let specs = [Product::SPEC, Cell::SPEC, Numbered::SPEC, Document::SPEC];
    let done = reword(&stage.db, &specs).await.unwrap();
    let done: Vec<(&str, u64)> = done.iter().map(|Reworded { entity, rows }| (*entity, *rows)).collect();
    let expected = [("conformance.v1.Product", 2), ("conformance.v1.Cell", 120), ("conformance.v1.Numbered", 120)];
    assert_eq!(done, expected);
    assert_eq!(found(&stage, "red lamp").await, "A");
    assert_eq!(stage.list::<Cell>(&[("q", "cell n7")]).await.total, Some(1 + 10));
    assert_eq!(words(&stage, Cell::SPEC).await, 240);
    assert_eq!(stage.list::<Numbered>(&[("q", "number")]).await.total, Some(120));
    let back = stage.list::<Product>(&[("q", "cup"), ("show_deleted", "true")]).await;
    assert_eq!(back.data.len(), 1);
    // All is there: the next start has nothing to do.
    assert_eq!(reword(&stage.db, &specs).await.unwrap(), []);
    assert_eq!(stage.stored(&row).await, row);
}

async fn words_are_made_anew_for_other_fields(stage: Stage) {
    labelled(&stage, "A", "red lamp").await;
    let specs = [Product::SPEC];
    reword(&stage.db, &specs).await.unwrap();
    // Words of a field that is no longer searchable, and the note of an earlier set of fields.
    let up = "UPDATE products_words SET field = 99 WHERE word = 'red'; UPDATE arcana_words SET fields = '1 8,99';";
    stage.db.migrate_up(with(up, "DELETE FROM products_words;")).await.unwrap();
    assert_eq!(reword(&stage.db, &specs).await.unwrap().len(), 1);
    let sql = "SELECT count(*) FROM products_words WHERE field = 99";
    assert_eq!(stage.db.fetch(&stage.cx, sql, &[], |row| row.get::<i64>(0)).await.unwrap(), [0]);
    assert_eq!((found(&stage, "red lamp").await, words(&stage, Product::SPEC).await), ("A".to_owned(), 2));
}

async fn processes_that_start_at_once_make_words_once_each(stage: Stage) {
    for n in 0..70 {
        labelled(&stage, &format!("P{n}"), &format!("lamp shared n{n}")).await;
    }
    forget_words(&stage).await;
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let config = stage.config.clone();
            tokio::spawn(async move { reword(&Stage::open(&config).db, &[Product::SPEC]).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap_or_else(|error| panic!("{}", told(&error)));
    }
    assert_eq!(words(&stage, Product::SPEC).await, 210);
    assert_eq!(stage.list::<Product>(&[("q", "lamp shared")]).await.total, Some(70));
}
