//! The schema of a value: its type, its rules and what is said about it.

use serde_json::Value;
use utoipa::Number;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayItems, Object, OneOf, SchemaFormat, SchemaType, Type as JsonType,
};
use utoipa::openapi::{Deprecated, RefOr, Schema};

use super::book::{Book, Shape};
use crate::model::{KeyKind, Rule, Type, passes};

/// Pattern of all texts: no database of the three stores the character NUL in one.
pub(super) const NO_NUL: &str = "^[^\\u0000]*$";

/// What is said about a value beside its type.
#[derive(Debug, Default)]
pub(super) struct Decor {
    pub(super) description: String,
    pub(super) nullable: bool,
    pub(super) read_only: bool,
    pub(super) write_only: bool,
    pub(super) deprecated: bool,
    pub(super) default: Option<Value>,
    pub(super) example: Option<Value>,
}

/// A format by name.
pub(super) fn format(name: &str) -> SchemaFormat {
    SchemaFormat::Custom(name.to_owned())
}

/// The schema of a type under its rules.
pub(super) fn schema(book: &mut Book<'_>, ty: &Type, rules: &[Rule], json_string: bool, shape: Shape) -> RefOr<Schema> {
    match ty {
        Type::Enum(name) => match allowed(book, name, rules) {
            Some(values) => {
                let mut object = Object::with_type(JsonType::String);
                object.enum_values = Some(values);
                object.into()
            }
            None => book.refer(name, shape).into(),
        },
        Type::Message(name) | Type::Resource(name) => book.refer(name, shape).into(),
        Type::List(item) => list(book, item, rules, json_string, shape),
        Type::Map(_, value) => map(book, value, rules, json_string, shape),
        _ => {
            let mut object = scalar(ty, json_string);
            for rule in rules {
                apply(&mut object, rule);
            }
            // What SQL and C would cut short is refused everywhere.
            if object.pattern.is_none()
                && object.format.is_none()
                && *ty == Type::String
                && object.enum_values.is_none()
            {
                object.pattern = Some(NO_NUL.to_owned());
            }
            object.into()
        }
    }
}

/// The values of an enum that rules leave, if they leave fewer than there are.
fn allowed(book: &Book<'_>, name: &str, rules: &[Rule]) -> Option<Vec<Value>> {
    let all = &book.model.enumeration(name)?.values;
    let left = all.iter().filter(|value| passes(rules, value.number));
    let left: Vec<Value> = left.map(|value| Value::from(value.name.as_str())).collect();
    (left.len() < all.len()).then_some(left)
}

/// The schema of a value in a path or a query: its type, without rules and words.
pub(super) fn plain(book: &mut Book<'_>, ty: &Type, json_string: bool) -> RefOr<Schema> {
    match ty {
        Type::List(item) => Array::new(plain(book, item, json_string)).into(),
        Type::Enum(name) => book.refer(name, Shape::Read).into(),
        _ => scalar(ty, json_string).into(),
    }
}

/// Adds what is said about a value to its schema.
pub(super) fn decorate(schema: RefOr<Schema>, decor: Decor) -> RefOr<Schema> {
    let description = Some(decor.description).filter(|text| !text.is_empty());
    let set = |holds: bool| holds.then_some(true);
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            if decor.nullable {
                object.schema_type = nullable(object.schema_type);
                if let Some(values) = &mut object.enum_values {
                    values.push(Value::Null);
                }
            }
            object.description = description;
            object.read_only = set(decor.read_only);
            object.write_only = set(decor.write_only);
            object.deprecated = decor.deprecated.then_some(Deprecated::True);
            object.default = decor.default;
            object.examples.extend(decor.example);
            object.into()
        }
        RefOr::T(Schema::Array(mut array)) => {
            if decor.nullable {
                array.schema_type = nullable(array.schema_type);
            }
            array.description = description;
            array.deprecated = decor.deprecated.then_some(Deprecated::True);
            array.extensions = set(decor.read_only)
                .map(|_| Extensions::from_iter([("readOnly", true)]))
                .or_else(|| set(decor.write_only).map(|_| Extensions::from_iter([("writeOnly", true)])));
            array.into()
        }
        RefOr::Ref(mut reference) if !decor.nullable => {
            reference.description = description.unwrap_or_default();
            reference.read_only = set(decor.read_only);
            reference.write_only = set(decor.write_only);
            reference.default = decor.default;
            reference.into()
        }
        other => {
            let mut either = OneOf::new();
            either.items = vec![other, Object::with_type(JsonType::Null).into()];
            either.description = description;
            either.read_only = set(decor.read_only);
            either.write_only = set(decor.write_only);
            either.default = decor.default;
            Schema::OneOf(either).into()
        }
    }
}

