//! What the last run read and left, so that a run on the same finds out without generating.
//!
//! The memory lies in the target folder of cargo, and is of no account: without it, or with one that does not fit, everything is
//! generated. It fits if the generator, the project file, all texts of the schema, the migrations and the arguments
//! are the same, and every file that was written lies there unchanged. `gen --check` and the freshness test never
//! look at it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::fileset::{FileSet, Left, hash_of, hex, list};
use crate::load::Sources;
use crate::project::Project;
use crate::report::Report;

/// What a run finds before it generates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Hash of the generator, the project, the schema and the arguments.
    inputs: String,
    /// Hashes of what lies in the folder of migrations, which a run reads and writes.
    migrations: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Memory {
    /// [`Seen::hash`].
    seen: String,
    left: Left,
    report: Report,
}

/// The report of the last run, if a run now would read the same and find all that it left.
pub fn unchanged(project: &Project, seen: &Seen) -> Option<Report> {
    let memory = memory(project)?;
    let owned = memory.left.intact(&project.root)?;
    (seen.hash(&owned) == memory.seen).then_some(memory.report)
}

/// The report of the last run, whatever has changed since.
pub fn last(project: &Project) -> Option<Report> {
    memory(project).map(|memory| memory.report)
}

fn memory(project: &Project) -> Option<Memory> {
    serde_json::from_str(&fs::read_to_string(place(project)?).ok()?).ok()
}

/// Remembers a run that saw this `before`, sees this `now`, and whose files are written. If someone else changed the
/// migrations meanwhile, nothing is remembered.
pub fn remember(project: &Project, before: &Seen, now: &Seen, files: &FileSet, report: &Report) {
    let Some(path) = place(project) else { return };
    let owned = files.owned();
    let seen = now.hash(&owned);
    let memory = (before.hash(&owned) == seen).then(|| Memory { seen, left: Left::by(files), report: report.clone() });
    // Without a memory the next run is slower, no more; a wrong one would be worse.
    match memory.and_then(|memory| serde_json::to_string(&memory).ok()) {
        Some(text) => drop(write(&path, &text)),
        None => drop(fs::remove_file(&path)),
    }
}

impl Seen {
    /// As things are now; nothing if some of it cannot be read.
    pub fn now(project: &Project, sources: &Sources, allow_lossy: &[String]) -> Option<Self> {
        let mut inputs = Sha256::new();
        let mut add = |part: &str| {
            inputs.update(part.len().to_le_bytes());
            inputs.update(part);
        };
        add(&generator()?);
        add(&format!("{project:?}{:?}{allow_lossy:?}", sources.include));
        for (path, text) in &sources.files {
            add(path);
            add(text);
        }
        let folder = project.migrations.to_string_lossy().replace('\\', "/");
        let mut paths = Vec::new();
        list(&project.root.join(&project.migrations), &folder, &mut paths).ok()?;
        let hash = |path: String| fs::read(project.root.join(&path)).ok().map(|text| (path, hash_of(&text)));
        let migrations = paths.into_iter().map(hash).collect::<Option<_>>()?;
        Some(Self { inputs: hex(&inputs.finalize()), migrations })
    }

    /// All of it in one hash. What a run writes itself is left out: that is compared as output.
    fn hash(&self, owned: &BTreeSet<String>) -> String {
        let others = self.migrations.iter().filter(|(path, _)| !owned.contains(*path));
        let lines: Vec<String> = others.map(|(path, hash)| format!("{hash}  {path}\n")).collect();
        hash_of(format!("{}\n{}", self.inputs, lines.concat()).as_bytes())
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text)?;
    fs::rename(temporary, path)
}

/// A file for each project in the target folder of its workspace: where nothing was built yet, nothing is remembered.
fn place(project: &Project) -> Option<PathBuf> {
    let root = project.root.canonicalize().ok()?;
    let workspace = root.ancestors().find(|folder| folder.join("Cargo.lock").is_file())?;
    let name = hash_of(root.to_string_lossy().as_bytes());
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Some(workspace.join(target).join(format!("arcana/gen-{}.json", name.get(..16)?)))
}

/// The program that generates, by what the file system knows of its file. The time of the last change of its entry
/// cannot be set back, so that another build never passes for the same.
#[cfg(unix)]
fn generator() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let path = std::env::current_exe().ok()?;
    let file = fs::metadata(&path).ok()?;
    let times = (file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec());
    Some(format!("{} {} {} {} {times:?}", path.display(), file.dev(), file.ino(), file.len()))
}

/// The program that generates, by its bytes.
#[cfg(not(unix))]
fn generator() -> Option<String> {
    Some(hash_of(&fs::read(std::env::current_exe().ok()?).ok()?))
}
