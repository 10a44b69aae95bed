//! What is particular to playlist tracks: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use chinook_generated::Repositories;
use chinook_generated::chinook::v1::playlist_track::PlaylistTrack;

/// The logic of playlist tracks.
pub struct PlaylistTrackLogic;

impl PlaylistTrackLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<PlaylistTrack> for PlaylistTrackLogic {}
