//! What the engines say in different words. Generated statements are one text for all of them.

#[cfg(any(feature = "postgres", test))]
use std::borrow::Cow;
#[cfg(any(feature = "postgres", test))]
use std::fmt::Write as _;

/// The engines. What an engine does differently is matched in this room and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite, embedded.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Dialect {
    /// The sign of equality that holds between NULL and NULL.
    pub(crate) fn same(self) -> &'static str {
        match self {
            Self::Sqlite => "IS",
            Self::Postgres => "IS NOT DISTINCT FROM",
            Self::Mysql => "<=>",
        }
    }

    /// A condition: a column has another value, NULL being one.
    pub(crate) fn differs(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("({column} IS NOT ?)"),
            Self::Postgres => format!("({column} IS DISTINCT FROM ?)"),
            Self::Mysql => format!("(NOT ({column} <=> ?))"),
        }
    }

    /// A condition: a text contains another.
    pub(crate) fn contains(self, column: &str) -> String {
        match self {
            Self::Sqlite | Self::Mysql => format!("instr({column}, ?) > 0"),
            Self::Postgres => format!("strpos({column}, ?) > 0"),
        }
    }

    /// Stores a secret, unless there is one of that name.
    pub(super) fn keep_key(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => {
                "INSERT INTO arcana_keys (name, secret) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
            }
            Self::Mysql => "INSERT INTO arcana_keys (name, secret) VALUES (?, ?) ON DUPLICATE KEY UPDATE name = name",
        }
    }

    /// Notes which fields the words of a table were made of.
    pub(crate) fn note_words(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => {
                "INSERT INTO arcana_words (name, fields) VALUES (?, ?) \
                 ON CONFLICT (name) DO UPDATE SET fields = excluded.fields"
            }
            Self::Mysql => {
                "INSERT INTO arcana_words (name, fields) VALUES (?, ?) \
                 ON DUPLICATE KEY UPDATE fields = VALUES(fields)"
            }
        }
    }

    /// A member of `ORDER BY`, with NULL before all values.
    pub(crate) fn order(self, column: &str, descending: bool, nullable: bool) -> String {
        let place = match (self, nullable, descending) {
            (Self::Postgres, true, false) => " NULLS FIRST",
            (Self::Postgres, true, true) => " NULLS LAST",
            _ => "",
        };
        format!("{column}{}{place}", if descending { " DESC" } else { "" })
    }

    /// Behind a query: its rows stay as they are until the commit. The embedded engine has one writer anyway.
    pub(super) fn keep_rows(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR SHARE",
            Self::Mysql => " LOCK IN SHARE MODE",
        }
    }

    /// Behind a query: nobody else writes or keeps its rows until the commit.
    pub(crate) fn hold_rows(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres | Self::Mysql => " FOR UPDATE",
        }
    }

    #[cfg(any(feature = "postgres", test))]
    /// A statement with its parameters as the engine counts them: `$1` for the first `?`.
    pub(super) fn numbered(self, sql: &str) -> Cow<'_, str> {
        if self != Self::Postgres || !sql.contains('?') {
            return Cow::Borrowed(sql);
        }
        let mut out = String::with_capacity(sql.len() + 16);
        let (mut number, mut quote) = (0, None);
        for c in sql.chars() {
            match (quote, c) {
                (None, '?') => {
                    number += 1;
                    // Writing to a String does not fail.
                    let _ = write!(out, "${number}");
                    continue;
                }
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), _) if c == open => quote = None,
                _ => {}
            }
            out.push(c);
        }
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_parameters_and_leaves_texts_alone() {
        let sql = "SELECT \"a?b\" FROM t WHERE x = ? AND y = 'it''s ?' AND z = ?";
        assert_eq!(Dialect::Sqlite.numbered(sql), sql);
        assert_eq!(Dialect::Postgres.numbered(sql), "SELECT \"a?b\" FROM t WHERE x = $1 AND y = 'it''s ?' AND z = $2");
    }
}
