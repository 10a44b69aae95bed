//! What is particular to remarks: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::remark::Remark;

/// The logic of remarks.
pub struct RemarkLogic;

impl RemarkLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Remark> for RemarkLogic {}
