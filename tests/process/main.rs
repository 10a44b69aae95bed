//! The program as an operator meets it: commands, settings, signals, logs, crashes, many at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "allowed in test functions, not in helpers")]

#[path = "../support/mod.rs"]
mod support;

mod certificates;
mod commands;
mod contention;
mod crashes;
mod injection;
mod logs;
mod migrations;
mod settings;
mod signals;
mod timeouts;
mod tls;
