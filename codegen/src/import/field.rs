//! Which type of the schema holds the values of a column, and whether the column keeps a type of its own.

use std::sync::LazyLock;

use regex::Regex;

use super::live::Column;
use crate::project::Dialect;

/// Longest text in an index.
pub(super) const INDEXED_MAX: u64 = 640;
/// Most digits of a decimal.
const DIGITS_MAX: u32 = 18;

/// A type of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mapped {
    Bool,
    /// With the name in protobuf.
    Whole(&'static str),
    Float,
    Double,
    /// With its bound.
    Text(Option<u64>),
    Bytes,
    Uuid,
    Decimal(u32, u32),
    Timestamp,
    Date,
    Struct,
}

/// How a column is taken over.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    pub mapped: Mapped,
    /// The type that it keeps, if it is not what Arcana would choose.
    pub storage_type: Option<String>,
    /// What is not the same.
    pub note: Option<String>,
}

impl Mapped {
    pub fn proto(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Whole(name) => name,
            Self::Float => "float",
            Self::Double => "double",
            Self::Text(_) | Self::Uuid | Self::Decimal(..) => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "google.protobuf.Timestamp",
            Self::Date => "google.type.Date",
            Self::Struct => "google.protobuf.Struct",
        }
    }
}

/// The type of the schema for a column, or why there is none.
pub(super) fn fit(dialect: Dialect, column: &Column) -> Result<Fit, String> {
    let (word, numbers) = parse(&column.ty);
    let found = match dialect {
        Dialect::Sqlite => sqlite(&word, &numbers),
        Dialect::Postgres => postgres(&word, &numbers),
        Dialect::Mysql => mysql(&word, &numbers, &column.ty),
    };
    let (mapped, own) = found.ok_or_else(|| format!("the type {} has no counterpart", column.ty))?;
    let note = match (&mapped, dialect) {
        (Mapped::Double, Dialect::Sqlite) if word.starts_with("NUM") || word.starts_with("DEC") => {
            Some(format!("{} is a double, because that is what SQLite holds", column.ty))
        }
        (Mapped::Text(_), Dialect::Sqlite) if word.contains("DATE") || word.contains("TIME") => {
            Some(format!("{} is a text, because that is what SQLite holds", column.ty))
        }
        _ => None,
    };
    Ok(Fit { mapped, storage_type: (!own).then(|| column.ty.clone()), note })
}

/// The type of a column that is a key or a reference, of which Arcana would make one of 64 bits.
pub(super) fn whole_type(dialect: Dialect, column: &Column) -> Option<String> {
    let own = match dialect {
        Dialect::Sqlite => "INTEGER",
        Dialect::Postgres | Dialect::Mysql => "bigint",
    };
    (column.ty != own).then(|| column.ty.clone())
}

/// `character varying(40)` as the words and the numbers.
fn parse(ty: &str) -> (String, Vec<u32>) {
    let (word, rest) = ty.split_once('(').unwrap_or((ty, ""));
    let (inside, behind) = rest.split_once(')').unwrap_or((rest, ""));
    let numbers = inside.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    (format!("{word}{behind}").trim().to_owned(), numbers)
}

fn text(numbers: &[u32]) -> Mapped {
    Mapped::Text(numbers.first().map(|bound| u64::from(*bound)))
}

fn decimal(numbers: &[u32]) -> Option<Mapped> {
    let precision = *numbers.first()?;
    let scale = numbers.get(1).copied().unwrap_or_default();
    (precision <= DIGITS_MAX && scale <= precision).then_some(Mapped::Decimal(precision, scale))
}

/// The type, and whether Arcana would choose the same for it.
fn sqlite(word: &str, numbers: &[u32]) -> Option<(Mapped, bool)> {
    let has = |part: &str| word.contains(part);
    let found = match word {
        "" | "ANY" => return None,
        "INTEGER" => (Mapped::Whole("int64"), true),
        "REAL" => (Mapped::Double, true),
        "TEXT" => (Mapped::Text(None), true),
        "BLOB" => (Mapped::Bytes, true),
        _ if has("BOOL") => (Mapped::Bool, false),
        _ if has("INT") => (Mapped::Whole("int64"), false),
        _ if has("CHAR") || has("CLOB") || has("TEXT") => (text(numbers), false),
        _ if has("BLOB") => (Mapped::Bytes, false),
        _ if has("REAL") || has("FLOA") || has("DOUB") => (Mapped::Double, false),
        _ if has("DATE") || has("TIME") => (Mapped::Text(None), false),
        _ if has("NUM") || has("DEC") => (Mapped::Double, false),
        _ => return None,
    };
    Some(found)
}

