//! Sample values: an expression for row `n` of each field, realistic, varied and within the rules.

use super::fields;
use super::types::{literal, type_name};
use crate::model::{Entity, Field, FieldRole, Index, KeyKind, Model, Rule, Type, passes};

/// The sample value of a field in row `n`.
pub fn expression(model: &Model, entity: &Entity, field: &Field) -> String {
    match field.role {
        FieldRole::Version => return "1".to_owned(),
        FieldRole::CreatedAt | FieldRole::UpdatedAt => return "fixture::time(n)".to_owned(),
        FieldRole::Owned => return owned(field),
        FieldRole::Expanded => return "None".to_owned(),
        FieldRole::Key if entity.key.kind != KeyKind::Composite => {
            return id(&entity.full_name, entity.key.kind, "n");
        }
        _ => {}
    }
    // What the logic sets at some step has not been set yet.
    if field.optional && field.output_only && field.example.is_none() {
        return "None".to_owned();
    }
    let value = first_as_documented(field, value(model, entity, field));
    if !field.optional {
        return value;
    }
    // An unset member now and then shows what it looks like; self-references must end somewhere.
    match &field.ty {
        Type::Id { entity: target, .. } if *target == entity.full_name => {
            format!("(n > 0).then(|| {})", id_of(model, field, "(n - 1) / 2"))
        }
        _ if field.ty == Type::Bool || value.parse::<f64>().is_ok() => format!("(n % 4 != 3).then_some({value})"),
        _ if value == "Default::default()" => "(n % 4 != 3).then(Default::default)".to_owned(),
        _ => format!("(n % 4 != 3).then(|| {value})"),
    }
}

/// Row 0 has the values that the documentation shows.
fn first_as_documented(field: &Field, value: String) -> String {
    let shown = field.example.as_deref().or(field.default.as_deref());
    let Some(text) = shown.filter(|_| !value.starts_with("fixture::vary(")) else { return value };
    let first = match &field.ty {
        Type::String => format!("{}.to_owned()", literal(text)),
        Type::Decimal { .. } => format!("fixture::parsed({})", literal(text)),
        Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::Bool => text.to_owned(),
        Type::F32 | Type::F64 => fields::float(&field.ty, text),
        _ => return value,
    };
    if first == value { value } else { format!("fixture::example(n, {first}, || {value})") }
}

fn owned(field: &Field) -> String {
    let child = match &field.ty {
        Type::List(item) => match &**item {
            Type::Resource(name) => format!("{}::fixture", type_name(name)),
            _ => return "Vec::new()".to_owned(),
        },
        _ => return "Vec::new()".to_owned(),
    };
    format!("(0..1 + n % 3).map(|child| {child}(3 * n + child)).collect()")
}

fn id(entity: &str, kind: KeyKind, row: &str) -> String {
    match kind {
        KeyKind::UuidV7 => format!("fixture::uuid({}, {row}).into()", literal(entity)),
        KeyKind::Int64 | KeyKind::Int64Client => format!("fixture::number({row}).into()"),
        KeyKind::String | KeyKind::Composite => format!("format!(\"key-{{}}\", {row}).into()"),
    }
}

fn id_of(model: &Model, field: &Field, row: &str) -> String {
    match &field.ty {
        Type::Id { entity, kind } => {
            let target = model.entity(entity).map_or(*kind, |entity| match entity.key.kind {
                KeyKind::Composite => *kind,
                kind => kind,
            });
            id(entity, target, row)
        }
        _ => "Default::default()".to_owned(),
    }
}

fn value(model: &Model, entity: &Entity, field: &Field) -> String {
    // Values that are unique together differ in the last of them.
    let closes =
        |index: &&Index| index.unique && index.columns.len() > 1 && column_is(entity, index.columns.last(), field);
    let together = field.ty == Type::String && entity.indexes.iter().any(|index| closes(&index));
    let field = &Field { unique: field.unique || together, ..field.clone() };
    match &field.ty {
        Type::Id { .. } => {
            // Parts of a composite key must differ as pairs; unique references one by one.
            let position = entity.key.fields.iter().position(|name| *name == field.name);
            let row = match position {
                Some(at) if at > 0 => "fixture::paired(n)",
                _ if field.unique => "n",
                _ => "fixture::referred(n)",
            };
            id_of(model, field, row)
        }
        Type::Enum(name) => {
            let values = model.enumeration(name).map(|known| known.values.as_slice()).unwrap_or_default();
            if field.output_only && field.default.is_some() {
                return fields::default_of(model, field).unwrap_or_default();
            }
            let known = values.iter().filter(|value| value.number != 0 && passes(&field.rules, value.number));
            let variants: Vec<String> = known.map(|value| format!("{}::{}", type_name(name), value.variant)).collect();
            if variants.is_empty() {
                "Default::default()".to_owned()
            } else {
                format!("fixture::pick(&[{}], n)", variants.join(", "))
            }
        }
        Type::String => text(field),
        Type::Decimal { precision, scale } => {
            let whole = 10_i64.saturating_pow((precision - scale).min(3)).min(500);
            format!("fixture::decimal(n, {}, {scale})", whole.max(1))
        }
        Type::I32 | Type::U32 | Type::I64 | Type::U64 => integer(field),
        Type::F32 => "fixture::float(n) as f32".to_owned(),
        Type::F64 => "fixture::float(n)".to_owned(),
        Type::Bool => "n.is_multiple_of(2)".to_owned(),
        Type::Timestamp => "fixture::time(n)".to_owned(),
        Type::Date => "fixture::date(n)".to_owned(),
        Type::Duration => "fixture::duration(n)".to_owned(),
        Type::Bytes => format!("Bytes(fixture::bytes(n, {}))", bound(&field.rules, 4)),
        Type::List(item) if **item == Type::String && !has_item_pattern(field) => "fixture::words(n)".to_owned(),
        Type::Struct | Type::Message(_) | Type::Map(..) | Type::List(_) | Type::Resource(_) => {
            "Default::default()".to_owned()
        }
    }
}

