//! The migrations folder: the lock, the chained sums of what is sealed, and the SQL files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::contract::Contract;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::fileset::hex;
use crate::lock::Lock;
use crate::project::{Dialect, Project};

/// Name of the lock in the migrations folder.
pub(super) const LOCK: &str = "schema.lock.json";
/// Name of the contract lock in the migrations folder.
pub(super) const CONTRACT: &str = "contract.lock.json";
/// Name of the sums in the migrations folder.
pub(super) const SUM: &str = "migrations.sum";

/// What to do about two branches that each sealed something.
const REBASE: &str = "two branches sealed a migration each; run: cargo xtask migrate rebase";

/// Number and name of a migration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct MigrationName {
    /// Number, from 1.
    pub version: u32,
    /// What it does, in snake_case.
    pub name: String,
}

/// What lies in the migrations folder.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    /// The sealed state; empty if nothing was sealed yet.
    pub lock: Lock,
    /// What clients saw when that was sealed; nothing if nothing was, or not by a version that keeps it.
    pub contract: Option<Contract>,
    /// Sealed migrations with their sums, in order.
    pub sealed: Vec<(MigrationName, String)>,
    /// Texts of the SQL files by their path in the folder, such as `sqlite/0001_initial.up.sql`.
    pub files: BTreeMap<String, String>,
}

impl MigrationName {
    /// First part of the file names, such as `0001_initial`.
    pub fn stem(&self) -> String {
        format!("{:04}_{}", self.version, self.name)
    }

    /// Path in the migrations folder.
    pub fn path(&self, dialect: Dialect, way: &str) -> String {
        format!("{dialect}/{}.{way}.sql", self.stem())
    }

    pub(super) fn parse(stem: &str) -> Option<Self> {
        let (version, name) = stem.split_once('_')?;
        Some(Self { version: version.parse().ok()?, name: name.to_owned() })
    }
}

impl Disk {
    /// Reads the migrations folder of a project, and checks that nothing sealed has changed.
    pub fn read(project: &Project) -> Result<Self, Diagnostics> {
        let folder = project.root.join(&project.migrations);
        let (lock, sums) = (text(&folder.join(LOCK))?, text(&folder.join(SUM))?);
        let mut disk = Self::sealed_by(project, lock, sums.as_deref().unwrap_or_default())?;
        if let Some(contract) = text(&folder.join(CONTRACT))? {
            disk.contract = Some(Contract::parse(&contract).map_err(|error| {
                let help = if is_in_conflict(&contract) { REBASE } else { MERGED };
                broken(&project.migrations.join(CONTRACT), &error.to_string(), help)
            })?);
        }
        // All of them: what was sealed for a dialect stays under its sum when a project no longer uses it.
        for dialect in Dialect::ALL {
            disk.read_files(&folder, dialect)?;
        }
        disk.verify(project)?;
        Ok(disk)
    }

    /// What a lock and sums say is sealed, without files.
    pub(super) fn sealed_by(project: &Project, lock: Option<String>, sums: &str) -> Result<Self, Diagnostics> {
        let mut disk = Self::default();
        if let Some(lock) = &lock {
            disk.lock = Lock::parse(lock).map_err(|error| {
                let path = project.migrations.join(LOCK);
                let help = if is_in_conflict(lock) { REBASE.to_owned() } else { restore(project) };
                broken(&path, &error.to_string(), &help)
            })?;
        }
        for line in sums.lines().filter(|line| !line.is_empty()) {
            let parsed = line.split_once("  ").and_then(|(sum, stem)| Some((MigrationName::parse(stem)?, sum)));
            let Some((name, sum)) = parsed else {
                let what = format!("`{line}` is no line of `sum  name`");
                return Err(broken(&project.migrations.join(SUM), &what, REBASE));
            };
            disk.sealed.push((name, sum.to_owned()));
        }
        if lock.is_none() && !disk.sealed.is_empty() {
            let what = "migrations are sealed, but there is no lock";
            return Err(broken(&project.migrations.join(LOCK), what, &restore(project)));
        }
        Ok(disk)
    }

    fn read_files(&mut self, folder: &Path, dialect: Dialect) -> Result<(), Diagnostics> {
        let entries = match fs::read_dir(folder.join(dialect.name())) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(folder, &error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| unreadable(folder, &error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".sql") {
                self.files.insert(format!("{dialect}/{name}"), text(&path)?.unwrap_or_default());
            }
        }
        Ok(())
    }

