//! The conformance suite: what every database must do alike. Each case is written once, against repositories, changes and
//! the standard services, and runs as a test of its own for each database that the schema is rendered for.
//!
//! A case asserts what docs/schema.md and docs/logic.md promise, never what one database happens to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "these are tests")]

mod adjust;
mod audit;
mod batch;
mod cases;
mod children;
mod conflict;
mod delete;
mod dialects;
mod expand;
mod filter;
mod keys;
mod known;
mod limits;
mod migrate;
mod once;
mod order;
mod outbox;
mod pages;
mod queries;
mod race;
mod reference;
mod refused;
mod rows;
mod scope;
mod search;
mod stage;
mod transaction;
mod values;
mod words;
mod write;

use std::process::ExitCode;

use cases::Case;
use dialects::Dialect;
use libtest_mimic::{Arguments, Trial};

fn cases() -> Vec<Case> {
    [
        values::cases(),
        refused::cases(),
        order::cases(),
        pages::cases(),
        filter::cases(),
        expand::cases(),
        write::cases(),
        adjust::cases(),
        delete::cases(),
        keys::cases(),
        conflict::cases(),
        reference::cases(),
        children::cases(),
        queries::cases(),
        race::cases(),
        outbox::cases(),
        audit::cases(),
        once::cases(),
        batch::cases(),
        transaction::cases(),
        scope::cases(),
        limits::cases(),
        search::cases(),
        words::cases(),
        migrate::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let names: Vec<_> = cases().into_iter().map(|case| case.name).collect();
    assert_eq!(known::strangers(&names), [""; 0], "tests/known.rs names cases that are not there");
    let (run, left_out): (Vec<&Dialect>, Vec<&Dialect>) =
        dialects::ALL.iter().partition(|dialect| dialect.is_rendered());
    let mut trials = Vec::new();
    for &dialect in &run {
        trials.extend(cases().into_iter().filter(|case| dialect.plays(&case.name)).map(|case| {
            let name = format!("{}::{}", dialect.name, case.name);
            Trial::test(name, move || known::judge(dialect.name, &case.name, || stage::play(dialect, &case)))
        }));
    }
    let count = trials.len();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        let names = |dialects: &[&Dialect]| dialects.iter().map(|dialect| dialect.name).collect::<Vec<_>>().join(", ");
        println!("{} cases for {} databases ({}), {count} tests", cases().len(), run.len(), names(&run));
        if !left_out.is_empty() {
            println!("not rendered by arcana.toml, and so not run: {}", names(&left_out));
        }
    }
    conclusion.exit_code()
}
