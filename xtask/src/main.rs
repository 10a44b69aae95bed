//! `cargo xtask`: the commands of this repository: those of every project, and `bench`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use arcana_codegen::cli::{Extra, main_with};

fn main() -> ExitCode {
    // Cargo says whose xtask it runs: projects that share a target folder share the program too.
    let xtask = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let xtask = Path::new(&xtask);
    main_with(xtask.parent().unwrap_or(xtask), &[Extra { command: bench::command, run: bench::run }])
}
