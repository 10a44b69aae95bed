//! What is particular to products: rules, computed members, custom rpcs.
//! Written once by `cargo xtask gen`, and yours from then on.

use arcana_generated::Repositories;
use arcana_generated::shop::v1::product::Product;
use arcana_runtime::service::Hooks;
use async_trait::async_trait;

/// The logic of products.
pub struct ProductLogic;

impl ProductLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

#[async_trait]
impl Hooks<Product> for ProductLogic {}
