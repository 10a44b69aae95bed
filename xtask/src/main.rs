//! `cargo xtask`: the commands of this repository: those of every project, and `bench`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;

use std::path::Path;
use std::process::ExitCode;

use arcana_codegen::cli::{Extra, main_with};

fn main() -> ExitCode {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    main_with(xtask.parent().unwrap_or(xtask), &[Extra { command: bench::command, run: bench::run }])
}
