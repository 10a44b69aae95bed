//! What is particular to importeds: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::imported::Imported;

/// The logic of importeds.
pub struct ImportedLogic;

impl ImportedLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Imported> for ImportedLogic {}
