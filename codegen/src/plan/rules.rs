//! Value rules of a field as calls of the runtime's checks.

use super::fields::float;
use super::types::{constant, identifier, literal};
use crate::model::{Field, FieldRole, Rule, Type};

/// The checks of one message.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    /// Statements for members that clients send.
    pub input: Vec<String>,
    /// Statements for members that the service computes.
    pub stored: Vec<String>,
    /// Patterns: name of the static and text.
    pub patterns: Vec<(String, String)>,
}

/// All checks of a message whose Rust type is called `owner`; `children` validates an owned child by its type.
pub fn checks(owner: &str, fields: &[Field]) -> Checks {
    let mut checks = Checks::default();
    for field in fields {
        let mut lines = Vec::new();
        statements(owner, field, &mut lines, &mut checks.patterns);
        if field.output_only { checks.stored.extend(lines) } else { checks.input.extend(lines) }
    }
    checks
}

fn statements(owner: &str, field: &Field, lines: &mut Vec<String>, patterns: &mut Vec<(String, String)>) {
    let member = format!("row.{}", identifier(&field.name));
    let name = literal(&field.name);
    let mut inner = Inner { prefix: format!("{}_{}", constant(owner), constant(&field.name)), patterns };
    let place = if field.optional { "value".to_owned() } else { member.clone() };
    let body = inner.of_value(&field.ty, &field.rules, &name, &place, field.optional, field.role);
    if body.is_empty() {
        return;
    }
    if !field.optional {
        lines.extend(body);
        return;
    }
    lines.push(format!("if let Some(value) = &{member} {{"));
    lines.extend(body.into_iter().map(|line| format!("    {line}")));
    lines.push("}".to_owned());
}

struct Inner<'p> {
    prefix: String,
    patterns: &'p mut Vec<(String, String)>,
}

impl Inner<'_> {
    /// Statements for a value; `borrowed` says whether `value` is a reference already.
    fn of_value(
        &mut self,
        ty: &Type,
        rules: &[Rule],
        name: &str,
        value: &str,
        borrowed: bool,
        role: FieldRole,
    ) -> Vec<String> {
        let reference = if borrowed { value.to_owned() } else { format!("&{value}") };
        let mut lines: Vec<String> = Vec::new();
        if let Type::Decimal { precision, scale } = ty {
            lines.push(format!("check::decimal(found, {name}, {reference}, {precision}, {scale});"));
        }
        for rule in rules {
            lines.extend(self.of_rule(ty, rule, name, value, &reference));
        }
        match ty {
            Type::Message(_) => {
                lines.push(format!("found.within({name}, |found| {value}.validate(found));"));
            }
            Type::List(item) => match &**item {
                Type::Message(_) => lines.extend(each(name, value, "item.validate(found);")),
                Type::Resource(_) if role == FieldRole::Owned => {
                    lines.extend(each(name, value, "item.validate(what, found);"));
                }
                Type::Decimal { precision, scale } => {
                    let check = format!("check::decimal(found, \"\", item, {precision}, {scale});");
                    lines.extend(each(name, value, &check));
                }
                _ => {}
            },
            Type::Map(_, item) if matches!(**item, Type::Message(_)) => {
                lines.push(format!("for (key, item) in {reference} {{"));
                let place = format!("&format!(\"{{}}[{{key:?}}]\", {name})");
                lines.push(format!("    found.within({place}, |found| item.validate(found));"));
                lines.push("}".to_owned());
            }
            _ => {}
        }
        lines
    }

    fn of_rule(&mut self, ty: &Type, rule: &Rule, name: &str, value: &str, reference: &str) -> Vec<String> {
        let kind = kind(ty);
        let text = match ty {
            Type::Id { .. } => format!("&{value}.to_string()"),
            _ => reference.to_owned(),
        };
        let bytes = match ty {
            Type::Bytes => format!("&{value}.0"),
            _ => format!("{value}.as_bytes()"),
        };
        let one = |call: String| vec![call];
        match rule {
            Rule::MinLen(least) => one(format!("check::min_len(found, {name}, {text}, {least});")),
            Rule::MaxLen(most) => one(format!("check::max_len(found, {name}, {text}, {most});")),
            Rule::MinBytes(least) => one(format!("check::min_bytes(found, {name}, {bytes}, {least});")),
            Rule::MaxBytes(most) => one(format!("check::max_bytes(found, {name}, {bytes}, {most});")),
            Rule::Pattern(pattern) => {
                let constant = if self.patterns.iter().any(|(known, _)| *known == self.prefix) {
                    format!("{}_{}", self.prefix, self.patterns.len())
                } else {
                    self.prefix.clone()
                };
                self.patterns.push((constant.clone(), literal(pattern)));
                one(format!("check::pattern(found, {name}, {text}, &{constant});"))
            }
            Rule::Prefix(part) => one(format!("check::prefix(found, {name}, {text}, {});", literal(part))),
            Rule::Suffix(part) => one(format!("check::suffix(found, {name}, {text}, {});", literal(part))),
            Rule::Contains(part) => one(format!("check::contains(found, {name}, {text}, {});", literal(part))),
            Rule::NotContains(part) => one(format!("check::not_contains(found, {name}, {text}, {});", literal(part))),
            Rule::Email => one(format!("check::email(found, {name}, {text});")),
            Rule::Hostname => one(format!("check::hostname(found, {name}, {text});")),
            Rule::Uri => one(format!("check::uri(found, {name}, {text});")),
            Rule::Uuid => one(format!("check::uuid(found, {name}, {text});")),
            Rule::Ip => one(format!("check::ip(found, {name}, {text});")),
            Rule::Const(only) => one(compare("equal", ty, name, kind, value, reference, only)),
            Rule::Gt(bound) => one(compare("gt", ty, name, kind, value, reference, bound)),
            Rule::Gte(bound) => one(compare("gte", ty, name, kind, value, reference, bound)),
            Rule::Lt(bound) => one(compare("lt", ty, name, kind, value, reference, bound)),
            Rule::Lte(bound) => one(compare("lte", ty, name, kind, value, reference, bound)),
            Rule::In(values) => one(among("one_of", ty, name, kind, value, reference, values)),
            Rule::NotIn(values) => one(among("none_of", ty, name, kind, value, reference, values)),
            Rule::Specified => one(format!("check::specified(found, {name}, {value}.number());")),
            // Values that are not finite or not defined never get as far as this.
            Rule::Finite | Rule::DefinedOnly => Vec::new(),
            Rule::MinItems(least) => one(format!("check::min_items(found, {name}, {value}.len(), {least});")),
            Rule::MaxItems(most) => one(format!("check::max_items(found, {name}, {value}.len(), {most});")),
            Rule::MinPairs(least) => one(format!("check::min_pairs(found, {name}, {value}.len(), {least});")),
            Rule::MaxPairs(most) => one(format!("check::max_pairs(found, {name}, {value}.len(), {most});")),
            Rule::Unique => one(format!("check::unique(found, {name}, {reference});")),
            Rule::LtNow => one(format!("check::lt_now(found, {name}, {reference});")),
            Rule::GtNow => one(format!("check::gt_now(found, {name}, {reference});")),
            Rule::Items(rules) => match ty {
                Type::List(item) => {
                    self.of_parts(item, rules, name, &format!("(index, item) in {value}.iter().enumerate()"))
                }
                _ => Vec::new(),
            },
            Rule::Keys(rules) => match ty {
                Type::Map(key, _) => {
                    self.of_parts(key, rules, name, &format!("(key, item) in {value}.keys().map(|key| (key, key))"))
                }
                _ => Vec::new(),
            },
            Rule::Values(rules) => match ty {
                Type::Map(_, item) => self.of_parts(item, rules, name, &format!("(key, item) in {value}.iter()")),
                _ => Vec::new(),
            },
        }
    }

    /// A loop over items, keys or values, each checked at its place.
    fn of_parts(&mut self, ty: &Type, rules: &[Rule], name: &str, pairs: &str) -> Vec<String> {
        let mut inner = Vec::new();
        for rule in rules {
            inner.extend(self.of_rule(ty, rule, "\"\"", "item", "item"));
        }
        if inner.is_empty() {
            return inner;
        }
        let place = match pairs.starts_with("(index") {
            true => format!("    found.item({name}, index, |found| {{"),
            false => format!("    found.within(&format!(\"{{}}[{{key:?}}]\", {name}), |found| {{"),
        };
        let mut lines = vec![format!("for {pairs} {{"), place];
        lines.extend(inner.into_iter().map(|line| format!("        {line}")));
        lines.push("    });".to_owned());
        lines.push("}".to_owned());
        lines
    }
}

