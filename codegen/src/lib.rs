//! From annotated `.proto` entities to the files of a service.
//!
//! Stages are functions, each in a room of its own; each collects all its diagnostics, and the next runs only when
//! there are none:
//!
//! `load` (protox) → `annotation` (typed options) → `lower` → [`model`] → `check` → `plan` → `render` → `fileset`.
//!
//! The library writes nothing: it returns a map of paths to texts.

pub mod model;
