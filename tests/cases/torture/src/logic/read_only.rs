//! What is particular to read onlies: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::read_only::ReadOnly;

/// The logic of read onlies.
pub struct ReadOnlyLogic;

impl ReadOnlyLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<ReadOnly> for ReadOnlyLogic {}
