//! A run on the same finds out without generating; whatever differs is found, and generated.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use arcana_codegen::fileset::{Edits, Mode};
use arcana_codegen::generate::generate;
use arcana_codegen::remember::{Seen, remember, unchanged};
use arcana_codegen::report::Report;
use arcana_codegen::{Project, Sources};

const SCHEMA: &str = r#"syntax = "proto3";
package t.v1;
import "arcana/annotations.proto";
// A thing.
message Thing {
  option (arcana.entity) = {};
  string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];
}
"#;

fn sources(text: &str) -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Sources::of(BTreeMap::from([("t/v1/thing.proto".to_owned(), text.to_owned())]), root).unwrap()
}

/// A project that was generated and remembered.
fn remembered() -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.lock"), "").unwrap();
    let project = Project::parse(folder.path(), "name = \"t\"").unwrap();
    run(&project, SCHEMA, &[]);
    (folder, project)
}

fn run(project: &Project, schema: &str, allow_lossy: &[String]) {
    let sources = sources(schema);
    let before = Seen::now(project, &sources, allow_lossy).unwrap();
    let output = generate(project, &sources, allow_lossy).unwrap();
    output.files.apply(&project.root, Mode::Write, Edits::Discard).unwrap();
    let now = Seen::now(project, &sources, allow_lossy).unwrap();
    remember(project, &before, &now, &output.files, &Report::of(&output));
}

fn is_known(project: &Project, schema: &str, allow_lossy: &[String]) -> bool {
    let seen = Seen::now(project, &sources(schema), allow_lossy).unwrap();
    unchanged(project, &seen).is_some()
}

#[test]
fn knows_a_run_on_the_same_and_what_it_told() {
    let (_folder, project) = remembered();
    let sources = sources(SCHEMA);
    let report = unchanged(&project, &Seen::now(&project, &sources, &[]).unwrap()).unwrap();
    let made = Report::of(&generate(&project, &sources, &[]).unwrap());
    assert_eq!(serde_json::to_value(&report).unwrap(), serde_json::to_value(&made).unwrap());
    assert_eq!(report.entities, 1);
    assert_eq!(report.open_migration.as_deref(), Some("0001_initial"));
}

#[test]
fn does_not_know_other_inputs() {
    let (folder, project) = remembered();
    assert!(!is_known(&project, &SCHEMA.replace("A thing", "The thing"), &[]), "a comment of the schema");
    assert!(!is_known(&project, SCHEMA, &["t.v1.Thing.a".to_owned()]), "an argument");
    let other = Project::parse(folder.path(), "name = \"t\"\nenv_prefix = \"U\"").unwrap();
    assert!(!is_known(&other, SCHEMA, &[]), "the project file");
    assert!(is_known(&project, SCHEMA, &[]));
    fs::write(folder.path().join("migrations/schema.lock.json"), "{}").unwrap();
    assert!(!is_known(&project, SCHEMA, &[]), "the lock of the migrations");
}

enum Damage {
    Edit,
    Delete,
}

#[test]
fn does_not_know_other_files_on_disk() {
    let damages = [
        ("generated/src/t/v1/thing/model.rs", Damage::Edit),
        ("generated/src/t/v1/thing/model.rs", Damage::Delete),
        ("generated/manifest.txt", Damage::Edit),
        ("generated/foreign.rs", Damage::Edit),
        ("migrations/sqlite/0001_initial.up.sql", Damage::Edit),
        ("migrations/sqlite/0002_mine.up.sql", Damage::Edit),
        ("src/logic/thing.rs", Damage::Delete),
    ];
    for (path, damage) in damages {
        let (folder, project) = remembered();
        assert!(is_known(&project, SCHEMA, &[]));
        let place = folder.path().join(path);
        match damage {
            Damage::Edit => fs::write(place, "// mine").unwrap(),
            Damage::Delete => fs::remove_file(place).unwrap(),
        }
        assert!(!is_known(&project, SCHEMA, &[]), "{path}");
    }
}

#[test]
fn lets_people_write_in_their_scaffolds() {
    let (folder, project) = remembered();
    fs::write(folder.path().join("src/logic/thing.rs"), "// mine").unwrap();
    assert!(is_known(&project, SCHEMA, &[]));
}

#[test]
fn remembers_nothing_if_the_migrations_changed_meanwhile() {
    let (folder, project) = remembered();
    let sources = sources(SCHEMA);
    let before = Seen::now(&project, &sources, &[]).unwrap();
    let output = generate(&project, &sources, &[]).unwrap();
    fs::write(folder.path().join("migrations/other.txt"), "sealed by another branch").unwrap();
    let now = Seen::now(&project, &sources, &[]).unwrap();
    remember(&project, &before, &now, &output.files, &Report::of(&output));
    assert!(unchanged(&project, &now).is_none());
}
