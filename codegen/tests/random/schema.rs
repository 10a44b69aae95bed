//! Schemas from choices: entities, messages, enums and services that use all there is. Most are right; a careless one
//! has mistakes here and there.

mod entity;
mod field;
mod service;

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

use super::draw::Draw;
use super::words;

/// A schema, path to text, made of the choices in `bytes`.
pub fn schema(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut draw = Draw::new(bytes);
    let careless = draw.rarely(5);
    let mut maker = Maker { draw, careless, files: Vec::new(), types: Vec::new(), routes: 0 };
    maker.plan_files();
    maker.plan_types();
    maker.write()
}

const IMPORTS: &[&str] = &[
    "arcana/annotations.proto",
    "buf/validate/validate.proto",
    "google/api/annotations.proto",
    "google/api/field_behavior.proto",
    "google/api/resource.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/type/date.proto",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Entity,
    Message,
    Enum,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Uuid,
    Int64,
    Int64Client,
    Text,
    Composite,
}

#[derive(Clone)]
struct Planned {
    kind: Kind,
    name: String,
    file: usize,
    /// The message that it is declared in.
    outer: Option<usize>,
    key: Key,
    /// The entity that owns it.
    parent: Option<usize>,
    /// Values of an enum.
    values: Vec<String>,
}

struct PlannedFile {
    path: String,
    package: String,
}

/// Where a field stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Entity(usize),
    Message(usize),
}

/// A field that was written: what indexes, owners and routes can be made of.
struct Written {
    name: String,
    column: String,
    base: &'static str,
    optional: bool,
    repeated: bool,
    max_len: u64,
}

struct Maker<'b> {
    draw: Draw<'b>,
    careless: bool,
    files: Vec<PlannedFile>,
    types: Vec<Planned>,
    routes: usize,
}