fn postgres(word: &str, numbers: &[u32]) -> Option<(Mapped, bool)> {
    let found = match word {
        "boolean" => (Mapped::Bool, true),
        "smallint" => (Mapped::Whole("int32"), false),
        "integer" => (Mapped::Whole("int32"), true),
        "bigint" => (Mapped::Whole("int64"), true),
        "real" => (Mapped::Float, false),
        "double precision" => (Mapped::Double, true),
        "numeric" => (decimal(numbers)?, true),
        "character varying" => (text(numbers), true),
        "text" => (Mapped::Text(None), true),
        "character" => (text(numbers), false),
        "timestamp with time zone" => (Mapped::Timestamp, numbers.is_empty()),
        "timestamp without time zone" => (Mapped::Timestamp, false),
        "date" => (Mapped::Date, true),
        "bytea" => (Mapped::Bytes, true),
        "uuid" => (Mapped::Uuid, true),
        "json" => (Mapped::Struct, true),
        "jsonb" => (Mapped::Struct, false),
        _ => return None,
    };
    Some(found)
}

fn mysql(word: &str, numbers: &[u32], written: &str) -> Option<(Mapped, bool)> {
    let found = match word {
        "tinyint" if numbers == [1] => (Mapped::Bool, true),
        "int" => (Mapped::Whole("int32"), true),
        "tinyint" | "smallint" | "mediumint" => (Mapped::Whole("int32"), false),
        "tinyint unsigned" | "smallint unsigned" | "mediumint unsigned" | "int unsigned" => {
            (Mapped::Whole("uint32"), false)
        }
        "bigint" => (Mapped::Whole("int64"), true),
        "bigint unsigned" => (Mapped::Whole("uint64"), false),
        "float" => (Mapped::Float, false),
        "double" => (Mapped::Double, true),
        "decimal" => (decimal(numbers)?, true),
        "char" => (text(numbers), false),
        "varchar" => (text(numbers), false),
        "longtext" => (Mapped::Text(None), true),
        "tinytext" | "text" | "mediumtext" => (Mapped::Text(None), false),
        "datetime" => (Mapped::Timestamp, numbers == [6]),
        "timestamp" => (Mapped::Timestamp, false),
        "date" => (Mapped::Date, true),
        "longblob" => (Mapped::Bytes, true),
        "tinyblob" | "blob" | "mediumblob" | "varbinary" => (Mapped::Bytes, false),
        "binary" if numbers == [16] => (Mapped::Uuid, true),
        "binary" => (Mapped::Bytes, false),
        "json" => (Mapped::Struct, false),
        // A longer list of names, or one with signs in it, is not what a schema may say as a type.
        "enum" if names(written).iter().all(|name| name.chars().all(plain)) => (Mapped::Text(Some(64)), false),
        _ => return None,
    };
    Some(found)
}

fn plain(c: char) -> bool {
    c.is_alphanumeric() || " _-.".contains(c)
}

/// The names of an `enum('lamp','bulb')`.
pub(super) fn names(ty: &str) -> Vec<String> {
    // Every second piece stands between quotes.
    if ty.starts_with("enum(") { ty.split('\'').skip(1).step_by(2).map(str::to_owned).collect() } else { Vec::new() }
}

/// `status IN ('OPEN', 'DONE')`, and what PostgreSQL makes of it.
static LISTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"^\(?"?(\w+)"?\)?(?:::[\w ]+)? (?:(?i:in) ?\(|= ANY \(+ARRAY\[)(.*)[\])](?:::[\w ]+(?:\[\])?|\))*$"#)
        .ok()
});

/// The values that a condition lists for a column, and nothing else.
pub(super) fn listed(condition: &str, column: &str) -> Option<Vec<String>> {
    let found = LISTS.as_ref()?.captures(condition)?;
    let list = found.get(2)?.as_str();
    if found.get(1)?.as_str() != column || list.contains(" AND ") || list.contains(" OR ") {
        return None;
    }
    // Every second piece stands between quotes.
    let values: Vec<String> = list.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    (!values.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_values_that_a_check_lists() {
        for condition in [
            "status IN ('open', 'done')",
            "status in('open', 'done')",
            "(status)::text = ANY ((ARRAY['open'::character varying, 'done'::character varying])::text[])",
            "status = ANY (ARRAY['open'::text, 'done'::text])",
        ] {
            assert_eq!(listed(condition, "status"), Some(vec!["open".to_owned(), "done".to_owned()]), "{condition}");
            assert_eq!(listed(condition, "state"), None);
        }
        for other in ["price >= 0", "length(status) <= 3", "status IN ('a') AND size IN ('b')", "size IN (1, 2)"] {
            assert_eq!(listed(other, "status"), None, "{other}");
            assert_eq!(listed(other, "size"), None, "{other}");
        }
    }
}
