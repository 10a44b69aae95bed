//! The set of files that a run produces, and how it meets the disk: compared both ways, written all or nothing.
//!
//! A manifest in the generated folder records the hash of every owned file as it was written. A file on disk that
//! matches neither its record nor the new text was edited by hand, and is never overwritten silently.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

mod intact;
#[cfg(test)]
mod tests;

pub use intact::Left;

/// Name of the manifest in the generated folder.
pub const MANIFEST: &str = "manifest.txt";

const MANIFEST_HEADER: &str = "# Hashes of the generated files. Written by cargo xtask gen; never edited by hand.\n";
const TEMPORARY_SUFFIX: &str = ".arcana-tmp";

/// Who a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The generator: rewritten whenever its text changes, deleted when no longer produced.
    Owned,
    /// People: written once if missing, and never touched again.
    Scaffold,
}

/// What to do with the differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Write them.
    Write,
    /// Only find them; a difference is a finding.
    Check,
    /// Only show them.
    DryRun,
}

/// What to do with owned files that were edited by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edits {
    /// Write nothing and say where the edit belongs.
    Refuse,
    /// Overwrite them.
    Discard,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub content: Vec<u8>,
    /// Who it belongs to.
    pub kind: Kind,
}

/// Files by path, relative to the root of the project and with `/` between the parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSet {
    generated: String,
    files: BTreeMap<String, File>,
    released: BTreeSet<String>,
    unwanted: BTreeSet<String>,
}

/// How a set differs from the disk; every list is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Changes {
    /// Missing on disk.
    pub new: Vec<String>,
    /// Other text on disk.
    pub changed: Vec<String>,
    /// The same on disk.
    pub unchanged: usize,
    /// Written by an earlier run and no longer produced.
    pub orphaned: Vec<String>,
    /// Edited by hand since they were written.
    pub edited: Vec<Edited>,
    /// Lying in a place of the generator without being produced by any run.
    pub foreign: Vec<String>,
    /// The manifest on disk is not what a run would write.
    pub manifest_stale: bool,
}

/// A file that was edited by hand.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Edited {
    /// Its path.
    pub path: String,
    /// Where the edit belongs.
    pub advice: String,
}

