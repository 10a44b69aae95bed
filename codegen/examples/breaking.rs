//! Writes the cases of `tests/cases/breaking` for judges from outside: the published contract before (`OUT/base`, with its contract lock) and
//! after each (`OUT/<file>/<number>`), and what we say of them (`OUT/cases.json`).
//!
//!     cargo run -p arcana-codegen --example breaking -- OUT
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "../tests/support/pairs.rs"]
mod pairs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

fn main() -> ExitCode {
    let Some(out) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("name the folder to write to");
        return ExitCode::from(2);
    };
    let (old, cases) = pairs::judged();
    write(&out.join("base"), &old.texts);
    fs::write(out.join("base/contract.lock.json"), old.contract.to_json()).unwrap();
    let mut all = Vec::new();
    for (number, (case, new, changes)) in cases.iter().enumerate() {
        let folder = format!("{}/{number:03}", case.file);
        write(&out.join(&folder), &new.texts);
        all.push(json!({ "file": case.file, "name": case.name, "folder": folder, "changes": changes }));
    }
    fs::write(out.join("cases.json"), serde_json::to_string_pretty(&all).unwrap()).unwrap();
    ExitCode::SUCCESS
}

fn write(folder: &Path, texts: &BTreeMap<String, String>) {
    for (path, text) in texts {
        let target = folder.join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, text).unwrap();
    }
}
