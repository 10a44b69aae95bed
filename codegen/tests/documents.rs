//! The documents keep up with what they describe: nothing that exists is missing in them, and no link leads nowhere.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a document must name, as code.
fn assert_names(document: &str, names: &[String]) {
    let text = read(document);
    assert!(names.len() >= 5, "only {} names for {document}", names.len());
    let missing: Vec<&String> = names.iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{document} does not describe {missing:?}");
}

/// Fields of the top-level messages of a `.proto` text whose names end with `Options`.
fn options(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in text.lines() {
        inside = (inside || (line.starts_with("message ") && line.ends_with("Options {"))) && line != "}";
        let own = line.strip_prefix("  ").filter(|rest| inside && rest.starts_with(|c: char| c.is_alphabetic()));
        if let Some((declaration, _)) = own.and_then(|own| own.split_once(" = ")) {
            names.extend(declaration.rsplit(' ').next().map(str::to_owned));
        }
    }
    names
}

/// Paths of the values of a YAML text that holds nothing but sections and plain values.
fn keys(text: &str) -> Vec<String> {
    let mut sections: Vec<(usize, String)> = Vec::new();
    let mut keys = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let depth = name.len() - name.trim_start().len();
        sections.retain(|(other, _)| *other < depth);
        sections.push((depth, name.trim().to_owned()));
        if !value.trim().is_empty() {
            keys.push(sections.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join("."));
        }
    }
    keys
}

fn documents() -> Vec<PathBuf> {
    let folders = ["", "docs", "docs/decisions"].map(|folder| root().join(folder));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut documents: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    documents.sort();
    documents
}

#[test]
fn every_annotation_is_described() {
    assert_names("docs/schema.md", &options(&read("schema/arcana/annotations.proto")));
}

#[test]
fn every_configuration_key_is_described() {
    assert_names("docs/configuration.md", &keys(&read("runtime/src/settings/defaults.yaml")));
}

#[test]
fn every_decision_is_listed() {
    let list = read("docs/decisions/README.md");
    for path in documents().iter().filter(|path| path.parent().is_some_and(|folder| folder.ends_with("decisions"))) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name == "README.md" || list.contains(&format!("]({name})")), "{name} is not listed");
    }
}

#[test]
fn every_link_leads_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            let found = link.starts_with("https://") || document.parent().unwrap().join(path).exists();
            assert!(found, "{}: {link} leads nowhere", document.display());
        }
    }
}
