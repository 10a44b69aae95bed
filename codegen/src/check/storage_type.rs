//! Types of columns are words of the database, and nothing more.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

/// Words that would begin a constraint.
const CONSTRAINTS: [&str; 11] =
    ["as", "check", "collate", "constraint", "default", "foreign", "generated", "not", "null", "primary", "references"];

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for column in model.entities.iter().flat_map(|entity| &entity.columns) {
        let Some(written) = &column.storage_type else { continue };
        if !is_type(written) {
            found.push(
                Diagnostic::at("arcana::storage_type", &column.span, format!("`{written}` is no type of a column"))
                    .help("write words, and numbers in brackets behind them, such as `VARCHAR(20)`")
                    .word("storage_type"),
            );
        }
    }
}

/// Words, then perhaps one or two numbers in brackets, or names in quotes; words may follow, as in
/// `timestamp(0) without time zone`.
fn is_type(written: &str) -> bool {
    let (words, rest) = written.split_once('(').unwrap_or((written, "0)"));
    let (numbers, behind) = rest.rsplit_once(')').map_or((None, ""), |(inside, behind)| (Some(inside), behind));
    let is_word = |word: &str| {
        let lower = word.to_lowercase();
        word.chars().all(|c| c.is_ascii_alphabetic()) && !CONSTRAINTS.contains(&lower.as_str()) && lower != "unique"
    };
    let is_number = |part: &str| {
        let part = part.trim();
        !part.is_empty() && part.chars().all(|c| c.is_ascii_digit())
    };
    let is_name = |part: &str| {
        let inner = part.trim().strip_prefix('\'').and_then(|part| part.strip_suffix('\''));
        inner.is_some_and(|inner| inner.chars().all(|c| c.is_alphanumeric() || " _-.".contains(c)))
    };
    let mut words = words.split_whitespace().peekable();
    words.peek().is_some()
        && words.all(is_word)
        && behind.split_whitespace().all(is_word)
        && numbers.is_some_and(|numbers| {
            let numbers: Vec<&str> = numbers.split(',').collect();
            numbers.len() <= 2 && numbers.iter().all(|part| is_number(part)) || numbers.iter().all(|part| is_name(part))
        })
}

#[cfg(test)]
mod tests {
    use super::super::testing::entity_codes;

    fn found(ty: &str) -> usize {
        let field = format!("string a = 2 [(arcana.field) = {{ storage_type: {ty:?} }}];");
        entity_codes(super::check, &field).len()
    }

    #[test]
    fn takes_words_and_numbers() {
        for ty in [
            "INTEGER",
            "VARCHAR(20)",
            "decimal(18, 2)",
            "DOUBLE PRECISION",
            "timestamp(0) without time zone",
            "enum('a','b')",
        ] {
            assert_eq!(found(ty), 0, "{ty}");
        }
    }

    #[test]
    fn refuses_what_says_more() {
        for ty in [
            "INTEGER); DROP TABLE x",
            "INT NOT NULL",
            "TEXT UNIQUE",
            "'",
            "(",
            "INT /*",
            "x\"y",
            "T()",
            "T(1,2,3)",
            "T(1) NOT NULL",
            "T(1)) x",
            "T(1",
        ] {
            assert_eq!(found(ty), 1, "{ty}");
        }
    }
}
