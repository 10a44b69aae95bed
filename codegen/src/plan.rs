//! The plan: finished views of the model, one per template, in which nothing is left to look up.

mod entity;
mod fields;
mod fixture;
mod home;
mod module;
mod overview;
mod queries;
mod rules;
mod service;
mod sql;
mod types;
mod views;

pub use home::{Home, homes, module_path, split};
pub use module::{HomePlan, plan_home};
pub use overview::Overview;
pub use types::{CLOSE, OPEN, identifier, plain, rust_name};
pub use views::*;
