//! The impact of changes to a real schema, Chinook: `generated/IMPACT.md` as a developer reads it before sealing.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use arcana_codegen::impact::publish;
use arcana_codegen::report::Report;
use arcana_codegen::{Colour, Output, Project, Sources, generate, read_model};

/// Generates Chinook after edits: a file of the schema, what is written there, and what is to be instead.
fn edited(edits: &[(&str, &str, &str)], allow_lossy: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/cases/chinook");
    let project = Project::read(&root).unwrap();
    let mut sources = Sources::read(&project).unwrap();
    for (file, from, to) in edits {
        let text = sources.files.get_mut(&format!("chinook/v1/{file}.proto")).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        *text = text.replace(from, to);
    }
    // A file that nothing is left of.
    sources.files.retain(|_, text| !text.is_empty());
    let allow: Vec<String> = allow_lossy.iter().map(|name| (*name).to_owned()).collect();
    generate(&project, &sources, &allow)
        .unwrap_or_else(|found| panic!("{}", found.render(&sources.files, Colour::Never)))
}

fn page(output: &Output) -> &str {
    output.files.text("generated/IMPACT.md").unwrap()
}

/// The verdicts, one for each change.
fn verdicts(output: &Output) -> Vec<String> {
    let changes = output.impact.as_ref().unwrap();
    changes.iter().map(|change| format!("{} {} : {}", change.short(), change.what, change.verdict())).collect()
}

#[test]
fn nothing_differs_as_it_is_sealed() {
    let output = edited(&[], &[]);
    assert!(page(&output).contains("nothing changes for anyone"), "{}", page(&output));
}

#[test]
fn a_column_is_renamed() {
    let output = edited(&[("track", "string composer = 6", "string writer = 6")], &[]);
    assert_eq!(verdicts(&output), ["Track.writer renamed from composer : wire BREAKING · REST BREAKING · SQL safe"]);
    insta::assert_snapshot!("chinook_renamed", page(&output));
}

#[test]
fn only_the_column_is_renamed() {
    let from = "composer = 6 [\n    (buf.validate.field).string.max_len = 220,\n    (arcana.field) = {";
    let to = format!("{from} column: \"writer\"");
    let output = edited(&[("track", from, &to)], &[]);
    assert_eq!(
        verdicts(&output),
        ["Track.writer rename column: composer becomes writer : wire ok · REST ok · SQL safe"]
    );
}

#[test]
fn a_text_is_widened() {
    let output = edited(&[("track", "min_len: 1 max_len: 200", "min_len: 1 max_len: 300")], &[]);
    assert_eq!(verdicts(&output), ["Track.name max_len 200 → 300 : wire ok · REST ok · SQL safe"]);
    insta::assert_snapshot!("chinook_widened", page(&output));
}

#[test]
fn a_decimal_is_narrowed() {
    let edit = ("invoice", "precision: 10 scale: 2", "precision: 6 scale: 2");
    let output = edited(&[edit], &["chinook.v1.Invoice.total"]);
    assert_eq!(
        verdicts(&output),
        ["Invoice.total decimal(10, 2) → decimal(6, 2) : wire ok · REST BREAKING · SQL lossy"]
    );
    insta::assert_snapshot!("chinook_narrowed", page(&output));
}

#[test]
fn a_table_is_dropped() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/cases/chinook");
    let whole = std::fs::read_to_string(root.join("schema/chinook/v1/playlist_track.proto")).unwrap();
    let output = edited(&[("playlist_track", &whole, "")], &["chinook.v1.PlaylistTrack"]);
    assert_eq!(
        verdicts(&output),
        [
            "PlaylistTrack removed : wire BREAKING · REST BREAKING · SQL lossy",
            "PlaylistTrackService removed : wire BREAKING · REST BREAKING · SQL none"
        ]
    );
    insta::assert_snapshot!("chinook_dropped", page(&output));
}

#[test]
fn a_required_reference_is_added() {
    let field = "  // Who keeps it.\n  int64 keeper_id = 3 [(google.api.field_behavior) = REQUIRED, \
                 (arcana.field) = { references: \"chinook.v1.Employee\" }];\n}";
    let imports = "import \"buf/validate/validate.proto\";\nimport \"google/api/field_behavior.proto\";";
    let last = format!("  ];\n{field}");
    let edits =
        [("playlist", "  ];\n}", last.as_str()), ("playlist", "import \"buf/validate/validate.proto\";", imports)];
    let output = edited(&edits, &[]);
    assert_eq!(
        verdicts(&output),
        ["Playlist.keeper_id added, required : wire ok · REST BREAKING · SQL needs backfill"]
    );
    insta::assert_snapshot!("chinook_required", page(&output));
}

#[test]
fn what_breaks_is_reported_and_nothing_else() {
    let edits =
        [("track", "max_len: 200", "max_len: 300"), ("invoice", "precision: 10 scale: 2", "precision: 6 scale: 2")];
    let output = edited(&edits, &["chinook.v1.Invoice.total"]);
    assert_eq!(verdicts(&output).len(), 2);
    let breaking: Vec<String> = Report::of(&output).breaking.iter().map(|change| change.short().to_owned()).collect();
    assert_eq!(breaking, ["Invoice.total"]);
}

#[test]
fn what_is_sensitive_or_internal_is_no_part_of_the_contract() {
    for case in ["", "tests/cases/torture"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(case);
        let project = Project::read(&root).unwrap();
        let sources = Sources::read(&project).unwrap();
        let model = read_model(&sources).unwrap();
        let contract = publish(&project, &sources, &model).unwrap();
        let mut hidden = 0;
        for resource in &model.resources {
            let package = contract.packages.get(&resource.package);
            let Some(message) = package.and_then(|package| package.messages.get(&resource.name)) else { continue };
            for field in &resource.fields {
                let inside = field.sensitive || field.internal;
                hidden += usize::from(inside);
                assert_eq!(message.fields.contains_key(&field.number), !inside, "{}.{}", resource.name, field.name);
            }
        }
        assert!(hidden > 0, "{case} hides nothing");
    }
}

#[test]
fn a_change_is_told_where_it_stands_in_the_schema() {
    let output = edited(&[("track", "min_len: 1 max_len: 200", "min_len: 1 max_len: 100")], &["chinook.v1.Track.name"]);
    let change = &output.impact.as_ref().unwrap()[0];
    assert_eq!(change.span.as_ref().unwrap().to_string(), "chinook/v1/track.proto:19:10");
    assert!(change.reason.is_some() && change.help.is_some());
}