impl Maker<'_> {
    /// A mistake now and then, if the schema is careless.
    fn slips(&mut self) -> bool {
        self.careless && self.draw.rarely(25)
    }

    fn plan_files(&mut self) {
        let count = 1 + self.draw.below(3);
        for at in 0..count {
            let shared = at > 0 && self.draw.below(2) == 1;
            let pool = if self.slips() { words::BAD_PACKAGES } else { words::PACKAGES };
            let package = match self.files.last() {
                Some(last) if shared => last.package.clone(),
                _ => self.draw.pick(pool).to_owned(),
            };
            let stem = if self.slips() { self.draw.pick(words::BAD_FILES) } else { self.draw.pick(words::FILES) };
            let mut path = format!("{}/{stem}.proto", package.replace('.', "/"));
            if self.files.iter().any(|file| file.path == path) {
                path = format!("more{at}/{stem}.proto");
            }
            self.files.push(PlannedFile { path, package });
        }
    }

    fn plan_types(&mut self) {
        let (entities, messages, enums) = (1 + self.draw.below(4), self.draw.below(5), self.draw.below(4));
        for (kind, count) in [(Kind::Enum, enums), (Kind::Message, messages), (Kind::Entity, entities)] {
            for _ in 0..count {
                self.plan_type(kind);
            }
        }
        // Some entities become children of others.
        for child in 0..self.types.len() {
            if self.types[child].kind == Kind::Entity && self.draw.rarely(4) {
                let file = self.types[child].file;
                let fits = |(at, one): (usize, &Planned)| {
                    let near = one.file >= file && self.files[one.file].package == self.files[file].package;
                    (at != child && one.kind == Kind::Entity && one.parent.is_none() && near).then_some(at)
                };
                let parents: Vec<usize> = self.types.iter().enumerate().filter_map(fits).collect();
                let is_parent = self.types.iter().any(|other| other.parent == Some(child));
                if let Some(&parent) = parents.get(self.draw.below(parents.len()))
                    && !is_parent
                {
                    if self.types[parent].key == Key::Composite {
                        self.types[parent].key = Key::Uuid;
                    }
                    self.types[child].parent = Some(parent);
                    self.types[child].key = Key::Uuid;
                }
            }
        }
    }

    fn plan_type(&mut self, kind: Kind) {
        let file = self.draw.below(self.files.len());
        let pool = if self.slips() { words::BAD_TYPES } else { words::TYPES };
        let mut name = self.draw.pick(pool).to_owned();
        let package = self.files[file].package.clone();
        let same = |other: &Planned, name: &str| other.name.to_upper_camel_case() == name.to_upper_camel_case();
        let clashes = |name: &str| {
            self.types.iter().any(|other| {
                let near = self.files[other.file].package == package && other.outer.is_none();
                same(other, name) && (near || (kind == Kind::Entity && other.kind == Kind::Entity))
            })
        };
        if clashes(&name) {
            name = format!("{name}N{}", self.types.len());
        }
        let key = match self.draw.below(7) {
            1 => Key::Int64,
            2 => Key::Int64Client,
            3 => Key::Text,
            4 => Key::Composite,
            _ => Key::Uuid,
        };
        let holders: Vec<usize> = (0..self.types.len())
            .filter(|at| self.types[*at].file == file && self.types[*at].kind == Kind::Message)
            .collect();
        let outer = if kind != Kind::Entity && self.draw.rarely(3) {
            holders.get(self.draw.below(holders.len())).copied()
        } else {
            None
        };
        let values = if kind == Kind::Enum { self.values(&name) } else { Vec::new() };
        self.types.push(Planned { kind, name, file, outer, key, parent: None, values });
    }

    fn values(&mut self, name: &str) -> Vec<String> {
        let prefix = name.to_shouty_snake_case();
        let mut values = vec![format!("{prefix}_UNSPECIFIED")];
        let mut seen = BTreeSet::from(["Unspecified".to_owned()]);
        for at in 0..self.draw.below(6) {
            let ending = if self.slips() { self.draw.pick(words::BAD_VALUES) } else { self.draw.pick(words::VALUES) };
            let fresh = seen.insert(ending.to_upper_camel_case());
            if fresh || self.slips() {
                let bare = format!("BARE_{}_{at}", name.to_shouty_snake_case());
                let value = if self.draw.rarely(8) { bare } else { format!("{prefix}_{ending}") };
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        values
    }

    fn full_name(&self, at: usize) -> String {
        let one = &self.types[at];
        match one.outer {
            Some(outer) => format!("{}.{}", self.full_name(outer), one.name),
            None => format!("{}.{}", self.files[one.file].package, one.name),
        }
    }

    fn write(mut self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for file in 0..self.files.len() {
            let mut body = String::new();
            for at in 0..self.types.len() {
                if self.types[at].file == file && self.types[at].outer.is_none() {
                    body.push_str(&self.declaration(at, 0));
                }
            }
            for at in 0..self.types.len() {
                let one = &self.types[at];
                if one.file == file && one.kind == Kind::Entity && one.parent.is_none() && self.draw.below(2) == 1 {
                    body.push_str(&self.service(at));
                }
            }
            let head = self.comment(0);
            let own = self.files[file].package.clone();
            let before = self.files[..file].iter().map(|file| text(&file.path));
            let imports = IMPORTS.iter().map(|import| text(import)).chain(before);
            let imports: String = imports.map(|import| format!("import {import};\n")).collect();
            let whole = format!("{head}syntax = \"proto3\";\npackage {own};\n{imports}\n{body}");
            texts.insert(self.files[file].path.clone(), whole);
        }
        texts
    }

    fn comment(&mut self, depth: usize) -> String {
        let pad = "  ".repeat(depth);
        match self.draw.below(4) {
            1 => {
                let said = self.draw.pick(words::COMMENTS).replace('\n', &format!("\n{pad}// "));
                format!("{pad}// {said}\n")
            }
            2 => {
                let said = self.draw.pick(words::COMMENTS).replace("*/", "* /").replace("/*", "/ *");
                format!("{pad}/* {said} */\n")
            }
            _ => String::new(),
        }
    }

    fn declaration(&mut self, at: usize, depth: usize) -> String {
        let comment = self.comment(depth);
        let pad = "  ".repeat(depth);
        let name = self.types[at].name.clone();
        let body = match self.types[at].kind {
            Kind::Enum => return comment + &self.enumeration(at, depth),
            Kind::Entity => self.entity(at),
            Kind::Message => self.message(at),
        };
        let inner: Vec<usize> = (0..self.types.len()).filter(|one| self.types[*one].outer == Some(at)).collect();
        let inner: String = inner.into_iter().map(|one| self.declaration(one, depth + 1)).collect();
        format!("{comment}{pad}message {name} {{\n{body}{inner}{pad}}}\n")
    }

    fn enumeration(&mut self, at: usize, depth: usize) -> String {
        let pad = "  ".repeat(depth);
        let mut text = format!("{pad}enum {} {{\n", self.types[at].name);
        for (number, value) in self.types[at].values.clone().into_iter().enumerate() {
            let number = i32::try_from(number).unwrap();
            let odd = number > 0 && self.draw.rarely(6);
            let number = if odd { -number } else { number * 3 };
            text.push_str(&self.comment(depth + 1));
            text.push_str(&format!("{pad}  {value} = {number};\n"));
        }
        if self.draw.rarely(5) {
            text.push_str(&format!("{pad}  reserved 100, 200 to max;\n{pad}  reserved \"GONE_{at}\";\n"));
        }
        text + &format!("{pad}}}\n")
    }

    fn message(&mut self, at: usize) -> String {
        let mut fields = String::new();
        let mut taken = BTreeSet::new();
        let count = self.draw.below(9);
        for number in 1..=count {
            let (text, _) = self.field(Place::Message(at), u32::try_from(number).unwrap(), &mut taken);
            fields.push_str(&text);
        }
        if self.slips() {
            fields.push_str("  oneof one_of { string first_of = 900; int32 second_of = 901; }\n");
        }
        fields
    }
}

/// A string literal of protobuf text.
fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_ascii_control() => out.push_str(&format!("\\{:03o}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}
