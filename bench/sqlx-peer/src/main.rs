//! What a good engineer writes in a day, over either database.

mod postgres;
mod sqlite;

use std::process::ExitCode;

use peer::serve;

fn main() -> ExitCode {
    match std::env::args().nth(1) {
        Some(url) if url.starts_with("postgres") => serve::main::<postgres::Postgres>(),
        _ => serve::main::<sqlite::Sqlite>(),
    }
}
