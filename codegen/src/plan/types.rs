//! Rust names and types of what the schema names, and the imports that they need.

use std::collections::BTreeMap;

use heck::{ToShoutySnakeCase, ToUpperCamelCase};

use super::home::{Home, split};
use crate::model::{KeyKind, Model, Type};

/// Words that Rust keeps for itself; as names they are written `r#type`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// A name as a Rust identifier.
pub fn identifier(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// A message or enum as a Rust type name, as prost spells it too.
pub fn type_name(full_name: &str) -> String {
    split(full_name).1.to_upper_camel_case()
}

/// A field as a Rust constant.
pub fn constant(name: &str) -> String {
    name.to_shouty_snake_case()
}

/// Answers types for the files of one module. Names stand as they are; the renderer imports what a file uses.
pub struct Types<'m> {
    model: &'m Model,
    /// Home of each full name.
    places: BTreeMap<&'m str, &'m Home>,
    home: &'m Home,
}

impl<'m> Types<'m> {
    /// For the files of `home`.
    pub fn new(model: &'m Model, homes: &'m [Home], home: &'m Home) -> Self {
        Self { model, places: places(homes), home }
    }

    /// The Rust type of a value.
    pub fn rust(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".to_owned(),
            Type::I32 => "i32".to_owned(),
            Type::I64 => "i64".to_owned(),
            Type::U32 => "u32".to_owned(),
            Type::U64 => "u64".to_owned(),
            Type::F32 => "f32".to_owned(),
            Type::F64 => "f64".to_owned(),
            Type::String => "String".to_owned(),
            Type::Bytes => "Bytes".to_owned(),
            Type::Decimal { .. } => "Decimal".to_owned(),
            Type::Timestamp => "Timestamp".to_owned(),
            Type::Duration => "Duration".to_owned(),
            Type::Date => "Date".to_owned(),
            Type::Struct => "Struct".to_owned(),
            Type::Id { entity, kind } => self.id(entity, *kind),
            Type::Enum(name) | Type::Message(name) | Type::Resource(name) => self.name(name, &type_name(name)),
            Type::List(item) => format!("Vec<{}>", self.rust(item)),
            Type::Map(key, value) => format!("BTreeMap<{}, {}>", self.rust(key), self.rust(value)),
        }
    }

    /// The key type of an entity, such as `OrderId`.
    pub fn key_of(&self, entity: &str) -> String {
        self.name(entity, &format!("{}Id", type_name(entity)))
    }

    fn id(&self, entity: &str, kind: KeyKind) -> String {
        let composite = self.model.entity(entity).is_some_and(|entity| entity.key.kind == KeyKind::Composite);
        if !composite {
            return self.key_of(entity);
        }
        format!("{}<{}>", key_wrapper(kind), self.name(entity, &type_name(entity)))
    }

    /// A name that `full_name` brings along: as it is, or with its path where it would mean something else here.
    pub fn name(&self, full_name: &str, name: &str) -> String {
        match self.places.get(full_name) {
            Some(place) if *place != self.home && self.clashes(full_name) => format!("crate::{}::{name}", place.path()),
            _ => name.to_owned(),
        }
    }

    /// Whether another published name has the same Rust name.
    fn clashes(&self, full_name: &str) -> bool {
        let name = type_name(full_name);
        self.places.keys().any(|other| *other != full_name && type_name(other) == name)
    }
}

/// The home of each published name.
pub fn places(homes: &[Home]) -> BTreeMap<&str, &Home> {
    let mut places = BTreeMap::new();
    for place in homes {
        let names = place.entity.iter().chain(&place.children).chain(&place.enums).chain(&place.messages);
        places.extend(names.map(|name| (name.as_str(), place)));
    }
    places
}

/// The runtime's type of a single key.
pub fn key_wrapper(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::UuidV7 => "Uid",
        KeyKind::Int64 | KeyKind::Int64Client => "Num",
        KeyKind::String | KeyKind::Composite => "Name",
    }
}

/// A text as a Rust string literal.
pub fn literal(text: &str) -> String {
    format!("{text:?}")
}
