//! The migrations folder: the lock, the chained sums of what is sealed, and the SQL files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::fileset::hex;
use crate::lock::Lock;
use crate::project::{Dialect, Project};

/// Name of the lock in the migrations folder.
pub(super) const LOCK: &str = "schema.lock.json";
/// Name of the sums in the migrations folder.
pub(super) const SUM: &str = "migrations.sum";

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

    fn parse(stem: &str) -> Option<Self> {
        let (version, name) = stem.split_once('_')?;
        Some(Self { version: version.parse().ok()?, name: name.to_owned() })
    }
}

impl Disk {
    /// Reads the migrations folder of a project, and checks that nothing sealed has changed.
    pub fn read(project: &Project) -> Result<Self, Diagnostics> {
        let folder = project.root.join(&project.migrations);
        let mut disk = Self::default();
        let lock = text(&folder.join(LOCK))?;
        if let Some(lock) = &lock {
            disk.lock = Lock::parse(lock)
                .map_err(|error| broken(&project.migrations.join(LOCK), &error.to_string(), &restore(project)))?;
        }
        for line in text(&folder.join(SUM))?.unwrap_or_default().lines().filter(|line| !line.is_empty()) {
            let parsed = line.split_once("  ").and_then(|(sum, stem)| Some((MigrationName::parse(stem)?, sum)));
            let Some((name, sum)) = parsed else {
                let help = "two branches sealed a migration each: keep the lines of one, delete the files of the other's \
                            migration, and run cargo xtask gen";
                return Err(broken(
                    &project.migrations.join(SUM),
                    &format!("`{line}` is no line of `sum  name`"),
                    help,
                ));
            };
            disk.sealed.push((name, sum.to_owned()));
        }
        if lock.is_none() && !disk.sealed.is_empty() {
            let what = "migrations are sealed, but there is no lock";
            return Err(broken(&project.migrations.join(LOCK), what, &restore(project)));
        }
        for dialect in &project.dialects {
            disk.read_files(&folder, *dialect)?;
        }
        disk.verify(project)?;
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

    fn verify(&self, project: &Project) -> Result<(), Diagnostics> {
        let mut found = Diagnostics::default();
        let mut previous = "";
        for (name, sum) in &self.sealed {
            let missing =
                project.dialects.iter().flat_map(|dialect| ["up", "down"].map(|way| name.path(*dialect, way)));
            let missing: Vec<String> = missing.filter(|path| !self.files.contains_key(path)).collect();
            if !missing.is_empty() {
                let message = format!("the sealed migration {} misses {}", name.stem(), missing.join(", "));
                found.push(Diagnostic::new("arcana::sealed_changed", message).help(restore(project)));
            } else if self.sum(previous, name, &project.dialects) != *sum {
                let message = format!("the sealed migration {} was edited", name.stem());
                let help = format!(
                    "databases hold it as it was; {}, and make the change in the schema, which becomes the next migration",
                    restore(project)
                );
                found.push(Diagnostic::new("arcana::sealed_changed", message).help(help));
            }
            previous = sum;
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// The sum of a migration: over the sum before it, and its texts.
    pub(super) fn sum(&self, previous: &str, name: &MigrationName, dialects: &[Dialect]) -> String {
        let mut hash = Sha256::new();
        hash.update(previous);
        for path in dialects.iter().flat_map(|dialect| ["up", "down"].map(|way| name.path(*dialect, way))) {
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

fn restore(project: &Project) -> String {
    format!("restore it: git checkout -- {}", project.migrations.display())
}

fn broken(path: &Path, what: &str, help: &str) -> Diagnostics {
    Diagnostics::one(Diagnostic::new("arcana::migrations_broken", format!("{}: {what}", path.display())).help(help))
}
