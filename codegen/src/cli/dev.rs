//! `dev`: generate, build and serve, again whenever the schema or the sources change.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{r#gen, say};
use crate::project::Project;

const POLL: Duration = Duration::from_millis(500);
/// Time that the service has to finish what it is at.
const STOP_MAX: Duration = Duration::from_secs(15);

/// Arguments of `dev`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Do not watch: end when the service ends
    #[arg(long)]
    pub once: bool,
}

/// Why watching stopped.
enum Event {
    /// A source changed.
    Changed,
    /// The command was told to end.
    Told,
    /// The service ended by itself.
    Ended(bool),
}

/// Runs the command until it is told to end (Ctrl-C, SIGTERM, SIGHUP); the service is told in turn.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&told)) {
            return say::error(&format!("signals cannot be caught: {error}"));
        }
    }
    let mut service: Option<Child> = None;
    loop {
        // What is saved while it is read is read again; scaffolds that generating writes into src/ are not.
        let schema = state(&project.schema_dir());
        let generated = r#gen::run(&r#gen::Args::default(), project) == ExitCode::SUCCESS;
        let seen = [schema, state(&project.root.join("src"))];
        if generated && build(project) {
            // The former one serves until the next is built.
            service.iter_mut().for_each(stop);
            service = start(project);
        } else if !args.once && !told.load(Ordering::Relaxed) {
            let meanwhile = if service.is_some() { "The former build goes on serving" } else { "Nothing is served" };
            eprintln!("{meanwhile}; waiting for a change that mends it");
        }
        if args.once && service.is_none() {
            return say::FINDINGS.into();
        }
        let mut event = watch(project, seen, service.as_mut(), args, &told);
        if let Event::Ended(_) = event
            && !args.once
        {
            eprintln!("The service ended; waiting for a change");
            service = None;
            event = watch(project, seen, None, args, &told);
        }
        match event {
            Event::Changed => eprintln!("Changed; building again"),
            Event::Told => {
                service.iter_mut().for_each(stop);
                return ExitCode::SUCCESS;
            }
            Event::Ended(true) => return ExitCode::SUCCESS,
            Event::Ended(false) => return say::FINDINGS.into(),
        }
    }
}

/// Cargo, in the root of the project.
pub(super) fn cargo(project: &Project) -> Command {
    let mut command = super::cargo();
    command.current_dir(&project.root);
    command
}

/// Builds the service; cargo says why if it fails.
fn build(project: &Project) -> bool {
    match cargo(project).args(["build", "--bin", &project.name]).status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("cargo cannot be started: {error}");
            false
        }
    }
}

/// Starts the service; says why if that fails.
fn start(project: &Project) -> Option<Child> {
    let binary = target(project).join("debug").join(&project.name);
    let mut command = Command::new(&binary);
    command.args(["serve", "--seed"]).current_dir(&project.root);
    let mode = format!("{}_SECURITY__MODE", project.env_prefix);
    if std::env::var_os(&mode).is_none() {
        command.env(mode, "development");
    }
    command.spawn().map_err(|error| eprintln!("{} cannot be started: {error}", binary.display())).ok()
}

pub(super) fn target(project: &Project) -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => project.root.join(folder),
        None => project.root.join("target"),
    }
}

fn watch(project: &Project, seen: [u64; 2], mut service: Option<&mut Child>, args: &Args, told: &AtomicBool) -> Event {
    loop {
        if told.load(Ordering::Relaxed) {
            return Event::Told;
        }
        if let Some(child) = service.as_deref_mut()
            && let Ok(Some(status)) = child.try_wait()
        {
            return Event::Ended(status.success());
        }
        if !args.once && [state(&project.schema_dir()), state(&project.root.join("src"))] != seen {
            return Event::Changed;
        }
        std::thread::sleep(POLL);
    }
}

/// Tells the service to end, and ends it if it does not.
fn stop(child: &mut Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // Fails only if the service has ended already.
    let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
    let started = Instant::now();
    while started.elapsed() < STOP_MAX {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    eprintln!("The service did not end within {} s; it is killed", STOP_MAX.as_secs());
    let _ = child.kill();
    let _ = child.wait();
}

/// Changes whenever a file below a folder comes, goes, or is written, whatever time it claims.
fn state(folder: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash_below(folder, &mut hasher);
    hasher.finish()
}

fn hash_below(path: &Path, hasher: &mut DefaultHasher) {
    let Ok(meta) = fs::metadata(path) else { return };
    path.hash(hasher);
    if !meta.is_dir() {
        return (meta.modified().ok(), meta.len()).hash(hasher);
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries.iter().for_each(|entry| hash_below(entry, hasher));
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn sees_every_way_in_which_a_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (first, inner) = (folder.path().join("a.proto"), folder.path().join("v1"));
        let mut seen = vec![state(folder.path())];
        let mut differs = || {
            let now = state(folder.path());
            assert!(!seen.contains(&now), "a change was not seen");
            seen.push(now);
        };
        fs::write(&first, "one").unwrap();
        differs();
        // By what is older than itself.
        let old = folder.path().join("old");
        fs::write(&old, "three").unwrap();
        fs::File::open(&old).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        fs::rename(&old, &first).unwrap();
        differs();
        fs::create_dir(&inner).unwrap();
        fs::rename(&first, inner.join("a.proto")).unwrap();
        differs();
        fs::remove_file(inner.join("a.proto")).unwrap();
        differs();
    }
}
