//! A schema as data, small enough to walk: entities with fields of every kind of storage, and its text as `.proto`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::draw::Draw;

/// The whole of it.
#[derive(Clone, Default)]
pub struct Shape {
    pub entities: Vec<Entity>,
    /// Enums, by the values that they have beside the first one.
    pub enums: Vec<Vec<String>>,
    /// Entities that there ever were, so that no name comes twice.
    pub named: usize,
}

#[derive(Clone)]
pub struct Entity {
    pub name: String,
    pub moved_from: Option<String>,
    pub key: Key,
    pub fields: Vec<Field>,
    pub reserved: Vec<(u32, String)>,
    pub next: u32,
    pub soft_delete: bool,
    /// Place of the entity that owns it.
    pub owner: Option<String>,
    /// Fields of declared indexes, and whether they are unique.
    pub indexes: Vec<(Vec<u32>, bool)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Uuid,
    Int64,
    Client,
    Text,
    Composite,
}

#[derive(Clone)]
pub struct Field {
    pub number: u32,
    pub name: String,
    pub kind: Kind,
    pub optional: bool,
    pub max_len: Option<u32>,
    pub unique: bool,
    pub sortable: bool,
    pub searchable: bool,
    pub default: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    Bool,
    I32,
    I64,
    U32,
    U64,
    F32,
    F64,
    Text,
    Bytes,
    Decimal(u32, u32),
    Timestamp,
    Duration,
    Date,
    Struct,
    List,
    Map,
    Enum(usize),
    /// The key of an entity of that name, and what its delete does.
    Reference(String, &'static str),
}

const NAMES: [&str; 14] = [
    "alpha", "order", "group", "beta", "value", "user", "gamma", "delta", "key", "omega", "size", "label", "rank",
    "theta",
];
const ENTITIES: [&str; 8] = ["Ship", "Crate", "Harbour", "Group", "Voyage", "Table", "Sailor", "Flag"];
const ENUM_VALUES: [&str; 6] = ["RED", "GREEN", "BLUE", "GREY", "PINK", "BROWN"];

/// A schema to start from.
pub fn start(draw: &mut Draw<'_>) -> Shape {
    let mut shape = Shape::default();
    for _ in 0..1 + draw.below(2) {
        let count = 1 + draw.below(3);
        shape.enums.push(ENUM_VALUES.iter().take(count).map(|value| (*value).to_owned()).collect());
    }
    for _ in 0..2 + draw.below(3) {
        shape.add_entity(draw);
    }
    shape
}

impl Shape {
    pub fn add_entity(&mut self, draw: &mut Draw<'_>) {
        let at = self.named;
        let name = match ENTITIES.get(at) {
            Some(name) => (*name).to_owned(),
            None => format!("Thing{at}"),
        };
        self.named += 1;
        let mut key = [Key::Uuid, Key::Int64, Key::Client, Key::Text, Key::Composite][draw.below(5)];
        let owners = self.entities.iter().filter(|entity| entity.owner.is_none() && entity.key != Key::Composite);
        let owners: Vec<String> = owners.map(|entity| entity.name.clone()).collect();
        let owner = if draw.rarely(4) { owners.get(draw.below(owners.len())).cloned() } else { None };
        if owner.is_some() {
            key = Key::Uuid;
        }
        let soft_delete = owner.is_none() && draw.rarely(3);
        let mut entity = Entity {
            name,
            moved_from: None,
            key,
            fields: Vec::new(),
            reserved: Vec::new(),
            next: 10,
            soft_delete,
            owner,
            indexes: Vec::new(),
        };
        for _ in 0..2 + draw.below(4) {
            let field = self.field(&entity, draw);
            entity.next += 1;
            entity.fields.push(field);
        }
        self.entities.push(entity);
    }

    /// A field that fits into an entity.
    pub fn field(&self, entity: &Entity, draw: &mut Draw<'_>) -> Field {
        let taken: BTreeSet<&str> = entity
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .chain(entity.reserved.iter().map(|(_, name)| name.as_str()))
            .collect();
        let mut name = draw.pick(&NAMES).to_owned();
        if taken.contains(name.as_str()) || self.names_a_child(&name) {
            name = format!("{name}_{}", entity.next);
        }
        let kind = self.kind(draw);
        let optional = draw.below(2) == 1 || matches!(&kind, Kind::Reference(_, "SET_NULL"));
        // A field of a message is null or there; lists and maps are always there.
        let optional = optional && !matches!(kind, Kind::List | Kind::Map);
        let max_len = (kind == Kind::Text && draw.below(4) > 0).then(|| [1, 20, 40, 200][draw.below(4)]);
        let bounded = kind != Kind::Text || max_len.is_some();
        let plain = matches!(kind, Kind::I32 | Kind::I64 | Kind::U32 | Kind::U64 | Kind::Text | Kind::Decimal(..));
        let searchable = kind == Kind::Text && entity.owner.is_none() && draw.rarely(6);
        let default = if optional { None } else { default(&kind, draw, self) };
        Field {
            number: entity.next,
            name,
            unique: plain && bounded && draw.rarely(5),
            sortable: plain && bounded && entity.owner.is_none() && draw.rarely(5),
            kind,
            optional,
            max_len,
            searchable,
            default,
        }
    }

