//! What is particular to rule holders: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::rule_holder::RuleHolder;

/// The logic of rule holders.
pub struct RuleHolderLogic;

impl RuleHolderLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<RuleHolder> for RuleHolderLogic {}
