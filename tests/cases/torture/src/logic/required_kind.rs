//! What is particular to required kinds: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::required_kind::RequiredKind;

/// The logic of required kinds.
pub struct RequiredKindLogic;

impl RequiredKindLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<RequiredKind> for RequiredKindLogic {}
