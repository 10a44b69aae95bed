//! Bad schemas: each file under `tests/cases/bad` is refused, with the diagnostics of its snapshot.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arcana_codegen::{Colour, Diagnostics, Project, Sources, read_model};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn cases() -> BTreeMap<String, String> {
    let folder = root().join("tests/cases/bad");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "proto"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// What is wrong with one case, and the texts it points into.
fn refuse(name: &str, text: &str) -> (Diagnostics, Sources) {
    let mut files = BTreeMap::from([(format!("bad/v1/{name}.proto"), text.to_owned())]);
    if let Ok(queries) = fs::read_to_string(root().join(format!("tests/cases/bad/{name}.sql"))) {
        files.insert(format!("bad/v1/{name}.sql"), queries);
    }
    let sources = Sources::of(files, &root()).unwrap();
    match read_model(&sources) {
        Ok(_) => panic!("{name} is accepted"),
        Err(found) => (found, sources),
    }
}

#[test]
fn refuses_each_with_its_diagnostics() {
    let cases = cases();
    assert!(cases.len() >= 28, "only {} cases", cases.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("tests/cases/bad/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, text) in cases {
        let (found, sources) = refuse(&name, &text);
        let report = found.render(&sources.files, Colour::Never);
        for diagnostic in found.iter() {
            assert!(diagnostic.code.starts_with("arcana::"), "{name}: {}", diagnostic.code);
            let span = diagnostic.span.as_ref().unwrap_or_else(|| panic!("{name}: no place:\n{report}"));
            assert!(report.contains(&span.to_string()), "{name}: {span} is not shown:\n{report}");
        }
        settings.bind(|| insta::assert_snapshot!(name.as_str(), report));
    }
}

#[test]
fn says_the_mend_for_every_finding_of_ours() {
    for (name, text) in cases() {
        for diagnostic in refuse(&name, &text).0.iter().filter(|diagnostic| diagnostic.code != "arcana::schema") {
            assert!(diagnostic.help.as_ref().is_some_and(|help| !help.is_empty()), "{name}: {}", diagnostic.message);
        }
    }
}

#[test]
fn reports_all_errors_of_a_file_in_one_run() {
    let (found, _) = refuse("several_at_once", &cases()["several_at_once"]);
    let mut codes = found.codes();
    codes.sort_unstable();
    let all = [
        "arcana::decimal_type",
        "arcana::index_column",
        "arcana::owner_path",
        "arcana::reserved_word",
        "arcana::unbounded_index",
        "arcana::unknown_reference",
    ];
    assert_eq!(codes, all);
}

#[test]
fn reports_errors_of_all_files_in_one_run() {
    let cases = cases();
    let files = ["syntax_error", "unknown_type"].map(|name| (format!("bad/v1/{name}.proto"), cases[name].clone()));
    let sources = Sources::of(BTreeMap::from(files), &root()).unwrap();
    let found = read_model(&sources).unwrap_err();
    let files: Vec<&str> =
        found.iter().filter_map(|found| found.span.as_ref()).map(|span| span.file.as_str()).collect();
    assert!(files.contains(&"bad/v1/syntax_error.proto"), "{files:?}");
    assert!(files.contains(&"bad/v1/unknown_type.proto"), "{files:?}");
}

#[test]
fn survives_mutilated_texts() {
    let project = Project::read(&root()).unwrap();
    let whole = Sources::read(&project).unwrap();
    for path in ["shop/v1/order.proto", "shop/v1/order.sql"] {
        mutilate(&whole, path);
    }
}

fn mutilate(whole: &Sources, path: &str) {
    let text = &whole.files[path];
    for at in (0..text.len()).step_by(97).filter(|at| text.is_char_boundary(*at)) {
        let mut cut = whole.clone();
        cut.files.insert(path.to_owned(), text[..at].to_owned());
        check_quietly(&cut);
        // A hole instead of an end lets more of the text through to the later stages.
        let end = (at + 13).min(text.len());
        if text.is_char_boundary(end) {
            cut.files.insert(path.to_owned(), format!("{}{}", &text[..at], &text[end..]));
            check_quietly(&cut);
        }
    }
}

/// Whatever is found can be shown.
fn check_quietly(sources: &Sources) {
    if let Err(found) = read_model(sources) {
        assert!(!found.is_empty());
        let _ = (found.render(&sources.files, Colour::Never), found.to_json());
    }
}
