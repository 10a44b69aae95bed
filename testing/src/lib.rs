//! Private database servers for tests: started on demand on a free port, with data of their own, and gone with the
//! process that started them. Nothing here ever touches a server that somebody else runs.
//!
//! A test that cannot have its server fails, and says which packages are missing: it never passes without one.

// What only tests call may fail as tests do.
#![allow(clippy::panic)]

mod binary;
mod folder;
mod keeper;
mod mariadb;
mod pgbouncer;
mod postgres;
mod server;

pub use mariadb::Mariadb;
pub use pgbouncer::Pgbouncer;
pub use postgres::Postgres;
pub use server::{Pause, Server};