fn has_item_pattern(field: &Field) -> bool {
    field.rules.iter().any(|rule| matches!(rule, Rule::Items(rules) if rules.iter().any(|rule| !matches!(rule, Rule::MaxLen(_) | Rule::MinLen(0..=4)))))
}

fn bound(rules: &[Rule], default: u64) -> u64 {
    rules.iter().fold(default, |length, rule| match rule {
        Rule::MinBytes(least) | Rule::MinLen(least) => length.max(*least),
        Rule::MaxBytes(most) | Rule::MaxLen(most) => length.min(*most),
        _ => length,
    })
}

fn integer(field: &Field) -> String {
    let (mut least, mut most) = (1_i64, 500_i64);
    for rule in &field.rules {
        match rule {
            Rule::Gte(bound) => least = bound.parse().unwrap_or(least),
            Rule::Gt(bound) => least = bound.parse::<i64>().map_or(least, |bound| bound.saturating_add(1)),
            Rule::Lte(bound) => most = bound.parse().unwrap_or(most),
            Rule::Lt(bound) => most = bound.parse::<i64>().map_or(most, |bound| bound.saturating_sub(1)),
            Rule::Const(only) => return only.clone(),
            Rule::In(values) => return values.first().cloned().unwrap_or_default(),
            _ => {}
        }
    }
    let few = ["quantity", "count", "amount", "rank", "level"].iter().any(|word| field.name.contains(word));
    let most = most.min(least.saturating_add(if few { 4 } else { 500 }));
    if field.unique {
        return format!("fixture::number(n) as {}", if matches!(field.ty, Type::I32) { "i32" } else { "_" });
    }
    let cast = match field.ty {
        Type::I64 => "",
        Type::I32 => " as i32",
        Type::U32 => " as u32",
        _ => " as u64",
    };
    format!("fixture::between(n, {least}, {most}){cast}")
}

fn text(field: &Field) -> String {
    let most = bound(&field.rules, 10_000);
    let limited = |call: String| format!("fixture::within({call}, {most})");
    for rule in &field.rules {
        match rule {
            Rule::Const(only) => return format!("{}.to_owned()", literal(only)),
            Rule::In(values) => {
                let list: Vec<String> = values.iter().map(|value| literal(value)).collect();
                return format!("fixture::pick(&[{}], n).to_owned()", list.join(", "));
            }
            Rule::Email => return limited("fixture::email(n)".to_owned()),
            Rule::Uuid => return "fixture::uuid(\"value\", n).to_string()".to_owned(),
            Rule::Hostname => return limited("fixture::hostname(n)".to_owned()),
            Rule::Uri => return limited("fixture::uri(n)".to_owned()),
            Rule::Ip => return "fixture::ip(n)".to_owned(),
            _ => {}
        }
    }
    let shaped = field.rules.iter().any(|rule| {
        matches!(rule, Rule::Pattern(_) | Rule::Prefix(_) | Rule::Suffix(_) | Rule::Contains(_) | Rule::MinLen(5..))
    });
    let name = field.name.as_str();
    if name == "country" && most == 2 {
        return "fixture::country(n).to_owned()".to_owned();
    }
    if let Some(example) = field.example.as_deref().filter(|example| shaped || ends_in_digit(example)) {
        return format!("fixture::vary({}, n)", literal(example));
    }
    let call = match name {
        _ if name.contains("email") => "fixture::email(n)",
        "first_name" => "fixture::first_name(n).to_owned()",
        "last_name" => "fixture::last_name(n).to_owned()",
        "city" => "fixture::city(n).to_owned()",
        "country" => "fixture::country(n).to_owned()",
        _ if name.contains("phone") || name == "fax" => "fixture::phone(n)",
        _ if name.contains("address") || name.contains("street") => "fixture::street(n)",
        _ if name.contains("url") => "fixture::uri(n)",
        "name" if field.example.as_deref().is_some_and(two_names) => "fixture::person(n)",
        "name" | "title" | "label" => "fixture::thing(n)",
        "description" | "note" | "comment" | "text" | "reason" => "fixture::sentence(n)",
        _ if field.unique => "fixture::code(n)",
        _ => "fixture::phrase(n)",
    };
    limited(call.to_owned())
}

fn ends_in_digit(example: &str) -> bool {
    example.ends_with(|last: char| last.is_ascii_digit())
}

fn two_names(example: &str) -> bool {
    let words: Vec<&str> = example.split(' ').collect();
    words.len() == 2 && words.iter().all(|word| word.starts_with(|first: char| first.is_ascii_uppercase()))
}

fn column_is(entity: &Entity, column: Option<&String>, field: &Field) -> bool {
    entity.column_of(&field.name).is_some_and(|own| column == Some(&own.name))
}
