//! Examples: typed, within the rules, and of rows that a seeded database has.

use serde_json::{Map, Value, json};

use super::book::{Shape, is_fixed};
use super::value::literal;
use crate::emit::words::is_hidden;
use crate::fixture_id::fixture_uuid;
use crate::model::{Field, FieldRole, KeyKind, Model, Resource, Rule, Type, passes};

/// Messages inside messages end here, whatever the schema says.
const DEEPEST: usize = 6;
/// The row of the seed that no other row refers to.
const SPARE_ROW: usize = 7;
/// From here on, what may be empty is: a type may hold itself.
const SHALLOW: usize = 2;

/// A resource, as row 0 of the seed has it, or as a client would write it.
pub(super) fn resource(model: &Model, found: &Resource, shape: Shape) -> Value {
    match shape {
        Shape::Patch => patch(model, found),
        _ => object(model, &found.fields, shape, 0),
    }
}

/// An object of those fields.
pub(super) fn object(model: &Model, fields: &[Field], shape: Shape, depth: usize) -> Value {
    let mut members = Map::new();
    for field in fields.iter().filter(|field| !is_hidden(field)) {
        let shown = if shape == Shape::Read { !field.input_only } else { !field.output_only };
        if shown && !is_fixed(field, shape) {
            members.insert(field.name.clone(), value(model, field, shape, depth));
        }
    }
    Value::Object(members)
}

/// The key of a row of the seed that nothing refers to, so that it can be deleted.
pub(super) fn spare(model: &Model, field: &Field) -> Value {
    match &field.ty {
        Type::Id { entity, kind } => key(model, entity, *kind, field.json_string, SPARE_ROW),
        _ => value(model, field, Shape::Read, 0),
    }
}

/// One value of a field.
pub(super) fn value(model: &Model, field: &Field, shape: Shape, depth: usize) -> Value {
    let said = field.example.as_ref().or(field.default.as_ref());
    if let Some(value) = said.and_then(|text| literal(&field.ty, text, field.json_string)) {
        return match value {
            Value::String(text) if shape == Shape::Create && field.unique => Value::String(fresh(field, &text)),
            other => other,
        };
    }
    let may_recur = depth >= SHALLOW && matches!(field.ty, Type::Message(_) | Type::Resource(_));
    let unasked = field.role == FieldRole::Expanded;
    if field.optional && (may_recur || unasked || no_guess(field)) {
        return Value::Null;
    }
    of_type(model, &field.ty, &field.rules, field.json_string, shape, depth)
}

/// A page with one row.
pub(super) fn page(model: &Model, found: &Resource) -> Value {
    json!({ "data": [resource(model, found, Shape::Read)], "page": 0, "size": 10, "total": 1, "next_page_token": "" })
}

/// One member that may change.
fn patch(model: &Model, found: &Resource) -> Value {
    let may_change = |field: &&Field| {
        !is_hidden(field) && !field.output_only && !field.immutable && field.role == FieldRole::Plain && !field.unique
    };
    let candidates: Vec<&Field> = found.fields.iter().filter(may_change).collect();
    let is_said = |field: &&&Field| field.example.is_some() && !matches!(field.ty, Type::Id { .. });
    let chosen = candidates.iter().find(is_said).or(candidates.first());
    let member = chosen.map(|field| (field.name.clone(), value(model, field, Shape::Patch, 0)));
    Value::Object(member.into_iter().collect())
}

/// A text that no seeded row has, in the manner of the example: a unique field would else be a conflict.
fn fresh(field: &Field, example: &str) -> String {
    let made = match (example.split_once('@'), example.rfind(|c: char| c.is_ascii_digit())) {
        (Some((name, host)), _) => format!("{name}.new@{host}"),
        (None, Some(end)) => {
            let start = example[..end].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
            let digit = if example[start..].starts_with('9') { '8' } else { '9' };
            format!("{}{digit}{}", &example[..start], &example[start + 1..])
        }
        (None, None) => format!("{example}-9"),
    };
    let longest = longest(&field.rules);
    if made.chars().count() <= longest { made } else { example.to_owned() }
}

/// A text whose shape only the schema's author knows.
fn no_guess(field: &Field) -> bool {
    field.rules.iter().any(|rule| matches!(rule, Rule::Pattern(_)))
}

