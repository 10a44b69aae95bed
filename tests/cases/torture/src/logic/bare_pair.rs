//! What is particular to bare pairs: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::bare_pair::BarePair;

/// The logic of bare pairs.
pub struct BarePairLogic;

impl BarePairLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<BarePair> for BarePairLogic {}
