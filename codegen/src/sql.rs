//! Names and texts as all databases read them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

pub(crate) mod condition;
pub(crate) mod constraint;
mod reserved;

static RESERVED: LazyLock<BTreeSet<&str>> = LazyLock::new(|| reserved::WORDS.split_whitespace().collect());

const ENUM_LENGTH_STEP: u64 = 64;

/// A name, quoted only where one of the databases wants it: generated statements are one text for all of them.
pub(crate) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Names, with commas.
pub(crate) fn quoted_list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// Characters that a column of an enum has room for: more than its names need, so that a new one seldom alters it.
pub(crate) fn enum_length<'a>(names: impl Iterator<Item = &'a str>) -> u64 {
    let longest = names.map(|name| name.chars().count()).max().unwrap_or_default();
    (longest as u64).div_ceil(ENUM_LENGTH_STEP).max(1) * ENUM_LENGTH_STEP
}

/// A text literal.
pub(crate) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_only_what_must_be() {
        assert_eq!(quoted("orders"), "orders");
        assert_eq!(quoted("Odd\"name"), "\"Odd\"\"name\"");
        for word in ["order", "user", "rank", "groups", "system", "lateral", "glob"] {
            assert_eq!(quoted(word), format!("\"{word}\""));
        }
    }
}
