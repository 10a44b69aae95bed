//! What is particular to users: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use lending_generated::Repositories;
use lending_generated::arcana::identity::v1::user::User;
/// The logic of users.
pub struct UserLogic;

impl UserLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<User> for UserLogic {}
