//! Expressions for one field: how it is declared, read, written, checked and shown, by its type and behaviour.

use super::types::{Types, identifier, literal, type_name};
use crate::model::{Field, FieldRole, KeyKind, Model, Type};
use crate::presence::has_presence;

/// May a client set this field when it creates or replaces a row?
pub fn is_input(field: &Field) -> bool {
    !field.output_only && !field.sensitive && !field.internal
}

/// Does the contract show this field at all?
pub fn is_published(field: &Field) -> bool {
    !field.sensitive && !field.internal
}

/// Is it shown in answers?
pub fn is_shown(field: &Field) -> bool {
    is_published(field) && !field.input_only
}

/// The Rust type of the member, with `Option` where it may be null.
pub fn member_type(field: &Field, types: &Types<'_>) -> String {
    if field.role == FieldRole::Expanded {
        // Rows that refer to one share it, and may refer to each other.
        return format!("Option<Arc<{}>>", types.rust(&field.ty));
    }
    wrap(field, types.rust(&field.ty))
}

/// The Rust type of the member in the input of a client.
pub fn input_type(field: &Field, types: &Types<'_>) -> String {
    match (&field.ty, field.role) {
        (Type::List(item), FieldRole::Owned) => match &**item {
            Type::Resource(name) => format!("Vec<New{}>", type_name(name)),
            other => format!("Vec<{}>", types.rust(other)),
        },
        _ => member_type(field, types),
    }
}

fn wrap(field: &Field, ty: String) -> String {
    if field.optional { format!("Option<{ty}>") } else { ty }
}

/// The declared default as an expression, if there is one.
pub fn default_of(model: &Model, field: &Field) -> Option<String> {
    let text = field.default.as_deref()?;
    Some(match &field.ty {
        Type::String => format!("{}.to_owned()", literal(text)),
        Type::Enum(name) => format!("{}::{}", type_name(name), variant_named(model, name, text)),
        Type::Decimal { scale, .. } => decimal(text, *scale),
        Type::F32 | Type::F64 => float(&field.ty, text),
        Type::Bytes => format!("Bytes({}.as_bytes().to_vec())", literal(text)),
        Type::Timestamp | Type::Duration | Type::Date => format!("{}.parse().unwrap_or_default()", literal(text)),
        _ => text.to_owned(),
    })
}

/// A number as a Rust expression that is a float of this type.
pub fn float(ty: &Type, text: &str) -> String {
    let name = if *ty == Type::F32 { "f32" } else { "f64" };
    match text {
        "inf" => return format!("{name}::INFINITY"),
        "-inf" => return format!("{name}::NEG_INFINITY"),
        _ => {}
    }
    if text.contains(['.', 'e', 'E']) { text.to_owned() } else { format!("{text}.0") }
}

fn decimal(text: &str, scale: u32) -> String {
    let (sign, number) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction:0<width$}", width = scale as usize);
    let digits = digits.trim_start_matches('0');
    format!("Decimal::new({sign}{}, {scale})", if digits.is_empty() { "0" } else { digits })
}

/// The Rust variant of the enum value with this name.
pub fn variant_named(model: &Model, full_name: &str, value: &str) -> String {
    let values = model.enumeration(full_name).map(|known| known.values.as_slice()).unwrap_or_default();
    values.iter().find(|known| known.name == value).map_or(value, |known| known.variant.as_str()).to_owned()
}

/// Reads the member from a JSON object that stands for a whole row.
pub fn from_json(model: &Model, field: &Field) -> String {
    let name = literal(&field.name);
    let wrapped = stringed(field);
    let turbofish = wrapped.as_ref().map(|wrapped| format!("::<{}>", wrapped.ty)).unwrap_or_default();
    let behind = wrapped.as_ref().map(|wrapped| wrapped.inner).unwrap_or_default();
    if is_required(field) {
        return format!("input.required{turbofish}({name}){behind}");
    }
    if field.optional {
        return format!("input.optional{turbofish}({name}){}", mapped(wrapped.as_ref()));
    }
    match default_of(model, field) {
        Some(default) if behind.is_empty() => format!("input.or({name}, || {default})"),
        Some(default) => format!("input.or({name}, || Stringed({default})){behind}"),
        None => format!("input.plain{turbofish}({name}){behind}"),
    }
}

