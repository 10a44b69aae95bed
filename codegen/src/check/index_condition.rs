//! Conditions of indexes are one expression over columns of their table.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Entity, Model};
use crate::nearest::hint;
use crate::sql::condition::{end_of_quoted, is_word};

/// Words of SQL that may stand in a condition beside columns and functions.
pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let conditions = entity.indexes.iter().filter_map(|index| index.condition.as_deref());
        for condition in conditions {
            if let Err((what, help)) = read(entity, condition) {
                found.push(
                    Diagnostic::at("arcana::index_condition", &entity.span, format!("`{condition}` {what}"))
                        .help(help)
                        .word("where"),
                );
            }
        }
    }
}

/// Reads a condition word by word; it is not parsed, but can neither end its statement nor name what is not there.
fn read(entity: &Entity, condition: &str) -> Result<(), (String, String)> {
    let refuse = |what: &str| {
        let help = "write one condition on columns of this table, such as `\"paid_at IS NULL\"`";
        Err((what.to_owned(), help.to_owned()))
    };
    let (mut rest, mut depth) = (condition, 0_usize);
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '\'' | '"' => match end_of_quoted(rest, first) {
                Some(end) if first == '"' => {
                    column(entity, rest.get(1..end - 1).unwrap_or_default())?;
                    end
                }
                Some(end) => end,
                None => return refuse("has a quote that is not closed"),
            },
            '(' => {
                depth += 1;
                1
            }
            ')' if depth == 0 => return refuse("closes more than it opens"),
            ')' => {
                depth -= 1;
                1
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end);
                if !is_word(word) && !behind.trim_start().starts_with('(') {
                    column(entity, word)?;
                }
                end
            }
            '-' if rest.starts_with("--") => return refuse("has a comment"),
            '/' if rest.starts_with("/*") => return refuse("has a comment"),
            c if c.is_ascii_digit() || " \t\n.,<>=!+-*/%|&~".contains(c) => 1,
            _ => return refuse(&format!("has a `{first}`, which is no part of a condition")),
        };
        rest = rest.get(len..).unwrap_or_default();
    }
    if depth > 0 { refuse("opens more than it closes") } else { Ok(()) }
}

fn column(entity: &Entity, name: &str) -> Result<(), (String, String)> {
    if entity.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let names = entity.columns.iter().map(|column| column.name.as_str());
    Err((format!("names `{name}`, which is no column"), hint(name, names, "name a column of this table")))
}

/// Behind the quote that closes, where a doubled one does not.
#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    fn found(condition: &str) -> usize {
        let index = format!("indexes: [{{ fields: [\"a\"] where: {condition:?} }}]");
        let options = format!("option (arcana.entity) = {{ soft_delete: true {index} }};");
        codes(super::check, &format!("message A {{ {options} int32 a = 1; string order = 2; }}")).len()
    }

    #[test]
    fn takes_conditions_on_columns() {
        for condition in
            ["a > 3 AND \"order\" IS NOT NULL", "length(\"order\") < 3", "a IN (1, -2)", "\"order\" = 'it''s; --'"]
        {
            assert_eq!(found(condition), 0, "{condition}");
        }
    }

    #[test]
    fn refuses_what_is_no_condition() {
        for condition in ["1; DROP TABLE a", "(a = 1", "a = 1)", "b = 1", "'", "a -- b", "a /* b", "a = ?", "\"b\" = 1"]
        {
            assert_eq!(found(condition), 1, "{condition}");
        }
    }
}
