//! What is written without a template: the published contract, its descriptors and Rust types, and the OpenAPI text.
//!
//! Every emitter is pure: from the model (or from what another emitter made of it) to texts, with paths below the
//! generated folder.

pub mod contract;
pub mod descriptor;
mod error;
pub mod openapi;
pub mod pb;
pub mod rust;
pub(crate) mod words;

pub use error::EmitError;
