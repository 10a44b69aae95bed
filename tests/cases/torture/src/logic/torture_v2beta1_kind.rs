//! What is particular to kinds: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v2beta1::kind::Kind;

/// The logic of kinds.
pub struct KindLogic;

impl KindLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Kind> for KindLogic {}
