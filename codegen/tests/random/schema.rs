//! Schemas from choices: entities, messages, enums and services that use all there is. Most are right; a careless one
//! has mistakes here and there.

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

    fn entity(&mut self, at: usize) -> String {
        let mut fields = String::new();
        let mut written = Vec::new();
        let mut taken: BTreeSet<String> = ["id", "deleted_at", "position"].map(str::to_owned).into();
        if let Some(parent) = self.types[at].parent {
            taken.insert(format!("{}_id", self.types[parent].name.to_snake_case()));
        }
        let mut number = 1;
        let mut key_fields = Vec::new();
        let key_name = if self.draw.rarely(5) { "key" } else { "id" };
        match self.types[at].key {
            Key::Composite => {
                for name in ["left", "right"] {
                    let whole = self.draw.below(2) == 0;
                    let ty = if whole { "int64" } else { "string" };
                    let bound = if whole { "" } else { " [(.buf.validate.field).string = { min_len: 1 max_len: 40 }]" };
                    fields.push_str(&format!("  {ty} {name}_key = {number}{bound};\n"));
                    key_fields.push(format!("{name}_key"));
                    taken.insert(format!("{name}_key"));
                    number += 1;
                }
            }
            key => {
                let (ty, said, rule) = match key {
                    Key::Int64 => ("int64", "INT64", ""),
                    Key::Int64Client => ("int64", "INT64_CLIENT", ""),
                    Key::Text => ("string", "STRING", ", (.buf.validate.field).string = { min_len: 1 max_len: 60 }"),
                    _ => ("string", "UUID_V7", ""),
                };
                fields.push_str(&self.comment(1));
                fields
                    .push_str(&format!("  {ty} {key_name} = 1 [(.arcana.field) = {{ primary_key: {said} }}{rule}];\n"));
                taken.insert(key_name.to_owned());
                number += 1;
            }
        }
        for _ in 0..self.draw.below(9) {
            let (text, field) = self.field(Place::Entity(at), number, &mut taken);
            fields.push_str(&text);
            written.push(field);
            number += 1 + u32::from(self.draw.rarely(10)) * 1000;
        }
        let children: Vec<usize> = (0..self.types.len()).filter(|one| self.types[*one].parent == Some(at)).collect();
        for child in children {
            let ty = self.full_name(child);
            fields.push_str(&format!(
                "  repeated .{ty} own_{number} = {number} [(.arcana.field) = {{ owned: true }}];\n"
            ));
            number += 1;
        }
        for (ty, name) in [
            ("int64", "version"),
            (".google.protobuf.Timestamp", "created_at"),
            (".google.protobuf.Timestamp", "updated_at"),
        ] {
            if self.draw.rarely(3) {
                fields.push_str(&format!("  {ty} {name} = {number};\n"));
                number += 1;
            }
        }
        if self.draw.rarely(8) {
            fields.push_str(&format!("  reserved {} to {}, 9000;\n  reserved \"gone\";\n", number + 50, number + 60));
        }
        self.entity_options(at, &written, &key_fields, key_name) + &fields
    }

    fn entity_options(&mut self, at: usize, written: &[Written], key_fields: &[String], key: &str) -> String {
        let child = self.types[at].parent.is_some();
        let mut options = Vec::new();
        let mut tenant_len = 0;
        if !key_fields.is_empty() {
            options.push(format!(
                "primary_key: [{}]",
                key_fields.iter().map(|name| text(name)).collect::<Vec<_>>().join(", ")
            ));
        }
        if self.draw.rarely(3) && !child {
            options.push("soft_delete: true".to_owned());
        }
        let texts: Vec<&Written> = written.iter().filter(|field| field.base == "string" && !field.repeated).collect();
        let owner = if self.draw.rarely(3) {
            match texts.get(self.draw.below(texts.len())) {
                Some(field) => Some(field.name.as_str()),
                None if self.types[at].key != Key::Int64Client && key_fields.is_empty() => Some(key),
                None => None,
            }
        } else {
            None
        };
        options.extend(owner.map(|name| format!("owner: {}", text(name))));
        if self.draw.rarely(4) {
            let fits = |field: &&Written| {
                (field.max_len > 0 || field.base == "int64")
                    && !field.optional
                    && !field.repeated
                    && ["string", "int64"].contains(&field.base)
                    && field.max_len <= 100
            };
            if let Some(field) = written.iter().find(fits) {
                tenant_len = field.max_len;
                options.push(format!("tenant: {}", text(&field.name)));
            }
        }
        let scalars: Vec<&Written> = written
            .iter()
            .filter(|field| !field.repeated && !["bytes", "json", ""].contains(&field.base))
            .filter(|field| field.base != "string" || (field.max_len > 0 && field.max_len <= 100))
            .collect();
        for _ in 0..self.draw.below(3) {
            let mut names: Vec<&str> = Vec::new();
            let mut columns: Vec<&str> = Vec::new();
            for _ in 0..1 + self.draw.below(3) {
                if let Some(field) = scalars.get(self.draw.below(scalars.len()))
                    && (!names.contains(&field.name.as_str()) || self.slips())
                {
                    names.push(&field.name);
                    columns.push(&field.column);
                }
            }
            if names.is_empty() {
                continue;
            }
            let unique = if tenant_len < 100 && self.draw.below(2) == 1 { " unique: true" } else { "" };
            let condition = match self.draw.below(8) {
                1 => format!(" where: {}", text(&format!("\"{}\" IS NOT NULL", columns[0]))),
                _ if self.slips() => {
                    let bad = ["1; DROP TABLE x", "(", "no_such = 1", "'", "/*", "--", "a b c", "x'", "1 = 1)"];
                    format!(" where: {}", text(self.draw.pick(&bad)))
                }
                _ => String::new(),
            };
            let names: Vec<String> = names.into_iter().map(text).collect();
            options.push(format!("indexes: {{ fields: [{}]{unique}{condition} }}", names.join(", ")));
        }
        if self.draw.rarely(5) {
            options.push("events: true audit: true cache: { ttl_seconds: 60 }".to_owned());
        }
        let table = ["select", "ORDER", "t", "a_very_long_table_name_that_is_still_fine_1234567", "Tables"];
        if self.draw.rarely(6) {
            options.push(format!("table: \"{}_{at}\"", self.draw.pick(&table)));
        } else if self.slips() {
            let table = self.draw.pick(&["1st", "a b", "sqlite_x", "x\"y", "ü", "same"]);
            options.push(format!("table: {}", text(table)));
        }
        if !child {
            options.extend(self.methods_and_access(owner.is_some()));
        }
        let mut out = format!("  option (.arcana.entity) = {{ {} }};\n", options.join("\n    "));
        if self.draw.rarely(10) || self.slips() {
            let good = ["sheep", "order_lines", "type"];
            let bad = ["1st", "Ünits", "a b", "", "self", "a/b", "{x}", "\"q\""];
            let plural = if self.careless { self.draw.pick(&bad).to_owned() } else { self.draw.pick(&good).to_owned() };
            let plural = if self.careless { plural } else { format!("{plural}{at}") };
            out.push_str(&format!(
                "  option (.google.api.resource) = {{ type: \"x/Y\" plural: {} }};\n",
                text(&plural)
            ));
        }
        out
    }

    fn methods_and_access(&mut self, owned: bool) -> Vec<String> {
        let mut options = Vec::new();
        match self.draw.below(6) {
            1 => options.push("methods: [NONE]".to_owned()),
            2 => options.push("methods: [LIST, GET]".to_owned()),
            3 => options.push("methods: [CREATE, DELETE]".to_owned()),
            4 => options.push("methods: UPDATE".to_owned()),
            _ => {}
        }
        if self.draw.below(2) == 1 {
            let rules = ["public", "user", "admin", "internal", "moderator|editor", "user | admin"];
            let mut access = Vec::new();
            for method in ["list", "get", "create", "update", "delete"] {
                let rule = if owned && self.draw.rarely(3) { "owner|admin" } else { self.draw.pick(&rules) };
                let rule = if self.slips() {
                    self.draw.pick(&["Admin", "public|admin", "owner", "a b", "ü", "\""])
                } else {
                    rule
                };
                access.push(format!("{method}: {}", text(rule)));
            }
            options.push(format!("access: {{ {} }}", access.join(" ")));
        }
        options
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

    /// A field, as text and as far as others need to know it.
    fn field(&mut self, place: Place, number: u32, taken: &mut BTreeSet<String>) -> (String, Written) {
        let pool = if self.slips() { words::BAD_FIELDS } else { words::FIELDS };
        let mut name = self.draw.pick(pool).to_owned();
        if !taken.insert(name.to_snake_case()) {
            name = format!("{}_n{number}", name.trim_end_matches('_'));
            taken.insert(name.to_snake_case());
        }
        let entity = matches!(place, Place::Entity(_));
        let choice = self.draw.below(26);
        let mut field = Field { name, number, ..Field::default() };
        self.typed(choice, place, &mut field);
        if field.label.is_empty() && !field.map {
            match self.draw.below(8) {
                1 | 2 => field.label = "optional ",
                3 if !field.single => field.label = "repeated ",
                _ => {}
            }
        }
        if field.reference && field.label.is_empty() {
            field.behaviours.push("REQUIRED");
        }
        self.behave(&mut field, entity);
        if entity {
            self.store(&mut field);
        }
        let options = field.options();
        let line = format!("  {}{} {} = {number}{options};\n", field.label, field.ty, field.name);
        let trailing = if self.draw.rarely(12) { "  // Behind.\n" } else { "" };
        let written = Written {
            base: if field.map || field.hidden { "" } else { field.base },
            optional: field.label == "optional ",
            repeated: field.label == "repeated " || field.map,
            max_len: field.max_len,
            column: if field.column.is_empty() { field.name.clone() } else { field.column },
            name: field.name,
        };
        (self.comment(1) + line.trim_end() + trailing + "\n", written)
    }

    fn typed(&mut self, choice: usize, place: Place, field: &mut Field) {
        let file = match place {
            Place::Entity(at) | Place::Message(at) => self.types[at].file,
        };
        let known = |maker: &Self, kind: Kind| -> Vec<usize> {
            (0..maker.types.len()).filter(|at| maker.types[*at].kind == kind && maker.types[*at].file <= file).collect()
        };
        (field.base, field.ty) = match choice {
            0..=3 => ("string", "string".to_owned()),
            4 => ("int32", "int32".to_owned()),
            5 => ("int64", "int64".to_owned()),
            6 => ("bool", "bool".to_owned()),
            7 => ("uint32", "uint32".to_owned()),
            8 => ("uint64", "uint64".to_owned()),
            9 => ("double", "double".to_owned()),
            10 => ("float", "float".to_owned()),
            11 => ("bytes", "bytes".to_owned()),
            12 => ("timestamp", ".google.protobuf.Timestamp".to_owned()),
            13 => ("duration", ".google.protobuf.Duration".to_owned()),
            14 => ("date", ".google.type.Date".to_owned()),
            15 => ("json", ".google.protobuf.Struct".to_owned()),
            16 => ("int32", self.draw.pick(&["sint32", "sfixed32"]).to_owned()),
            17 => ("int64", self.draw.pick(&["sint64", "sfixed64"]).to_owned()),
            18 => ("uint32", "fixed32".to_owned()),
            19 => ("uint64", "fixed64".to_owned()),
            20 => ("decimal", "string".to_owned()),
            _ => ("string", "string".to_owned()),
        };
        match choice {
            20 => {
                let precision = 1 + self.draw.below(18);
                let scale = self.draw.below(precision + 1);
                field.scale = scale;
                field.precision = precision;
                field.arcana.push(format!("decimal: {{ precision: {precision} scale: {scale} }}"));
            }
            21 => {
                let enums = known(self, Kind::Enum);
                if let Some(&at) = enums.get(self.draw.below(enums.len())) {
                    (field.base, field.ty) = ("enum", format!(".{}", self.full_name(at)));
                    field.values = self.types[at].values.clone();
                }
            }
            22 | 23 => {
                let messages = known(self, Kind::Message);
                if let Some(&at) = messages.get(self.draw.below(messages.len())) {
                    (field.base, field.ty) = ("json", format!(".{}", self.full_name(at)));
                    // A message may hold itself in lists only.
                    if let Place::Message(own) = place
                        && at >= own
                    {
                        field.label = "repeated ";
                    }
                } else if let Place::Message(_) = place {
                    let entities = known(self, Kind::Entity);
                    if let Some(&at) = entities.get(self.draw.below(entities.len()))
                        && self.types[at].parent.is_none()
                    {
                        (field.base, field.ty) = ("json", format!(".{}", self.full_name(at)));
                    }
                }
            }
            24 => {
                let key =
                    self.draw.pick(&["string", "int32", "int64", "bool", "uint32", "uint64", "sint32", "fixed64"]);
                let inner = self.draw.below(24);
                let mut value = Field::default();
                self.typed(inner, place, &mut value);
                if value.map || value.reference || value.base == "decimal" || value.label == "repeated " {
                    value.ty = "string".to_owned();
                }
                (field.base, field.ty, field.map) = ("json", format!("map<{key}, {}>", value.ty), true);
            }
            25 => self.refer(field),
            _ => {}
        }
    }

    fn refer(&mut self, field: &mut Field) {
        let fits = |at: &usize| {
            let one = &self.types[*at];
            one.kind == Kind::Entity && one.parent.is_none() && one.key != Key::Composite
        };
        let targets: Vec<usize> = (0..self.types.len()).filter(fits).collect();
        let Some(&at) = targets.get(self.draw.below(targets.len())) else { return };
        let whole = matches!(self.types[at].key, Key::Int64 | Key::Int64Client);
        (field.base, field.ty) = if whole { ("int64", "int64".to_owned()) } else { ("key", "string".to_owned()) };
        field.reference = true;
        field.single = true;
        let name = if self.slips() { "no.Such".to_owned() } else { self.full_name(at) };
        field.arcana.push(format!("references: {}", text(&name)));
        match self.draw.below(4) {
            1 => field.arcana.push("on_delete: CASCADE".to_owned()),
            2 => {
                field.arcana.push("on_delete: SET_NULL".to_owned());
                field.label = "optional ";
            }
            _ => {}
        }
    }

    fn behave(&mut self, field: &mut Field, entity: bool) {
        let optional = field.label == "optional ";
        match self.draw.below(12) {
            1 if !optional && !field.reference => field.behaviours.push("REQUIRED"),
            2 if entity && !field.behaviours.contains(&"REQUIRED") => field.behaviours.push("OUTPUT_ONLY"),
            3 => field.behaviours.push("IMMUTABLE"),
            4 if entity && field.base != "key" => field.behaviours.push("INPUT_ONLY"),
            5 if self.slips() => field.behaviours.extend(["REQUIRED", "OUTPUT_ONLY"]),
            _ => {}
        }
        let required = field.behaviours.contains(&"REQUIRED");
        let single = field.label != "repeated " && !field.map;
        if ["int64", "uint64"].contains(&field.base) && self.draw.rarely(4) {
            field.plain.push("jstype = JS_STRING".to_owned());
        }
        if self.draw.rarely(15) {
            field.plain.push("deprecated = true".to_owned());
        }
        if entity && self.draw.rarely(9) && !required {
            field.arcana.push(self.draw.pick(&["sensitive: true", "internal: true"]).to_owned());
            field.hidden = true;
        }
        if single && self.draw.rarely(3) {
            self.rule(field);
        } else if !single && self.draw.rarely(4) {
            let rules = ["min_items: 1", "max_items: 5", "min_items: 0 max_items: 3"];
            let rules = if field.map { ["min_pairs: 1", "max_pairs: 5", "max_pairs: 0"] } else { rules };
            let kind = if field.map { "map" } else { "repeated" };
            field.rules.push(format!("{kind} = {{ {} }}", self.draw.pick(&rules)));
        }
        if single
            && !required
            && !field.reference
            && field.rules.is_empty()
            && self.draw.rarely(4)
            && let Some(value) = self.sample(field)
        {
            field.arcana.push(format!("default: {}", text(&value)));
        }
        if single
            && !field.hidden
            && !field.reference
            && field.rules.is_empty()
            && self.draw.rarely(5)
            && let Some(value) = self.sample(field)
        {
            field.arcana.push(format!("example: {}", text(&value)));
        }
    }

    fn sample(&mut self, field: &Field) -> Option<String> {
        if self.slips() {
            return Some(
                self.draw
                    .pick(&["+5", ".5", "5.", "1e400", "-", "x", "0x10", " 1", "NaN", "inf", "''", "1_0", "007"])
                    .to_owned(),
            );
        }
        let values: Vec<&str> = match field.base {
            "string" => words::TEXTS.to_vec(),
            "int32" | "int64" => vec!["0", "-5", "2147483647", "-2147483648"],
            "uint32" | "uint64" => vec!["0", "7", "4294967295"],
            "bool" => vec!["true", "false"],
            "float" | "double" => vec!["0", "-1.5", "1e5", "3.0e-7", "12345678901234567890"],
            "enum" => field.values.iter().map(String::as_str).collect(),
            "decimal" => {
                let (whole, zeros) = (field.precision > field.scale, "0".repeat(field.scale));
                let value = if whole { format!("-7.{zeros}") } else { format!("0.{zeros}") };
                return Some(value.trim_end_matches('.').to_owned());
            }
            _ => return None,
        };
        Some(self.draw.pick(&values).to_owned())
    }

    fn rule(&mut self, field: &mut Field) {
        let most = [0, 1, 30, 100, 700][self.draw.below(5)];
        let rule = match field.base {
            "string" => match self.draw.below(9) {
                0 | 1 => {
                    field.max_len = most.max(1);
                    format!("string.max_len = {}", field.max_len)
                }
                2 => "string = { min_len: 1 max_len: 3 }".to_owned(),
                3 => format!(
                    "string.pattern = {}",
                    text(self.draw.pick(&["^[a-z\"\\\\]+$", "sint32", "a|b", "\\d{2}", "^x #y$"]))
                ),
                4 => format!("string.prefix = {}", text(self.draw.pick(words::TEXTS))),
                5 => format!("string = {{ in: [{}, \"b\"] }}", text(self.draw.pick(words::TEXTS))),
                6 => format!("string.const = {}", text(self.draw.pick(words::TEXTS))),
                7 => format!("string.{} = true", self.draw.pick(&["email", "hostname", "uri", "uuid", "ip"])),
                _ => format!("string.contains = {}", text(self.draw.pick(words::TEXTS))),
            },
            "decimal" => return,
            "key" => return,
            "bytes" => "bytes = { min_len: 1 max_len: 9 }".to_owned(),
            "bool" => "bool.const = true".to_owned(),
            "enum" => {
                self.draw.pick(&["enum.defined_only = true", "enum.not_in = 0", "enum = { in: [0, 3] }"]).to_owned()
            }
            "timestamp" => "timestamp.lt_now = true".to_owned(),
            "float" | "double" => {
                let rules = [
                    "gte: -1.5 lte: 1e300",
                    "gt: 0",
                    "lt: inf",
                    "gte: -inf",
                    "finite: true",
                    "in: [1, 2.5]",
                    "lt: 1e30",
                ];
                let rules = if field.base == "float" {
                    ["gte: -1.5", "gt: 0", "lt: inf", "gte: -inf", "finite: true", "in: [1, 2.5]", "lt: 1e30"]
                } else {
                    rules
                };
                format!("{} = {{ {} }}", field.ty, self.draw.pick(&rules))
            }
            "int32" | "int64" => {
                format!(
                    "{} = {{ {} }}",
                    field.ty,
                    self.draw.pick(&["gte: -5 lt: 7", "in: [1, -2]", "const: 4", "not_in: 0", "gt: 2147483646"])
                )
            }
            "uint32" | "uint64" => {
                format!(
                    "{} = {{ {} }}",
                    field.ty,
                    self.draw.pick(&["gte: 5 lt: 7", "in: [1, 2]", "const: 4", "lte: 4294967295"])
                )
            }
            _ => return,
        };
        let rule = if self.slips() {
            self.draw
                .pick(&[
                    "string = { min_len: 9 max_len: 1 }",
                    "string.pattern = \"(\"",
                    "cel = { id: \"x\" expression: \"true\" }",
                    "int32.gt = 1",
                    "string.pattern = \"(?=a)\"",
                ])
                .to_owned()
        } else {
            rule
        };
        field.rules.push(rule);
    }

    fn store(&mut self, field: &mut Field) {
        let single = field.label != "repeated " && !field.map;
        let scalar = single && !["bytes", "json"].contains(&field.base);
        if scalar && self.draw.rarely(3) {
            if field.base == "string" && field.rules.is_empty() {
                field.max_len = 60;
                field.rules.push("string.max_len = 60".to_owned());
            }
            let fits = field.base != "string" || (field.max_len > 0 && field.max_len <= 700);
            if fits && !field.hidden {
                for option in ["filterable: true", "sortable: true"] {
                    if self.draw.below(2) == 1 {
                        field.arcana.push(option.to_owned());
                    }
                }
            }
            if fits && field.max_len <= 100 && self.draw.rarely(3) {
                field.arcana.push("unique: true".to_owned());
            }
        }
        if self.draw.rarely(10) {
            let number = field.number;
            let column = self.draw.pick(&["select", "Col", "x", "rowid_"]);
            field.column = format!("{column}_{number}");
            field.arcana.push(format!("column: \"{}\"", field.column));
        } else if self.slips() {
            field.arcana.push(format!("column: {}", text(self.draw.pick(&["a b", "x\"y", "1st", "id", "ü", "rowid"]))));
        }
        if self.draw.rarely(15) {
            let good = ["INTEGER", "VARCHAR(20)", "DOUBLE PRECISION", "BLOB"];
            let bad = ["", "x\"y", "INTEGER); DROP TABLE x; --", "'", "INT /*", "(", "PRIMARY KEY", "NOT NULL"];
            let ty = if self.slips() { self.draw.pick(&bad) } else { self.draw.pick(&good) };
            field.arcana.push(format!("storage_type: {}", text(ty)));
        }
    }

    fn service(&mut self, at: usize) -> String {
        let (file, entity) = (self.types[at].file, self.types[at].name.clone());
        let mut messages = String::new();
        let mut rpcs = String::new();
        let mut taken = BTreeSet::new();
        for _ in 0..self.draw.below(5) {
            let mut name =
                if self.slips() { self.draw.pick(words::BAD_RPCS) } else { self.draw.pick(words::RPCS) }.to_owned();
            if self.draw.rarely(3) && !["Undelete", "Replace", "Patch"].contains(&name.as_str()) {
                name.push_str(&entity);
            }
            let short = name.strip_suffix(&entity).filter(|short| !short.is_empty()).unwrap_or(&name);
            if !taken.insert(short.to_snake_case()) && !self.slips() {
                continue;
            }
            let request = format!("R{at}{name}In");
            let (fields, path_fields) = self.request(&name);
            messages.push_str(&format!("message {request} {{\n{fields}}}\n"));
            let known: Vec<usize> = (0..self.types.len())
                .filter(|one| self.types[*one].file <= file && self.types[*one].kind != Kind::Enum)
                .filter(|one| self.types[*one].parent.is_none())
                .collect();
            let response = match known.get(self.draw.below(known.len() + 1)) {
                Some(&one) => format!(".{}", self.full_name(one)),
                None => request.clone(),
            };
            let comment = self.comment(1);
            let http = self.http(&path_fields);
            let method = match self.draw.below(4) {
                1 => "    option (.arcana.method) = { access: \"public\" idempotent: true };\n",
                2 => "    option (.arcana.method) = { access: \"user\" timeout_seconds: 3 rate_limit: \"5/min\" };\n",
                _ => "",
            };
            rpcs.push_str(&format!("{comment}  rpc {name}({request}) returns ({response}) {{\n{http}{method}  }}\n"));
        }
        if self.draw.rarely(4) {
            messages.push_str(&format!("message Get{entity}Request {{ string a = 1; }}\n"));
            let http = self.http(&[]);
            rpcs.push_str(&format!("  rpc Get{entity}(Get{entity}Request) returns ({entity}) {{\n{http}  }}\n"));
        }
        let comment = self.comment(0);
        format!("{messages}{comment}service {entity}Service {{\n{rpcs}}}\n")
    }

    /// Fields of a request, and those that can stand in a path.
    fn request(&mut self, rpc: &str) -> (String, Vec<String>) {
        let mut fields = String::new();
        let mut in_path = Vec::new();
        let types = [
            "string",
            "int32",
            "int64",
            "bool",
            "uint64",
            "double",
            "repeated string",
            "optional string",
            "bytes",
            "map<string, string>",
            ".google.protobuf.Struct",
            ".google.protobuf.Timestamp",
            "repeated int32",
            "optional bool",
            ".google.type.Date",
        ];
        for number in 1..=self.draw.below(6) {
            let name = format!(
                "{}{}",
                self.draw.pick(words::FIELDS),
                if number > 1 { format!("_{}q{number}", rpc.len()) } else { String::new() }
            );
            let ty = self.draw.pick(&types);
            fields.push_str(&self.comment(1));
            fields.push_str(&format!("  {ty} {name} = {number};\n"));
            if ["string", "int32", "int64", "bool", "uint64", "double"].contains(&ty) || (ty.ends_with("Date")) {
                in_path.push(name);
            }
        }
        (fields, in_path)
    }

    fn http(&mut self, fields: &[String]) -> String {
        let mut bindings = Vec::new();
        for _ in 0..1 + self.draw.below(3) * self.draw.below(4) {
            self.routes += 1;
            let mut path = format!(
                "/api/v{}/{}{}",
                1 + self.draw.below(2),
                self.draw.pick(&["x", "odd-Word", "a.b", "~t", "select"]),
                self.routes
            );
            let mut left: Vec<&String> = fields.iter().collect();
            for _ in 0..self.draw.below(3) {
                if !left.is_empty() {
                    let field = left.remove(self.draw.below(left.len()));
                    path.push_str(&format!("/{{{field}}}"));
                    if self.draw.rarely(3) {
                        path.push_str("/and");
                    }
                }
            }
            if self.draw.rarely(3) {
                path.push_str(self.draw.pick(&[":do", ":do-it", ":type", ":undelete", ":x9"]));
            }
            let path = if self.slips() { self.draw.pick(words::BAD_PATHS).to_owned() } else { path };
            let method = self.draw.pick(&["get", "post", "put", "patch", "delete"]);
            let body = match (method, self.draw.below(3)) {
                ("get" | "delete", _) => String::new(),
                (_, 1) => " body: \"*\"".to_owned(),
                (_, 2) => left.first().map(|field| format!(" body: {}", text(field))).unwrap_or_default(),
                _ => String::new(),
            };
            let odd = if self.slips() {
                self.draw.pick(&[" response_body: \"x\"", " body: \"no_such\"", " selector: \"x\""])
            } else {
                ""
            };
            bindings.push(format!("{method}: {}{body}{odd}", text(&path)));
        }
        let first = bindings.remove(0);
        let more: String = bindings.iter().map(|one| format!("\n      additional_bindings {{ {one} }}")).collect();
        format!("    option (.google.api.http) = {{ {first}{more} }};\n")
    }
}

/// A field as it is put together.
#[derive(Default)]
struct Field {
    name: String,
    number: u32,
    label: &'static str,
    ty: String,
    base: &'static str,
    map: bool,
    single: bool,
    reference: bool,
    hidden: bool,
    max_len: u64,
    precision: usize,
    scale: usize,
    values: Vec<String>,
    column: String,
    behaviours: Vec<&'static str>,
    arcana: Vec<String>,
    rules: Vec<String>,
    plain: Vec<String>,
}

impl Field {
    fn options(&self) -> String {
        let mut all = self.plain.clone();
        all.extend(self.behaviours.iter().map(|word| format!("(.google.api.field_behavior) = {word}")));
        all.extend(self.rules.iter().map(|rule| format!("(.buf.validate.field).{rule}")));
        if !self.arcana.is_empty() {
            all.push(format!("(.arcana.field) = {{ {} }}", self.arcana.join(" ")));
        }
        if all.is_empty() { String::new() } else { format!(" [{}]", all.join(", ")) }
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
