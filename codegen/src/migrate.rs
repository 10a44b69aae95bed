//! Migrations: from the sealed lock and the model to operations, SQL and the files of the open migration.

mod constraint;
mod disk;
mod naming;
mod operation;
mod plan;
mod sqlite;
mod transition;

pub(crate) use constraint::foreign_key_name;
pub use disk::{Disk, MigrationName};
pub use operation::{Class, Operation, OperationKind};
pub use plan::{Planned, Sealed, plan, seal};
pub(crate) use sqlite::words::quoted;

#[cfg(test)]
mod tests;
