//! Rust names and types of what the schema names, and the imports that they need.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

use super::home::split;
use crate::model::{KeyKind, Model, Type};

/// Words that Rust keeps for itself; as names they are written `r#type`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut",
    "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe",
    "unsized", "use", "virtual", "where", "while", "yield",
];

/// Words that take no `r#`, and `extern`, which prost spells as if it did not.
const NO_RAW: &[&str] = &["_", "crate", "extern", "self", "super"];

/// A name as a Rust identifier, spelled as prost spells it.
pub fn identifier(name: &str) -> String {
    if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else if NO_RAW.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// Around a full name that stands for a Rust type in rendered text; the renderer knows how to call it there.
pub const OPEN: char = '\u{e000}';
/// See [`OPEN`].
pub const CLOSE: char = '\u{e001}';

/// A message or enum as a Rust type, to be named by the renderer.
pub fn type_name(full_name: &str) -> String {
    format!("{OPEN}{full_name}{CLOSE}")
}

/// The name of the Rust type itself: `Order`, or `OrderLine` for a `Line` inside `Order`.
pub fn rust_name(full_name: &str) -> String {
    split(full_name).1.to_upper_camel_case()
}

/// The text with the plain names of types.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        let (full_name, after) = behind.split_once(CLOSE).unwrap_or((behind, ""));
        out.push_str(before);
        out.push_str(&rust_name(full_name));
        rest = after;
    }
    out + rest
}

/// A message or enum in the module of its package as prost spells it: `order::Line` for a `Line` inside `Order`.
pub fn pb_name(full_name: &str) -> String {
    let mut parts: Vec<String> = split(full_name).1.split('.').map(str::to_owned).collect();
    let last = parts.pop().unwrap_or_default().to_upper_camel_case();
    let outer = parts.iter().map(|part| format!("{}::", identifier(&part.to_snake_case())));
    format!("{}{last}", outer.collect::<String>())
}

/// A field as a Rust constant.
pub fn constant(name: &str) -> String {
    plain(name).to_shouty_snake_case()
}

/// The constant that holds the shape of an entity; where it would be spelled like the type, it says what it is.
pub fn spec_constant(full_name: &str) -> String {
    let (name, type_name) = (constant(&type_name(full_name)), rust_name(full_name));
    if name == type_name { format!("{name}_SPEC") } else { name }
}

/// Answers types. Names stand as they are; the renderer imports what a file uses.
pub struct Types<'m> {
    model: &'m Model,
}

impl<'m> Types<'m> {
    /// For the types of a model.
    pub fn new(model: &'m Model) -> Self {
        Self { model }
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
            Type::Enum(name) | Type::Message(name) | Type::Resource(name) => type_name(name),
            Type::List(item) => format!("Vec<{}>", self.rust(item)),
            Type::Map(key, value) => format!("BTreeMap<{}, {}>", self.rust(key), self.rust(value)),
        }
    }

    /// The key type of an entity, such as `OrderId`.
    pub fn key_of(&self, entity: &str) -> String {
        format!("{}Id", type_name(entity))
    }

    fn id(&self, entity: &str, kind: KeyKind) -> String {
        let composite = self.model.entity(entity).is_some_and(|entity| entity.key.kind == KeyKind::Composite);
        if !composite {
            return self.key_of(entity);
        }
        format!("{}<{}>", key_wrapper(kind), type_name(entity))
    }
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
