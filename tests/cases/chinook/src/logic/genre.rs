//! What is particular to genres: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use chinook_generated::Repositories;
use chinook_generated::chinook::v1::genre::Genre;

/// The logic of genres.
pub struct GenreLogic;

impl GenreLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Genre> for GenreLogic {}
