//! Data folders: initialised once for each version of a server, kept beside what cargo builds, and copied for each start.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::binary::Account;

/// Counted up when what a template holds changes, so that older ones are left alone.
const REVISION: u32 = 1;

/// A new folder that the account owns.
pub(crate) fn fresh(account: Option<Account>) -> Result<TempDir, String> {
    let folder = tempfile::Builder::new().prefix("arcana-testing-").tempdir();
    let folder = folder.map_err(|error| format!("no temporary folder: {error}"))?;
    hand_over(folder.path(), account).map_err(|error| format!("{}: {error}", folder.path().display()))?;
    Ok(folder)
}

/// A folder with a copy of a template. `initialise` makes the template at a path that it is given, if this machine has
/// none for the key yet.
pub(crate) fn copy_of(
    key: &str,
    account: Option<Account>,
    initialise: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<TempDir, String> {
    let template = template(key, account, initialise)?;
    let folder = fresh(account)?;
    copy(&template, &folder.path().join("data"), account)
        .map_err(|error| format!("{} cannot be copied: {error}", template.display()))?;
    Ok(folder)
}

fn template(
    key: &str,
    account: Option<Account>,
    initialise: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let cache = cache();
    let told = |error: io::Error| format!("{}: {error}", cache.display());
    fs::create_dir_all(&cache).map_err(told)?;
    let key: String = key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let template = cache.join(format!("{key}-{REVISION}"));
    // Of several processes that come at once, one initialises; the lock goes with the file.
    let lock = File::create(cache.join(format!("{key}-{REVISION}.lock"))).map_err(told)?;
    lock.lock().map_err(told)?;
    if !template.exists() {
        // Whoever initialises may not be allowed into the cache, which can lie in somebody's home.
        let folder = fresh(account)?;
        let made = folder.path().join("data");
        initialise(&made)?;
        let new = cache.join(format!("{key}-{REVISION}.new"));
        if new.exists() {
            fs::remove_dir_all(&new).map_err(told)?;
        }
        copy(&made, &new, None).map_err(told)?;
        fs::rename(&new, &template).map_err(told)?;
    }
    Ok(template)
}

/// Beside what cargo builds: `target/arcana-testing`. Test binaries lie in `target/<profile>/deps`.
fn cache() -> PathBuf {
    let built = std::env::current_exe().ok();
    let target =
        built.as_deref().and_then(|path| path.ancestors().find(|folder| folder.ends_with("deps"))?.ancestors().nth(2));
    target.map_or_else(std::env::temp_dir, Path::to_owned).join("arcana-testing")
}

fn copy(from: &Path, to: &Path, account: Option<Account>) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&source, &target, account)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(&source, &target)?;
            hand_over(&target, account)?;
        }
    }
    // Servers look at who may enter their data.
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    hand_over(to, account)
}

fn hand_over(path: &Path, account: Option<Account>) -> io::Result<()> {
    match account {
        Some(Account { uid, gid }) => chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}
