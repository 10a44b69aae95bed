//! `test`: everything that must pass, one step after the other, with a table at the end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use cargo_metadata::MetadataCommand;
use serde::Serialize;

use super::say::{self, Paint, paint};
use crate::project::Project;

/// A step that is a command of cargo.
struct CargoStep {
    name: &'static str,
    arguments: &'static [&'static str],
    /// Variables of the environment.
    variables: &'static [(&'static str, &'static str)],
}

/// The steps of every project behind [`format_step`], in order. Of the scripts of `arcana.toml`, those that set up come
/// before all of them, and the others behind.
const STEPS: &[CargoStep] = &[
    CargoStep {
        name: "lint",
        arguments: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        variables: &[],
    },
    CargoStep { name: "freshness", arguments: &["xtask", "gen", "--check"], variables: &[] },
    CargoStep { name: "tests", arguments: &["test", "--workspace", "--no-fail-fast"], variables: &[] },
    CargoStep {
        name: "docs",
        arguments: &["doc", "--workspace", "--no-deps"],
        variables: &[("RUSTDOCFLAGS", "-D warnings")],
    },
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
    step: String,
    passed: bool,
    /// Single tests, where the step tells of them; else the step itself.
    #[serde(flatten)]
    counts: Counts,
    seconds: f64,
    command: String,
}

/// How many single tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Counts {
    tests_passed: usize,
    tests_failed: usize,
}

/// Runs the command: all steps, even after one failed.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let mut outcomes: Vec<_> = project.test_setup.iter().map(|words| script_step(words, project)).collect();
    outcomes.push(format_step(project));
    outcomes.extend(STEPS.iter().map(|step| cargo_step(step, project)));
    outcomes.extend(project.test_scripts.iter().map(|words| script_step(words, project)));
    let passed = outcomes.iter().all(|outcome| outcome.passed);
    if args.json {
        say::json(&serde_json::to_value(&outcomes).unwrap_or_default());
    } else {
        print(&outcomes);
    }
    if passed { ExitCode::SUCCESS } else { say::FINDINGS.into() }
}

/// The table, and a last line for those who read nothing else.
fn print(outcomes: &[Outcome]) {
    let width = outcomes.iter().map(|outcome| outcome.step.len()).max().unwrap_or_default();
    for outcome in outcomes {
        let word = if outcome.passed { paint("passed", Paint::Green) } else { paint("FAILED", Paint::Red) };
        println!("  {word}  {:<width$} {:>7.1} s  {}", outcome.step, outcome.seconds, outcome.command);
    }
    let sum = |count: fn(&Counts) -> usize| outcomes.iter().map(|outcome| count(&outcome.counts)).sum::<usize>();
    println!("{} passed, {} failed", sum(|counts| counts.tests_passed), sum(|counts| counts.tests_failed));
}

/// Formats what is the project's. `cargo fmt --all` would follow dependencies by path as well, into Arcana itself.
fn format_step(project: &Project) -> Outcome {
    let metadata = MetadataCommand::new().current_dir(&project.root).no_deps().exec();
    let packages: Vec<String> = match &metadata {
        Ok(found) => found.workspace_packages().iter().map(|package| format!("--package={}", package.name)).collect(),
        // Cargo says what is wrong once more, as the failure of this step.
        Err(_) => vec!["--all".to_owned()],
    };
    let mut command = super::dev::cargo(project);
    command.args(["fmt", "--check"]).args(&packages);
    run_step("format", &format!("cargo fmt --check {}", packages.join(" ")), command)
}

fn cargo_step(step: &CargoStep, project: &Project) -> Outcome {
    let mut command = super::dev::cargo(project);
    command.args(step.arguments).envs(step.variables.iter().copied());
    let variables: String = step.variables.iter().map(|(name, value)| format!("{name}={value:?} ")).collect();
    run_step(step.name, &format!("{variables}cargo {}", step.arguments.join(" ")), command)
}

fn script_step(words: &[String], project: &Project) -> Outcome {
    let (path, arguments) = words.split_first().map_or(("", words), |(path, rest)| (path.as_str(), rest));
    let mut command = Command::new(project.root.join(path));
    command.args(arguments).current_dir(&project.root);
    run_step(path, &words.join(" "), command)
}

fn run_step(step: &str, shown: &str, mut command: Command) -> Outcome {
    let started = Instant::now();
    eprintln!("{}", paint(&format!("== {step}: {shown}"), Paint::Dim));
    let ran = command.stdout(Stdio::piped()).spawn().and_then(|mut child| {
        let told = child.stdout.take().map(listen).unwrap_or_default();
        child.wait().map(|status| (status.success(), told))
    });
    let (passed, told) = ran.unwrap_or_else(|error| {
        eprintln!("{shown} cannot be started: {error}");
        (false, Counts::default())
    });
    let (step, command) = (step.to_owned(), shown.to_owned());
    Outcome { step, passed, counts: counts(passed, told), seconds: started.elapsed().as_secs_f64(), command }
}

/// Passes the report of a step on to stderr, so that stdout holds nothing but the result, and counts its tests.
fn listen(report: impl Read) -> Counts {
    let mut told = Counts::default();
    for line in BufReader::new(report).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        if let Some(summary) = line.strip_prefix("test result: ") {
            told.tests_passed += number_before(summary, " passed");
            told.tests_failed += number_before(summary, " failed");
        }
    }
    told
}

/// A step without tests is one itself, and so is one that fails without naming a test, such as a build.
fn counts(passed: bool, told: Counts) -> Counts {
    match (passed, told) {
        (true, Counts { tests_passed: 0, tests_failed: 0 }) => Counts { tests_passed: 1, tests_failed: 0 },
        (false, Counts { tests_failed: 0, .. }) => Counts { tests_failed: 1, ..told },
        _ => told,
    }
}

fn number_before(text: &str, word: &str) -> usize {
    let before = text.find(word).and_then(|end| text.get(..end)).unwrap_or_default();
    before.rsplit(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_tests_of_all_binaries() {
        let report = "running 2 tests\ntest result: ok. 12 passed; 0 failed; 1 ignored; finished in 0.1s\n\n\
                      test result: FAILED. 3 passed; 2 failed; 0 ignored\n";
        assert_eq!(listen(report.as_bytes()), Counts { tests_passed: 15, tests_failed: 2 });
    }

    #[test]
    fn counts_a_step_that_names_no_test_as_one() {
        let none = Counts::default();
        assert_eq!(counts(true, none), Counts { tests_passed: 1, tests_failed: 0 });
        assert_eq!(counts(false, none), Counts { tests_passed: 0, tests_failed: 1 });
        // Tests passed, and then something else went wrong.
        let some = Counts { tests_passed: 4, tests_failed: 0 };
        assert_eq!(counts(false, some), Counts { tests_passed: 4, tests_failed: 1 });
    }
}
