//! Conditions of indexes: one text for all databases, of which some tell upper from lower case in names and some do not.

use super::quoted;

/// Words that are no columns.
const WORDS: [&str; 24] = [
    "and", "as", "between", "blob", "case", "cast", "else", "end", "false", "glob", "in", "integer", "is", "isnull",
    "like", "not", "notnull", "null", "or", "real", "text", "then", "true", "when",
];

/// Whether a word means something in a condition, and no column unless it is quoted.
pub(crate) fn is_word(word: &str) -> bool {
    WORDS.contains(&word.to_lowercase().as_str())
}

/// Byte behind the quote that closes the one at the start.
pub(crate) fn end_of_quoted(text: &str, quote: char) -> Option<usize> {
    let mut signs = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = signs.next() {
        if c == quote && signs.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + 1);
        }
    }
    None
}

/// The condition with its columns as they are named in the table: PostgreSQL finds `Number` under no other name.
pub(crate) fn exact(condition: &str, columns: &[&str]) -> String {
    let named = |name: &str| columns.iter().find(|column| column.eq_ignore_ascii_case(name)).map(|name| quoted(name));
    let (mut out, mut rest) = (String::new(), condition);
    while let Some(first) = rest.chars().next() {
        let (end, name) = match first {
            '\'' => (end_of_quoted(rest, first).unwrap_or(rest.len()), None),
            '"' => {
                let end = end_of_quoted(rest, first).unwrap_or(rest.len());
                (end, rest.get(1..end.saturating_sub(1)).and_then(named))
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end);
                (end, if is_word(word) || behind.trim_start().starts_with('(') { None } else { named(word) })
            }
            c => (c.len_utf8(), None),
        };
        let (part, behind) = rest.split_at(end);
        out.push_str(name.as_deref().unwrap_or(part));
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_columns_as_they_are() {
        let columns = ["From", "order", "paid_at", "text"];
        let exact = |condition: &str| exact(condition, &columns);
        assert_eq!(exact("\"from\" IS NOT NULL"), "\"From\" IS NOT NULL");
        assert_eq!(exact("PAID_AT > 3 AND ORDER = 'it''s FROM'"), "paid_at > 3 AND \"order\" = 'it''s FROM'");
        assert_eq!(
            exact("length(\"text\") < 3 OR cast(\"order\" AS text) = 'x"),
            "length(text) < 3 OR cast(\"order\" AS text) = 'x"
        );
    }
}
