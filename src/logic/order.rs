//! What is particular to orders: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use arcana_generated::Repositories;
use arcana_generated::shop::v1::order::Order;

/// The logic of orders.
pub struct OrderLogic;

impl OrderLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Order> for OrderLogic {}
