//! Value rules, one function each, named as in `buf.validate` (protovalidate): what generated validators call.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::net::IpAddr;
use std::sync::OnceLock;

use regex::Regex;
use rust_decimal::Decimal;

use crate::context::SystemClock;
use crate::types::Timestamp;
use crate::violations::Violations;

/// A pattern in the syntax of RE2, compiled when it is first needed.
pub struct Pattern {
    text: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// From its text, which the generator has tried.
    pub const fn new(text: &'static str) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    fn is_match(&self, value: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(self.text).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(value))
    }
}

/// `1 character`, `2 characters`.
fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// At least so many characters.
pub fn min_len(found: &mut Violations, field: &str, value: &str, least: usize) {
    if value.chars().count() < least {
        found.add_with(
            field,
            "string.min_len",
            format!("must have at least {}", counted(least, "character")),
            "min",
            least,
        );
    }
}

/// At most so many characters.
pub fn max_len(found: &mut Violations, field: &str, value: &str, most: usize) {
    // A text of few bytes has few characters; counting them is for the rest.
    if value.len() > most && value.chars().count() > most {
        found.add_with(
            field,
            "string.max_len",
            format!("must have at most {}", counted(most, "character")),
            "max",
            most,
        );
    }
}

/// At least so many bytes.
pub fn min_bytes(found: &mut Violations, field: &str, value: &[u8], least: usize) {
    if value.len() < least {
        found.add_with(field, "bytes.min_len", format!("must have at least {}", counted(least, "byte")), "min", least);
    }
}

/// At most so many bytes.
pub fn max_bytes(found: &mut Violations, field: &str, value: &[u8], most: usize) {
    if value.len() > most {
        found.add_with(field, "bytes.max_len", format!("must have at most {}", counted(most, "byte")), "max", most);
    }
}

/// Matches a pattern.
pub fn pattern(found: &mut Violations, field: &str, value: &str, pattern: &Pattern) {
    if !pattern.is_match(value) {
        let message = format!("must match the pattern {}", pattern.text);
        found.add_with(field, "string.pattern", message, "pattern", pattern.text);
    }
}

/// Starts with a text.
pub fn prefix(found: &mut Violations, field: &str, value: &str, prefix: &str) {
    if !value.starts_with(prefix) {
        found.add_with(field, "string.prefix", format!("must start with {prefix:?}"), "prefix", prefix);
    }
}

/// Ends with a text.
pub fn suffix(found: &mut Violations, field: &str, value: &str, suffix: &str) {
    if !value.ends_with(suffix) {
        found.add_with(field, "string.suffix", format!("must end with {suffix:?}"), "suffix", suffix);
    }
}

/// Contains a text.
pub fn contains(found: &mut Violations, field: &str, value: &str, part: &str) {
    if !value.contains(part) {
        found.add_with(field, "string.contains", format!("must contain {part:?}"), "part", part);
    }
}

/// Does not contain a text.
pub fn not_contains(found: &mut Violations, field: &str, value: &str, part: &str) {
    if value.contains(part) {
        found.add_with(field, "string.not_contains", format!("must not contain {part:?}"), "part", part);
    }
}

/// An e-mail address as the HTML standard's `input type=email` takes it.
pub fn email(found: &mut Violations, field: &str, value: &str) {
    let atom = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let valid = value.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && local.len() <= 64 && local.chars().all(atom) && is_hostname(domain)
    });
    if !valid {
        found.add(field, "string.email", "must be an e-mail address, such as ada@example.com");
    }
}

/// A host name (RFC 1034).
pub fn hostname(found: &mut Violations, field: &str, value: &str) {
    if !is_hostname(value) {
        found.add(field, "string.hostname", "must be a host name, such as example.com");
    }
}

fn is_hostname(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.strip_suffix('.').unwrap_or(name).split('.').all(label)
}

/// An absolute URI (RFC 3986).
pub fn uri(found: &mut Violations, field: &str, value: &str) {
    let absolute = value.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    if !absolute || value.parse::<http::Uri>().is_err() {
        found.add(field, "string.uri", "must be an absolute URI, such as https://example.com/a");
    }
}

/// A UUID.
pub fn uuid(found: &mut Violations, field: &str, value: &str) {
    found.within(field, |found| crate::json::uuid(value, found));
}

/// An address of IP version 4 or 6.
pub fn ip(found: &mut Violations, field: &str, value: &str) {
    if value.parse::<IpAddr>().is_err() {
        found.add(field, "string.ip", "must be an IP address");
    }
}

/// Exactly a value; `kind` names the type in the rule, such as `int32`.
pub fn equal<T: PartialEq + Display>(found: &mut Violations, field: &str, kind: &str, value: &T, only: &T) {
    if value != only {
        found.add_with(field, &format!("{kind}.const"), format!("must be {only}"), "value", only);
    }
}