    pub(super) fn verify(&self, project: &Project) -> Result<(), Diagnostics> {
        let mut found = Diagnostics::default();
        let mut previous = "";
        for (name, sum) in &self.sealed {
            if self.sum(previous, name) != *sum {
                found.push(self.edited(project, name));
            } else {
                let left_out = |dialect: &&Dialect| self.first(**dialect).is_some_and(|first| first < name.version);
                let left_out = project.dialects.iter().filter(left_out).find(|dialect| !self.has(name, **dialect));
                if let Some(dialect) = left_out {
                    found.push(gap(name, *dialect));
                }
            }
            previous = sum;
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    fn edited(&self, project: &Project, name: &MigrationName) -> Diagnostic {
        // A dialect that was added later has no files of the steps before.
        let began = |dialect: &&Dialect| self.first(**dialect).is_none_or(|first| first <= name.version);
        let wanted = project.dialects.iter().filter(began);
        let missing = wanted.flat_map(|dialect| ["up", "down"].map(|way| name.path(*dialect, way)));
        let missing: Vec<String> = missing.filter(|path| !self.files.contains_key(path)).collect();
        let same_number = self.sealed.iter().filter(|(other, _)| other.version == name.version).count() > 1;
        if same_number {
            let message = format!("there are two sealed migrations of the number {:04}", name.version);
            return Diagnostic::new("arcana::sealed_changed", message).help(REBASE);
        }
        if missing.is_empty() {
            let help = format!(
                "databases hold it as it was; {}, and make the change in the schema, which becomes the next migration",
                restore(project)
            );
            let message = format!("the sealed migration {} was edited", name.stem());
            return Diagnostic::new("arcana::sealed_changed", message).help(help);
        }
        let message = format!("the sealed migration {} misses {}, or was edited", name.stem(), missing.join(", "));
        Diagnostic::new("arcana::sealed_changed", message).help(restore(project))
    }

    /// Number of the newest sealed migration; 0 if there is none.
    pub fn newest(&self) -> u32 {
        self.sealed.last().map_or(0, |(name, _)| name.version)
    }

    /// Whether there are files of a migration for a dialect.
    pub(super) fn has(&self, name: &MigrationName, dialect: Dialect) -> bool {
        ["up", "down"].iter().any(|way| self.files.contains_key(&name.path(dialect, way)))
    }

    /// Version of the first sealed migration for a dialect.
    fn first(&self, dialect: Dialect) -> Option<u32> {
        self.sealed.iter().find(|(name, _)| self.has(name, dialect)).map(|(name, _)| name.version)
    }

    /// Whether a dialect is new to a project that has sealed migrations: its first one starts from nothing.
    pub(super) fn is_joined_by(&self, dialect: Dialect) -> bool {
        !self.sealed.is_empty() && self.first(dialect).is_none()
    }

    /// The sum of a migration: over the sum before it, and its texts for the dialects that it was made for.
    pub(super) fn sum(&self, previous: &str, name: &MigrationName) -> String {
        let mut hash = Sha256::new();
        hash.update(previous);
        for path in Dialect::ALL.iter().flat_map(|dialect| ["up", "down"].map(|way| name.path(*dialect, way))) {
            hash.update(self.files.get(&path).map(String::as_bytes).unwrap_or_default());
        }
        hex(&hash.finalize())
    }

    /// Files that belong to no sealed migration.
    pub(super) fn open_files(&self) -> impl Iterator<Item = (&String, &String)> {
        self.files.iter().filter(|(path, _)| {
            let stem = path.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
            self.sealed.iter().all(|(name, _)| name.stem() != stem)
        })
    }
}

fn gap(name: &MigrationName, dialect: Dialect) -> Diagnostic {
    let message = format!(
        "the sealed migration {} has no files for {dialect}, which has files of earlier ones: it was sealed while {dialect} \
         was not in the dialects of the project",
        name.stem()
    );
    Diagnostic::new("arcana::dialect_gap", message).help(format!(
        "take {dialect} out of `dialects` in arcana.toml again: a dialect cannot come back after migrations were sealed without it"
    ))
}

fn text(path: &Path) -> Result<Option<String>, Diagnostics> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostics {
    Diagnostics::one(Diagnostic::new("arcana::disk", format!("{} cannot be read: {error}", path.display())))
}

/// The contract lock follows from the schema alone, so nothing of it is lost with the file.
const MERGED: &str = "restore it from git, or delete it and run: cargo xtask migrate seal";

fn is_in_conflict(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("<<<<<<< "))
}

fn restore(project: &Project) -> String {
    format!("restore it: git checkout -- {}", project.migrations.display())
}

pub(super) fn broken(path: &Path, what: &str, help: &str) -> Diagnostics {
    Diagnostics::one(Diagnostic::new("arcana::migrations_broken", format!("{}: {what}", path.display())).help(help))
}
