//! What is particular to profiles: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::profile::Profile;

/// The logic of profiles.
pub struct ProfileLogic;

impl ProfileLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Profile> for ProfileLogic {}
