//! The name that was probably meant.

/// `did you mean ...?`, or the names there are, or `otherwise`.
pub(crate) fn hint<'a>(word: &str, names: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let best = names
        .iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(word, name), *name))
        .filter(|(likeness, _)| *likeness > 0.65)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None if names.is_empty() || names.len() > 12 => otherwise.to_owned(),
        None => format!("{otherwise}; there are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn names_the_nearest() {
        assert_eq!(hint("custmer", ["customer", "order"], ""), "did you mean `customer`?");
        assert_eq!(hint("zzz", ["customer", "order"], "name one"), "name one; there are customer, order");
    }
}
