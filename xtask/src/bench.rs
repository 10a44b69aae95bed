//! `bench`: measures side by side and keeps the figures in docs/benchmarks.md.

mod auth;
mod databases;
mod generator;
mod load;
mod programs;
mod report;
mod rows;
mod schema;
mod server;
mod service;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use arcana_codegen::project::Project;
use clap::{ArgMatches, FromArgMatches, Subcommand};

/// What is measured.
#[derive(Debug, Subcommand)]
enum Bench {
    /// The service against two that were written by hand: with sqlx, and at the limit
    #[command(after_help = "Example: cargo xtask bench service --rounds 3 --seconds 5")]
    Service(service::Options),
    /// A table of a million rows: pages far behind, and the memory of exports
    #[command(after_help = "Example: cargo xtask bench rows --database sqlite")]
    Rows(rows::Options),
    /// What authentication costs, and what a flood of sign-ins does to other calls
    #[command(after_help = "Example: cargo xtask bench auth --rounds 5 --seconds 5")]
    Auth(auth::Options),
    /// The generator, and the compiler on what it makes, from few entities to many
    #[command(after_help = "Example: cargo xtask bench gen --entities 10 --entities 1000")]
    Gen(generator::Options),
}

/// How the command is called.
pub fn command() -> clap::Command {
    Bench::augment_subcommands(clap::Command::new("bench"))
        .about("Measure side by side, and keep the figures in docs/benchmarks.md")
        .after_help("Example: cargo xtask bench service")
        .subcommand_required(true)
        .arg_required_else_help(true)
}

/// Runs the command.
pub fn run(matches: &ArgMatches, project: &Project) -> ExitCode {
    let measured = match Bench::from_arg_matches(matches) {
        Ok(Bench::Service(options)) => service::run(&options, &project.root),
        Ok(Bench::Rows(options)) => rows::run(&options, &project.root),
        Ok(Bench::Auth(options)) => auth::run(&options, &project.root),
        Ok(Bench::Gen(options)) => generator::run(&options, &project.root),
        Err(error) => Err(error.to_string()),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command that must succeed.
fn must(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed: {status}")),
        Err(cause) => Err(format!("cannot run {name}: {cause}")),
    }
}

/// Lends a folder, which goes with all that is in it.
fn with_folder<T>(work: impl FnOnce(&Path) -> Result<T, String>) -> Result<T, String> {
    let folder = std::env::temp_dir().join(format!("arcana-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|cause| format!("cannot create {}: {cause}", folder.display()))?;
    let outcome = work(&folder);
    let _ = fs::remove_dir_all(&folder);
    outcome
}

/// The value that half of the others do not exceed.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A table in Markdown: heads, and rows whose cells after the first are numbers.
fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let rule = format!("|---|{}\n", "---:|".repeat(heads.len().saturating_sub(1)));
    line(&heads) + &rule + &rows.map(|row| line(&row)).collect::<String>()
}
