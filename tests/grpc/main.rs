//! gRPC through the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "allowed in test functions, not in helpers")]

#[path = "../support/mod.rs"]
mod support;

mod clients;
mod edge;
mod fuzz;
mod rpcs;
