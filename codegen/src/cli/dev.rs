//! `dev`: generate, build and serve, again whenever the schema or the sources change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

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
        let generated = r#gen::run(&r#gen::Args::default(), project) == ExitCode::SUCCESS;
        // After generating, which may have written scaffolds into src/.
        let seen = newest(project);
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
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
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

fn target(project: &Project) -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => project.root.join(folder),
        None => project.root.join("target"),
    }
}

fn watch(
    project: &Project,
    seen: Option<SystemTime>,
    mut service: Option<&mut Child>,
    args: &Args,
    told: &AtomicBool,
) -> Event {
    loop {
        if told.load(Ordering::Relaxed) {
            return Event::Told;
        }
        if let Some(child) = service.as_deref_mut()
            && let Ok(Some(status)) = child.try_wait()
        {
            return Event::Ended(status.success());
        }
        if !args.once && newest(project) != seen {
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

/// When the newest file or folder of the schema and the sources was written. A folder changes when a file goes.
fn newest(project: &Project) -> Option<SystemTime> {
    [project.schema_dir(), project.root.join("src")].iter().filter_map(|folder| newest_in(folder)).max()
}

fn newest_in(path: &Path) -> Option<SystemTime> {
    let meta = fs::metadata(path).ok()?;
    let own = meta.modified().ok();
    if !meta.is_dir() {
        return own;
    }
    let entries = fs::read_dir(path).ok()?.flatten();
    entries.filter_map(|entry| newest_in(&entry.path())).max().max(own)
}
