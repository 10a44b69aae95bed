//! `bench service`: the service of this repository beside two that were written by hand.

use std::path::Path;

use super::report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Times that everything is measured; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// Runs the command on the repository at `root`.
pub fn run(options: &Options, root: &Path) -> Result<(), String> {
    if !root.join("bench/Cargo.toml").exists() {
        return Err("the peers in bench/ are not written yet".to_owned());
    }
    report::append(root, "the service beside its peers", &format!("{} rounds of {} s", options.rounds, options.seconds))
}
