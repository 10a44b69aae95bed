//! What is particular to invoice lines: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use chinook_generated::Repositories;
use chinook_generated::chinook::v1::invoice_line::InvoiceLine;

/// The logic of invoice lines.
pub struct InvoiceLineLogic;

impl InvoiceLineLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<InvoiceLine> for InvoiceLineLogic {}
