//! Good schemas: each folder under `tests/cases` with an `arcana.toml` is read, published and described.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use arcana_codegen::emit::{contract, descriptor, openapi, pb};
use arcana_codegen::project::Api;
use arcana_codegen::{Colour, Model, Project, Sources, read_model};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/cases");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = paths.filter(|path| path.join("arcana.toml").is_file()).collect();
    cases.sort();
    assert!(cases.len() >= 2, "only {} cases", cases.len());
    cases
}

fn read(root: &Path) -> (Project, Model, Sources) {
    let project = Project::read(root).unwrap();
    let sources = Sources::read(&project).unwrap();
    match read_model(&sources) {
        Ok(model) => (project, model, sources),
        Err(found) => panic!("{}:\n{}", root.display(), found.render(&sources.files, Colour::Never)),
    }
}

#[test]
fn publishes_a_contract_that_compiles() {
    for root in cases() {
        let (project, model, sources) = read(&root);
        let contract = contract::emit(&project, &model);
        let descriptor = match descriptor::compile(&contract, &sources.include) {
            Ok(descriptor) => descriptor,
            Err(error) => panic!("{}: {error:?}", root.display()),
        };
        let files = pb::emit(&descriptor).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
        assert!(files.contains_key("src/pb/mod.rs"), "{}", root.display());
    }
}

#[test]
fn describes_every_route() {
    for root in cases() {
        let (_, model, _) = read(&root);
        let text = openapi::emit(&model, "case", &Api::default())
            .unwrap_or_else(|error| panic!("{}: {error}", root.display()));
        for resource in model.resources.iter().filter(|resource| !resource.methods.is_empty()) {
            let path = format!("\"{}", resource.path);
            assert!(text.contains(&path), "{}: {path} is missing", root.display());
        }
    }
}

/// The migrations of a case, one way, in the order in which they are applied.
fn migrations(root: &Path, way: &str) -> Vec<PathBuf> {
    let folder = fs::read_dir(root.join("migrations/sqlite")).unwrap();
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(&format!(".{way}.sql")));
    paths.sort();
    if way == "down" {
        paths.reverse();
    }
    paths
}

#[test]
fn migrates_up_and_down() {
    for root in cases() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        for path in ["up", "down", "up"].iter().flat_map(|way| migrations(&root, way)) {
            let text = format!("BEGIN; {}; COMMIT;", fs::read_to_string(&path).unwrap());
            database.execute_batch(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}
