//! Who may do what, through the real binary with `security.mode: enforced`, over both protocols.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "allowed in test functions, not in helpers")]

#[path = "../support/mod.rs"]
mod support;

mod attacks;
mod audit;
mod browser;
mod issuer;
mod keys;
mod limits;
mod mails;
mod matrix;
mod operators;
mod people;
mod roles;
mod sessions;
mod tickets;
