//! From annotated `.proto` entities to the files of a service.
//!
//! Stages are functions, each in a room of its own; each collects all its diagnostics, and the next runs only when
//! there are none:
//!
//! `load` (protox) → `annotation` (typed options) → `lower` → [`model`] → `check` → `plan` → `render` → `fileset`.
//!
//! The library writes nothing: it returns a map of paths to texts.

pub mod annotation;
pub mod built_in;
pub mod check;
pub mod cli;
pub mod contract;
pub mod diagnostic;
pub mod emit;
pub mod expand;
pub mod fileset;
pub mod fixture_id;
pub mod gaps;
pub mod generate;
pub mod impact;
pub mod import;
pub mod load;
pub mod lock;
pub mod lower;
pub mod migrate;
pub mod model;
mod nearest;
pub mod plan;
pub mod presence;
pub mod project;
pub mod remember;
mod render;
pub mod report;
pub mod routes;
mod sql;
pub mod stages;
mod texts;
pub mod trace;

pub use diagnostic::{Colour, Diagnostic, Diagnostics};
pub use generate::{Output, generate};
pub use load::Sources;
pub use model::Model;
pub use project::Project;

/// Loads, lowers and checks a schema.
pub fn read_model(sources: &Sources) -> Result<Model, Diagnostics> {
    let loaded = load::load(sources)?;
    let (model, mut found) = lower::lower(&loaded);
    check::check(&model, &mut found);
    if found.is_empty() { Ok(model) } else { Err(found.point(&sources.files)) }
}