/// A value of a type, from the text of an annotation.
pub(super) fn literal(ty: &Type, text: &str, json_string: bool) -> Option<Value> {
    match ty {
        Type::Bool => text.parse::<bool>().ok().map(Value::from),
        _ if json_string => Some(Value::from(text)),
        Type::I32 | Type::I64 | Type::Id { kind: KeyKind::Int64 | KeyKind::Int64Client, .. } => {
            text.parse::<i64>().ok().map(Value::from)
        }
        Type::U32 | Type::U64 => text.parse::<u64>().ok().map(Value::from),
        Type::F32 | Type::F64 => text.parse::<f64>().ok().map(Value::from),
        Type::String
        | Type::Bytes
        | Type::Decimal { .. }
        | Type::Timestamp
        | Type::Duration
        | Type::Date
        | Type::Enum(_)
        | Type::Id { .. } => Some(Value::from(text)),
        Type::List(item) => match serde_json::from_str::<Value>(text) {
            Ok(value @ Value::Array(_)) => Some(value),
            _ => literal(item, text, json_string).map(|value| Value::Array(vec![value])),
        },
        Type::Map(..) | Type::Struct | Type::Message(_) | Type::Resource(_) => {
            serde_json::from_str::<Value>(text).ok().filter(Value::is_object)
        }
    }
}

fn nullable(ty: SchemaType) -> SchemaType {
    match ty {
        SchemaType::Type(one) => SchemaType::Array(vec![one, JsonType::Null]),
        SchemaType::Array(mut many) => {
            many.push(JsonType::Null);
            SchemaType::Array(many)
        }
        SchemaType::AnyValue => SchemaType::AnyValue,
    }
}

fn scalar(ty: &Type, json_string: bool) -> Object {
    let (json, name, pattern) = match ty {
        Type::Bool => (JsonType::Boolean, None, None),
        _ if json_string => (JsonType::String, Some("int64"), Some("^-?[0-9]{1,19}$".to_owned())),
        Type::I32 => (JsonType::Integer, Some("int32"), None),
        Type::I64 | Type::Id { kind: KeyKind::Int64 | KeyKind::Int64Client, .. } => {
            (JsonType::Integer, Some("int64"), None)
        }
        Type::U32 => (JsonType::Integer, Some("uint32"), None),
        Type::U64 => (JsonType::Integer, Some("uint64"), None),
        Type::F32 => (JsonType::Number, Some("float"), None),
        Type::F64 => (JsonType::Number, Some("double"), None),
        Type::Bytes => (JsonType::String, Some("byte"), None),
        Type::Decimal { precision, scale } => (JsonType::String, Some("decimal"), Some(decimal(*precision, *scale))),
        Type::Timestamp => (JsonType::String, Some("date-time"), None),
        Type::Date => (JsonType::String, Some("date"), None),
        Type::Duration => (JsonType::String, None, Some("^-?[0-9]+(\\.[0-9]{1,9})?s$".to_owned())),
        Type::Id { kind: KeyKind::UuidV7, .. } => (JsonType::String, Some("uuid"), None),
        Type::String | Type::Id { .. } => (JsonType::String, None, None),
        Type::Struct | Type::Enum(_) | Type::Message(_) | Type::Resource(_) | Type::List(_) | Type::Map(..) => {
            (JsonType::Object, None, None)
        }
    };
    let mut object = Object::with_type(json);
    object.format = name.map(format);
    object.pattern = pattern;
    match ty {
        Type::Bytes => object.content_encoding = "base64".to_owned(),
        _ if json_string => {}
        Type::I32 => bounds(&mut object, i64::from(i32::MIN), i64::from(i32::MAX)),
        Type::U32 => bounds(&mut object, 0, i64::from(u32::MAX)),
        Type::U64 => bounds(&mut object, 0, i64::MAX),
        Type::Struct => object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true))),
        _ => {}
    }
    object
}

/// What the type itself allows; rules narrow it.
fn bounds(object: &mut Object, least: i64, most: i64) {
    let bound = |value: i64| isize::try_from(value).ok().map(Number::Int);
    (object.minimum, object.maximum) = (bound(least), bound(most));
}