fn of_type(model: &Model, ty: &Type, rules: &[Rule], json_string: bool, shape: Shape, depth: usize) -> Value {
    if let Some(value) = rules.iter().find_map(|rule| match rule {
        Rule::Const(value) => Some(value),
        Rule::In(values) => values.first(),
        _ => None,
    }) && let Some(value) = literal(ty, value, json_string)
        && !matches!(ty, Type::Enum(_))
    {
        return value;
    }
    let integer = || if json_string { json!(within(rules).to_string()) } else { json!(within(rules)) };
    match ty {
        Type::Bool => json!(true),
        Type::I32 | Type::I64 | Type::U32 | Type::U64 => integer(),
        Type::F32 | Type::F64 => json!(within(rules) as f64 + 0.0),
        Type::String => json!(text(rules)),
        Type::Bytes => json!("aGVsbG8="),
        Type::Decimal { precision, scale } if precision == scale => json!(format!("0.{}", "5".repeat(*scale as usize))),
        Type::Decimal { scale: 0, .. } => json!("1"),
        Type::Decimal { scale, .. } => json!(format!("1.{}", "0".repeat(*scale as usize))),
        Type::Timestamp => json!("2026-01-15T09:30:00.000000Z"),
        Type::Duration => json!("90s"),
        Type::Date => json!("2026-01-15"),
        Type::Struct => json!({ "key": "value" }),
        Type::Id { entity, kind } => key(model, entity, *kind, json_string, 0),
        Type::Enum(name) => {
            let values = model.enumeration(name).map(|found| found.values.as_slice()).unwrap_or_default();
            let said = values.iter().find(|one| one.number != 0 && passes(rules, one.number));
            json!(said.or(values.first()).map(|value| value.name.clone()))
        }
        Type::Message(name) | Type::Resource(name) => {
            let message = model.message(name).map(|found| found.fields.as_slice());
            let fields = message.or_else(|| model.resource(name).map(|found| found.fields.as_slice()));
            let inner = if shape == Shape::Read { Shape::Read } else { Shape::Create };
            match fields {
                Some(fields) if depth < DEEPEST => object(model, fields, inner, depth + 1),
                _ => json!({}),
            }
        }
        Type::List(item) if depth >= SHALLOW && matches!(**item, Type::Message(_) | Type::Resource(_)) => json!([]),
        Type::List(item) => {
            let inner = rules.iter().find_map(|rule| if let Rule::Items(rules) = rule { Some(rules) } else { None });
            let one = of_type(model, item, inner.map_or(&[], Vec::as_slice), json_string, shape, depth + 1);
            let least = rules.iter().find_map(|rule| if let Rule::MinItems(n) = rule { Some(*n) } else { None });
            Value::Array(vec![one; usize::try_from(least.unwrap_or(1).clamp(1, 3)).unwrap_or(1)])
        }
        Type::Map(_, value) => {
            json!({ "key": of_type(model, value, &[], json_string, shape, depth + 1) })
        }
    }
}

/// The key of a row of the seed.
fn key(model: &Model, entity: &str, kind: KeyKind, json_string: bool, row: usize) -> Value {
    // A composite key has no value of its own; what refers to it is one of its parts.
    let kind = model.entity(entity).map_or(kind, |found| match found.key.kind {
        KeyKind::Composite => kind,
        own => own,
    });
    match kind {
        KeyKind::UuidV7 => json!(fixture_uuid(entity, row)),
        KeyKind::Int64 | KeyKind::Int64Client if json_string => json!((row + 1).to_string()),
        KeyKind::Int64 | KeyKind::Int64Client => json!(row + 1),
        KeyKind::String | KeyKind::Composite => json!(format!("key-{row}")),
    }
}

/// A whole number that the rules allow.
fn within(rules: &[Rule]) -> i64 {
    let parse = |text: &String| text.parse::<f64>().ok().map(|value| value as i64);
    let mut value = 1;
    for rule in rules {
        match rule {
            Rule::Gte(least) => value = value.max(parse(least).unwrap_or(value)),
            Rule::Gt(least) => value = value.max(parse(least).map_or(value, |least| least.saturating_add(1))),
            Rule::Lte(most) => value = value.min(parse(most).unwrap_or(value)),
            Rule::Lt(most) => value = value.min(parse(most).map_or(value, |most| most.saturating_sub(1))),
            _ => {}
        }
    }
    value
}

fn text(rules: &[Rule]) -> String {
    let mut text = "text".to_owned();
    let mut least = 0;
    for rule in rules {
        match rule {
            Rule::Email => return "ada@example.com".to_owned(),
            Rule::Hostname => return "example.com".to_owned(),
            Rule::Uri => return "https://example.com/".to_owned(),
            Rule::Uuid => return fixture_uuid("", 0),
            Rule::Ip => return "192.0.2.1".to_owned(),
            Rule::Prefix(part) => text = format!("{part}{text}"),
            Rule::Suffix(part) | Rule::Contains(part) => text.push_str(part),
            Rule::MinLen(n) | Rule::MinBytes(n) => least = usize::try_from(*n).unwrap_or(0),
            _ => {}
        }
    }
    let mut text: String = text.chars().take(longest(rules)).collect();
    while text.chars().count() < least.min(4096) {
        text.push('x');
    }
    text
}

fn longest(rules: &[Rule]) -> usize {
    let limits = rules.iter().filter_map(|rule| match rule {
        Rule::MaxLen(most) | Rule::MaxBytes(most) => usize::try_from(*most).ok(),
        _ => None,
    });
    limits.min().unwrap_or(usize::MAX)
}