/// What stops a set from meeting the disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Owned files were edited by hand.
    #[error("{} generated {} edited by hand; nothing was written\n{}", .0.len(), were(.0.len()), edited_lines(.0))]
    Edited(Vec<Edited>),
    /// Files of others lie in the generated folder.
    #[error(
        "files that the generator does not know lie in its places; nothing was written\n{}\n\
         move them elsewhere (hand-written code belongs in src/), or delete them", indented(.0)
    )]
    Foreign(Vec<String>),
    /// The manifest cannot be understood.
    #[error("{path}:{line}: {what}; nothing was written\nrun: cargo xtask gen --discard-edits")]
    Manifest {
        /// Its path.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong with the line.
        what: &'static str,
    },
    /// The disk refused.
    #[error("{}: {source}", path.display())]
    Disk {
        /// Path it refused.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl FileSet {
    /// An empty set for a project whose generated folder is `generated` (relative to its root).
    pub fn new(generated: &str) -> Self {
        Self { generated: generated.trim_end_matches('/').to_owned(), ..Self::default() }
    }

    /// Adds a file that the generator owns.
    pub fn own(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), File { content: content.into(), kind: Kind::Owned });
    }

    /// Adds a file that is written only if missing.
    pub fn scaffold(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), File { content: content.into(), kind: Kind::Scaffold });
    }

    /// The generated folder, relative to the root.
    pub fn generated(&self) -> &str {
        &self.generated
    }

    /// Gives up a path that an earlier run owned, such as a migration that is sealed now: it stays on disk.
    pub fn release(&mut self, path: impl Into<String>) {
        self.released.insert(path.into());
    }

    /// Names a path outside the generated folder where nothing of others may lie, such as that of a former open
    /// migration: deleted if an earlier run owned it, foreign if not.
    pub fn unwanted(&mut self, path: impl Into<String>) {
        self.unwanted.insert(path.into());
    }

    /// Files by path.
    pub fn files(&self) -> &BTreeMap<String, File> {
        &self.files
    }

    /// Paths of the files that the generator owns.
    pub fn owned(&self) -> BTreeSet<String> {
        let owned = self.files.iter().filter(|(_, file)| file.kind == Kind::Owned);
        owned.map(|(path, _)| path.clone()).collect()
    }

    /// The text of a file, if it is there and is text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).and_then(|file| std::str::from_utf8(&file.content).ok())
    }

    /// Compares with the disk below `root`, both ways. Edits count as edits even where they will be discarded.
    pub fn diff(&self, root: &Path, edits: Edits) -> Result<Changes, Error> {
        let (recorded, mut changes) = match self.read_manifest(root) {
            Ok(recorded) => (recorded, Changes::default()),
            Err(Error::Manifest { .. }) if edits == Edits::Discard => Default::default(),
            Err(error) => return Err(error),
        };
        let found = self.files.par_iter().map(|(path, file)| Ok((path, compare(root, path, file, &recorded)?)));
        for (path, found) in found.collect::<Result<Vec<_>, Error>>()? {
            match found {
                Found::Missing => changes.new.push(path.clone()),
                Found::Same => changes.unchanged += 1,
                Found::Other => changes.changed.push(path.clone()),
                Found::Edited(edited) => changes.edited.push(edited),
            }
        }
        for (path, hash) in recorded.iter().filter(|(path, _)| self.is_gone(path)) {
            if let Some(content) = read(&root.join(path))? {
                if hash_of(&content) == *hash {
                    changes.orphaned.push(path.clone());
                } else {
                    changes.edited.push(edited(path, &content));
                }
            }
        }
        let mut found = Vec::new();
        list(&root.join(&self.generated), &self.generated, &mut found)?;
        found.extend(self.unwanted.iter().filter(|path| root.join(path).exists()).cloned());
        let manifest = self.manifest_path();
        changes.foreign = found
            .into_iter()
            .filter(|path| *path != manifest && !self.files.contains_key(path) && !recorded.contains_key(path))
            .filter(|path| !path.ends_with(TEMPORARY_SUFFIX))
            .collect();
        changes.foreign.sort();
        changes.edited.sort_by(|a, b| a.path.cmp(&b.path));
        changes.manifest_stale = read(&root.join(&manifest))?.as_deref() != Some(self.manifest().as_bytes());
        Ok(changes)
    }

    /// Compares and, in [`Mode::Write`], writes what differs and deletes orphans: all or nothing.
    pub fn apply(&self, root: &Path, mode: Mode, edits: Edits) -> Result<Changes, Error> {
        let changes = self.diff(root, edits)?;
        if !changes.edited.is_empty() && edits == Edits::Refuse && mode != Mode::Check {
            return Err(Error::Edited(changes.edited));
        }
        if !changes.foreign.is_empty() && mode != Mode::Check {
            return Err(Error::Foreign(changes.foreign));
        }
        if mode == Mode::Write && !changes.is_empty() {
            self.write(root, &changes)?;
        }
        Ok(changes)
    }

    fn is_gone(&self, path: &str) -> bool {
        !self.files.contains_key(path) && !self.released.contains(path)
    }

    fn manifest_path(&self) -> String {
        format!("{}/{MANIFEST}", self.generated)
    }

    fn manifest(&self) -> String {
        let owned = self.files.par_iter().filter(|(_, file)| file.kind == Kind::Owned);
        let lines: Vec<String> = owned.map(|(path, file)| format!("{}  {path}\n", hash_of(&file.content))).collect();
        format!("{MANIFEST_HEADER}{}", lines.concat())
    }

    fn read_manifest(&self, root: &Path) -> Result<BTreeMap<String, String>, Error> {
        let path = self.manifest_path();
        let content = read(&root.join(&path))?.unwrap_or_default();
        manifest_entries(&path, &content)
    }

    /// Temporary files next to their targets first, renames when all of them are there, the manifest last.
    fn write(&self, root: &Path, changes: &Changes) -> Result<(), Error> {
        let manifest = (self.manifest_path(), self.manifest().into_bytes());
        let edited = changes.edited.iter().map(|edited| &edited.path);
        let mut targets: Vec<(&str, &[u8])> = Vec::new();
        for path in changes.new.iter().chain(&changes.changed).chain(edited) {
            if let Some(file) = self.files.get(path) {
                targets.push((path, &file.content));
            }
        }
        targets.push((&manifest.0, &manifest.1));
        let target = |(path, _): &(&str, &[u8])| (temporary_of(&root.join(path)), root.join(path));
        let written: Vec<(PathBuf, PathBuf)> = targets.iter().map(target).collect();
        let write =
            |((temporary, _), (_, content)): (&(PathBuf, PathBuf), &(&str, &[u8]))| write_temporary(temporary, content);
        if let Err(error) = written.par_iter().zip(&targets).try_for_each(write) {
            remove_all(&written);
            return Err(error);
        }
        for (temporary, target) in &written {
            if let Err(source) = fs::rename(temporary, target) {
                remove_all(&written);
                return Err(Error::Disk { path: target.clone(), source });
            }
        }
        let edited_orphans = changes.edited.iter().map(|edited| &edited.path).filter(|path| self.is_gone(path));
        for path in changes.orphaned.iter().chain(edited_orphans) {
            remove(root, path)?;
        }
        Ok(())
    }
}

