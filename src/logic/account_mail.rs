//! What is particular to account mails: rules, computed members, custom rpcs.
//! Written once by `cargo xtask gen`, and yours from then on.

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::account_mail::AccountMail;
use arcana_runtime::service::Hooks;
use async_trait::async_trait;

/// The logic of account mails.
pub struct AccountMailLogic;

impl AccountMailLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

#[async_trait]
impl Hooks<AccountMail> for AccountMailLogic {}
