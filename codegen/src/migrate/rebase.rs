//! Two branches that each sealed migrations: those of one keep their numbers, and what the other changes comes behind them.
//!
//! What follows from the schema is made anew, as the difference between the kept state and the schema of both: the texts of
//! the other branch know nothing of the kept tables, and would undo them where a table is copied. What was written by hand is
//! kept as it is, under the next numbers.

use std::collections::BTreeMap;

use super::by_hand::is_by_hand;
use super::disk::{Disk, LOCK, MigrationName};
use super::plan::ALLOWED;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::project::Project;

/// The migrations folder of a branch.
#[derive(Debug, Clone, Default)]
pub struct Branch {
    /// As git calls it, for people.
    pub name: String,
    /// Texts by their path in the folder.
    pub files: BTreeMap<String, String>,
}

/// What is to be done.
#[derive(Debug, Clone, Default)]
pub struct Rebased {
    /// Files to write: path below the root of the project, and text.
    pub files: Vec<(String, String)>,
    /// Files to remove.
    pub removed: Vec<String>,
    /// Losses that the moved migrations allow by name.
    pub allowed: Vec<String>,
    /// Migrations that give up their numbers, in order.
    pub moved: Vec<MigrationName>,
    /// Those of them that were written by hand, with their texts by path in the folder.
    pub by_hand: Vec<(MigrationName, BTreeMap<String, String>)>,
}

/// Plans how the migrations of `moved` come behind those of `kept`, but for those that `base` has already: where one commit is put
/// behind others, the commit before it.
pub fn rebase(project: &Project, kept: &Branch, moved: &Branch, base: Option<&Branch>) -> Result<Rebased, Diagnostics> {
    let folder = project.migrations.to_string_lossy().replace('\\', "/");
    let (here, other) = (disk(project, kept)?, disk(project, moved)?);
    let before = base.map_or_else(|| Ok(Disk::default()), |base| disk(project, base))?;
    let own = other.sealed.iter().filter(|sealed| !here.sealed.contains(sealed) && !before.sealed.contains(sealed));
    let mut rebased = Rebased { moved: own.map(|(name, _)| name.clone()).collect(), ..Rebased::default() };
    // What the commit before sealed was moved with it; its files are here under other names.
    let carried = before.sealed.iter().filter(|sealed| !here.sealed.contains(sealed)).map(|(name, _)| name);
    for name in carried {
        let of_it = |path: &&String| path.rsplit('/').next().is_some_and(|file| is_of(file, name));
        let gone = moved.files.keys().filter(of_it).filter(|path| !kept.files.contains_key(*path));
        rebased.removed.extend(gone.map(|path| format!("{folder}/{path}")));
    }
    rebased.files = kept.files.iter().map(|(path, text)| (format!("{folder}/{path}"), text.clone())).collect();
    for name in &rebased.moved {
        let of_it = |(path, _): &(&String, &String)| path.rsplit('/').next().is_some_and(|file| is_of(file, name));
        let texts: BTreeMap<String, String> =
            moved.files.iter().filter(of_it).map(|(path, text)| (path.clone(), text.clone())).collect();
        let gone = texts.keys().filter(|path| !kept.files.contains_key(*path));
        rebased.removed.extend(gone.map(|path| format!("{folder}/{path}")));
        if texts.values().any(|text| is_by_hand(text)) {
            rebased.by_hand.push((name.clone(), texts));
        } else {
            let allowed = texts.values().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix(ALLOWED));
            rebased.allowed.extend(allowed.map(str::to_owned));
        }
    }
    rebased.allowed.sort();
    rebased.allowed.dedup();
    Ok(rebased)
}

/// The texts of a migration under another number: path below the root of the project, and text.
pub fn renumbered(
    project: &Project,
    (name, texts): &(MigrationName, BTreeMap<String, String>),
    version: u32,
) -> (MigrationName, Vec<(String, String)>) {
    let folder = project.migrations.to_string_lossy().replace('\\', "/");
    let (old, new) = (name.stem(), MigrationName { version, name: name.name.clone() });
    let files = texts.iter().map(|(path, text)| {
        (format!("{folder}/{}", path.replacen(&old, &new.stem(), 1)), text.replacen(&old, &new.stem(), 1))
    });
    let files = files.collect();
    (new, files)
}

fn is_of(file: &str, name: &MigrationName) -> bool {
    ["up", "down"].iter().any(|way| file == format!("{}.{way}.sql", name.stem()))
}

fn disk(project: &Project, branch: &Branch) -> Result<Disk, Diagnostics> {
    let about = |found: Diagnostics| {
        let message = format!("the migrations of {} are not whole", branch.name);
        let help = "mend them on their branch first";
        let mut all = Diagnostics::one(Diagnostic::new("arcana::migrations_broken", message).help(help));
        all.extend(found);
        all
    };
    let lock = branch.files.get(LOCK).cloned();
    let sums = branch.files.get(super::disk::SUM).map(String::as_str).unwrap_or_default();
    let mut disk = Disk::sealed_by(project, lock, sums).map_err(about)?;
    let sql = branch.files.iter().filter(|(path, _)| path.ends_with(".sql"));
    disk.files = sql.map(|(path, text)| (path.clone(), text.clone())).collect();
    disk.verify(project).map_err(about)?;
    Ok(disk)
}
