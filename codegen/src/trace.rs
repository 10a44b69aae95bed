//! The way between the schema and what is generated from it, in both directions: which lines of the schema made a
//! generated line, and what an entity, a field, an rpc or a value became.
//!
//! Nothing is kept for it while generating. The model says where things stand; the generated texts are read as they lie
//! there, each kind by its own outline: whom a line belongs to, and whether it declares it.

mod became;
mod json;
mod names;
mod origin;
mod proto;
mod rust;
mod sql;

use std::fs;

use serde::Serialize;

pub use became::{Became, Fact, became};
pub use names::{Kind, Names};
pub use origin::{Cause, Origin, origins};

use crate::fileset::list;
use crate::project::Project;

/// Whom a line belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// Full names; several where a line holds several columns.
    owners: Vec<String>,
    /// It is the one that declares its owner here.
    declares: bool,
    /// What it declares in a few words, where the line itself does not say it.
    label: Option<String>,
}

/// A place in a file, as tools open it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Path below the root of the project.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1; none for a whole line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

impl Line {
    fn of(owners: Vec<String>, declares: bool) -> Self {
        Self { owners, declares, label: None }
    }
}

/// Whom each line of a file belongs to; nothing if files of that kind are not outlined.
fn outline(project: &Project, names: &Names<'_>, path: &str, text: &str) -> Option<Vec<Line>> {
    let generated = project.generated.to_string_lossy().replace('\\', "/");
    let migrations = project.migrations.to_string_lossy().replace('\\', "/");
    let below = |folder: &str| path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    match (below(&generated), below(&migrations)) {
        (_, Some(inner)) if inner.ends_with(".sql") => Some(sql::outline(names, text)),
        (Some(inner), _) if inner.ends_with(".proto") => Some(proto::outline(names, text)),
        (Some("openapi.json"), _) => Some(json::outline(names, text)),
        (Some(inner), _) if inner.ends_with(".rs") => Some(rust::outline(names, inner, text)),
        (Some(inner), _) if inner.ends_with(".sql") => Some(sql::outline(names, text)),
        _ => None,
    }
}

/// Paths of all files that are outlined, below the root of the project.
fn files(project: &Project) -> Vec<String> {
    let mut found = Vec::new();
    for folder in [&project.generated, &project.migrations] {
        // A folder that is not there has no files.
        let _ = list(&project.root.join(folder), &folder.to_string_lossy().replace('\\', "/"), &mut found);
    }
    found.retain(|path| [".rs", ".proto", ".sql", "openapi.json"].iter().any(|end| path.ends_with(end)));
    found.sort();
    found
}

fn read(project: &Project, path: &str) -> Option<String> {
    fs::read_to_string(project.root.join(path)).ok()
}
