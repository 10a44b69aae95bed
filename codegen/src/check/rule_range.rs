//! Value rules leave some value possible.

use super::all_fields;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Rule};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for field in all_fields(model) {
        if let Some((low, high)) = contradiction(&field.rules) {
            found.push(
                Diagnostic::at(
                    "arcana::rule_range",
                    &field.span,
                    format!("no value of `{}` can be both {low} and {high}", field.name),
                )
                .help("raise the upper bound, or lower the other"),
            );
        }
    }
}

fn contradiction(rules: &[Rule]) -> Option<(String, String)> {
    let sizes = |min: fn(&Rule) -> Option<u64>, max: fn(&Rule) -> Option<u64>, what: &str| {
        let (low, high) = (rules.iter().filter_map(min).max()?, rules.iter().filter_map(max).min()?);
        (low > high).then(|| (format!("at least {low} {what}"), format!("at most {high}")))
    };
    let min_len = |rule: &Rule| if let Rule::MinLen(n) = rule { Some(*n) } else { None };
    let max_len = |rule: &Rule| if let Rule::MaxLen(n) = rule { Some(*n) } else { None };
    let min_bytes = |rule: &Rule| if let Rule::MinBytes(n) = rule { Some(*n) } else { None };
    let max_bytes = |rule: &Rule| if let Rule::MaxBytes(n) = rule { Some(*n) } else { None };
    let min_items = |rule: &Rule| match rule {
        Rule::MinItems(n) | Rule::MinPairs(n) => Some(*n),
        _ => None,
    };
    let max_items = |rule: &Rule| match rule {
        Rule::MaxItems(n) | Rule::MaxPairs(n) => Some(*n),
        _ => None,
    };
    sizes(min_len, max_len, "characters")
        .or_else(|| sizes(min_bytes, max_bytes, "bytes"))
        .or_else(|| sizes(min_items, max_items, "items"))
        .or_else(|| numbers(rules))
        .or_else(|| rules.iter().find_map(nested))
}

fn nested(rule: &Rule) -> Option<(String, String)> {
    match rule {
        Rule::Items(rules) | Rule::Keys(rules) | Rule::Values(rules) => contradiction(rules),
        _ => None,
    }
}

fn numbers(rules: &[Rule]) -> Option<(String, String)> {
    let bounds = rules.iter().filter_map(|rule| match rule {
        Rule::Gt(bound) | Rule::Gte(bound) | Rule::Lt(bound) | Rule::Lte(bound) | Rule::Const(bound) => Some(bound),
        _ => None,
    });
    if bounds.into_iter().any(|bound| bound == "NaN") {
        return Some(("a number".to_owned(), "compared with NaN".to_owned()));
    }
    for low in rules {
        let (Rule::Gt(least) | Rule::Gte(least)) = low else { continue };
        for high in rules {
            let (Rule::Lt(most) | Rule::Lte(most)) = high else { continue };
            let (Ok(a), Ok(b)) = (least.parse::<f64>(), most.parse::<f64>()) else { continue };
            let strict = matches!(low, Rule::Gt(_)) || matches!(high, Rule::Lt(_));
            if a > b || (strict && a >= b) {
                return Some((format!("above {least}"), format!("below {most}")));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::entity_codes;

    #[test]
    fn refuses_bounds_that_leave_nothing() {
        let text = "string a = 2 [(buf.validate.field).string = { min_len: 5 max_len: 4 }];";
        assert_eq!(entity_codes(super::check, text), ["arcana::rule_range"]);
        let number = "int32 a = 2 [(buf.validate.field).int32 = { gt: 5 lt: 5 }];";
        assert_eq!(entity_codes(super::check, number), ["arcana::rule_range"]);
        let fine = "int32 a = 2 [(buf.validate.field).int32 = { gte: 5 lte: 5 }];";
        assert!(entity_codes(super::check, fine).is_empty());
    }
}
