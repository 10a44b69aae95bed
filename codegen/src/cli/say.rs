//! How commands speak: diagnostics, tables, colour only on a terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use crate::diagnostic::{Colour, Diagnostics};
use crate::gaps::Gap;
use crate::load::Sources;
use crate::project::{PROJECT_FILE, Project};

/// Something was found that must be mended.
pub(super) const FINDINGS: u8 = 1;
/// The command was called in a wrong way.
pub(super) const USAGE: u8 = 2;

/// Colours of a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Paint {
    Red,
    Green,
    Yellow,
    Dim,
}

/// A painted text, or the plain one where no terminal reads it.
pub(super) fn paint(text: &str, paint: Paint) -> String {
    if colour(&std::io::stdout()) == Colour::Never {
        return text.to_owned();
    }
    let code = match paint {
        Paint::Red => 31,
        Paint::Green => 32,
        Paint::Yellow => 33,
        Paint::Dim => 2,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

fn colour(stream: &impl IsTerminal) -> Colour {
    let wanted = stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted { Colour::Always } else { Colour::Never }
}

/// Prints what is wrong in the project file.
pub(super) fn diagnostics(found: &Diagnostics, root: &Path) -> ExitCode {
    let text = std::fs::read_to_string(root.join(PROJECT_FILE)).unwrap_or_default();
    eprint!("{}", found.render(&BTreeMap::from([(PROJECT_FILE.to_owned(), text)]), colour(&std::io::stderr())));
    FINDINGS.into()
}

/// Prints what is wrong in the schema.
pub(super) fn schema_diagnostics(found: &Diagnostics, project: &Project, sources: &Sources) -> ExitCode {
    let folder = format!("{}/", project.schema.display());
    eprint!("{}", found.render_in(&folder, &sources.files, colour(&std::io::stderr())));
    eprintln!("{}; nothing was written", count(found.len(), "problem"));
    FINDINGS.into()
}

/// Prints an error.
pub(super) fn error(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("{error}");
    FINDINGS.into()
}

/// Prints JSON for tools.
pub(super) fn json(value: &serde_json::Value) {
    println!("{value:#}");
}

/// `1 thing`, `2 things`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Prints what the schema leaves unsaid.
pub(super) fn gaps<'a>(project: &Project, gaps: impl IntoIterator<Item = &'a Gap>) {
    let schema = project.schema.display();
    for gap in gaps {
        println!("  {schema}/{}: {}", gap.span, gap.message);
        println!("      {}", paint(&format!("assumed: {}; to say it: {}", gap.assumed, gap.annotation), Paint::Dim));
    }
}

/// Prints what services that were built before a migration cannot work with.
pub(super) fn obstacles(obstacles: &[String]) {
    if !obstacles.is_empty() {
        println!("Services that were built before it cannot work beside it:");
        obstacles.iter().for_each(|obstacle| println!("  {obstacle}"));
    }
}

/// Prints rows in columns that are as wide as they must be.
pub(super) fn table(rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(index) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        println!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
