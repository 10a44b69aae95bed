//! What is particular to write onlies: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::write_only::WriteOnly;

/// The logic of write onlies.
pub struct WriteOnlyLogic;

impl WriteOnlyLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<WriteOnly> for WriteOnlyLogic {}
