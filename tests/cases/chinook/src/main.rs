//! The Chinook music store, served from nothing but its schema.

#[rustfmt::skip]
mod logic;

use std::process::ExitCode;
use std::sync::Arc;

use arcana_runtime::app::{App, Wired};
use arcana_runtime::changes::Store;
use arcana_runtime::db::Db;
use arcana_runtime::settings::Settings;
use chinook_generated::Repositories;

static APP: App = App {
    name: "chinook",
    version: env!("CARGO_PKG_VERSION"),
    env_prefix: "CHINOOK",
    openapi: chinook_generated::OPENAPI,
    descriptor: chinook_generated::DESCRIPTOR,
    migrations: chinook_generated::migrations::SQLITE,
    routes: chinook_generated::ROUTES,
    wire,
    seed: |db, rows| Box::pin(chinook_generated::seed(db, rows)),
};

fn main() -> ExitCode {
    APP.run()
}

fn wire(db: &Db, settings: &Settings) -> Wired {
    let store: Arc<dyn Store> = Arc::new(db.clone());
    let services = logic::services(&Repositories::sql(db), &store);
    let mut grpc = tonic::service::Routes::builder();
    services.add_to(&mut grpc, settings.server.max_body_bytes);
    Wired { rest: services.rest(), grpc: grpc.routes() }
}