impl Changes {
    /// Nothing to write and nothing wrong.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty()
            && self.changed.is_empty()
            && self.orphaned.is_empty()
            && self.edited.is_empty()
            && self.foreign.is_empty()
            && !self.manifest_stale
    }
}

/// How one file was found on disk.
enum Found {
    Missing,
    Same,
    Other,
    Edited(Edited),
}

fn compare(root: &Path, path: &str, file: &File, recorded: &BTreeMap<String, String>) -> Result<Found, Error> {
    let Some(on_disk) = read(&root.join(path))? else { return Ok(Found::Missing) };
    if file.kind == Kind::Scaffold || on_disk == file.content {
        Ok(Found::Same)
    } else if recorded.get(path).is_some_and(|hash| *hash == hash_of(&on_disk)) {
        Ok(Found::Other)
    } else {
        Ok(Found::Edited(edited(path, &on_disk)))
    }
}

/// Path to hash, as a manifest says.
fn manifest_entries(path: &str, content: &[u8]) -> Result<BTreeMap<String, String>, Error> {
    let mut recorded = BTreeMap::new();
    for (index, line) in String::from_utf8_lossy(content).lines().enumerate() {
        let wrong = |what| Error::Manifest { path: path.to_owned(), line: index + 1, what };
        if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker)) {
            return Err(wrong("conflict markers of a merge"));
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (hash, file) = line.split_once("  ").ok_or_else(|| wrong("no line of `hash  path`"))?;
        if !is_inside(file) {
            return Err(wrong("a path that leaves the project"));
        }
        recorded.insert(file.to_owned(), hash.to_owned());
    }
    Ok(recorded)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(Error::Disk { path: path.to_owned(), source }),
    }
}

fn write_temporary(temporary: &Path, content: &[u8]) -> Result<(), Error> {
    let disk = |source| Error::Disk { path: temporary.to_owned(), source };
    if let Some(folder) = temporary.parent() {
        fs::create_dir_all(folder).map_err(disk)?;
    }
    fs::write(temporary, content).map_err(disk)
}

fn remove_all(written: &[(PathBuf, PathBuf)]) {
    for (temporary, _) in written {
        // Best effort on the way out of a failure; a left-over is ignored by its suffix.
        let _ = fs::remove_file(temporary);
    }
}

fn remove(root: &Path, path: &str) -> Result<(), Error> {
    let target = root.join(path);
    fs::remove_file(&target).map_err(|source| Error::Disk { path: target.clone(), source })?;
    let mut folder = target.parent();
    while let Some(empty) = folder.filter(|folder| *folder != root && folder.starts_with(root)) {
        // Fails on a folder that still holds something, which ends the walk.
        if fs::remove_dir(empty).is_err() {
            break;
        }
        folder = empty.parent();
    }
    Ok(())
}

fn temporary_of(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(TEMPORARY_SUFFIX);
    target.with_file_name(name)
}

/// All files below a folder, with their paths behind `prefix`; none if it is missing.
pub(crate) fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) -> Result<(), Error> {
    let disk = |source| Error::Disk { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(disk(error)),
    };
    for entry in entries {
        let entry = entry.map_err(disk)?;
        let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(disk)?.is_dir() {
            list(&entry.path(), &path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn is_inside(path: &str) -> bool {
    !path.starts_with('/') && path.split('/').all(|part| !part.is_empty() && part != "..")
}

/// SHA-256 in hexadecimal.
pub(crate) fn hash_of(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The header of a generated file names its source; without one, the schema as a whole is.
fn edited(path: &str, content: &[u8]) -> Edited {
    let text = String::from_utf8_lossy(content);
    let source = text.lines().take(8).find_map(|line| {
        line.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';'])).find(|word| word.ends_with(".proto"))
    });
    let place = match source {
        Some(source) if path.ends_with(".rs") => format!("shape: {source}; behaviour: its logic"),
        Some(source) => source.to_owned(),
        None => "the schema for its shape, the logic for its behaviour".to_owned(),
    };
    Edited { path: path.to_owned(), advice: place }
}

fn were(count: usize) -> &'static str {
    if count == 1 { "file was" } else { "files were" }
}

fn edited_lines(edited: &[Edited]) -> String {
    let mut text = String::new();
    for edited in edited {
        text.push_str(&format!("  {}\n    the edit belongs in: {}\n", edited.path, edited.advice));
    }
    text.push_str("to drop the edits in all of these files: cargo xtask gen --discard-edits");
    text
}

fn indented(paths: &[String]) -> String {
    paths.iter().map(|path| format!("  {path}")).collect::<Vec<_>>().join("\n")
}
