//! `bench gen`: time and memory of the optimised generator on schemas of growing size, and of `cargo check` on what it
//! makes. Every run is a process of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use arcana_codegen::cli::cargo;
use wait4::Wait4 as _;

use super::{report, schema};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Sizes of the schemas that are generated
    #[arg(long, value_name = "NUMBER", default_values_t = [10, 50, 100, 200, 500, 1000])]
    entities: Vec<usize>,
    /// Sizes of the schemas whose generated crate is checked by the compiler as well
    #[arg(long, value_name = "NUMBER", default_values_t = [10, 50, 100, 200])]
    check: Vec<usize>,
    /// Times that the generator is measured; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// One process, from start to end.
struct Measured {
    wall: Duration,
    /// Of all cores together.
    cpu: Duration,
    peak_bytes: u64,
}

/// Runs the command on the repository at `root`.
pub fn run(options: &Options, root: &Path) -> Result<(), String> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let places = Places { xtask: target.join("release/xtask"), projects: target.join("bench/gen"), root };
    measure(cargo().current_dir(root).args(["build", "--release", "--package", "xtask"]))?;
    let mut lines = vec![
        "`xtask gen`, optimised: wall time (CPU time of all cores) and peak memory. Cold is without any output and memory of \
         an earlier run. Targets: this repository 300 ms cold, 60 ms without a change; 1,000 entities 5 s, 0.5 s, 800 MB."
            .to_owned(),
        String::new(),
        "| schema | cold | check | no change | peak |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    lines.push(places.generation("this repository", None, options.rounds)?);
    for entities in &options.entities {
        lines.push(places.generation(&format!("{entities} entities"), Some(*entities), options.rounds)?);
    }
    lines.push(String::new());
    lines.push(
        "`cargo check` of the generated crate alone, its dependencies checked before. Targets: 0.3 s and 1,000 lines beside \
         `pb` for an entity."
            .to_owned(),
    );
    lines.extend([String::new(), "| schema | check | an entity | peak | lines an entity | in `pb` |".to_owned()]);
    lines.push("|---|---|---|---|---|---|".to_owned());
    for entities in &options.check {
        lines.push(places.compilation(*entities)?);
    }
    report::append(root, "the generator", &lines.join("\n"))
}

struct Places<'a> {
    xtask: PathBuf,
    projects: PathBuf,
    root: &'a Path,
}

impl Places<'_> {
    /// A fresh project of that size.
    fn project(&self, entities: usize) -> Result<PathBuf, String> {
        let folder = self.projects.join(entities.to_string());
        remove(&folder)?;
        schema::write(&folder, self.root, entities).map_err(|cause| format!("{}: {cause}", folder.display()))?;
        // Cargo is asked once where the standard schemas lie; that is no work of the generator.
        self.generate(&folder, &["--dry-run"])?;
        Ok(folder)
    }

    fn generate(&self, project: &Path, arguments: &[&str]) -> Result<Measured, String> {
        measure(Command::new(&self.xtask).arg("--project").arg(project).arg("gen").args(arguments))
    }

    /// A row on generating; without a size, of this repository, whose files stay.
    fn generation(&self, name: &str, entities: Option<usize>, rounds: usize) -> Result<String, String> {
        let (mut cold, mut check, mut same) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds.max(1) {
            match entities {
                Some(entities) => {
                    let project = self.project(entities)?;
                    cold.push(self.generate(&project, &[])?);
                    check.push(self.generate(&project, &["--check"])?);
                    self.generate(&project, &[])?;
                    same.push(self.generate(&project, &[])?);
                }
                None => {
                    // Nothing may be deleted here: a check makes all files, and writes none.
                    check.push(self.generate(self.root, &["--check"])?);
                    self.generate(self.root, &[])?;
                    same.push(self.generate(self.root, &[])?);
                }
            }
        }
        let peak = cold.iter().chain(&check).chain(&same).map(|run| run.peak_bytes).max().unwrap_or_default();
        let cells = [name.to_owned(), times(&mut cold), times(&mut check), times(&mut same), megabytes(peak)];
        Ok(row(&cells))
    }

    /// A row on compiling.
    fn compilation(&self, entities: usize) -> Result<String, String> {
        let project = self.project(entities)?;
        self.generate(&project, &[])?;
        let manifest = project.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(|cause| format!("{}: {cause}", manifest.display()))?;
        let text = text.replace("members = []", "members = [\"generated\"]");
        fs::write(&manifest, text).map_err(|cause| format!("{}: {cause}", manifest.display()))?;
        let cargo = |arguments: &[&str]| {
            let target = self.projects.join("target");
            measure(
                cargo().current_dir(&project).env("CARGO_TARGET_DIR", target).args(arguments).arg("trade-generated"),
            )
        };
        // The first check is for the dependencies.
        cargo(&["check", "--quiet", "--package"])?;
        cargo(&["clean", "--quiet", "--package"])?;
        let check = cargo(&["check", "--quiet", "--package"])?;
        let generated = project.join("generated/src");
        let types = lines_of(&generated.join("pb"))?;
        let lines = lines_of(&generated)? - types;
        let share = check.wall.as_secs_f64() / entities as f64;
        let peak = megabytes(check.peak_bytes);
        Ok(row(&[
            format!("{entities} entities"),
            times(&mut [check]),
            format!("{share:.2} s"),
            peak,
            (lines / entities).to_string(),
            (types / entities).to_string(),
        ]))
    }
}

fn measure(command: &mut Command) -> Result<Measured, String> {
    let line = format!("{command:?}").replace('"', "");
    eprintln!("{line}");
    let started = Instant::now();
    let child = command.stdout(Stdio::null()).spawn().map_err(|cause| format!("{line}: {cause}"))?;
    let used = child.wait4().map_err(|cause| format!("{line}: {cause}"))?;
    if !used.status.success() {
        return Err(format!("{line}: {}", used.status));
    }
    let cpu = used.rusage.utime + used.rusage.stime;
    Ok(Measured { wall: started.elapsed(), cpu, peak_bytes: used.rusage.maxrss })
}

/// The median by wall time.
fn times(runs: &mut [Measured]) -> String {
    runs.sort_by_key(|run| run.wall);
    let seconds = |time: Duration| match time.as_secs_f64() {
        short if short < 1.0 => format!("{:.0} ms", short * 1000.0),
        long => format!("{long:.1} s"),
    };
    runs.get(runs.len() / 2).map_or_else(String::new, |run| format!("{} ({})", seconds(run.wall), seconds(run.cpu)))
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

fn row(cells: &[String]) -> String {
    let line = format!("| {} |", cells.join(" | "));
    println!("{line}");
    line
}

/// Lines of all Rust files below a folder.
fn lines_of(folder: &Path) -> Result<usize, String> {
    let unreadable = |cause| format!("{}: {cause}", folder.display());
    let mut lines = 0;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            lines += lines_of(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            lines += fs::read_to_string(&path).map_err(unreadable)?.lines().count();
        }
    }
    Ok(lines)
}

fn remove(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {cause}", folder.display())),
        _ => Ok(()),
    }
}
