//! The lending service: what is generated, put together with the logic of this folder.

mod logic;

use std::process::ExitCode;
use std::sync::Arc;

use arcana_runtime::app::{App, Kit, Wired};
use arcana_runtime::changes::Store;
use lending_generated::Repositories;

static APP: App = lending_generated::app(env!("CARGO_PKG_VERSION"), wire);

fn main() -> ExitCode {
    APP.run()
}

fn wire(kit: &Kit) -> Wired {
    let store: Arc<dyn Store> = Arc::new(kit.db.clone());
    logic::services(&Repositories::of(kit), &store).wired(&kit.settings)
}
