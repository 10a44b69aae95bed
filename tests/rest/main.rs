//! REST through the real binary: every table of the contract, row by row.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "allowed in test functions, not in helpers")]

#[path = "../support/mod.rs"]
mod support;

mod batches;
mod conditional;
mod edge;
mod examples;
mod export;
mod filters;
mod fuzz;
mod input;
mod lists;
mod orders;
mod presence;
mod relations;
mod repeated;
mod verbs;