/// One of some values.
pub fn one_of<T: PartialEq + Display>(found: &mut Violations, field: &str, kind: &str, value: &T, known: &[T]) {
    if !known.contains(value) {
        let list = show(known);
        found.add_with(field, &format!("{kind}.in"), format!("must be one of {list}"), "in", &list);
    }
}

/// None of some values.
pub fn none_of<T: PartialEq + Display>(found: &mut Violations, field: &str, kind: &str, value: &T, barred: &[T]) {
    if barred.contains(value) {
        let list = show(barred);
        found.add_with(field, &format!("{kind}.not_in"), format!("must be none of {list}"), "not_in", &list);
    }
}

/// A value of an enum, by number, that says something: the first one means that nothing was said.
pub fn specified(found: &mut Violations, field: &str, number: i32) {
    if number == 0 {
        found.add(field, "required", "must be one of the values that mean something");
    }
}

fn show<T: Display>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Greater than a bound.
pub fn gt<T: PartialOrd + Display>(found: &mut Violations, field: &str, kind: &str, value: &T, bound: &T) {
    if value.partial_cmp(bound) != Some(Ordering::Greater) {
        found.add_with(field, &format!("{kind}.gt"), format!("must be greater than {bound}"), "bound", bound);
    }
}

/// At least a bound.
pub fn gte<T: PartialOrd + Display>(found: &mut Violations, field: &str, kind: &str, value: &T, bound: &T) {
    if !matches!(value.partial_cmp(bound), Some(Ordering::Greater | Ordering::Equal)) {
        found.add_with(field, &format!("{kind}.gte"), format!("must be at least {bound}"), "bound", bound);
    }
}

/// Less than a bound.
pub fn lt<T: PartialOrd + Display>(found: &mut Violations, field: &str, kind: &str, value: &T, bound: &T) {
    if value.partial_cmp(bound) != Some(Ordering::Less) {
        found.add_with(field, &format!("{kind}.lt"), format!("must be less than {bound}"), "bound", bound);
    }
}

/// At most a bound.
pub fn lte<T: PartialOrd + Display>(found: &mut Violations, field: &str, kind: &str, value: &T, bound: &T) {
    if !matches!(value.partial_cmp(bound), Some(Ordering::Less | Ordering::Equal)) {
        found.add_with(field, &format!("{kind}.lte"), format!("must be at most {bound}"), "bound", bound);
    }
}

/// A decimal that its column holds exactly.
pub fn decimal(found: &mut Violations, field: &str, value: &Decimal, precision: u32, scale: u32) {
    if !is_of(value, precision, scale) {
        let message = format!("must have at most {precision} digits, {scale} of them behind the point");
        found.add_with(field, "decimal.precision", message, "precision", precision);
    }
}

/// Whether a decimal has no more than so many digits, and no more than so many of them behind the point.
pub(crate) fn is_of(value: &Decimal, precision: u32, scale: u32) -> bool {
    let value = value.normalize();
    let whole = value.trunc().abs();
    // Nothing but zero has no digits before the point.
    let digits = if whole.is_zero() { 0 } else { whole.to_string().len() };
    value.scale() <= scale && digits <= (precision - scale) as usize
}

/// At least so many items.
pub fn min_items(found: &mut Violations, field: &str, count: usize, least: usize) {
    if count < least {
        found.add_with(
            field,
            "repeated.min_items",
            format!("must have at least {}", counted(least, "item")),
            "min",
            least,
        );
    }
}

/// At most so many items.
pub fn max_items(found: &mut Violations, field: &str, count: usize, most: usize) {
    if count > most {
        found.add_with(
            field,
            "repeated.max_items",
            format!("must have at most {}", counted(most, "item")),
            "max",
            most,
        );
    }
}

/// At least so many pairs.
pub fn min_pairs(found: &mut Violations, field: &str, count: usize, least: usize) {
    if count < least {
        found.add_with(field, "map.min_pairs", format!("must have at least {}", counted(least, "pair")), "min", least);
    }
}

/// At most so many pairs.
pub fn max_pairs(found: &mut Violations, field: &str, count: usize, most: usize) {
    if count > most {
        found.add_with(field, "map.max_pairs", format!("must have at most {}", counted(most, "pair")), "max", most);
    }
}

/// No item twice.
pub fn unique<T: Debug>(found: &mut Violations, field: &str, items: &[T]) {
    // Floats have no order of their own, but a text that tells them apart.
    let distinct: BTreeSet<String> = items.iter().map(|item| format!("{item:?}")).collect();
    if distinct.len() < items.len() {
        found.add(field, "repeated.unique", "must not have an item twice");
    }
}

/// In the past.
pub fn lt_now(found: &mut Violations, field: &str, value: &Timestamp) {
    use crate::context::Clock;
    if *value >= SystemClock.now() {
        found.add(field, "timestamp.lt_now", "must be in the past");
    }
}

/// In the future.
pub fn gt_now(found: &mut Violations, field: &str, value: &Timestamp) {
    use crate::context::Clock;
    if *value <= SystemClock.now() {
        found.add(field, "timestamp.gt_now", "must be in the future");
    }
}
