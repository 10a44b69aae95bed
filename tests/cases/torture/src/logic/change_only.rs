//! What is particular to change onlies: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::change_only::ChangeOnly;

/// The logic of change onlies.
pub struct ChangeOnlyLogic;

impl ChangeOnlyLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<ChangeOnly> for ChangeOnlyLogic {}
