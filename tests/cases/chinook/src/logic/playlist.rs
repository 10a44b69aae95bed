//! What is particular to playlists: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use chinook_generated::Repositories;
use chinook_generated::chinook::v1::playlist::Playlist;

/// The logic of playlists.
pub struct PlaylistLogic;

impl PlaylistLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Playlist> for PlaylistLogic {}
