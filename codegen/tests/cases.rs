//! Good schemas: each folder under `tests/cases` with an `arcana.toml` is read without a diagnostic.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use arcana_codegen::{Colour, Project, Sources, read_model};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/cases");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = paths.filter(|path| path.join("arcana.toml").is_file()).collect();
    cases.sort();
    cases
}

#[test]
fn reads_every_case_without_a_diagnostic() {
    let cases = cases();
    assert!(cases.len() >= 2, "only {} cases", cases.len());
    for root in cases {
        let project = Project::read(&root).unwrap();
        let sources = Sources::read(&project).unwrap();
        if let Err(found) = read_model(&sources) {
            panic!("{}:\n{}", root.display(), found.render(&sources.files, Colour::Never));
        }
    }
}
