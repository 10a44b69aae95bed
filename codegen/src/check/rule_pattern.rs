//! Patterns of value rules are regular expressions that the service can run.

use regex::Regex;

use super::all_fields;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Rule, Span};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for field in all_fields(model) {
        patterns(&field.rules, &field.span, found);
    }
}

fn patterns(rules: &[Rule], span: &Span, found: &mut Diagnostics) {
    for rule in rules {
        match rule {
            Rule::Items(inner) | Rule::Keys(inner) | Rule::Values(inner) => patterns(inner, span, found),
            Rule::Pattern(pattern) => {
                if let Err(error) = Regex::new(pattern) {
                    let why = error.to_string();
                    let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    found.push(
                        Diagnostic::at("arcana::rule_pattern", span, format!("`{pattern}` is no pattern: {why}"))
                            .help("write it in the syntax of RE2, as buf.validate says; look-around and back-references are not in it")
                            .word("pattern"),
                    );
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::entity_codes;

    #[test]
    fn refuses_what_does_not_compile() {
        let field = |pattern: &str| format!("string a = 2 [(buf.validate.field).string.pattern = {pattern:?}];");
        for pattern in ["(", "a(?=b)", "(a)\\1", "a{9,1}"] {
            assert_eq!(entity_codes(super::check, &field(pattern)), ["arcana::rule_pattern"], "{pattern}");
        }
        assert!(entity_codes(super::check, &field("^[A-Z]{2}\\d+$")).is_empty());
    }
}
