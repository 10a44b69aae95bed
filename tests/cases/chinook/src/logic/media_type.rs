//! What is particular to media types: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use chinook_generated::Repositories;
use chinook_generated::chinook::v1::media_type::MediaType;

/// The logic of media types.
pub struct MediaTypeLogic;

impl MediaTypeLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<MediaType> for MediaTypeLogic {}
