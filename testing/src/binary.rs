//! Programs of database servers, found where packages put them, and the account that may run them.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Folders of programs of administrators, which are not in everyone's PATH.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/bin"];

/// A program in PATH or in one of these folders; the packages are for the message when it is in none.
pub(crate) fn find(program: &str, folders: &[PathBuf], packages: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let known = folders.iter().cloned().chain(std::env::split_paths(&path)).chain(FOLDERS.map(PathBuf::from));
    known.map(|folder| folder.join(program)).find(|path| path.is_file()).ok_or_else(|| {
        format!("{program} is not on this machine; install the packages {packages} (`cargo xtask test` does, as root on Debian)")
    })
}

/// Folders below `root`, the highest version first, such as those of `/usr/lib/postgresql/15/bin`.
pub(crate) fn versions(root: &Path, below: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut found: Vec<_> =
        entries.filter_map(|entry| number(&entry.path()).map(|version| (version, entry.path().join(below)))).collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Who runs a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// Whom to become when root may not run a server: the first of these accounts that exists. None for everyone else.
    pub(crate) fn below_root(names: &[&str]) -> Result<Option<Self>, String> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let accounts = std::fs::read_to_string("/etc/passwd").map_err(|error| format!("/etc/passwd: {error}"))?;
        let account = |name: &&str| {
            let mut words = accounts
                .lines()
                .map(|line| line.split(':'))
                .find_map(|mut words| (words.next() == Some(*name)).then_some(words))?;
            let uid = words.nth(1)?.parse().ok()?;
            Some(Self { uid, gid: words.next()?.parse().ok()? })
        };
        names.iter().find_map(account).map(Some).ok_or_else(|| format!("there is no account {}", names.join(" or ")))
    }
}

/// A command with nothing of this process's environment but its PATH, run by an account.
pub(crate) fn command(program: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    command
}

/// Runs a command to its end and gives what it printed, or all that it said when it failed.
pub(crate) fn output(mut command: Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("{command:?} ended with {}: {text}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_packages_of_a_program_that_is_not_there() {
        let told = find("no-such-program", &[], "package-a and package-b").unwrap_err();
        assert!(told.contains("no-such-program") && told.contains("package-a and package-b"), "{told}");
    }

    #[test]
    fn takes_the_newest_version_first() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "13", "common"] {
            std::fs::create_dir(root.path().join(version)).unwrap();
        }
        let found = versions(root.path(), "bin");
        assert_eq!(found, ["15", "13", "9"].map(|version| root.path().join(version).join("bin")));
    }
}
