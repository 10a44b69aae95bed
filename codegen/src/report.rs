//! What a run tells of the schema, beside the files: kept from one run to the next if nothing changes.

use serde::{Deserialize, Serialize};

use crate::gaps::Gap;
use crate::generate::Output;
use crate::impact::Change;
use crate::migrate::Operation;

/// What people and tools are told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How many files there are.
    pub files: usize,
    /// How many entities they come from.
    pub entities: usize,
    /// Name of the open migration.
    pub open_migration: Option<String>,
    /// What it does.
    pub operations: Vec<Operation>,
    /// What older services cannot work with behind it.
    pub obstacles: Vec<String>,
    /// What breaks clients since the contract was last sealed.
    pub breaking: Vec<Change>,
    /// What the schema leaves unsaid.
    pub gaps: Vec<Gap>,
}

impl Report {
    /// Of a run.
    pub fn of(output: &Output) -> Self {
        Self {
            files: output.files.files().len(),
            entities: output.model.entities.len(),
            open_migration: output.migrations.open.as_ref().map(|name| name.stem()),
            operations: output.migrations.operations.clone(),
            obstacles: output.migrations.obstacles.clone(),
            breaking: output.impact.iter().flatten().filter(|change| change.breaks()).cloned().collect(),
            gaps: output.gaps.clone(),
        }
    }
}