/// Reads the member from a JSON object that stands for a change.
pub fn patch_from_json(model: &Model, field: &Field) -> String {
    let name = literal(&field.name);
    let wrapped = stringed(field);
    let turbofish = wrapped.as_ref().map(|wrapped| format!("::<{}>", wrapped.ty)).unwrap_or_default();
    let unwrap = mapped(wrapped.as_ref());
    if is_required(field) {
        return format!("input.change{turbofish}({name}){unwrap}");
    }
    if field.optional {
        let unwrap = if wrapped.is_none() { String::new() } else { format!(".map(|value| value{unwrap})") };
        return format!("input.change_optional{turbofish}({name}){unwrap}");
    }
    match default_of(model, field) {
        Some(default) if wrapped.is_none() => format!("input.change_or({name}, || {default})"),
        Some(default) => format!("input.change_or({name}, || Stringed({default})){unwrap}"),
        None => format!("input.change_or{turbofish}({name}, Default::default){unwrap}"),
    }
}

/// What a number that JSON shows as text is read through.
struct Wrapped {
    ty: String,
    /// Behind a value of that type: what is in it.
    inner: &'static str,
}

fn stringed(field: &Field) -> Option<Wrapped> {
    let number = |ty: &Type| match ty {
        Type::I64 if field.json_string => Some("i64"),
        Type::U64 if field.json_string => Some("u64"),
        _ => None,
    };
    match &field.ty {
        Type::List(item) => number(item).map(|number| Wrapped {
            ty: format!("Vec<Stringed<{number}>>"),
            inner: ".into_iter().map(|item| item.0).collect()",
        }),
        ty => number(ty).map(|number| Wrapped { ty: format!("Stringed<{number}>"), inner: ".0" }),
    }
}

/// Behind an optional value of that type: what is in it.
fn mapped(wrapped: Option<&Wrapped>) -> String {
    wrapped.map(|wrapped| format!(".map(|value| value{})", wrapped.inner)).unwrap_or_default()
}

/// Must the client send it?
pub fn is_required(field: &Field) -> bool {
    field.required && !field.optional
}

/// Reads the member from a protobuf message called `message`.
pub fn from_proto(model: &Model, field: &Field) -> String {
    let name = literal(&field.name);
    let value = format!("message.{}", identifier(&field.name));
    let list = matches!(field.ty, Type::List(_));
    if is_required(field) {
        return match list {
            true => format!("proto::required_list({name}, {value}, found)"),
            false if has_presence(field) => format!("proto::required({name}, {value}, found)"),
            false => format!("proto::plain({name}, {value}, found)"),
        };
    }
    if field.optional {
        return format!("proto::optional({name}, {value}, found)");
    }
    match default_of(model, field) {
        Some(default) if has_presence(field) => format!("proto::or({name}, {value}, || {default}, found)"),
        _ if has_presence(field) => format!("proto::or({name}, {value}, Default::default, found)"),
        _ => format!("proto::plain({name}, {value}, found)"),
    }
}

/// The member as protobuf has it; `row` owns it.
pub fn to_proto(field: &Field) -> String {
    let value = format!("row.{}", identifier(&field.name));
    if field.role == FieldRole::Expanded {
        return format!("proto::expanded({value})");
    }
    if field.optional {
        return if same_in_proto(&field.ty) {
            value
        } else {
            format!("{value}.map(|value| {})", proto_of(&field.ty, "value"))
        };
    }
    let shown = proto_of(&field.ty, &value);
    if has_presence(field) { format!("Some({shown})") } else { shown }
}

fn same_in_proto(ty: &Type) -> bool {
    match ty {
        Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::F32 | Type::F64 | Type::String => true,
        Type::List(item) => same_in_proto(item),
        Type::Map(_, value) => same_in_proto(value),
        _ => false,
    }
}

