//! Folders of the standard `.proto` texts, which come with crates that are declared but never compiled.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Diagnostics};

/// Crates that carry `.proto` texts, and the folder in them.
const CARRIERS: [(&str, &str); 2] = [("google-cloud-googleapis", "googleapis"), ("prost-protovalidate-types", "proto")];

/// What was found the last time; it holds as long as `Cargo.lock` is the same.
#[derive(Serialize, Deserialize)]
struct Cache {
    lock: String,
    folders: Vec<PathBuf>,
}

/// The folders, from the cache or from `cargo metadata`.
pub(super) fn folders(root: &Path) -> Result<Vec<PathBuf>, Diagnostics> {
    let workspaces = workspaces(root);
    let mut found = workspaces.iter().map(|workspace| folders_of(workspace));
    let first = found.next().unwrap_or_else(|| folders_of(root));
    // A workspace whose generated crate got lost is none that cargo can read.
    first.or_else(|failed| found.find_map(Result::ok).ok_or(failed))
}

fn folders_of(workspace: &Path) -> Result<Vec<PathBuf>, Diagnostics> {
    let lock = hash_of(&workspace.join("Cargo.lock"));
    let cache = workspace.join("target/arcana/include.json");
    if let Some(folders) = cached(&cache, lock.as_deref()) {
        return Ok(folders);
    }
    let folders = ask_cargo(workspace)?;
    // The lock may only now exist. Without a cache the next run is slower, no more.
    if let Some(lock) = hash_of(&workspace.join("Cargo.lock"))
        && let Ok(text) = serde_json::to_string(&Cache { lock, folders: folders.clone() })
        && let Some(folder) = cache.parent()
        && fs::create_dir_all(folder).is_ok()
    {
        let _ = fs::write(&cache, text);
    }
    Ok(folders)
}

/// The workspace that a project is in: the nearest folder with a `Cargo.lock`. A project that was never built has none
/// yet, and its generated crate may be missing, so that cargo could not read it: then it is the workspace that the
/// command was started in, which comes second.
fn workspaces(root: &Path) -> Vec<PathBuf> {
    let locked =
        |start: PathBuf| start.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).map(Path::to_path_buf);
    let starts = [root.canonicalize().ok(), std::env::current_dir().ok()];
    let mut found: Vec<PathBuf> = starts.into_iter().flatten().filter_map(locked).collect();
    found.dedup();
    found
}

fn cached(path: &Path, lock: Option<&str>) -> Option<Vec<PathBuf>> {
    let cache: Cache = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    let fresh = Some(cache.lock.as_str()) == lock && cache.folders.iter().all(|folder| folder.is_dir());
    fresh.then_some(cache.folders)
}

fn hash_of(path: &Path) -> Option<String> {
    fs::read(path).ok().map(|bytes| Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn ask_cargo(workspace: &Path) -> Result<Vec<PathBuf>, Diagnostics> {
    let metadata = MetadataCommand::new().current_dir(workspace).exec().map_err(|error| {
        Diagnostics::one(
            Diagnostic::new("arcana::include", format!("cargo metadata failed: {}", error.to_string().trim()))
                .help(format!("run `cargo metadata` in {} and mend what it says", workspace.display())),
        )
    })?;
    let mut folders = Vec::new();
    for (name, folder) in CARRIERS {
        let package = metadata.packages.iter().find(|package| package.name.as_str() == name);
        let path = package.and_then(|package| package.manifest_path.parent()).map(|parent| parent.join(folder));
        match path {
            Some(path) if path.is_dir() => folders.push(path.into_std_path_buf()),
            _ => {
                return Err(Diagnostics::one(
                    Diagnostic::new(
                        "arcana::include",
                        format!("the crate {name} is not among the packages of {}", workspace.display()),
                    )
                    .help("add arcana-codegen to the dependencies of the xtask package, and run `cargo fetch`"),
                ));
            }
        }
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_lock_of_the_workspace_above_a_project() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("services/lending");
        fs::create_dir_all(&project).unwrap();
        fs::write(dir.path().join("Cargo.lock"), "").unwrap();
        assert_eq!(workspaces(&project)[0], dir.path().canonicalize().unwrap());
        fs::write(project.join("Cargo.lock"), "").unwrap();
        assert_eq!(workspaces(&project)[0], project.canonicalize().unwrap());
    }

    #[test]
    fn takes_the_workspace_of_the_command_for_a_project_that_was_never_built() {
        let dir = tempfile::tempdir().unwrap();
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(workspaces(dir.path()), [own.canonicalize().unwrap()]);
    }

    #[test]
    fn takes_it_too_for_a_project_whose_generated_crate_got_lost() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("Cargo.lock"), "").unwrap();
        fs::write(dir.path().join("Cargo.toml"), "[workspace]\nmembers = [\"generated\"]\n").unwrap();
        assert!(ask_cargo(dir.path()).is_err());
        assert_eq!(folders(dir.path()).unwrap().len(), CARRIERS.len());
    }
}
