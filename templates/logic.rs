//! What is particular to {{ entry.words }}: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use {{ crate_name }}::Repositories;
use {{ module }}::{{ entry.name }};

/// The logic of {{ entry.words }}.
pub struct {{ entry.name }}Logic;

impl {{ entry.name }}Logic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<{{ entry.name }}> for {{ entry.name }}Logic {}
