//! Customers of the shop, written by hand: what two peers of the generated service have in common. They differ in how
//! they talk to the database, and only in that.

pub mod grpc;
pub mod input;
pub mod model;
pub mod problem;
pub mod rest;
pub mod serve;
pub mod store;
pub mod wire;
