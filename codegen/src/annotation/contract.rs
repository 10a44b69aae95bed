//! Options of a field in protobuf text, as the published contract restates them.

use prost_reflect::{DynamicMessage, Kind, Value};

/// Entries of `[...]`, those of google.api and buf.validate only, in the order of their extension numbers.
pub(super) fn options_text(options: &DynamicMessage) -> Vec<String> {
    let mut entries = Vec::new();
    for (extension, value) in options.extensions() {
        let name = extension.full_name();
        if !(name.starts_with("google.api.") || name.starts_with("buf.validate.")) {
            continue;
        }
        match value {
            Value::List(list) => {
                entries.extend(list.iter().map(|item| format!("({name}) = {}", value_text(item, &extension.kind()))));
            }
            Value::Message(message) => {
                for (field, value) in message.fields() {
                    entries.push(entry(&format!("({name}).{}", field.name()), value, &field.kind()));
                }
            }
            single => entries.push(format!("({name}) = {}", value_text(single, &extension.kind()))),
        }
    }
    entries
}

/// `path.member = value` where one scalar is all there is, else `path = { ... }`.
fn entry(path: &str, value: &Value, kind: &Kind) -> String {
    if let Value::Message(message) = value {
        let members: Vec<_> = message.fields().collect();
        if let [(member, value)] = members.as_slice()
            && !matches!(value, Value::List(_) | Value::Message(_) | Value::Map(_))
            // `inf` and `nan` are words of the text format, which begins behind a brace.
            && !matches!(value, Value::F32(number) if !number.is_finite())
            && !matches!(value, Value::F64(number) if !number.is_finite())
        {
            return format!("{path}.{} = {}", member.name(), value_text(value, &member.kind()));
        }
    }
    format!("{path} = {}", value_text(value, kind))
}

fn value_text(value: &Value, kind: &Kind) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::I32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => float_text(f64::from(*value)),
        Value::F64(value) => float_text(*value),
        Value::String(value) => quoted(value),
        Value::Bytes(bytes) => quoted_bytes(bytes),
        Value::EnumNumber(number) => match kind {
            Kind::Enum(kind) => kind.get_value(*number).map_or_else(|| number.to_string(), |v| v.name().to_owned()),
            _ => number.to_string(),
        },
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(|item| value_text(item, kind)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Message(message) => {
            let members: Vec<String> = message
                .fields()
                .map(|(field, value)| format!("{}: {}", field.name(), value_text(value, &field.kind())))
                .collect();
            if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(" ")) }
        }
        // No option of these standards is a map.
        Value::Map(_) => "{}".to_owned(),
    }
}

fn float_text(value: f64) -> String {
    if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "inf".to_owned() } else { "-inf".to_owned() }
    } else if value.abs() >= 1e15 {
        // Written out, it would be read as an integer, and be too large for one.
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_ascii_control() => out.push_str(&format!("\\{:03o}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn quoted_bytes(bytes: &[u8]) -> String {
    let escaped: String = bytes
        .iter()
        .map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(*byte)),
            0x20..=0x7e => char::from(*byte).to_string(),
            _ => format!("\\{byte:03o}"),
        })
        .collect();
    format!("\"{escaped}\"")
}
