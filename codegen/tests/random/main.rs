//! Random schemas: whatever a schema says, the generator gives reasons or sound files, and never panics.
//!
//! `ARCANA_RANDOM_CASES` says how many (few if unset), `ARCANA_RANDOM_SEED` which ones.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod draw;
mod judge;
mod schema;
mod servers;
mod words;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use arcana_codegen::fileset::{Edits, Mode};
use arcana_codegen::{Project, Sources, generate};
use judge::{Verdict, judge, settles};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

/// The project of every schema.
const PROJECT: &str = "name = \"random\"\ndialects = [\"sqlite\", \"postgres\", \"mysql\"]";
/// Bytes of choices for a schema.
const CHOICES: usize = 900;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn show(files: &BTreeMap<String, String>) -> String {
    files.iter().fold(String::new(), |mut out, (path, text)| {
        let _ = writeln!(out, "==> {path}\n{text}");
        out
    })
}

#[test]
fn is_refused_with_reasons_or_makes_sound_files() {
    let cases = number("ARCANA_RANDOM_CASES", 16);
    let seed = number("ARCANA_RANDOM_SEED", 1);
    let include = Sources::of(BTreeMap::new(), &root()).unwrap().include;
    let codes: RefCell<BTreeMap<&str, usize>> = RefCell::default();
    let accepted = RefCell::new(0_usize);
    let config = Config {
        cases: u32::try_from(cases).unwrap(),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    let choices = proptest::collection::vec(proptest::num::u8::ANY, CHOICES / 3..CHOICES);
    let result = TestRunner::new(config).run(&choices, |bytes| {
        let files = schema::schema(&bytes);
        let sources = Sources { files, include: include.clone() };
        let folder = tempfile::tempdir().unwrap();
        let project = Project::parse(folder.path(), PROJECT).unwrap();
        let verdict = judge(&project, &sources).and_then(|verdict| match verdict {
            Verdict::Accepted(output) => {
                *accepted.borrow_mut() += 1;
                settles(folder.path(), &sources, &output)
            }
            Verdict::Refused(found) => {
                for code in found.codes() {
                    *codes.borrow_mut().entry(code).or_default() += 1;
                }
                Ok(())
            }
        });
        verdict.map_err(|wrong| TestCaseError::fail(format!("{wrong}\n{}", show(&sources.files))))
    });
    eprintln!("seed {seed}: {} of {cases} accepted; refused: {:?}", accepted.borrow(), codes.borrow());
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(*accepted.borrow() as u64 * 3 >= cases, "too few schemas get as far as being generated");
}

/// Parsing is weaker than compiling, and compiling takes minutes: for people who changed what is rendered.
#[test]
#[ignore = "compiles for minutes; run with --ignored"]
fn what_is_made_compiles() {
    let seed = number("ARCANA_RANDOM_SEED", 1);
    let wanted = usize::try_from(number("ARCANA_RANDOM_CASES", 25)).unwrap();
    let include = Sources::of(BTreeMap::new(), &root()).unwrap().include;
    let place = root().join("target/random");
    let _ = fs::remove_dir_all(&place);
    let mut config = Config { rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    config.cases = u32::MAX;
    let mut runner = TestRunner::new(config);
    let choices = proptest::collection::vec(proptest::num::u8::ANY, CHOICES);
    let mut rich: Vec<(usize, BTreeMap<String, String>)> = Vec::new();
    for _ in 0..wanted * 12 {
        let files = schema::schema(&choices.new_tree(&mut runner).unwrap().current());
        rich.push((files.values().map(String::len).sum(), files));
    }
    rich.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    let mut members = Vec::new();
    for (_, files) in rich {
        let name = format!("case{}", members.len());
        let folder = place.join(&name);
        let runtime = format!("[runtime]\npath = {:?}", root().join("runtime"));
        let project = Project::parse(&folder, &format!("name = \"{name}\"\nlogic = \"\"\n{runtime}\n")).unwrap();
        let sources = Sources { files, include: include.clone() };
        if let Ok(output) = generate(&project, &sources, &[]) {
            output.files.apply(&folder, Mode::Write, Edits::Refuse).unwrap();
            for (path, text) in &sources.files {
                let path = folder.join("schema").join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            members.push(format!("{name}/generated"));
        }
        if members.len() == wanted {
            break;
        }
    }
    fs::write(place.join("Cargo.toml"), format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n")).unwrap();
    fs::copy(root().join("Cargo.lock"), place.join("Cargo.lock")).unwrap();
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["check", "--workspace", "--all-features", "--keep-going"]).current_dir(&place);
    assert!(command.status().unwrap().success(), "not all compile: see above, and {}", place.display());
}
