//! Messages and enums of the schema, restated without what is the service's own business.

use std::collections::BTreeSet;

use super::published::import_of;
use super::text::{EnumText, FieldText, MessageText};
use crate::emit::words::{field_comment, is_hidden};
use crate::model::{Enum, Field, FieldRole, KeyKind, Model, Reserved, Type};
use crate::presence::published_optional;

/// The published form of a resource or message, with the published types inside it.
pub(crate) fn message(model: &Model, published: &BTreeSet<String>, full_name: &str) -> Option<MessageText> {
    let (package, comment, fields, reserved) = match (model.resource(full_name), model.message(full_name)) {
        (Some(found), _) => (&found.package, &found.comment, &found.fields, &found.reserved),
        (None, Some(found)) => (&found.package, &found.comment, &found.fields, &found.reserved),
        (None, None) => return None,
    };
    let inside = format!("{full_name}.");
    let inner = || {
        let behind = published.range(inside.clone()..).take_while(|name| name.starts_with(&inside));
        behind.filter(|name| name.rsplit_once('.').is_some_and(|(outer, _)| outer == full_name))
    };
    Some(MessageText {
        comment: comment.clone(),
        name: last(full_name).to_owned(),
        fields: fields.iter().filter(|field| !is_hidden(field)).map(|one| field(model, package, one)).collect(),
        reserved: with_hidden(reserved, fields),
        messages: inner().filter_map(|name| message(model, published, name)).collect(),
        enums: inner().filter_map(|name| model.enumeration(name)).map(enumeration).collect(),
    })
}

/// The published form of an enumeration.
pub(crate) fn enumeration(found: &Enum) -> EnumText {
    EnumText {
        comment: found.comment.clone(),
        name: last(&found.full_name).to_owned(),
        values: found.values.iter().map(|value| (value.comment.clone(), value.name.clone(), value.number)).collect(),
        reserved: found.reserved.clone(),
    }
}

/// The type and the import of a field of that type, as a file of `package` writes it.
pub(crate) fn type_text(model: &Model, package: &str, ty: &Type, wire: Option<&str>) -> (String, Option<String>) {
    let named = |name: &str| (written(model, package, name), import_of(model, name));
    let standard = |name: &str| (name.to_owned(), import_of(model, name));
    let scalar = |name: &str| (wire.unwrap_or(name).to_owned(), None);
    match ty {
        Type::Bool => scalar("bool"),
        Type::I32 => scalar("int32"),
        Type::I64 => scalar("int64"),
        Type::U32 => scalar("uint32"),
        Type::U64 => scalar("uint64"),
        Type::F32 => scalar("float"),
        Type::F64 => scalar("double"),
        Type::String | Type::Decimal { .. } => scalar("string"),
        Type::Bytes => scalar("bytes"),
        Type::Id { kind: KeyKind::Int64 | KeyKind::Int64Client, .. } => scalar("int64"),
        Type::Id { .. } => scalar("string"),
        Type::Timestamp => standard("google.protobuf.Timestamp"),
        Type::Duration => standard("google.protobuf.Duration"),
        Type::Struct => standard("google.protobuf.Struct"),
        Type::Date => standard("google.type.Date"),
        Type::Enum(name) | Type::Message(name) | Type::Resource(name) => named(name),
        Type::List(item) => {
            let (text, import) = type_text(model, package, item, wire);
            (format!("repeated {text}"), import)
        }
        Type::Map(key, value) => {
            let (key, _) = type_text(model, package, key, None);
            let (value, import) = type_text(model, package, value, wire);
            (format!("map<{key}, {value}>"), import)
        }
    }
}

/// Words that start a statement of a message or stand before a type: a name must not look like one.
const STATEMENTS: [&str; 13] = [
    "enum",
    "extend",
    "extensions",
    "group",
    "map",
    "message",
    "oneof",
    "option",
    "optional",
    "repeated",
    "required",
    "reserved",
    "stream",
];

