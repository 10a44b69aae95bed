//! Orders, tested without a database.
