//! Named queries in the model.

use serde::Serialize;

use super::Span;

/// A named query: SQL that becomes a method of a repository.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Query {
    /// Full name of the entity whose repository has it.
    pub entity: String,
    /// Name, such as `RevenuePerCustomer`.
    pub name: String,
    /// Comment, without markers.
    pub comment: String,
    /// Full name of the message that holds the parameters.
    pub request: String,
    /// How many rows it answers.
    pub rows: Rows,
    /// Full name of the message that a row becomes.
    pub row: String,
    /// Its texts; each database has one.
    pub texts: Vec<QueryText>,
    /// Where its name stands.
    pub span: Span,
}

/// How many rows a query answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub enum Rows {
    One,
    Optional,
    #[default]
    Many,
}

/// The text of a query for some databases.
#[derive(Debug, Clone, Default, Serialize)]
pub struct QueryText {
    /// Which ones.
    pub dialects: Vec<QueryDialect>,
    /// The statement.
    pub pieces: Vec<Piece>,
    /// Names of its columns, as far as the text tells.
    pub columns: Vec<Option<String>>,
    /// Where it stands.
    pub span: Span,
}

/// A part of a statement.
#[derive(Debug, Clone, Serialize)]
pub enum Piece {
    /// SQL as written.
    Sql(String),
    /// A parameter.
    Parameter(Parameter),
    /// The condition that binds rows to the caller's scope, with the alias of the table.
    Scope(Option<String>),
}

/// A parameter, by the name of a field.
#[derive(Debug, Clone, Serialize)]
pub struct Parameter {
    /// The field.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// A database that may need a text of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub enum QueryDialect {
    Sqlite,
    Postgres,
    Mysql,
}

impl QueryDialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];

    /// Name, as queries write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}
