//! The outline of migrations: by the table of the statement, and the columns that a line names.

use super::{Line, Names};

pub(super) fn outline(names: &Names<'_>, text: &str) -> Vec<Line> {
    let mut table: Option<String> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        let bare = line.trim();
        let begins = table.is_none();
        if begins {
            table = table_of(names, bare);
        }
        let owner = table.as_ref().and_then(|table| names.tables.get(table));
        lines.push(match owner {
            Some(owner) if !bare.starts_with("--") && !bare.is_empty() => {
                let named = named(names, owner, bare);
                let creates = begins && bare.starts_with("CREATE TABLE");
                if named.is_empty() || creates {
                    Line::of(vec![owner.clone()], begins)
                } else {
                    Line::of(
                        named,
                        bare.split(' ').next().is_some_and(|word| !word.chars().all(|c| c.is_ascii_uppercase())),
                    )
                }
            }
            _ => Line::default(),
        });
        if bare.ends_with(';') {
            table = None;
        }
    }
    lines
}

/// The members that a line is about: of a reference those that refer, of an index those before the key.
fn named(names: &Names<'_>, owner: &str, line: &str) -> Vec<String> {
    let own = line.split(" REFERENCES ").next().unwrap_or(line);
    let mut named = names.named_on(owner, own);
    if line.contains("INDEX ") {
        let key = names.model.entity(owner).map(|entity| entity.key.fields.as_slice()).unwrap_or_default();
        let is_key = |name: &String| key.iter().any(|field| *name == format!("{owner}.{field}"));
        if !named.iter().all(is_key) {
            named.retain(|name| !is_key(name) && name != owner);
        }
    }
    named
}

/// The table that a statement is about.
fn table_of(names: &Names<'_>, line: &str) -> Option<String> {
    let words: Vec<String> = line
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let verb = words.first()?.as_str();
    if !matches!(verb, "CREATE" | "ALTER" | "DROP" | "INSERT" | "UPDATE" | "DELETE") {
        return None;
    }
    // An index that goes is named alone, and begins with the name of its table.
    let known = words.iter().skip(1).find(|word| names.tables.contains_key(*word)).cloned();
    known.or_else(|| {
        let tables =
            names.tables.keys().filter(|table| words.iter().any(|word| word.starts_with(&format!("{table}_"))));
        tables.max_by_key(|table| table.len()).cloned()
    })
}
