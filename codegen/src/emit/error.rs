//! What can go wrong while emitting: each is a disagreement between two rooms of the generator, never the schema's.

use crate::diagnostic::{Diagnostic, Diagnostics};

/// An emitter cannot make a text of what it was given.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// The published contract does not compile.
    #[error(
        "the published contract does not compile: {0}; the schema was accepted, so this is a fault of the generator: please report it with the schema"
    )]
    Contract(#[from] protox::Error),
    /// The Rust types of the contract cannot be written.
    #[error("no Rust types for the published contract: {0}; please report it with the schema")]
    Rust(String),
    /// A template cannot be filled in.
    #[error("a template cannot be filled in: {0}; please report it with the schema")]
    Template(#[from] askama::Error),
    /// The OpenAPI text cannot be written.
    #[error("no OpenAPI text: {0}")]
    OpenApi(#[from] serde_json::Error),
}

impl From<EmitError> for Diagnostics {
    fn from(error: EmitError) -> Self {
        let help = "the schema was checked, so this is a defect of the generator: please report it with the schema";
        Self::one(Diagnostic::new("arcana::emit", error.to_string()).help(help))
    }
}
