//! What is particular to behaviours: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::behaviour::Behaviour;

/// The logic of behaviours.
pub struct BehaviourLogic;

impl BehaviourLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Behaviour> for BehaviourLogic {}
