//! Migrations: from the sealed lock and the model to operations, SQL and the files of the open migration.

mod default;
mod disk;
mod in_place;
mod mysql;
mod naming;
mod operation;
mod order;
mod plan;
mod postgres;
mod sqlite;
mod transition;

pub use disk::{Disk, MigrationName};
pub use operation::{Aspect, Class, Operation, OperationKind};
pub use plan::{Planned, Sealed, foresee, plan, seal, type_in};

#[cfg(test)]
mod tests;
