//! What is particular to users: rules, computed members, custom rpcs.
//! Written once by `cargo xtask gen`, and yours from then on.

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::user::User;
use arcana_runtime::service::Hooks;
use async_trait::async_trait;

/// The logic of users.
pub struct UserLogic;

impl UserLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

#[async_trait]
impl Hooks<User> for UserLogic {}
