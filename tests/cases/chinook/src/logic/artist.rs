//! What is particular to artists: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use chinook_generated::Repositories;
use chinook_generated::chinook::v1::artist::Artist;

/// The logic of artists.
pub struct ArtistLogic;

impl ArtistLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Artist> for ArtistLogic {}
