//! A shop as somebody else made it: names that repeat, a reference to itself, a join table, constraints of all kinds.

/// All that become entities.
pub const TABLES: [&str; 11] = [
    "regions",
    "customers",
    "addresses",
    "categories",
    "products",
    "product_categories",
    "orders",
    "order_lines",
    "payments",
    "reviews",
    "settings",
];

/// What no entity says, and what therefore stays as it is.
pub const LEFT_ALONE: [&str; 2] = ["table import_log: not expected", "view open_orders: not expected"];

pub const SQLITE: &str = include_str!("legacy/sqlite.sql");
pub const POSTGRES: &str = include_str!("legacy/postgres.sql");
pub const MARIADB: &str = include_str!("legacy/mariadb.sql");