    fn names_a_child(&self, name: &str) -> bool {
        self.entities.iter().any(|entity| entity.owner.is_some() && many(&entity.name) == name)
    }

    fn kind(&self, draw: &mut Draw<'_>) -> Kind {
        let targets = self.entities.iter().filter(|entity| entity.key != Key::Composite && entity.owner.is_none());
        let targets: Vec<&str> = targets.map(|entity| entity.name.as_str()).collect();
        match draw.below(22) {
            0 => Kind::Bool,
            1 => Kind::I32,
            2 => Kind::I64,
            3 => Kind::U32,
            4 => Kind::U64,
            5 => Kind::F32,
            6 => Kind::F64,
            7 => Kind::Bytes,
            8 => Kind::Timestamp,
            9 => Kind::Duration,
            10 => Kind::Date,
            11 => Kind::Struct,
            12 => Kind::List,
            13 => Kind::Map,
            14 | 15 => Kind::Decimal([4, 9, 18][draw.below(3)], draw.below(4) as u32),
            16 => Kind::Enum(draw.below(self.enums.len())),
            17..=19 if !targets.is_empty() => {
                let target = targets[draw.below(targets.len())].to_owned();
                Kind::Reference(target, ["RESTRICT", "CASCADE", "SET_NULL"][draw.below(3)])
            }
            _ => Kind::Text,
        }
    }

    /// As `.proto`.
    pub fn text(&self) -> String {
        let mut out = "syntax = \"proto3\";\n\npackage walk.v1;\n\n".to_owned();
        for import in [
            "arcana/annotations.proto",
            "buf/validate/validate.proto",
            "google/protobuf/duration.proto",
            "google/protobuf/struct.proto",
            "google/protobuf/timestamp.proto",
            "google/type/date.proto",
        ] {
            let _ = writeln!(out, "import \"{import}\";");
        }
        for (at, values) in self.enums.iter().enumerate() {
            let _ = writeln!(out, "\nenum Hue{at} {{\n  HUE{at}_UNSPECIFIED = 0;");
            for value in values {
                // The number belongs to the name, wherever it stands.
                let number = ENUM_VALUES.iter().position(|known| known == value).map_or(99, |at| at + 1);
                let _ = writeln!(out, "  HUE{at}_{value} = {number};");
            }
            out.push_str("}\n");
        }
        for entity in &self.entities {
            self.entity(entity, &mut out);
        }
        out
    }

    fn entity(&self, entity: &Entity, out: &mut String) {
        let mut options = Vec::new();
        if let Some(former) = &entity.moved_from {
            options.push(format!("moved_from: \"walk.v1.{former}\""));
        }
        if entity.soft_delete {
            options.push("soft_delete: true".to_owned());
        }
        if entity.key == Key::Composite {
            options.push("primary_key: [\"first\", \"second\"]".to_owned());
        }
        for (numbers, unique) in &entity.indexes {
            let names = numbers.iter().filter_map(|number| entity.fields.iter().find(|field| field.number == *number));
            let names: Vec<String> = names.map(|field| format!("\"{}\"", field.name)).collect();
            let unique = if *unique { " unique: true" } else { "" };
            options.push(format!("indexes: {{ fields: [{}]{unique} }}", names.join(", ")));
        }
        let _ = writeln!(out, "\nmessage {} {{\n  option (arcana.entity) = {{ {} }};", entity.name, options.join(" "));
        for (number, name) in &entity.reserved {
            let _ = writeln!(out, "  reserved {number};\n  reserved \"{name}\";");
        }
        out.push_str(match entity.key {
            Key::Uuid => "  string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];\n",
            Key::Int64 => "  int64 id = 1 [(arcana.field) = { primary_key: INT64 }];\n",
            Key::Client => "  int64 id = 1 [(arcana.field) = { primary_key: INT64_CLIENT }];\n",
            Key::Text => {
                "  string id = 1 [(arcana.field) = { primary_key: STRING }, (buf.validate.field).string = { min_len: 1 max_len: 30 }];\n"
            }
            Key::Composite => {
                "  int64 first = 1;\n  string second = 2 [(buf.validate.field).string = { min_len: 1 max_len: 30 }];\n"
            }
        });
        for field in &entity.fields {
            self.field_text(field, out);
        }
        let children = self.entities.iter().enumerate().filter(|(_, other)| other.owner.as_ref() == Some(&entity.name));
        for (at, child) in children {
            let number = 900 + at;
            let _ = writeln!(
                out,
                "  repeated {} {} = {number} [(arcana.field) = {{ owned: true }}];",
                child.name,
                many(&child.name)
            );
        }
        out.push_str("}\n");
    }

