//! The service: what is generated, put together with the logic of this folder.

mod accounts;
mod logic;
mod mails;
mod wire;

use std::process::ExitCode;

use arcana_runtime::app::App;

static APP: App = App {
    accounts: Some(&accounts::Operator),
    seed: |db, rows| Box::pin(wire::seed(db, rows)),
    ..arcana_generated::app(env!("CARGO_PKG_VERSION"), wire::wire)
};

/// A call allocates some hundred small things; this allocator is the faster at it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    APP.run()
}
