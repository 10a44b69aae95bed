//! Migrations that people write, between those that follow from the schema.

use std::collections::BTreeSet;

use super::compatible::COMPATIBLE;
use super::disk::{Disk, MigrationName};
use super::plan::title;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::project::{Dialect, Project};

/// Ends the first sentence of a file that the generator leaves alone.
const BY_HAND: &str = ". Written by hand";

/// Whether people wrote this text.
pub(super) fn is_by_hand(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.starts_with("-- ") && line.contains(BY_HAND))
}

/// The files of a new migration to be written by hand: path below the root of the project, and text. It comes behind
/// what is sealed and what else was written by hand, and before the open one.
pub fn by_hand(
    project: &Project,
    disk: &Disk,
    name: &str,
) -> Result<(MigrationName, Vec<(String, String)>), Diagnostics> {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(sound) || name.starts_with(|c: char| !c.is_ascii_lowercase()) {
        let message = format!("{name:?} is no name of a migration");
        let help = "use small letters, digits and _, such as fill_notes";
        return Err(Diagnostics::one(Diagnostic::new("arcana::migration_name", message).help(help)));
    }
    let version = disk.by_hand(project)?.last().map_or_else(|| disk.newest(), |name| name.version) + 1;
    let name = MigrationName { version, name: name.to_owned() };
    let folder = project.migrations.to_string_lossy().replace('\\', "/");
    let files = project.dialects.iter().flat_map(|dialect| {
        ["up", "down"].map(|way| (format!("{folder}/{}", name.path(*dialect, way)), text(&name, *dialect, way)))
    });
    let files = files.collect();
    Ok((name, files))
}

fn text(name: &MigrationName, dialect: Dialect, way: &str) -> String {
    let what = if way == "up" {
        format!(
            "-- If services that were built before it go on working beside it, take `# ` out of the next line.\n{}\n",
            COMPATIBLE.replacen("-- ", "-- # ", 1)
        )
    } else {
        "-- Undo what the way up did, or say here what cannot come back.\n".to_owned()
    };
    format!(
        "-- {}, {way}{BY_HAND}, in the SQL of {}.\n\
         -- `cargo xtask migrate seal` closes it, after which it never changes. Statements end with a semicolon.\n{what}\n",
        name.stem(),
        title(dialect)
    )
}

impl Disk {
    /// What was written by hand and is not sealed, in order: numbered behind what is sealed, with both ways for each dialect
    /// of the project.
    pub(super) fn by_hand(&self, project: &Project) -> Result<Vec<MigrationName>, Diagnostics> {
        let written = self.open_files().filter(|(_, text)| is_by_hand(text));
        let stem = |path: &str| path.rsplit('/').next().unwrap_or_default().split('.').next().map(MigrationName::parse);
        let names: BTreeSet<MigrationName> = written.filter_map(|(path, _)| stem(path).flatten()).collect();
        let mut found = Diagnostics::default();
        for (number, name) in (self.newest() + 1..).zip(&names) {
            if name.version != number {
                let message = format!("{} is not the next migration: that has the number {number:04}", name.stem());
                let help = format!("call its files {number:04}_{}", name.name);
                found.push(Diagnostic::new("arcana::migration_number", message).help(help));
            }
            let both = project.dialects.iter().flat_map(|dialect| ["up", "down"].map(|way| name.path(*dialect, way)));
            for path in both.filter(|path| !self.files.contains_key(path)) {
                let message = format!("{} has no file {path}", name.stem());
                let help = "write it; where there is nothing to do, a comment is enough";
                found.push(Diagnostic::new("arcana::migration_file", message).help(help));
            }
        }
        if found.is_empty() { Ok(names.into_iter().collect()) } else { Err(found) }
    }
}
