//! What is particular to everythings: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::everything::Everything;

/// The logic of everythings.
pub struct EverythingLogic;

impl EverythingLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Everything> for EverythingLogic {}
