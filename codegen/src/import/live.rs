//! What a database is made of, as `migrate introspect` of the service prints it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::project::Dialect;

/// The whole of it.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Live {
    pub dialect: Dialect,
    pub tables: BTreeMap<String, Table>,
    #[serde(default)]
    pub others: BTreeSet<String>,
}

/// One table.
#[derive(Debug, Clone, Default, Deserialize)]
#[allow(missing_docs)]
pub struct Table {
    pub columns: Vec<Column>,
    pub key: Vec<String>,
    #[serde(default)]
    pub foreign_keys: Vec<ForeignKey>,
    #[serde(default)]
    pub indexes: Vec<Index>,
    #[serde(default)]
    pub checks: Vec<Check>,
}

/// One column.
#[derive(Debug, Clone, Default, Deserialize)]
#[allow(missing_docs)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: String,
    #[serde(default)]
    pub values: Vec<String>,
    pub nullable: bool,
    #[serde(default)]
    pub default: Option<String>,
    #[serde(default)]
    pub generated: Option<String>,
    #[serde(default)]
    pub numbered: bool,
}

/// A reference to another table.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub table: String,
    pub key_columns: Vec<String>,
    pub on_delete: String,
}

/// One index.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Index {
    #[serde(default)]
    pub name: Option<String>,
    pub columns: Vec<String>,
    pub unique: bool,
    #[serde(default)]
    pub condition: Option<String>,
    #[serde(default)]
    pub method: Option<String>,
}

/// A condition that rows must meet.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Check {
    #[serde(default)]
    pub name: Option<String>,
    pub condition: String,
}
