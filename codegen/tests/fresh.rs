//! What is checked in is what the generator makes: for this repository, for every case under `tests/cases` and for
//! the project in `tests/project`, which takes all that is Arcana's from this crate.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use arcana_codegen::fileset::{Edits, Mode};
use arcana_codegen::generate::{Output, generate};
use arcana_codegen::{Colour, Project, Sources};

/// Roots of all projects.
fn projects() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let paths = fs::read_dir(root.join("tests/cases")).unwrap().map(|entry| entry.unwrap().path());
    let mut projects: Vec<PathBuf> = paths.filter(|path| path.join("arcana.toml").is_file()).collect();
    projects.extend([root.to_owned(), root.join("tests/project")]);
    projects.sort();
    projects
}

fn make(root: &Path) -> (Project, Output) {
    let project = Project::read(root).unwrap();
    let sources = Sources::read(&project).unwrap();
    match generate(&project, &sources, &[]) {
        Ok(output) => (project, output),
        Err(found) => panic!("{}:\n{}", root.display(), found.render(&sources.files, Colour::Never)),
    }
}

#[test]
fn everything_checked_in_is_fresh() {
    for root in projects() {
        let (project, output) = make(&root);
        let changes = output.files.apply(&project.root, Mode::Check, Edits::Refuse).unwrap();
        let command = "cargo xtask gen (with --project for another than this repository)";
        assert!(changes.is_empty(), "{} is not fresh; run {command}:\n{changes:#?}", root.display());
    }
}

#[test]
fn two_runs_make_the_same() {
    for root in projects() {
        let ((_, one), (_, other)) = (make(&root), make(&root));
        assert!(one.files.files() == other.files.files(), "{}", root.display());
    }
}
