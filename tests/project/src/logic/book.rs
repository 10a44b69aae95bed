//! What is particular to books: rules, computed members, custom rpcs.
//! Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use async_trait::async_trait;
use lending_generated::Repositories;
use lending_generated::lending::v1::book::Book;

/// The logic of books.
pub struct BookLogic;

impl BookLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

#[async_trait]
impl Hooks<Book> for BookLogic {}
