//! The service: what is generated, put together with the logic of this folder.

mod logic;
mod wire;

use std::process::ExitCode;

use arcana_runtime::app::App;

static APP: App = App {
    name: "arcana",
    version: env!("CARGO_PKG_VERSION"),
    env_prefix: "ARCANA",
    openapi: arcana_generated::OPENAPI,
    descriptor: arcana_generated::DESCRIPTOR,
    migrations: arcana_generated::migrations::SQLITE,
    routes: arcana_generated::ROUTES,
    wire: wire::wire,
    seed: |db, rows| Box::pin(wire::seed(db, rows)),
};

fn main() -> ExitCode {
    APP.run()
}