/// A name as a file of `package` writes it: `Order` inside its own package, the full name elsewhere. Where protobuf
/// would find another type on its way outwards, or a statement, the name starts at the root.
pub(crate) fn written(model: &Model, package: &str, full_name: &str) -> String {
    let inside = full_name.strip_prefix(package).and_then(|rest| rest.strip_prefix('.'));
    let name = inside.unwrap_or(full_name);
    let first = name.split('.').next().unwrap_or_default();
    let rooted = STATEMENTS.contains(&first) || is_hidden_by(model, package, first, inside.is_some());
    if rooted { format!(".{full_name}") } else { name.to_owned() }
}

fn is_hidden_by(model: &Model, package: &str, first: &str, inside: bool) -> bool {
    if inside {
        let messages = model.messages.iter().map(|message| (&message.package, &message.name));
        let mut types = messages.chain(model.enums.iter().map(|one| (&one.package, &one.name)));
        return types.any(|(of, name)| of == package && name.split('.').skip(1).any(|part| part == first));
    }
    let outer = package.match_indices('.').filter_map(|(at, _)| package.get(..at)).chain([package]);
    let hiding: Vec<String> = outer.map(|outer| format!("{outer}.{first}")).collect();
    let is_in = |of: &str, outer: &String| {
        of.strip_prefix(outer.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    model.files.iter().any(|file| hiding.iter().any(|outer| is_in(&file.package, outer)))
}

fn field(model: &Model, package: &str, field: &Field) -> FieldText {
    let (ty, import) = type_text(model, package, &field.ty, field.wire.as_deref());
    FieldText {
        comment: field_comment(field),
        ty: if published_optional(field) { format!("optional {ty}") } else { ty },
        name: field.name.clone(),
        number: field.number,
        options: options(field),
        import,
    }
}

/// The schema's own options, and the behaviours that the model knows beyond them.
fn options(field: &Field) -> Vec<String> {
    let service_made = matches!(field.ty, Type::Id { kind: KeyKind::UuidV7 | KeyKind::Int64, .. });
    let key = field.role == FieldRole::Key;
    let behaviours = [
        ("IDENTIFIER", key),
        ("REQUIRED", field.required),
        ("OUTPUT_ONLY", field.output_only || (key && service_made)),
        ("IMMUTABLE", field.immutable),
        ("INPUT_ONLY", field.input_only),
    ];
    let said = |word: &str| {
        let is_behaviour = |option: &&String| option.contains("google.api.field_behavior");
        field.contract_options.iter().filter(is_behaviour).any(|option| option.contains(word))
    };
    let derived = behaviours
        .iter()
        .filter(|(word, holds)| *holds && !said(word))
        .map(|(word, _)| format!("(google.api.field_behavior) = {word}"));
    let mut options: Vec<String> = derived.collect();
    options.extend(field.contract_options.iter().cloned());
    if field.json_string && !options.iter().any(|option| option.starts_with("jstype")) {
        options.push("jstype = JS_STRING".to_owned());
    }
    if field.deprecated && !options.iter().any(|option| option.starts_with("deprecated")) {
        options.push("deprecated = true".to_owned());
    }
    if field.redacted && !options.iter().any(|option| option.starts_with("debug_redact")) {
        options.push("debug_redact = true".to_owned());
    }
    options
}

/// What the schema reserves, and the numbers and names of the fields that stay inside.
fn with_hidden(reserved: &Reserved, fields: &[Field]) -> Reserved {
    let mut all = reserved.clone();
    for field in fields.iter().filter(|field| is_hidden(field)) {
        let number = i32::try_from(field.number).unwrap_or(i32::MAX);
        all.ranges.push((number, number));
        all.names.push(field.name.clone());
    }
    all.ranges.sort_unstable();
    all
}

fn last(full_name: &str) -> &str {
    full_name.rsplit('.').next().unwrap_or(full_name)
}
