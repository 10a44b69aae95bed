//! What is particular to notes: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use torture_generated::Repositories;
use torture_generated::torture::v1::note::Note;

/// The logic of notes.
pub struct NoteLogic;

impl NoteLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Note> for NoteLogic {}
