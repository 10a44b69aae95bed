//! What is particular to changeses: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::changes::Changes;

/// The logic of changeses.
pub struct ChangesLogic;

impl ChangesLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Changes> for ChangesLogic {}
