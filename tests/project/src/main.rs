//! The lending service: what is generated, put together with the logic of this folder.

mod logic;

use std::process::ExitCode;
use std::sync::Arc;

use arcana_runtime::app::{App, Wired};
use arcana_runtime::changes::Store;
use arcana_runtime::db::Db;
use arcana_runtime::settings::Settings;
use lending_generated::Repositories;

static APP: App = lending_generated::app(env!("CARGO_PKG_VERSION"), wire);

fn main() -> ExitCode {
    APP.run()
}

fn wire(db: &Db, settings: &Settings) -> Wired {
    let store: Arc<dyn Store> = Arc::new(db.clone());
    logic::services(&Repositories::sql(db), &store).wired(settings)
}
