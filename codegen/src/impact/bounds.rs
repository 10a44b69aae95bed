//! Value rules: whether the values that a request may send become fewer.

use std::collections::BTreeSet;

use crate::contract::Field;

/// A rule that differs.
pub(super) struct Bound {
    /// Such as `max_len 32 → 16`.
    pub(super) what: String,
    /// Values that were taken are not.
    pub(super) narrower: bool,
    /// It says how long a text may be, which the storage follows.
    pub(super) is_length: bool,
}

/// Where a range begins or ends, and whether that value is left out.
type End = (f64, bool);

/// Rules that differ, in the order of their names.
pub(super) fn narrowings(old: &Field, new: &Field) -> Vec<Bound> {
    let names: BTreeSet<&String> = old.rules.keys().chain(new.rules.keys()).collect();
    let mut done = BTreeSet::new();
    let mut found = Vec::new();
    for name in names {
        let (before, after) = (old.rules.get(name), new.rules.get(name));
        if before == after {
            continue;
        }
        let (prefix, bare) = name.rsplit_once('.').map_or(("", name.as_str()), |(outer, bare)| (outer, bare));
        let end = matches!(bare, "gt" | "gte" | "lt" | "lte").then(|| bare.trim_end_matches('e'));
        let Some(end) = end else {
            let said = |value: Option<&String>| value.map_or("none", String::as_str).to_owned();
            let what = format!("{name} {} → {}", said(before), said(after));
            let narrower = is_narrower(bare, before.map(String::as_str), after.map(String::as_str));
            found.push(Bound { what, narrower, is_length: name == "max_len" });
            continue;
        };
        if !done.insert((prefix, end)) {
            continue;
        }
        let [(before, said), (after, says)] = [old, new].map(|field| ending(field, prefix, end));
        let narrower = match (before, after) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(before), Some(after)) if end == "gt" => {
                after.0 > before.0 || (after.0 == before.0 && after.1 && !before.1)
            }
            (Some(before), Some(after)) => after.0 < before.0 || (after.0 == before.0 && after.1 && !before.1),
        };
        let dot = if prefix.is_empty() { String::new() } else { format!("{prefix}.") };
        found.push(Bound { what: format!("{dot}{said} → {says}"), narrower, is_length: false });
    }
    found
}

/// Where a range ends, in one form for whole numbers, and what the rule says.
fn ending(field: &Field, prefix: &str, end: &str) -> (Option<End>, String) {
    let key = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    let ty = field.ty.as_str();
    let whole = ty.contains("int") || ty.contains("fixed");
    let inclusive = format!("{end}e");
    for (name, open) in [(end, true), (inclusive.as_str(), false)] {
        if let Some(value) = field.rules.get(&key(name)) {
            let said = format!("{name} {value}");
            let Ok(number) = value.parse::<f64>() else { return (None, said) };
            let step = if end == "gt" { 1.0 } else { -1.0 };
            // No whole number without a sign is below zero.
            if end == "gt"
                && whole
                && (ty.starts_with('u') || ty.starts_with("fixed"))
                && number < f64::from(u8::from(!open))
            {
                return (None, said);
            }
            let at = if whole && open { (number + step, false) } else { (number, open) };
            return (Some(at), said);
        }
    }
    (None, "none".to_owned())
}

fn is_narrower(name: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let Some(after) = after else { return false };
    let number = |text: &str| text.parse::<u64>().ok();
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
    match (name, before) {
        ("in", Some(before)) => list(before).iter().any(|value| !list(after).contains(value)),
        ("not_in", Some(before)) => list(after).iter().any(|value| !list(before).contains(value)),
        (_, None) if name.starts_with("min_") => number(after) != Some(0),
        (_, None) => true,
        (_, Some(before)) if name.starts_with("min_") => number(after) > number(before),
        (_, Some(before)) if name.starts_with("max_") => number(after) < number(before),
        (_, Some(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ty: &str, old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<(String, bool)> {
        let field = |rules: &[(&str, &str)]| Field {
            ty: ty.to_owned(),
            rules: rules.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..Field::default()
        };
        narrowings(&field(old), &field(new)).into_iter().map(|bound| (bound.what, bound.narrower)).collect()
    }

    #[test]
    fn a_bound_is_narrower_if_values_fall_out() {
        let said = |what: &str, narrower| vec![(what.to_owned(), narrower)];
        assert_eq!(of("string", &[("max_len", "32")], &[("max_len", "16")]), said("max_len 32 → 16", true));
        assert_eq!(of("string", &[("max_len", "16")], &[("max_len", "32")]), said("max_len 16 → 32", false));
        assert_eq!(of("string", &[("max_len", "16")], &[]), said("max_len 16 → none", false));
        assert_eq!(of("string", &[], &[("min_len", "0")]), said("min_len none → 0", false));
        assert_eq!(of("string", &[("min_len", "1")], &[("min_len", "2")]), said("min_len 1 → 2", true));
        assert_eq!(of("string", &[("pattern", "a")], &[("pattern", "b")]), said("pattern a → b", true));
        let lists = (&[("in", r#"["a","b"]"#)], &[("in", r#"["a"]"#)]);
        assert_eq!(of("string", lists.0, lists.1), said(r#"in ["a","b"] → ["a"]"#, true));
        assert_eq!(of("string", lists.1, lists.0), said(r#"in ["a"] → ["a","b"]"#, false));
    }

    #[test]
    fn the_ends_of_a_range_are_compared_in_either_form() {
        let said = |what: &str, narrower| vec![(what.to_owned(), narrower)];
        assert_eq!(of("int32", &[("gt", "0")], &[("gte", "1")]), said("gt 0 → gte 1", false));
        assert_eq!(of("double", &[("gt", "0")], &[("gte", "1")]), said("gt 0 → gte 1", true));
        assert_eq!(of("double", &[("gte", "1")], &[("gt", "1")]), said("gte 1 → gt 1", true));
        assert_eq!(of("int32", &[("lte", "100")], &[("lt", "100")]), said("lte 100 → lt 100", true));
        assert_eq!(of("uint32", &[], &[("gte", "0")]), said("none → gte 0", false));
        assert_eq!(of("uint32", &[], &[("gt", "0")]), said("none → gt 0", true));
        assert_eq!(of("int32", &[("items.lt", "100")], &[]), said("items.lt 100 → none", false));
    }
}
