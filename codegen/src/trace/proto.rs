//! The outline of the published contract.

use super::{Line, Names};

/// Whom each line belongs to: comments to what they stand above, options to what they stand in.
pub(super) fn outline(names: &Names<'_>, text: &str) -> Vec<Line> {
    let package = text.lines().find_map(|line| line.strip_prefix("package ")).unwrap_or_default();
    let mut outer: Vec<String> = vec![package.trim_end_matches(';').to_owned()];
    let mut lines: Vec<Line> = Vec::new();
    let mut last = Line::default();
    let mut depth = 0_usize;
    for line in text.lines() {
        let bare = line.trim();
        let inside = outer.join(".");
        let mut words = bare.split(|c: char| c.is_whitespace() || "({".contains(c)).filter(|word| !word.is_empty());
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let block = matches!(first, "message" | "enum" | "service") && bare.ends_with(['{', '}']);
        let named = if block || first == "rpc" { Some(second) } else { member(bare) };
        if let Some(name) = named.filter(|_| depth + 1 == outer.len() || block) {
            // The fields of a derived message are no fields of its entity.
            let derived = names.derived.contains_key(&inside);
            last = Line::of(owner(names, &inside, name), !derived);
        } else {
            last.declares = false;
        }
        lines.push(if bare.is_empty() { Line::default() } else { last.clone() });
        let opens = bare.matches('{').count();
        let closes = bare.matches('}').count();
        if block && opens > closes {
            outer.push(second.to_owned());
        }
        depth = (depth + opens).saturating_sub(closes);
        if closes > opens && depth + 1 < outer.len() {
            outer.pop();
            last = Line::of(owner(names, &outer.join("."), ""), false);
        }
    }
    above(text, &mut lines, |line| line.trim_start().starts_with("//"));
    lines
}

/// Lines of a kind belong to what follows them.
pub(super) fn above(text: &str, lines: &mut [Line], is_above: fn(&str) -> bool) {
    let texts: Vec<&str> = text.lines().collect();
    for index in (0..lines.len().saturating_sub(1)).rev() {
        if texts.get(index).is_some_and(|line| is_above(line)) {
            let owners = lines.get(index + 1).map(|line| line.owners.clone()).unwrap_or_default();
            if let Some(line) = lines.get_mut(index) {
                *line = Line::of(owners, false);
            }
        }
    }
}

/// Name of the field or value that a line declares: `optional string number = 2 [`.
fn member(line: &str) -> Option<&str> {
    let (head, number) = line.split_once(" = ")?;
    let first = number.chars().next()?;
    let plain =
        !head.contains(['(', '"', ':']) && (first.is_ascii_digit() || first == '-') && !head.starts_with("syntax");
    head.rsplit(' ').next().filter(|_| plain)
}

/// The one of that name inside another; what is derived belongs to its entity.
fn owner(names: &Names<'_>, inside: &str, name: &str) -> Vec<String> {
    let full_name = if name.is_empty() { inside.to_owned() } else { format!("{inside}.{name}") };
    let derived = names.derived.get(&full_name).or_else(|| names.derived.get(inside));
    if names.subjects.contains_key(&full_name) {
        vec![full_name]
    } else if let Some(entity) = derived {
        vec![entity.clone()]
    } else if names.subjects.contains_key(inside) {
        vec![inside.to_owned()]
    } else {
        Vec::new()
    }
}
