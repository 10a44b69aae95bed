//! Names of constraints: databases report the one that a write broke by its name, and it is the same in all of them.

use crate::model::short_name;

/// Name of a foreign key, as PostgreSQL would choose it: `orders_customer_id_fkey`.
pub(crate) fn foreign_key_name(table: &str, columns: &[String]) -> String {
    short_name(&format!("{table}_{}_fkey", columns.join("_")))
}

/// Name of a check on the values of a column: `orders_status_check`.
pub(crate) fn check_name(table: &str, column: &str) -> String {
    short_name(&format!("{table}_{column}_check"))
}

/// Name of a primary key, where it has one: `orders_pkey`.
pub(crate) fn primary_key_name(table: &str) -> String {
    short_name(&format!("{table}_pkey"))
}
