//! The way between the schema of Chinook and what is generated from it, in both directions.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;
use std::path::Path;

use arcana_codegen::trace::{Became, Names, became, origins};
use arcana_codegen::{Model, Project, Sources, read_model};

struct Case {
    project: Project,
    sources: Sources,
    model: Model,
}

fn chinook() -> Case {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/cases/chinook");
    let project = Project::read(&root).unwrap();
    let sources = Sources::read(&project).unwrap();
    let model = read_model(&sources).unwrap();
    Case { project, sources, model }
}

/// The answer for the first line of a file that holds a text, behind one that holds another.
fn why(case: &Case, path: &str, behind: &str, line: &str) -> Vec<String> {
    let text = std::fs::read_to_string(case.project.root.join(path)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|one| one.contains(behind)).unwrap_or_else(|| panic!("{path}: {behind}"));
    let at = lines[start..].iter().position(|one| one.contains(line)).unwrap_or_else(|| panic!("{path}: {line}"));
    let names = Names::of(&case.model, &case.sources);
    let found = origins(&case.project, &names, path, start + at + 1).unwrap();
    let said = |one: &arcana_codegen::trace::Origin| {
        let cause =
            one.cause.as_ref().map(|cause| format!(", {} at {}", cause.option, cause.place)).unwrap_or_default();
        format!("{} at {}{cause}", one.short(), one.place)
    };
    found.iter().map(said).collect()
}

fn what(case: &Case, name: &str) -> Result<Became, String> {
    became(&case.project, &Names::of(&case.model, &case.sources), name)
}

fn told(found: &Became) -> String {
    let mut text = format!("{:?} {}\n{}: {}\n", found.kind, found.subject, found.place, found.text);
    for fact in &found.facts {
        // Lines of files that others change too would make the snapshot restless; their texts do not.
        let place = fact.place.as_ref().map(|place| format!("{}: ", place.file)).unwrap_or_default();
        let _ = writeln!(text, "{:<10} {place}{}", fact.what, fact.value);
    }
    text
}

#[test]
fn a_line_of_each_kind_of_file_leads_back_to_its_field() {
    let case = chinook();
    let field = "Track.unit_price at schema/chinook/v1/track.proto:47:10";
    let decimal = [format!("{field}, decimal at schema/chinook/v1/track.proto:49:24")];
    let migration = "migrations/postgres/0001_initial.up.sql";
    assert_eq!(why(&case, migration, "CREATE TABLE tracks", "unit_price NUMERIC"), decimal);
    assert_eq!(
        why(&case, "generated/proto/chinook/v1/track.proto", "message Track {", "unit_price = 9")[0]
            .split(',')
            .next()
            .unwrap(),
        field
    );
    let openapi = "generated/openapi.json";
    assert_eq!(why(&case, openapi, "\"TrackCreate\": {", "\"unit_price\": {"), [field]);
    let folder = "generated/src/chinook/v1/track";
    assert_eq!(why(&case, &format!("{folder}/model.rs"), "pub struct Track {", "pub unit_price"), decimal);
    assert_eq!(why(&case, &format!("{folder}/validate.rs"), "pub(super) fn track(", "\"unit_price\""), decimal);
    assert_eq!(why(&case, "generated/src/pb/chinook/v1.rs", "pub struct Track {", "pub unit_price"), [field]);
}

#[test]
fn an_option_is_named_that_made_just_this_line() {
    let case = chinook();
    let openapi = "generated/openapi.json";
    let bound = "Track.name at schema/chinook/v1/track.proto:19:10, max_len at schema/chinook/v1/track.proto:21:48";
    assert_eq!(why(&case, openapi, "\"TrackCreate\": {", "\"maxLength\": 200"), [bound]);
    let file = "schema/chinook/v1/album.proto";
    let reference = format!("Album.artist_id at {file}:24:9, on_delete at {file}:26:56");
    let migration = "migrations/sqlite/0001_initial.up.sql";
    assert_eq!(why(&case, migration, "CREATE TABLE albums", "FOREIGN KEY (artist_id)"), [reference]);
    let sorted = format!("Album.title at {file}:18:10, sortable at {file}:21:41");
    assert_eq!(why(&case, migration, "CREATE INDEX albums_title_idx", "ON albums"), [sorted]);
}

