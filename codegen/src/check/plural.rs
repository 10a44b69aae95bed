//! Plurals can stand in a path, in a message's name and in Rust.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

/// Words that not even `r#` makes a name of Rust.
const NO_RAW: [&str; 4] = ["crate", "extern", "self", "super"];

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        let plural = resource.plural.as_str();
        let fits = plural.starts_with(|first: char| first.is_ascii_lowercase())
            && plural.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !NO_RAW.contains(&plural);
        if !fits {
            found.push(
                Diagnostic::at(
                    "arcana::plural",
                    &resource.span,
                    format!("`{plural}` cannot be the plural of `{}`", resource.name),
                )
                .help("write `option (google.api.resource) = { plural: \"…\" }` with small letters, digits and `_`")
                .word("plural"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    fn found(plural: &str) -> Vec<&'static str> {
        let options =
            format!("option (arcana.entity) = {{}}; option (google.api.resource) = {{ plural: \"{plural}\" }};");
        codes(super::check, &format!("import \"google/api/resource.proto\"; message Thing {{ {options} }}"))
    }

    #[test]
    fn refuses_what_is_no_name() {
        for plural in ["1st", "ünits", "self", "/"] {
            assert_eq!(found(plural), ["arcana::plural"], "{plural}");
        }
        assert!(found("orderLines").is_empty() && found("sheep").is_empty());
    }
}
