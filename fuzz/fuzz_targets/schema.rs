//! Any text as a schema: it is refused with reasons that can be shown, or what is made of it parses.
#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arcana_codegen::{Colour, Diagnostics, Output, Project, Sources, generate};
use libfuzzer_sys::{Corpus, fuzz_target};

/// Longer texts take time without telling more.
const MOST: usize = 32 * 1024;

fuzz_target!(|text: &str| -> Corpus {
    if text.len() > MOST {
        return Corpus::Reject;
    }
    static INCLUDE: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let include = INCLUDE.get_or_init(|| standards(root));
    let files = BTreeMap::from([("fuzz/v1/fuzz.proto".to_owned(), text.to_owned())]);
    let sources = Sources { files, include: include.clone() };
    // No migrations lie there, and nothing is written.
    let project = Project::parse(Path::new("/nonexistent"), "name = \"fuzz\"").expect("a project of defaults");
    match generate(&project, &sources, &[]) {
        Ok(output) => sound(&output),
        Err(found) => shown(&found, &sources),
    }
    Corpus::Keep
});

/// The standards without their comments, which would take most of the time of every run.
fn standards(root: &Path) -> Vec<PathBuf> {
    let target = std::env::temp_dir().join(format!("arcana-fuzz-{}", std::process::id()));
    for folder in Sources::of(BTreeMap::new(), root).expect("the folders of the standards").include {
        for package in ["buf/validate", "google/api", "google/type"] {
            let Ok(entries) = fs::read_dir(folder.join(package)) else { continue };
            fs::create_dir_all(target.join(package)).expect("a folder of our own");
            for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
                let text = fs::read_to_string(&path).expect("a text");
                let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                let name = path.file_name().expect("a name");
                fs::write(target.join(package).join(name), lines.join("\n")).expect("a copy");
            }
        }
    }
    vec![target]
}

fn shown(found: &Diagnostics, sources: &Sources) {
    let report = found.render(&sources.files, Colour::Never);
    let _ = found.to_json();
    assert!(!found.is_empty(), "refused without a reason");
    assert!(!found.codes().contains(&"arcana::emit"), "the checks let pass what cannot be emitted:\n{report}");
}

fn sound(output: &Output) {
    for (path, file) in output.files.files() {
        let Ok(text) = std::str::from_utf8(&file.content) else { continue };
        if path.ends_with(".rs") {
            syn::parse_file(text).unwrap_or_else(|error| panic!("{path} is no Rust: {error}\n{text}"));
        } else if path.ends_with(".json") {
            serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
}