fn proto_of(ty: &Type, value: &str) -> String {
    match ty {
        _ if same_in_proto(ty) => value.to_owned(),
        Type::Bytes => format!("{value}.0"),
        Type::Decimal { scale, .. } => format!("Fixed({value}, {scale}).into_proto()"),
        Type::Message(_) | Type::Resource(_) => format!("{value}.into()"),
        Type::List(item) => format!("{value}.into_iter().map(|item| {}).collect()", proto_of(item, "item")),
        Type::Map(_, item) => {
            format!("{value}.into_iter().map(|(key, item)| (key, {})).collect()", proto_of(item, "item"))
        }
        _ => format!("{value}.into_proto()"),
    }
}

/// Where the JSON goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// To clients.
    Api,
    /// Into a JSON column.
    Storage,
    /// To either: a message is written by both.
    Both,
}

/// How numbers look in JSON.
#[derive(Clone, Copy)]
struct Numbers {
    /// Those of 64 bits are texts.
    stringed: bool,
    /// Those that no column keeps are refused.
    kept: bool,
}

impl Numbers {
    fn of(field: &Field, audience: Audience) -> Self {
        Self { stringed: field.json_string && audience != Audience::Storage, kept: audience != Audience::Api }
    }
}

/// A reference to something that serialises as the member does in JSON; `row` is borrowed.
pub fn to_json(field: &Field, audience: Audience) -> String {
    let value = format!("row.{}", identifier(&field.name));
    if let (FieldRole::Expanded, Type::Resource(name)) = (field.role, &field.ty) {
        return format!("&{value}.as_deref().map({}Dto)", type_name(name));
    }
    let numbers = Numbers::of(field, audience);
    if plain_in_json(&field.ty, numbers) {
        return format!("&{value}");
    }
    if !field.optional {
        return format!("&{}", json_of(&field.ty, &value, numbers));
    }
    let number = matches!(field.ty, Type::I64 | Type::U64 | Type::F32 | Type::F64);
    let by_value = number || matches!(field.ty, Type::Decimal { .. } | Type::Enum(_));
    let borrowed = if by_value { value } else { format!("{value}.as_ref()") };
    if number {
        return format!("&{borrowed}.map({})", if numbers.stringed { "Stringed" } else { "Kept" });
    }
    format!("&{borrowed}.map(|value| {})", json_of(&field.ty, "value", numbers))
}

fn plain_in_json(ty: &Type, numbers: Numbers) -> bool {
    match ty {
        Type::Decimal { .. } | Type::Enum(_) | Type::Resource(_) => false,
        Type::I64 => !numbers.stringed,
        Type::U64 => !numbers.stringed && !numbers.kept,
        Type::F32 | Type::F64 => !numbers.kept,
        Type::List(item) => plain_in_json(item, numbers),
        Type::Map(_, value) => plain_in_json(value, numbers),
        _ => true,
    }
}

fn json_of(ty: &Type, value: &str, numbers: Numbers) -> String {
    match ty {
        Type::Decimal { scale, .. } => format!("Fixed({value}, {scale})"),
        Type::Enum(_) => format!("{value}.name()"),
        Type::Resource(name) => format!("{}Dto(&{value})", type_name(name)),
        Type::I64 | Type::U64 if numbers.stringed => format!("Stringed({value})"),
        Type::U64 | Type::F32 | Type::F64 if numbers.kept => format!("Kept({value})"),
        Type::List(item) if !plain_in_json(item, numbers) => {
            let shown = match &**item {
                Type::Resource(name) => format!("{}Dto", type_name(name)),
                Type::Enum(_) => "|item| item.name()".to_owned(),
                other => format!("|item| {}", json_of(other, "*item", numbers)),
            };
            format!("{value}.iter().map({shown}).collect::<Vec<_>>()")
        }
        Type::Map(_, item) if !plain_in_json(item, numbers) => {
            let shown = match &**item {
                Type::Enum(_) => "item.name()".to_owned(),
                Type::Resource(name) => format!("{}Dto(item)", type_name(name)),
                other => json_of(other, "*item", numbers),
            };
            format!("{value}.iter().map(|(key, item)| (key, {shown})).collect::<BTreeMap<_, _>>()")
        }
        _ => value.to_owned(),
    }
}

