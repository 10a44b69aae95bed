//! `gen`: writes everything that follows from the schema, or says what differs.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use clap::ValueEnum;
use serde_json::json;

use super::say::{self, Paint, paint};
use crate::fileset::{Changes, Edits, Mode};
use crate::gaps::Gap;
use crate::generate::generate;
use crate::impact::{Change, Verdict};
use crate::load::Sources;
use crate::migrate::Class;
use crate::project::Project;
use crate::remember::{Seen, last, remember, unchanged};
use crate::report::Report;
use crate::stages::Stages;

const GAPS_SHOWN: usize = 5;
const BREAKING_SHOWN: usize = 3;

/// Arguments of `gen`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Write nothing; exit with 1 if a file is stale, missing, orphaned or edited
    #[arg(long, conflicts_with_all = ["dry_run", "dump", "discard_edits"])]
    pub check: bool,
    /// Write nothing; say what would change
    #[arg(long, conflicts_with = "dump")]
    pub dry_run: bool,
    /// Print what the generator sees, as JSON
    #[arg(long, value_enum)]
    pub dump: Option<Dump>,
    /// Allow this loss of stored values, such as shop.v1.Order.note
    #[arg(long, value_name = "NAME")]
    pub allow_lossy: Vec<String>,
    /// Overwrite generated files that were edited by hand
    #[arg(long)]
    pub discard_edits: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be dumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dump {
    /// The model of the schema.
    Model,
}

/// Runs the command.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let started = Instant::now();
    let mut stages = Stages::default();
    let sources = match stages.time("sources", || Sources::read(project)) {
        Ok(sources) => sources,
        Err(found) => return say::diagnostics(&found, &project.root),
    };
    if args.dump == Some(Dump::Model) {
        return dump_model(project, &sources);
    }
    let mode = match (args.check, args.dry_run) {
        (true, _) => Mode::Check,
        (_, true) => Mode::DryRun,
        _ => Mode::Write,
    };
    let see = || Seen::now(project, &sources, &args.allow_lossy);
    // A check trusts nothing that was remembered.
    let before = if mode == Mode::Check { None } else { see() };
    let known = stages.time("unchanged", || before.as_ref().and_then(|before| unchanged(project, before)));
    if let Some(report) = known {
        let changes = Changes { unchanged: report.files, ..Changes::default() };
        let run = Run { mode, changes: &changes, report: &report, started, stages: &stages, told: Some(&report) };
        return run.tell(args, project);
    }
    let output = match generate(project, &sources, &args.allow_lossy) {
        Ok(output) => output,
        Err(found) if args.json => {
            say::json(&json!({ "diagnostics": found.to_json() }));
            return say::FINDINGS.into();
        }
        Err(found) => return say::schema_diagnostics(&found, project, &sources),
    };
    let report = Report::of(&output);
    let told = last(project);
    stages.extend(output.stages);
    let edits = if args.discard_edits { Edits::Discard } else { Edits::Refuse };
    let changes = match stages.time("files", || output.files.apply(&project.root, mode, edits)) {
        Ok(changes) => changes,
        Err(error) => return say::error(&error),
    };
    if mode == Mode::Write
        && let Some(before) = before
        && let Some(now) = see()
    {
        remember(project, &before, &now, &output.files, &report);
    }
    Run { mode, changes: &changes, report: &report, started, stages: &stages, told: told.as_ref() }.tell(args, project)
}

/// Names what is unsaid and was not named by the run before: a list that comes back with every save is not read.
fn print_gaps(project: &Project, report: &Report, told: Option<&Report>) {
    let told = |gap: &&Gap| told.is_some_and(|told| told.gaps.iter().any(|other| other.message == gap.message));
    let new: Vec<&Gap> = report.gaps.iter().filter(|gap| !told(gap)).collect();
    let all = say::count(report.gaps.len(), "thing");
    if new.is_empty() {
        println!("The schema leaves {all} unsaid, as before; to see: cargo xtask check");
        return;
    }
    println!("The schema leaves {all} unsaid{}", if new.len() < report.gaps.len() { "; new:" } else { ":" });
    say::gaps(project, new.iter().take(GAPS_SHOWN).copied());
    if new.len() > GAPS_SHOWN {
        println!("  … all of them: cargo xtask check");
    }
}

/// What a run did.
struct Run<'a> {
    mode: Mode,
    changes: &'a Changes,
    report: &'a Report,
    started: Instant,
    stages: &'a Stages,
    /// The report of the run before.
    told: Option<&'a Report>,
}

