//! What a live database is made of, read from its own catalogue: tables, columns, keys, references, indexes, checks.
//!
//! Two databases of one engine have the same schema exactly if [`differences`] finds none between them. The order of
//! columns is kept for people who read it, but is no difference: tables that were altered have another one than tables
//! that were created at once, and no statement of a service relies on it.

mod difference;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use self::difference::differences;
use super::{Db, Dialect, Row};
use crate::context::Context;
use crate::error::{Error, Result};

/// Tables that the runtime makes for itself, beside the migrations.
const OWN: [&str; 5] = ["_sqlx_migrations", "arcana_keys", "arcana_migrations", "arcana_sequences", "arcana_words"];

/// A schema as the database has it, without the tables that the runtime makes beside the migrations.
#[derive(Debug, Clone, Serialize)]
pub struct Live {
    /// Whose words it is in.
    pub dialect: Dialect,
    /// Tables by name.
    pub tables: BTreeMap<String, Table>,
    /// What else there is, by kind and name: `view open_orders`, `trigger log of orders`.
    pub others: BTreeSet<String>,
}

/// One table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Table {
    /// Columns in the order of the database.
    pub columns: Vec<Column>,
    /// Columns of the primary key, in its order.
    pub key: Vec<String>,
    /// Name of the primary key, where the engine has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// References to other tables.
    pub foreign_keys: Vec<ForeignKey>,
    /// Indexes beside that of the primary key.
    pub indexes: Vec<Index>,
    /// Conditions that rows must meet.
    pub checks: Vec<Check>,
    /// What is said of the table as a whole: `STRICT`, `WITHOUT ROWID`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// One column.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Type in the words of the database.
    #[serde(rename = "type")]
    pub ty: String,
    /// Names that a type has which is a list of names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// May be NULL.
    pub nullable: bool,
    /// What an insert that leaves it out gets, as an expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The order of its texts, unless the engine takes its only or usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// The expression that it is computed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// The database numbers it: `AUTO_INCREMENT`, an identity, `AUTOINCREMENT`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub numbered: bool,
}

/// A reference to another table.
#[derive(Debug, Clone, Serialize)]
pub struct ForeignKey {
    /// Name, where the engine has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Columns that hold the key.
    pub columns: Vec<String>,
    /// The table that is referenced.
    pub table: String,
    /// Its key columns.
    pub key_columns: Vec<String>,
    /// `RESTRICT`, `NO ACTION`, `CASCADE`, `SET NULL`, `SET DEFAULT`.
    pub on_delete: String,
    /// The same, for a key that changes.
    pub on_update: String,
    /// Looked at when the transaction ends, not with the statement.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deferred: bool,
}

/// One index.
#[derive(Debug, Clone, Serialize)]
pub struct Index {
    /// Name; a unique constraint of SQLite has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Columns or expressions in order, with what is said of their order: `paid_at NULLS FIRST`.
    pub columns: Vec<String>,
    /// No two rows share the values.
    pub unique: bool,
    /// Condition of a partial index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// How it is kept, unless as a plain tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// It belongs to a constraint of the table, and cannot be dropped alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub constraint: bool,
}

/// A condition that rows must meet.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The condition in the words of the database, blanks and quotes made alike.
    pub condition: String,
}

impl Db {
    /// Reads what the database is made of.
    pub async fn introspect(&self) -> Result<Live> {
        let mut live = match self.dialect() {
            Dialect::Sqlite => sqlite::read(self).await?,
            #[cfg(feature = "postgres")]
            Dialect::Postgres => postgres::read(self).await?,
            #[cfg(feature = "mysql")]
            Dialect::Mysql => mysql::read(self).await?,
            #[cfg(not(all(feature = "postgres", feature = "mysql")))]
            other => return Err(Error::internal(format!("{other:?} is not built in"))),
        };
        live.tables.retain(|name, _| !OWN.contains(&name.as_str()));
        for table in live.tables.values_mut() {
            table.foreign_keys.sort_by(|a, b| (&a.name, &a.columns).cmp(&(&b.name, &b.columns)));
            table.indexes.sort_by(|a, b| (&a.name, &a.columns).cmp(&(&b.name, &b.columns)));
            table.checks.sort_by(|a, b| (&a.name, &a.condition).cmp(&(&b.name, &b.condition)));
        }
        Ok(live)
    }
}

impl Live {
    fn empty(dialect: Dialect) -> Self {
        Self { dialect, tables: BTreeMap::new(), others: BTreeSet::new() }
    }

    /// A table that columns were read of; what belongs to others (of extensions, say) is passed over.
    fn table(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.get_mut(name)
    }
}

/// The rows of a query on the catalogue.
async fn rows<T: Send>(db: &Db, sql: &str, read: impl FnMut(&Row<'_>) -> Result<T> + Send) -> Result<Vec<T>> {
    db.scan(&Context::system(), sql, &[], read).await
}

/// A list of names that the database gives as JSON.
fn names(json: &str) -> Result<Vec<String>> {
    serde_json::from_str(json).map_err(Error::internal)
}

/// The pieces of a statement without the quotes of names.
pub(super) fn tokens_of(sql: &str) -> Vec<String> {
    text::tokens(sql).iter().map(|token| token.name().to_owned()).collect()
}

/// The same with nothing where a name stands in quotes: what is left are words of the language and bare names.
pub(super) fn words_of(sql: &str) -> Vec<String> {
    let bare = |token: &text::Token| {
        if matches!(token, text::Token::Word(_)) { token.name().to_owned() } else { String::new() }
    };
    text::tokens(sql).iter().map(bare).collect()
}
