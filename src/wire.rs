//! The one place that puts concrete things together: the generated services, and what is mounted beside them.

mod clock;
mod seed;
mod stock;

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_runtime::app::Wired;
use arcana_runtime::changes::Store;
use arcana_runtime::db::Db;
use arcana_runtime::settings::Settings;

pub use seed::seed;

use crate::logic;

/// The routes and services of the program, over an open database.
pub fn wire(db: &Db, settings: &Settings) -> Wired {
    let repositories = Repositories::sql(db);
    let store: Arc<dyn Store> = Arc::new(db.clone());
    let services = logic::services(&repositories, &store);
    let Wired { rest, grpc } = services.wired(settings);
    Wired { rest: rest.merge(stock::routes(services.products.clone())), grpc: grpc.add_service(clock::ClockServer) }
}
