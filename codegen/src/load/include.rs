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
    let lock = hash_of(&root.join("Cargo.lock"));
    let cache = root.join("target/arcana/include.json");
    if let Some(folders) = cached(&cache, lock.as_deref()) {
        return Ok(folders);
    }
    let folders = ask_cargo(root)?;
    // The lock may only now exist. Without a cache the next run is slower, no more.
    if let Some(lock) = hash_of(&root.join("Cargo.lock"))
        && let Ok(text) = serde_json::to_string(&Cache { lock, folders: folders.clone() })
        && let Some(folder) = cache.parent()
        && fs::create_dir_all(folder).is_ok()
    {
        let _ = fs::write(&cache, text);
    }
    Ok(folders)
}

fn cached(path: &Path, lock: Option<&str>) -> Option<Vec<PathBuf>> {
    let cache: Cache = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    let fresh = Some(cache.lock.as_str()) == lock && cache.folders.iter().all(|folder| folder.is_dir());
    fresh.then_some(cache.folders)
}

fn hash_of(path: &Path) -> Option<String> {
    fs::read(path).ok().map(|bytes| Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn ask_cargo(root: &Path) -> Result<Vec<PathBuf>, Diagnostics> {
    let metadata = MetadataCommand::new().current_dir(root).exec().map_err(|error| {
        Diagnostics::one(
            Diagnostic::new("arcana::include", format!("cargo metadata failed: {}", error.to_string().trim()))
                .help("run `cargo metadata` in the root of the project and mend what it says"),
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
                    Diagnostic::new("arcana::include", format!("the crate {name} is not among the packages"))
                        .help("add arcana-codegen to the dependencies of the xtask package, and run `cargo fetch`"),
                ));
            }
        }
    }
    Ok(folders)
}
