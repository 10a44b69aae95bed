//! Names of the schema from names of the database.

use heck::ToSnakeCase;

/// The word for one row: `categories` to `category`, `InvoiceLine` stays.
pub(super) fn singular(table: &str) -> String {
    let name = table.to_snake_case();
    if let Some(stem) = name.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    if let Some(stem) = name.strip_suffix("es")
        && ["s", "x", "z", "ch", "sh"].iter().any(|end| stem.ends_with(end))
    {
        return stem.to_owned();
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u', 'i']) && !stem.is_empty() => stem.to_owned(),
        _ => name,
    }
}

/// The table that an entity has unless it says otherwise.
pub(super) fn plural(entity: &str) -> String {
    crate::lower::plural(entity)
}

/// A field, from the name of its column.
pub(super) fn field(column: &str) -> String {
    let name = column.to_snake_case();
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    match name.chars().next() {
        Some(first) if first.is_ascii_lowercase() => name,
        _ => format!("column_{name}"),
    }
}

/// A column of an index, without what is said of its order in the way that lists want it, and without quotes.
pub(super) fn unquoted(column: &str) -> &str {
    let column = column.strip_suffix(" NULLS FIRST").unwrap_or(column);
    column.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_for_one_row() {
        let found =
            ["categories", "InvoiceLine", "addresses", "boxes", "order_lines", "status", "bus", "news_items", "Genre"];
        let singulars = found.map(singular);
        assert_eq!(
            singulars,
            ["category", "invoice_line", "address", "box", "order_line", "status", "bus", "news_item", "genre"]
        );
    }
}
