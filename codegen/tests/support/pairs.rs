//! Reads `tests/cases/breaking`: one schema, and the edits that make another of it, case by case.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arcana_codegen::contract::Contract;
use arcana_codegen::emit::{contract, descriptor};
use arcana_codegen::impact::{Change, changes, contract_of};
use arcana_codegen::lock::Lock;
use arcana_codegen::migrate::{Disk, foresee};
use arcana_codegen::{Colour, Model, Project, Sources, read_model};

/// Path of the schema in its project.
pub const FILE: &str = "shop/v1/shop.proto";

/// One case.
pub struct Case {
    /// Name of the file that holds it, such as `fields`.
    pub file: String,
    /// What the case says of itself.
    pub name: String,
    /// The schema that the edits make.
    pub text: String,
}

/// A case, what it publishes, and what changes.
pub type Judged = (Case, Published, Vec<Change>);

/// A schema, and what clients see of it.
pub struct Published {
    pub model: Model,
    pub contract: Contract,
    /// The published `.proto` files, by path.
    pub texts: BTreeMap<String, String>,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The schema before all edits.
pub fn base() -> String {
    fs::read_to_string(root().join("tests/cases/breaking/base.proto")).unwrap()
}

/// All cases, in the order of their files.
pub fn cases() -> Vec<Case> {
    let base = base();
    let entries = fs::read_dir(root().join("tests/cases/breaking")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    paths.sort();
    paths.iter().flat_map(|path| read(path, &base)).collect()
}

fn read(path: &Path, base: &str) -> Vec<Case> {
    let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(path).unwrap();
    let sections = text.split("\n== ").skip(1);
    let case = |section: &str| {
        let (name, edits) = section.split_once('\n').unwrap();
        let mut text = base.to_owned();
        for edit in edits.split("\n\n").filter(|edit| !edit.trim().is_empty()) {
            let side = |sign: char| {
                let lines = edit.lines().filter_map(|line| line.strip_prefix(sign));
                lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
            };
            let (from, to) = (side('-'), side('+'));
            assert!(!from.is_empty() && text.contains(&from), "{file}: {name}: nothing to edit at\n{from}");
            text = text.replace(&from, &to);
        }
        Case { file: file.clone(), name: name.to_owned(), text }
    };
    sections.map(case).collect()
}

/// Reads a schema, and publishes it; or says what is wrong with it.
pub fn publish(text: &str) -> Result<Published, String> {
    let project = Project::parse(&root(), "name = \"breaking\"").unwrap();
    let sources = Sources::of(BTreeMap::from([(FILE.to_owned(), text.to_owned())]), &root()).unwrap();
    let model = match read_model(&sources) {
        Ok(model) => model,
        Err(found) => return Err(found.render(&sources.files, Colour::Never)),
    };
    let texts = contract::emit(&project, &model);
    let descriptor = descriptor::compile(&texts, &sources.include).unwrap();
    let contract = contract_of(&model, &descriptor);
    Ok(Published { model, contract, texts })
}

/// All cases with what changes, and the schema before them.
pub fn judged() -> &'static (Published, Vec<Judged>) {
    static ALL: OnceLock<(Published, Vec<Judged>)> = OnceLock::new();
    ALL.get_or_init(judge)
}

fn judge() -> (Published, Vec<Judged>) {
    let old = publish(&base()).unwrap_or_else(|found| panic!("{found}"));
    let mut wrong = String::new();
    let mut all = Vec::new();
    for case in cases() {
        match publish(&case.text) {
            Ok(new) => {
                let found = compare(&old, &new);
                all.push((case, new, found));
            }
            Err(found) => wrong.push_str(&format!("{}: {}:\n{found}", case.file, case.name)),
        }
    }
    assert!(wrong.is_empty(), "no schemas of ours:\n{wrong}");
    (old, all)
}

/// What changes from one to the other, after the first was sealed.
pub fn compare(old: &Published, new: &Published) -> Vec<Change> {
    let disk = Disk { lock: Lock::of(&old.model), ..Disk::default() };
    let sealed = Contract::parse(&old.contract.to_json()).unwrap();
    changes(&sealed, &new.contract, &foresee(&disk, &new.model))
}
