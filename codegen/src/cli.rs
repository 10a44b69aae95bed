//! The commands of `cargo xtask`, for every project: its xtask is a `main` that calls [`main`],
//! or [`main_with`] if it has commands of its own.
//!
//! Exit codes: 0 fine, 1 findings, 2 usage.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod app;
mod cargo;
pub mod check;
pub mod dev;
pub mod r#gen;
mod git;
pub mod migrate;
pub mod new;
pub mod routes;
mod say;
mod schema;
pub mod test;
pub mod what;
pub mod why;

pub use app::{Extra, main, main_with};
pub use cargo::cargo;
