//! What is particular to numbereds: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::numbered::Numbered;

/// The logic of numbereds.
pub struct NumberedLogic;

impl NumberedLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Numbered> for NumberedLogic {}
