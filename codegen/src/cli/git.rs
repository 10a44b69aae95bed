//! What git knows of the folder that the project lies in.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The commit that a name stands for, if it stands for one.
pub fn commit(root: &Path, name: &str) -> Option<String> {
    run(root, &["rev-parse", "--quiet", "--verify", &format!("{name}^{{commit}}")])
        .ok()
        .map(|text| text.trim().to_owned())
}

/// What people call a commit: its branch, or the beginning of its hash.
pub fn called(root: &Path, name: &str) -> String {
    let described = run(root, &["name-rev", "--name-only", "--no-undefined", "--refs=refs/heads/*", name]);
    let described = described.or_else(|_| run(root, &["rev-parse", "--short", name]));
    described.map_or_else(|_| name.to_owned(), |text| text.trim().to_owned())
}

/// The texts of a folder in a commit, by their path in it; empty where the commit has no such folder.
pub fn folder(root: &Path, commit: &str, folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let within = format!("{}/", folder.to_string_lossy().replace('\\', "/").trim_end_matches('/'));
    let paths = run(root, &["ls-tree", "-r", "-z", "--name-only", commit, "--", &within])?;
    let mut texts = BTreeMap::new();
    for path in paths.split('\0').filter(|path| !path.is_empty()) {
        let text = run(root, &["show", &format!("{commit}:./{path}")])?;
        texts.insert(path.strip_prefix(&within).unwrap_or(path).to_owned(), text);
    }
    Ok(texts)
}

fn run(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .current_dir(root)
        .args(arguments)
        .output()
        .map_err(|error| format!("git cannot be started: {error}"))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| format!("git {}: no text", arguments.join(" ")));
    }
    Err(format!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}
