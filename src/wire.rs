//! The one place that puts concrete things together: the generated services, and what is mounted beside them.

mod browser;
mod clock;
mod seed;
mod stock;

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_runtime::app::{Kit, Wired};
use arcana_runtime::changes::Store;

pub use seed::seed;

use crate::accounts::StoredAccounts;
use crate::{logic, mails};

/// The routes and services of the program.
pub fn wire(kit: &Kit) -> Wired {
    let repositories = Repositories::of(kit);
    kit.security.know(Arc::new(StoredAccounts::new(&repositories)));
    let store: Arc<dyn Store> = Arc::new(kit.db.clone());
    let services = logic::services(&repositories, &store);
    let Wired { rest, grpc, mut chores } = services.wired(&kit.settings);
    chores.extend(mails::chore(&repositories, kit));
    let rest = rest.merge(stock::routes(services.products.clone())).merge(browser::routes(services.auth.clone(), kit));
    Wired { rest, grpc: grpc.add_service(clock::ClockServer), chores }
}
