//! The order of the rooms: who may know whom, between crates and between the modules of the generator.
#![allow(clippy::unwrap_used, reason = "clippy allows it in test functions, not in their helpers")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Crates of the workspace that a crate depends on, not counting those for its tests.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    let depends = |package: &serde_json::Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let built = dependencies.filter(|dependency| dependency["kind"].is_null());
        let known = built.filter_map(|dependency| dependency["name"].as_str()).filter(|name| names.contains(name));
        known.map(str::to_owned).collect()
    };
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), depends(package))).collect()
}

#[test]
fn crates_know_only_those_below_them() {
    let crates = crates();
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(crates["arcana-runtime"], set(&[]), "the runtime knows no other room");
    assert_eq!(crates["arcana-codegen"], set(&[]), "the generator knows the runtime only as paths in text");
    assert_eq!(crates["arcana-generated"], set(&["arcana-runtime"]));
    assert_eq!(crates["arcana"], set(&["arcana-generated", "arcana-runtime"]));
    assert_eq!(crates["xtask"], set(&["arcana-codegen", "arcana-testing"]), "it measures on servers of its own");
    assert_eq!(crates["arcana-testing"], set(&[]), "servers for tests know nothing of what is tested");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Rooms of a crate that each of its rooms names by `crate::room`.
fn rooms(krate: &str) -> BTreeMap<String, BTreeSet<String>> {
    let base = root().join(krate).join("src");
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let tests = |path: &PathBuf| path.ends_with("testing.rs") || path.ends_with("tests.rs");
    for path in sources(&base).into_iter().filter(|path| !tests(path)) {
        let relative = path.strip_prefix(&base).unwrap();
        let room =
            relative.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if base.join(format!("{name}.rs")).exists() && name != room {
                rooms.entry(room.clone()).or_default().insert(name);
            }
        }
    }
    rooms
}

#[test]
fn the_stages_of_the_generator_go_one_way() {
    let rooms = rooms("codegen");
    // Each stage, and what comes after it and must stay unknown to it.
    let barred: [(&str, &[&str]); 12] = [
        (
            "model",
            &[
                "load",
                "annotation",
                "lower",
                "check",
                "plan",
                "render",
                "emit",
                "fileset",
                "migrate",
                "cli",
                "generate",
            ],
        ),
        ("load", &["lower", "check", "plan", "render", "emit", "fileset", "migrate", "cli", "generate"]),
        ("annotation", &["lower", "check", "plan", "render", "emit", "fileset", "migrate", "cli", "generate"]),
        ("lower", &["check", "plan", "render", "emit", "fileset", "migrate", "cli", "generate"]),
        ("check", &["load", "lower", "annotation", "plan", "render", "emit", "fileset", "migrate", "cli", "generate"]),
        ("plan", &["load", "lower", "annotation", "check", "fileset", "cli", "generate"]),
        ("emit", &["load", "lower", "annotation", "check", "cli", "generate"]),
        ("migrate", &["load", "lower", "annotation", "check", "plan", "render", "emit", "impact", "cli", "generate"]),
        ("contract", &["load", "lower", "annotation", "check", "plan", "emit", "migrate", "impact", "cli", "generate"]),
        ("impact", &["lower", "annotation", "check", "render", "fileset", "trace", "cli", "generate"]),
        ("trace", &["lower", "annotation", "check", "render", "impact", "cli", "generate"]),
        ("generate", &["cli"]),
    ];
    for (room, unknown) in barred {
        let known = rooms.get(room).cloned().unwrap_or_default();
        let broken: Vec<_> = unknown.iter().filter(|name| known.contains(**name)).collect();
        assert!(broken.is_empty(), "codegen/src/{room} must not know {broken:?}");
    }
}

#[test]
fn the_core_of_the_runtime_knows_no_edge() {
    let rooms = rooms("runtime");
    for room in
        ["access", "changes", "check", "context", "db", "entity", "json", "query", "repository", "service", "types"]
    {
        let known = rooms.get(room).cloned().unwrap_or_default();
        for edge in ["app", "grpc", "http", "problem", "rest", "serve", "settings", "telemetry"] {
            assert!(!known.contains(edge), "runtime/src/{room} must not know {edge}");
        }
    }
}

#[test]
fn every_room_says_at_its_door_what_lives_there() {
    for folder in ["codegen", "runtime", "xtask", "src", "tests"] {
        for path in sources(&root().join(folder)).iter().filter(|path| !path.to_string_lossy().contains("/cases/")) {
            let text = fs::read_to_string(path).unwrap();
            assert!(text.starts_with("//!") || text.starts_with("// Generated"), "{} has no //! line", path.display());
        }
    }
}
