//! The Chinook music store, served from nothing but its schema.

mod logic;

use std::process::ExitCode;
use std::sync::Arc;

use arcana_runtime::app::{App, Wired};
use arcana_runtime::changes::Store;
use arcana_runtime::db::Db;
use arcana_runtime::settings::Settings;
use chinook_generated::Repositories;

static APP: App = chinook_generated::app(env!("CARGO_PKG_VERSION"), wire);

fn main() -> ExitCode {
    APP.run()
}

fn wire(db: &Db, settings: &Settings) -> Wired {
    let store: Arc<dyn Store> = Arc::new(db.clone());
    logic::services(&Repositories::sql(db), &store).wired(settings)
}
