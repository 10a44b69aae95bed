//! Names of constraints: databases report the one that a write broke by its name.

use crate::model::short_name;

/// Name of a foreign key, as PostgreSQL would choose it: `orders_customer_id_fkey`.
pub(crate) fn foreign_key_name(table: &str, columns: &[String]) -> String {
    short_name(&format!("{table}_{}_fkey", columns.join("_")))
}
