//! What breaks whom: each case of `tests/cases/breaking` is an edit of a schema, with the verdicts of its snapshot.
//! `tests/outside/breaking.py` lets buf judge the same cases.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/pairs.rs"]
mod pairs;

use std::collections::{BTreeMap, BTreeSet};

use arcana_codegen::impact::Change;
use pairs::{base, compare, judged, publish, root};

#[test]
fn judges_each_as_its_snapshot_says() {
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (case, _, changes) in &judged().1 {
        assert!(names.insert((case.file.clone(), case.name.clone())), "{} is there twice", case.name);
        let page = pages.entry(case.file.clone()).or_default();
        page.push_str(&format!("== {}\n", case.name));
        for change in changes {
            let place = change.span.as_ref().map(|span| format!("{}:{} ", span.line, span.column)).unwrap_or_default();
            page.push_str(&format!("{place}{} {} : {}\n", change.short(), change.what, change.verdict()));
        }
        page.push('\n');
    }
    assert!(names.len() >= 60, "only {} cases", names.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("tests/cases/breaking/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (file, page) in pages {
        settings.bind(|| insta::assert_snapshot!(file, page));
    }
}

#[test]
fn says_why_and_the_safe_path_of_what_breaks() {
    for (case, _, changes) in &judged().1 {
        for change in changes.iter().filter(|change| change.breaks()) {
            let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
            assert!(said(&change.reason) && said(&change.help), "{}: {} {}", case.name, change.subject, change.what);
        }
    }
}

#[test]
fn what_is_harmless_breaks_nobody() {
    for (case, _, changes) in judged().1.iter().filter(|(case, ..)| case.file == "harmless") {
        let broken: Vec<&Change> = changes.iter().filter(|change| change.breaks()).collect();
        assert!(broken.is_empty(), "{}: {broken:#?}", case.name);
    }
}

#[test]
fn no_option_of_ours_reaches_what_clients_see() {
    for (case, published, _) in &judged().1 {
        let text = published.texts.values().cloned().collect::<String>() + &published.contract.to_json();
        assert!(!text.contains("(arcana."), "{}: {text}", case.name);
    }
}

#[test]
fn nothing_differs_from_itself() {
    let [old, new] = [base(), base()].map(|text| publish(&text).unwrap());
    assert_eq!(compare(&old, &new), []);
}