fn decimal(precision: u32, scale: u32) -> String {
    let whole = precision.saturating_sub(scale).max(1);
    match scale {
        0 => format!("^-?[0-9]{{1,{whole}}}$"),
        _ => format!("^-?[0-9]{{1,{whole}}}(\\.[0-9]{{1,{scale}}})?$"),
    }
}

fn list(book: &mut Book<'_>, item: &Type, rules: &[Rule], json_string: bool, shape: Shape) -> RefOr<Schema> {
    let inner = rules.iter().find_map(|rule| if let Rule::Items(rules) = rule { Some(rules.as_slice()) } else { None });
    let item = schema(book, item, inner.unwrap_or_default(), json_string, shape);
    let mut array = Array::new(item.clone());
    array.items = ArrayItems::RefOrSchema(Box::new(item));
    for rule in rules {
        match rule {
            Rule::MinItems(least) => array.min_items = usize::try_from(*least).ok(),
            Rule::MaxItems(most) => array.max_items = usize::try_from(*most).ok(),
            Rule::Unique => array.unique_items = true,
            _ => {}
        }
    }
    array.into()
}

fn map(book: &mut Book<'_>, value: &Type, rules: &[Rule], json_string: bool, shape: Shape) -> RefOr<Schema> {
    let mut object = Object::new();
    let mut inner: &[Rule] = &[];
    for rule in rules {
        match rule {
            Rule::MinPairs(least) => object.min_properties = usize::try_from(*least).ok(),
            Rule::MaxPairs(most) => object.max_properties = usize::try_from(*most).ok(),
            Rule::Keys(rules) => {
                let mut names = Object::with_type(JsonType::String);
                rules.iter().for_each(|rule| apply(&mut names, rule));
                object.property_names = Some(Box::new(Schema::Object(names)));
            }
            Rule::Values(rules) => inner = rules,
            _ => {}
        }
    }
    let value = schema(book, value, inner, json_string, shape);
    object.additional_properties = Some(Box::new(AdditionalProperties::RefOr(value)));
    object.into()
}

/// Adds a rule to the schema of a scalar, where JSON Schema can say it.
fn apply(object: &mut Object, rule: &Rule) {
    let bytes = object.content_encoding == "base64";
    let text = matches!(object.schema_type, SchemaType::Type(JsonType::String));
    let length = |count: u64| usize::try_from(if bytes { count.div_ceil(3) * 4 } else { count }).ok();
    match rule {
        Rule::MinLen(least) => object.min_length = usize::try_from(*least).ok(),
        Rule::MaxLen(most) => object.max_length = usize::try_from(*most).ok(),
        Rule::MinBytes(least) if bytes => object.min_length = length(*least),
        // A text of n bytes has at most n characters.
        Rule::MaxBytes(most) => object.max_length = length(*most),
        Rule::Pattern(pattern) => object.pattern = Some(pattern.clone()),
        Rule::Prefix(part) => affix(object, format!("^{}", escaped(part))),
        Rule::Suffix(part) => affix(object, format!("{}$", escaped(part))),
        Rule::Contains(part) => affix(object, escaped(part)),
        Rule::Email => object.format = Some(format("email")),
        Rule::Hostname => object.format = Some(format("hostname")),
        Rule::Uri => object.format = Some(format("uri")),
        Rule::Uuid => object.format = Some(format("uuid")),
        Rule::Const(value) => object.enum_values = Some(vec![typed(object, value)]),
        Rule::In(values) => object.enum_values = Some(values.iter().map(|value| typed(object, value)).collect()),
        Rule::Gt(value) if !text => object.exclusive_minimum = number(value),
        Rule::Gte(value) if !text => object.minimum = number(value),
        Rule::Lt(value) if !text => object.exclusive_maximum = number(value),
        Rule::Lte(value) if !text => object.maximum = number(value),
        _ => {}
    }
}

fn affix(object: &mut Object, pattern: String) {
    object.pattern.get_or_insert(pattern);
}

fn escaped(text: &str) -> String {
    let special = |c: char| "\\^$.|?*+()[]{}/".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A value of an `in` or `const` rule in the JSON type of its field.
fn typed(object: &Object, text: &str) -> Value {
    let plain = || Value::from(text);
    match &object.schema_type {
        SchemaType::Type(JsonType::Integer | JsonType::Number | JsonType::Boolean) => {
            serde_json::from_str(text).unwrap_or_else(|_| plain())
        }
        _ => plain(),
    }
}

fn number(text: &str) -> Option<Number> {
    let int = text.parse::<isize>().ok().map(Number::Int);
    int.or_else(|| text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Number::Float))
}