    fn field_text(&self, field: &Field, out: &mut String) {
        let (label, ty) = match &field.kind {
            Kind::Bool => ("", "bool".to_owned()),
            Kind::I32 => ("", "int32".to_owned()),
            Kind::I64 => ("", "int64".to_owned()),
            Kind::U32 => ("", "uint32".to_owned()),
            Kind::U64 => ("", "uint64".to_owned()),
            Kind::F32 => ("", "float".to_owned()),
            Kind::F64 => ("", "double".to_owned()),
            Kind::Text | Kind::Decimal(..) => ("", "string".to_owned()),
            Kind::Bytes => ("", "bytes".to_owned()),
            Kind::Timestamp => ("", "google.protobuf.Timestamp".to_owned()),
            Kind::Duration => ("", "google.protobuf.Duration".to_owned()),
            Kind::Date => ("", "google.type.Date".to_owned()),
            Kind::Struct => ("", "google.protobuf.Struct".to_owned()),
            Kind::List => ("repeated ", "string".to_owned()),
            Kind::Map => ("", "map<string, string>".to_owned()),
            Kind::Enum(at) => ("", format!("Hue{at}")),
            Kind::Reference(target, _) => {
                let target = self.entities.iter().find(|entity| entity.name == *target);
                let whole = target.is_some_and(|entity| matches!(entity.key, Key::Int64 | Key::Client));
                ("", if whole { "int64" } else { "string" }.to_owned())
            }
        };
        let mut said = Vec::new();
        if let Kind::Decimal(precision, scale) = field.kind {
            said.push(format!("decimal: {{ precision: {precision} scale: {scale} }}"));
        }
        if let Kind::Reference(target, on_delete) = &field.kind {
            said.push(format!("references: \"walk.v1.{target}\" on_delete: {on_delete}"));
        }
        for (is, word) in [(field.unique, "unique"), (field.sortable, "sortable"), (field.searchable, "searchable")] {
            if is {
                said.push(format!("{word}: true"));
            }
        }
        if let Some(default) = &field.default {
            said.push(format!("default: \"{default}\""));
        }
        let label = if field.optional { "optional " } else { label };
        let bound = field.max_len.map(|most| format!(", (buf.validate.field).string.max_len = {most}"));
        let (name, number, said) = (&field.name, field.number, said.join(" "));
        let bound = bound.unwrap_or_default();
        let _ = writeln!(out, "  {label}{ty} {name} = {number} [(arcana.field) = {{ {said} }}{bound}];");
    }
}

/// A default in the schema, now and then.
pub fn default(kind: &Kind, draw: &mut Draw<'_>, shape: &Shape) -> Option<String> {
    let enum_value = |at: &usize| shape.enums.get(*at)?.first().map(|value| format!("HUE{at}_{value}"));
    match kind {
        // An enum has no zero that could be stored.
        Kind::Enum(at) if draw.below(3) > 0 => enum_value(at),
        _ if draw.below(3) > 0 => None,
        Kind::Bool => Some("true".to_owned()),
        Kind::I32 | Kind::I64 | Kind::U32 | Kind::U64 => Some("7".to_owned()),
        Kind::F32 | Kind::F64 => Some("1.5".to_owned()),
        Kind::Text => Some("x".to_owned()),
        Kind::Decimal(_, scale) => Some(if *scale > 0 { "2.5" } else { "2" }.to_owned()),
        Kind::Timestamp => Some("2026-01-31T12:00:00Z".to_owned()),
        Kind::Duration => Some("1.5s".to_owned()),
        Kind::Date => Some("2026-01-31".to_owned()),
        _ => None,
    }
}

/// What a list of children is called.
pub fn many(entity: &str) -> String {
    format!("{}_list", entity.to_lowercase())
}

pub const VALUES: [&str; 6] = ENUM_VALUES;
pub const FIELD_NAMES: [&str; 14] = NAMES;
