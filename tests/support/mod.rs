//! What the tests of the whole service share: the binary as a process of its own, and both protocols to talk to it.
// Each test binary uses its own part of it.
#![allow(dead_code, unused_imports)]
// Clippy allows these in test functions, but not in their helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod answer;
mod database;
mod dice;
mod dynamic;
pub mod mails;
mod raw;
mod rows;
pub mod secrets;
mod service;
pub mod tls;

pub use answer::{Answer, Refusal};
pub use database::{is_embedded, keep_on_sqlite};
pub use dice::Dice;
pub use dynamic::{Dynamic, frame, unframe};
pub use raw::{RawAnswer, raw};
pub use rows::{at, order_of, unique};
pub use service::{Service, Start, binary, command, eventually};
