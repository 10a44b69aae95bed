//! What is particular to employees: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

use arcana_runtime::service::Hooks;
use chinook_generated::Repositories;
use chinook_generated::chinook::v1::employee::Employee;

/// The logic of employees.
pub struct EmployeeLogic;

impl EmployeeLogic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<Employee> for EmployeeLogic {}