fn each(name: &str, value: &str, call: &str) -> Vec<String> {
    vec![
        format!("for (index, item) in {value}.iter().enumerate() {{"),
        format!("    found.item({name}, index, |found| {});", call.trim_end_matches(';')),
        "}".to_owned(),
    ]
}

fn compare(check: &str, ty: &Type, name: &str, kind: &str, value: &str, reference: &str, bound: &str) -> String {
    match ty {
        Type::Enum(_) => format!("check::{check}(found, {name}, {kind:?}, &{value}.number(), &{bound});"),
        Type::Id { .. } => format!("check::{check}(found, {name}, {kind:?}, &{value}.0, &{bound});"),
        Type::String => {
            format!("check::{check}(found, {name}, {kind:?}, {reference}, &{}.to_owned());", literal(bound))
        }
        _ => format!("check::{check}(found, {name}, {kind:?}, {reference}, &{});", number(ty, bound)),
    }
}

fn among(check: &str, ty: &Type, name: &str, kind: &str, value: &str, reference: &str, values: &[String]) -> String {
    let list: Vec<String> = values
        .iter()
        .map(|value| match ty {
            Type::String => format!("{}.to_owned()", literal(value)),
            _ => number(ty, value),
        })
        .collect();
    let list = list.join(", ");
    match ty {
        Type::Enum(_) => format!("check::{check}(found, {name}, {kind:?}, &{value}.number(), &[{list}]);"),
        Type::Id { .. } => format!("check::{check}(found, {name}, {kind:?}, &{value}.0, &[{list}]);"),
        _ => format!("check::{check}(found, {name}, {kind:?}, {reference}, &[{list}]);"),
    }
}

fn number(ty: &Type, text: &str) -> String {
    match ty {
        Type::F32 | Type::F64 => float(ty, text),
        _ => text.to_owned(),
    }
}

/// The type as rules of protovalidate name it.
fn kind(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::I32 => "int32",
        Type::I64 | Type::Id { .. } => "int64",
        Type::U32 => "uint32",
        Type::U64 => "uint64",
        Type::F32 => "float",
        Type::F64 => "double",
        Type::Enum(_) => "enum",
        Type::Bytes => "bytes",
        Type::Timestamp => "timestamp",
        Type::Duration => "duration",
        _ => "string",
    }
}
