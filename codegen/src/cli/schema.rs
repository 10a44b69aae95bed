//! The schema that a command is about, or the code that it ends with once it has said what is wrong.

use std::process::ExitCode;

use super::say;
use crate::load::Sources;
use crate::model::Model;
use crate::project::Project;
use crate::read_model;

/// Reads it.
pub(super) fn read(project: &Project) -> Result<(Sources, Model), ExitCode> {
    let sources = Sources::read(project).map_err(|found| say::diagnostics(&found, &project.root))?;
    match read_model(&sources) {
        Ok(model) => Ok((sources, model)),
        Err(found) => Err(say::schema_diagnostics(&found, project, &sources)),
    }
}
