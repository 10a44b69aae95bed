//! `buf.validate` to [`Rule`]; what has no counterpart is named, not dropped.

use prost_reflect::{DynamicMessage, FieldDescriptor, Value};

use crate::annotation::FieldRules;
use crate::model::Rule;

/// Reads `(buf.validate.field)` of a field, or `items`, `keys` or `values` of its rules.
pub(super) fn field_rules(options: &DynamicMessage) -> FieldRules {
    let mut read = FieldRules::default();
    for (field, value) in options.fields() {
        match (field.name(), value) {
            ("required", value) => read.required = value.as_bool().unwrap_or_default(),
            ("cel" | "cel_expression" | "ignore" | "any" | "field_mask", _) => {
                read.unsupported.push(field.name().to_owned())
            }
            (kind, Value::Message(rules)) => {
                read.kind = Some(kind.to_owned());
                for (member, value) in rules.fields() {
                    typed_rule(kind, &member, value, &mut read);
                }
            }
            (name, _) => read.unsupported.push(name.to_owned()),
        }
        // Predefined rules of the user's own are extensions.
    }
    read
}

fn typed_rule(kind: &str, member: &FieldDescriptor, value: &Value, read: &mut FieldRules) {
    let name = member.name();
    let rules = match kind {
        "string" => string_rule(name, value),
        "bytes" => bytes_rule(name, value),
        "repeated" | "map" => return collection_rule(kind, name, value, read),
        "timestamp" => match name {
            "lt_now" => flag(value, Rule::LtNow),
            "gt_now" => flag(value, Rule::GtNow),
            _ => None,
        },
        "duration" => None,
        _ => number_rule(name, value),
    };
    match rules {
        Some(rules) => read.rules.extend(rules),
        None if name == "example" => {}
        None => read.unsupported.push(format!("{kind}.{name}")),
    }
}

fn string_rule(name: &str, value: &Value) -> Option<Vec<Rule>> {
    let text = || value.as_str().map(str::to_owned);
    let size = || value.as_u64();
    Some(match name {
        "len" => vec![Rule::MinLen(size()?), Rule::MaxLen(size()?)],
        "min_len" => vec![Rule::MinLen(size()?)],
        "max_len" => vec![Rule::MaxLen(size()?)],
        "len_bytes" => vec![Rule::MinBytes(size()?), Rule::MaxBytes(size()?)],
        "min_bytes" => vec![Rule::MinBytes(size()?)],
        "max_bytes" => vec![Rule::MaxBytes(size()?)],
        "pattern" => vec![Rule::Pattern(text()?)],
        "prefix" => vec![Rule::Prefix(text()?)],
        "suffix" => vec![Rule::Suffix(text()?)],
        "contains" => vec![Rule::Contains(text()?)],
        "not_contains" => vec![Rule::NotContains(text()?)],
        "const" => vec![Rule::Const(text()?)],
        "in" => vec![Rule::In(list(value))],
        "not_in" => vec![Rule::NotIn(list(value))],
        "email" => return flag(value, Rule::Email),
        "hostname" => return flag(value, Rule::Hostname),
        "uri" => return flag(value, Rule::Uri),
        "uuid" => return flag(value, Rule::Uuid),
        "ip" => return flag(value, Rule::Ip),
        _ => return None,
    })
}

fn bytes_rule(name: &str, value: &Value) -> Option<Vec<Rule>> {
    let size = value.as_u64()?;
    Some(match name {
        "len" => vec![Rule::MinBytes(size), Rule::MaxBytes(size)],
        "min_len" => vec![Rule::MinBytes(size)],
        "max_len" => vec![Rule::MaxBytes(size)],
        _ => return None,
    })
}

/// Numbers, booleans and enums.
fn number_rule(name: &str, value: &Value) -> Option<Vec<Rule>> {
    Some(match name {
        "const" => vec![Rule::Const(value_text(value))],
        "in" => vec![Rule::In(list(value))],
        "not_in" => vec![Rule::NotIn(list(value))],
        "gt" => vec![Rule::Gt(value_text(value))],
        "gte" => vec![Rule::Gte(value_text(value))],
        "lt" => vec![Rule::Lt(value_text(value))],
        "lte" => vec![Rule::Lte(value_text(value))],
        "finite" => return flag(value, Rule::Finite),
        "defined_only" => return flag(value, Rule::DefinedOnly),
        _ => return None,
    })
}

fn collection_rule(kind: &str, name: &str, value: &Value, read: &mut FieldRules) {
    let size = value.as_u64().unwrap_or_default();
    let mut nested = |wrap: fn(Vec<Rule>) -> Rule| {
        let inner = value.as_message().map(field_rules).unwrap_or_default();
        read.unsupported.extend(inner.unsupported.iter().map(|rule| format!("{kind}.{name}.{rule}")));
        match name {
            "keys" => read.key_kind = inner.kind,
            _ => read.item_kind = inner.kind,
        }
        wrap(inner.rules)
    };
    let rule = match name {
        "min_items" => Rule::MinItems(size),
        "max_items" => Rule::MaxItems(size),
        "min_pairs" => Rule::MinPairs(size),
        "max_pairs" => Rule::MaxPairs(size),
        "unique" if value.as_bool() == Some(true) => Rule::Unique,
        "items" => nested(Rule::Items),
        "keys" => nested(Rule::Keys),
        "values" => nested(Rule::Values),
        "unique" => return,
        _ => return read.unsupported.push(format!("{kind}.{name}")),
    };
    read.rules.push(rule);
}

/// A rule that is on or off; off is no rule.
fn flag(value: &Value, rule: Rule) -> Option<Vec<Rule>> {
    Some(if value.as_bool()? { vec![rule] } else { Vec::new() })
}

fn list(value: &Value) -> Vec<String> {
    value.as_list().unwrap_or_default().iter().map(value_text).collect()
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::I32(value) | Value::EnumNumber(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => value.to_string(),
        Value::F64(value) => value.to_string(),
        Value::String(value) => value.clone(),
        _ => String::new(),
    }
}