#[test]
fn what_is_derived_leads_back_to_its_entity() {
    let case = chinook();
    let entity = "Album at schema/chinook/v1/album.proto:10:9";
    let contract = "generated/proto/chinook/v1/album.proto";
    assert_eq!(why(&case, contract, "message GetAlbumRequest", "message GetAlbumRequest"), [entity]);
    let search = format!("{entity}, searchable at schema/chinook/v1/album.proto:21:56");
    assert_eq!(why(&case, contract, "message ListAlbumsRequest", "string q = 9"), [search]);
    assert_eq!(
        why(&case, "migrations/mysql/0003_add_tables.up.sql", "CREATE TABLE albums_words", "CREATE TABLE")[0]
            .split(',')
            .next()
            .unwrap(),
        entity
    );
    let rpc = "AlbumService.CreateAlbum at schema/chinook/v1/album.proto:10:9";
    assert_eq!(why(&case, "generated/openapi.json", "\"/api/v1/albums\": {", "\"post\": {"), [rpc]);
}

#[test]
fn nearly_every_line_of_an_entity_leads_back_to_its_schema() {
    let case = chinook();
    let names = Names::of(&case.model, &case.sources);
    let files = ["model", "dto", "mapper", "validate", "sql", "repository", "service", "http", "grpc"];
    let mut paths: Vec<String> = files.map(|file| format!("generated/src/chinook/v1/track/{file}.rs")).into();
    paths.push("generated/proto/chinook/v1/track.proto".to_owned());
    for path in paths {
        let text = std::fs::read_to_string(case.project.root.join(&path)).unwrap();
        // Above the first item stand the header and what is imported.
        let numbered =
            text.lines().enumerate().skip_while(|(_, line)| !line.starts_with("/// ") && !line.starts_with("message"));
        let lines: Vec<usize> = numbered.map(|(index, _)| index + 1).collect();
        let answered = lines.iter().filter_map(|line| origins(&case.project, &names, &path, *line).ok());
        let own = answered.filter(|found| found.iter().all(|one| one.place.file == "schema/chinook/v1/track.proto"));
        let (own, all) = (own.count(), lines.len());
        assert!(own * 10 >= all * 9, "{path}: {own} of {all} lines");
    }
}

#[test]
fn what_is_no_line_of_a_generated_file_is_refused_with_the_mend() {
    let case = chinook();
    let names = Names::of(&case.model, &case.sources);
    let refused = |path: &str, line| origins(&case.project, &names, path, line).unwrap_err();
    let misspelt = refused("generated/src/chinook/v1/trak/model.rs", 1);
    assert!(misspelt.contains("did you mean `generated/src/chinook/v1/track/model.rs`?"), "{misspelt}");
    let behind = refused("generated/openapi.json", 1_000_000);
    assert!(behind.contains("has the lines 1 to"), "{behind}");
    let free = refused("generated/src/lib.rs", 1);
    assert!(free.contains("whatever"), "{free}");
    let other = refused("arcana.toml", 1);
    assert!(other.contains("is not generated from single lines"), "{other}");
}

#[test]
fn a_field_an_entity_an_rpc_became_this() {
    let case = chinook();
    for (name, file) in [("Track.unit_price", "field"), ("Playlist", "entity"), ("CreatePlaylist", "rpc")] {
        insta::assert_snapshot!(format!("chinook_{file}"), told(&what(&case, name).unwrap()));
    }
}

#[test]
fn every_fact_of_a_field_stands_where_it_says() {
    let case = chinook();
    let found = what(&case, "chinook.v1.Track.composer").unwrap();
    let places: Vec<_> = found.facts.iter().filter_map(|fact| fact.place.as_ref()).collect();
    assert!(places.len() > 8, "{places:?}");
    for place in places {
        let text = std::fs::read_to_string(case.project.root.join(&place.file)).unwrap();
        let line = text.lines().nth(place.line - 1).unwrap();
        assert!(line.contains("composer"), "{place}: {line}");
    }
}

#[test]
fn an_unknown_name_is_refused_with_what_was_probably_meant() {
    let case = chinook();
    let misspelt = what(&case, "Trak.composer").unwrap_err();
    assert_eq!(misspelt, "the schema has no `Trak.composer`; did you mean `Track.composer`?");
    let several = what(&case, "unit_price").unwrap_err();
    assert!(several.contains("chinook.v1.InvoiceLine.unit_price, chinook.v1.Track.unit_price"), "{several}");
}
