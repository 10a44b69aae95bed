//! The Chinook music store, served from nothing but its schema.

mod logic;

use std::process::ExitCode;
use std::sync::Arc;

use arcana_runtime::app::{App, Kit, Wired};
use arcana_runtime::changes::Store;
use chinook_generated::Repositories;

static APP: App = chinook_generated::app(env!("CARGO_PKG_VERSION"), wire);

fn main() -> ExitCode {
    APP.run()
}

fn wire(kit: &Kit) -> Wired {
    let store: Arc<dyn Store> = Arc::new(kit.db.clone());
    logic::services(&Repositories::of(kit), &store).wired(&kit.settings)
}