/// Is it kept in a JSON column?
pub fn is_json(ty: &Type) -> bool {
    matches!(ty, Type::Struct | Type::Message(_) | Type::List(_) | Type::Map(..))
}

/// The member as a value of its column; `row` is borrowed.
pub fn to_column(field: &Field) -> String {
    let value = format!("row.{}", identifier(&field.name));
    match &field.ty {
        Type::Decimal { scale, .. } if field.optional => {
            format!("Value::option({value}, |value| Value::decimal(value, {scale}))")
        }
        Type::Decimal { scale, .. } => format!("Value::decimal({value}, {scale})"),
        ty if is_json(ty) && field.optional => {
            let numbers = Numbers::of(field, Audience::Storage);
            if plain_in_json(ty, numbers) {
                return format!("Value::option({value}.as_ref(), Value::json)");
            }
            format!("Value::option({value}.as_ref(), |value| Value::json(&{}))", json_of(ty, "value", numbers))
        }
        ty if is_json(ty) => format!("Value::json({})", to_json(field, Audience::Storage)),
        _ => format!("{value}.to_value()"),
    }
}

/// Reads the member from the column at a position of `row`.
pub fn from_column(field: &Field, at: usize) -> String {
    match (&field.ty, field.optional) {
        (Type::Decimal { scale, .. }, true) => format!("row.optional_decimal({at}, {scale})?"),
        (Type::Decimal { scale, .. }, false) => format!("row.decimal({at}, {scale})?"),
        (ty, true) if is_json(ty) => format!("row.optional_json({at})?"),
        (ty, false) if is_json(ty) => format!("row.json({at})?"),
        _ => format!("row.get({at})?"),
    }
}

/// A value of this type, behind a reference called `value`, as a value of its column.
pub fn value_of(ty: &Type) -> String {
    match ty {
        Type::Decimal { scale, .. } => format!("|value| Value::decimal(*value, {scale})"),
        _ => "Stored::to_value".to_owned(),
    }
}

/// How the runtime reads values of this type from the text of a query.
pub fn kind(model: &Model, ty: &Type) -> String {
    match ty {
        Type::Bool => "Kind::Bool".to_owned(),
        Type::I32 => "Kind::I32".to_owned(),
        Type::I64 => "Kind::I64".to_owned(),
        Type::U32 => "Kind::U32".to_owned(),
        Type::U64 => "Kind::U64".to_owned(),
        Type::F32 => "Kind::F32".to_owned(),
        Type::F64 => "Kind::F64".to_owned(),
        Type::String => "Kind::Text".to_owned(),
        Type::Bytes => "Kind::Bytes".to_owned(),
        Type::Decimal { precision, scale } => format!("Kind::Decimal {{ precision: {precision}, scale: {scale} }}"),
        Type::Timestamp => "Kind::Timestamp".to_owned(),
        Type::Duration => "Kind::Duration".to_owned(),
        Type::Date => "Kind::Date".to_owned(),
        Type::Id { kind, .. } => match kind {
            KeyKind::UuidV7 => "Kind::Uuid".to_owned(),
            KeyKind::Int64 | KeyKind::Int64Client => "Kind::I64".to_owned(),
            KeyKind::String | KeyKind::Composite => "Kind::Text".to_owned(),
        },
        Type::Enum(name) => {
            let values = model.enumeration(name).map(|known| known.values.as_slice()).unwrap_or_default();
            let names: Vec<String> = values.iter().map(|value| literal(&value.name)).collect();
            format!("Kind::Enum(&[{}])", names.join(", "))
        }
        _ => "Kind::Json".to_owned(),
    }
}

/// How a custom request reads the text of a path or query: name of `TextKind` variant, and whether it repeats.
pub fn text_kind(ty: &Type) -> (&'static str, bool) {
    match ty {
        Type::Bool => ("Bool", false),
        Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::F32 | Type::F64 => ("Number", false),
        Type::Id { kind: KeyKind::Int64 | KeyKind::Int64Client, .. } => ("Number", false),
        Type::List(item) => (text_kind(item).0, true),
        _ => ("Text", false),
    }
}
