//! `cargo xtask`: the commands of this project.

use std::env;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo says whose xtask it runs: projects that share a target folder share the program too.
    let xtask =
        env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let xtask = Path::new(&xtask);
    arcana_codegen::cli::main(xtask.parent().unwrap_or(xtask))
}
