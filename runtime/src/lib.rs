//! What a generated service stands on: errors, context, database, the service pipeline, and the edges of REST and gRPC.
//!
//! The runtime knows no entity: generated code tells it, as data and through small traits, what differs.

pub mod access;
pub mod app;
pub mod changes;
pub mod check;
pub mod chores;
pub mod context;
pub mod db;
pub mod entity;
pub mod error;
pub mod expand;
pub mod fixture;
pub mod grpc;
pub mod health;
pub mod http;
pub mod json;
pub mod limits;
pub mod mail;
pub mod peer;
pub mod problem;
pub mod proto;
pub mod query;
pub mod repository;
pub mod rest;
pub(crate) mod search;
pub mod security;
pub mod serve;
pub mod service;
pub mod settings;
pub mod telemetry;
pub mod types;
pub mod violations;
