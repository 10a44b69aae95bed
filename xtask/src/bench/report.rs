//! Where figures go: a section of docs/benchmarks.md, with the machine that they were measured on.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The file, seen from the root.
const FILE: &str = "docs/benchmarks.md";

const HEAD: &str = "# Benchmarks

Figures of `cargo xtask bench`, the newest last. Each section is one run: compare within a section, not between them.
";

/// Adds a section at the end: a title and Markdown.
pub fn append(root: &Path, title: &str, body: &str) -> Result<(), String> {
    let path = root.join(FILE);
    let before = fs::read_to_string(&path).unwrap_or_else(|_| HEAD.to_owned());
    let day = jiff::Zoned::now().date();
    let text = format!("{}\n\n## {day}: {title}\n\n{}.\n\n{}\n", before.trim_end(), machine(), body.trim_end());
    fs::write(&path, text).map_err(|cause| format!("cannot write {}: {cause}", path.display()))
}

/// Processor, system and toolchain, in one line.
fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, {} {}, {}", std::env::consts::OS, kernel.trim(), rustc())
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
