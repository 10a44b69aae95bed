//! `cargo xtask`: the commands of this project.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    arcana_codegen::cli::main(xtask.parent().unwrap_or(xtask))
}
