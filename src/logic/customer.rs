//! What is particular to customers: rules, computed members, custom rpcs.
//! Written once by `cargo xtask gen`, and yours from then on.

use arcana_generated::Repositories;
use arcana_generated::shop::v1::customer::Customer;
use arcana_runtime::service::Hooks;
use async_trait::async_trait;

/// The logic of customers.
pub struct CustomerLogic;

impl CustomerLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

#[async_trait]
impl Hooks<Customer> for CustomerLogic {}
