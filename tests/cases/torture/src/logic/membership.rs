//! What is particular to memberships: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::membership::Membership;

/// The logic of memberships.
pub struct MembershipLogic;

impl MembershipLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Membership> for MembershipLogic {}
