//! What is particular to unversioneds: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::unversioned::Unversioned;

/// The logic of unversioneds.
pub struct UnversionedLogic;

impl UnversionedLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Unversioned> for UnversionedLogic {}
