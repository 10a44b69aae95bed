//! What is particular to invoices: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use chinook_generated::Repositories;
use chinook_generated::chinook::v1::invoice::Invoice;

/// The logic of invoices.
pub struct InvoiceLogic;

impl InvoiceLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Invoice> for InvoiceLogic {}
