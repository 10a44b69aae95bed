//! `test`: everything that must pass, one step after the other, with a table at the end.

use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;

use super::say::{self, Paint, paint};
use crate::project::Project;

/// The steps, in order: name and arguments of cargo.
const STEPS: &[(&str, &[&str])] = &[
    ("format", &["fmt", "--all", "--check"]),
    ("lint", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    ("freshness", &["xtask", "gen", "--check"]),
    ("tests", &["test", "--workspace"]),
];

/// Arguments of `test`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Serialize)]
struct Outcome {
    step: &'static str,
    passed: bool,
    seconds: f64,
    command: String,
}

/// Runs the command: all steps, even after one failed.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let outcomes: Vec<Outcome> = STEPS.iter().map(|(step, arguments)| run_step(step, arguments, project)).collect();
    let passed = outcomes.iter().all(|outcome| outcome.passed);
    if args.json {
        say::json(&serde_json::to_value(&outcomes).unwrap_or_default());
    } else {
        for outcome in &outcomes {
            let word = if outcome.passed { paint("passed", Paint::Green) } else { paint("FAILED", Paint::Red) };
            println!("  {word}  {:<10} {:>7.1} s  {}", outcome.step, outcome.seconds, outcome.command);
        }
    }
    if passed { ExitCode::SUCCESS } else { say::FINDINGS.into() }
}

fn run_step(step: &'static str, arguments: &[&str], project: &Project) -> Outcome {
    let started = Instant::now();
    let shown = format!("cargo {}", arguments.join(" "));
    eprintln!("{}", paint(&format!("== {step}: {shown}"), Paint::Dim));
    // Reports of the steps go to stderr, so that stdout holds nothing but the result.
    let status = super::dev::cargo(project).args(arguments).stdout(std::io::stderr()).status();
    let passed = match status {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("cargo cannot be started: {error}");
            false
        }
    };
    Outcome { step, passed, seconds: started.elapsed().as_secs_f64(), command: shown }
}