impl Run<'_> {
    fn tell(&self, args: &Args, project: &Project) -> ExitCode {
        if args.json {
            say::json(&json!({
                "changes": self.changes,
                "open_migration": self.report.open_migration,
                "operations": self.report.operations,
                "obstacles": self.report.obstacles,
                "breaking": self.report.breaking,
                "gaps": self.report.gaps,
                "milliseconds": self.started.elapsed().as_millis(),
                "stages": self.stages,
            }));
        } else {
            self.print(project);
        }
        if self.mode == Mode::Check && !self.changes.is_empty() { say::FINDINGS.into() } else { ExitCode::SUCCESS }
    }

    fn print(&self, project: &Project) {
        let Self { mode, changes, report, .. } = *self;
        print_files(project, changes, mode);
        print_migration(report);
        print_breaking(project, report);
        if !report.gaps.is_empty() && mode != Mode::Check {
            print_gaps(project, report, self.told);
        }
        let what = match (mode, changes.is_empty()) {
            (_, true) => paint("Up to date", Paint::Green),
            (Mode::Write, false) => paint("Written", Paint::Green),
            (Mode::DryRun, false) => paint("Nothing written", Paint::Yellow),
            (Mode::Check, false) => paint("Stale; run: cargo xtask gen", Paint::Red),
        };
        let Report { files, entities, .. } = report;
        let written = changes.new.len() + changes.changed.len();
        let of = if mode == Mode::Write && written > 0 { format!("{written} of ") } else { String::new() };
        println!("{what}: {of}{files} files from {entities} entities in {} ms", self.started.elapsed().as_millis());
    }
}

fn dump_model(project: &Project, sources: &Sources) -> ExitCode {
    match crate::read_model(sources).map(serde_json::to_value) {
        Ok(Ok(model)) => {
            say::json(&model);
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => say::error(&error),
        Err(found) => say::schema_diagnostics(&found, project, sources),
    }
}

fn print_files(project: &Project, changes: &Changes, mode: Mode) {
    let edited: Vec<String> = changes.edited.iter().map(|edited| edited.path.clone()).collect();
    let lists = [&changes.new, &changes.changed, &changes.orphaned, &edited, &changes.foreign];
    if lists.iter().all(|list| list.is_empty()) {
        return;
    }
    if mode != Mode::Write {
        let words = ["missing", "stale", "orphaned", "edited by hand", "foreign"];
        for (word, list) in words.iter().zip(lists) {
            for path in list {
                println!("  {word}: {path}");
            }
        }
    }
    let mut kinds: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    for (index, list) in lists.iter().enumerate() {
        for path in list.iter() {
            if let Some(count) = kinds.entry(kind_of(project, path)).or_default().get_mut(index) {
                *count += 1;
            }
        }
    }
    let head = ["files", "new", "changed", "removed", "edited", "foreign"];
    let mut rows = vec![head.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()];
    for (kind, counts) in kinds {
        rows.push(std::iter::once(kind.to_owned()).chain(counts.iter().map(|count| count.to_string())).collect());
    }
    say::table(&rows);
}

fn kind_of(project: &Project, path: &str) -> &'static str {
    let inner = path.strip_prefix(&*project.generated.to_string_lossy()).map(|inner| inner.trim_start_matches('/'));
    match inner {
        Some(inner) if inner.starts_with("src/pb/") => "protobuf types",
        Some(inner) if inner.starts_with("src/") => "Rust",
        Some(inner) if inner.starts_with("proto/") || inner == "descriptor.bin" => "contract",
        Some("openapi.json") => "OpenAPI",
        Some(_) => "other",
        None if path.ends_with(".sql") => "migrations",
        None => "scaffold",
    }
}

fn print_migration(report: &Report) {
    let Some(open) = &report.open_migration else { return };
    println!("Open migration {open}:");
    let rows = report.operations.iter().map(|operation| {
        let class = match operation.class {
            Class::Safe => operation.class.words().to_owned(),
            _ => operation.class.words().to_uppercase(),
        };
        vec![class, operation.kind.words().to_owned(), operation.subject.clone(), operation.words.clone()]
    });
    say::table(&rows.collect::<Vec<_>>());
    say::obstacles(&report.obstacles);
}

/// How many changes break clients since the last seal, and the first of them.
fn print_breaking(project: &Project, report: &Report) {
    let breaking = &report.breaking;
    if breaking.is_empty() {
        return;
    }
    let changes = if breaking.len() == 1 { "change breaks" } else { "changes break" };
    let what = paint(&format!("{} {changes} clients", breaking.len()), Paint::Red);
    println!("{what} since the last seal; all of them: {}/IMPACT.md", project.generated.display());
    let whom = |change: &Change| match (change.wire, change.rest) {
        (Verdict::Breaking, Verdict::Breaking) => "gRPC, REST",
        (Verdict::Breaking, _) => "gRPC",
        _ => "REST",
    };
    let shown = breaking.iter().take(BREAKING_SHOWN);
    let rows: Vec<_> =
        shown.map(|change| vec![whom(change).to_owned(), change.short().to_owned(), change.what.clone()]).collect();
    say::table(&rows);
    if breaking.len() > BREAKING_SHOWN {
        println!("  …");
    }
}
