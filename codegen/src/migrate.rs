//! Migrations: from the sealed lock and the model to operations, SQL and the files of the open migration.

mod by_hand;
mod compatible;
mod default;
mod disk;
mod fits;
mod in_place;
mod mysql;
mod naming;
mod needs;
mod operation;
mod order;
mod plan;
mod postgres;
mod rebase;
mod sqlite;
mod transition;

pub use by_hand::by_hand;
pub use disk::{Disk, MigrationName};
pub use operation::{Aspect, Class, Operation, OperationKind};
pub use plan::{Planned, Sealed, foresee, fresh, plan, seal, type_in};
pub use rebase::{Branch, Rebased, rebase, renumbered};

#[cfg(test)]
mod tests;
