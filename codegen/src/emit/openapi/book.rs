//! The schemas of the text as they are asked for: one component per shape of a type.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase;
use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{AdditionalProperties, Object, SchemaType, Type as JsonType};
use utoipa::openapi::{Ref, RefOr, Schema};

use super::value::{self, Decor};
use crate::emit::words::{field_comment, human, is_hidden, plural_human, with_article};
use crate::model::{Enum, Field, FieldRole, Model, Resource, Type};

/// The form that a type takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// In an answer.
    Read,
    /// In the body of a POST, and inside other bodies.
    Create,
    /// In the body of a PUT.
    Replace,
    /// In the body of a PATCH.
    Patch,
}

/// The model and the component schemas so far.
pub(super) struct Book<'a> {
    pub(super) model: &'a Model,
    names: BTreeMap<String, String>,
    pub(super) schemas: BTreeMap<String, RefOr<Schema>>,
}

impl<'a> Book<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Self { model, names: names(model), schemas: BTreeMap::new() }
    }

    /// Name of a type without the suffix of a shape.
    pub(super) fn name(&self, full_name: &str) -> String {
        let last = || full_name.rsplit('.').next().unwrap_or(full_name).to_owned();
        self.names.get(full_name).cloned().unwrap_or_else(last)
    }

    /// Refers to a type by full name, and adds its component if it is the first to ask.
    pub(super) fn refer(&mut self, full_name: &str, shape: Shape) -> Ref {
        let base = self.name(full_name);
        let model = self.model;
        if let Some(found) = model.enumeration(full_name) {
            self.schemas.entry(base.clone()).or_insert_with(|| enumeration(found).into());
            return Ref::from_schema_name(base);
        }
        let resource = model.resource(full_name);
        let suffix = match (shape, resource.is_some()) {
            (Shape::Read, _) => "",
            (Shape::Create, true) => "Create",
            (Shape::Replace, true) => "Replace",
            (Shape::Patch, true) => "Patch",
            (_, false) => "Input",
        };
        let name = format!("{base}{suffix}");
        if !self.schemas.contains_key(&name) {
            // The name is taken before the fields are looked at: a type may hold itself.
            self.schemas.insert(name.clone(), Object::new().into());
            let built = match (resource, model.message(full_name)) {
                (Some(found), _) => self.object(&found.fields, shape, shape_comment(found, shape)),
                (None, Some(found)) => self.object(&found.fields, shape, found.comment.clone()),
                (None, None) => Object::new(),
            };
            self.schemas.insert(name.clone(), built.into());
        }
        Ref::from_schema_name(name)
    }

    /// An object of those fields.
    pub(super) fn object(&mut self, fields: &[Field], shape: Shape, comment: String) -> Object {
        let mut object = Object::new();
        object.description = Some(comment).filter(|text| !text.is_empty());
        for field in fields.iter().filter(|field| !is_hidden(field)) {
            if shape == Shape::Read && field.input_only {
                continue;
            }
            object.properties.insert(field.name.clone(), self.field(field, shape));
            if is_required(field, shape) {
                object.required.push(field.name.clone());
            }
        }
        if shape != Shape::Read {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
        object
    }

    /// The schema of a field, with all that is said about it.
    pub(super) fn field(&mut self, field: &Field, shape: Shape) -> RefOr<Schema> {
        let given = field.output_only && shape != Shape::Read;
        let fixed = is_fixed(field, shape);
        let nullable = match shape {
            Shape::Read => field.optional,
            // Null asks for the default.
            _ => field.optional || !(field.required || given || fixed),
        };
        // A declared default in a PATCH would make clients send what they did not mean to change.
        let default =
            field.default.as_ref().filter(|_| matches!(shape, Shape::Create | Shape::Replace) && !given && !fixed);
        let decor = Decor {
            description: if fixed { fixed_comment(field) } else { field_comment(field) },
            nullable,
            read_only: field.output_only || fixed,
            write_only: field.input_only,
            deprecated: field.deprecated,
            default: default.and_then(|text| value::literal(&field.ty, text, field.json_string)),
            example: field.example.as_ref().and_then(|text| value::literal(&field.ty, text, field.json_string)),
        };
        // Rows inside a body are written whole, whatever the verb.
        // A row that a reference is shown as is only ever sent back.
        let as_answered = shape == Shape::Read || field.role == FieldRole::Expanded;
        let inner = if as_answered { Shape::Read } else { Shape::Create };
        let bare = value::schema(self, &field.ty, &field.rules, field.json_string, inner);
        value::decorate(bare, decor)
    }

    /// Adds a component under a name of its own; a second one of the same name gets a number.
    pub(super) fn add(&mut self, name: &str, object: Object) -> Ref {
        let schema: RefOr<Schema> = object.into();
        let mut free = name.to_owned();
        for number in 2.. {
            match self.schemas.get(&free) {
                Some(found) if *found != schema => free = format!("{name}{number}"),
                _ => break,
            }
        }
        self.schemas.insert(free.clone(), schema);
        Ref::from_schema_name(free)
    }

    /// The page of a list.
    pub(super) fn page(&mut self, resource: &Resource) -> Ref {
        let row = self.refer(&resource.full_name, Shape::Read);
        let mut page = Object::new();
        page.description = Some(format!("A page of {}.", plural_human(resource)));
        let rows = utoipa::openapi::ArrayBuilder::new().items(row).description(Some("Rows of the page.")).build();
        page.properties.insert("data".to_owned(), rows.into());
        let number = |description: &str, minimum: usize| {
            let mut object = Object::with_type(JsonType::Integer);
            object.format = Some(value::format("int32"));
            object.description = Some(description.to_owned());
            object.minimum = Some(minimum.into());
            object
        };
        page.properties.insert("page".to_owned(), number("Number of the page, from 0.", 0).into());
        page.properties.insert("size".to_owned(), number("Most rows that a page holds.", 1).into());
        let mut total = number("Rows that match, on all pages; null if not asked for.", 0);
        total.format = Some(value::format("int64"));
        total.schema_type = SchemaType::Array(vec![JsonType::Integer, JsonType::Null]);
        page.properties.insert("total".to_owned(), total.into());
        let mut token = Object::with_type(JsonType::String);
        token.description = Some("Asks for the page behind this one; empty on the last page.".to_owned());
        page.properties.insert("next_page_token".to_owned(), token.into());
        page.required = ["data", "page", "size", "total", "next_page_token"].map(str::to_owned).to_vec();
        let name = format!("{}Page", self.name(&resource.full_name));
        self.add(&name, page)
    }
}

/// A field that a client sets once: another value than the row has is refused, and a replacement may leave it out.
pub(super) fn is_fixed(field: &Field, shape: Shape) -> bool {
    field.immutable && !field.output_only && matches!(shape, Shape::Replace | Shape::Patch)
}

fn fixed_comment(field: &Field) -> String {
    format!("{}\n\nSet once: another value than the row has is refused.", field_comment(field)).trim_start().to_owned()
}

/// A field must be in the text: in an answer every one is, in a request those that the client must give.
fn is_required(field: &Field, shape: Shape) -> bool {
    match shape {
        Shape::Read => true,
        Shape::Create => field.required && !field.output_only,
        Shape::Replace => field.required && !field.output_only && !is_fixed(field, shape),
        Shape::Patch => false,
    }
}

fn shape_comment(resource: &Resource, shape: Shape) -> String {
    let one = with_article(&human(&resource.name));
    match shape {
        Shape::Read => resource.comment.clone(),
        Shape::Create => format!("What a client gives to create {one}."),
        Shape::Replace => {
            format!("What a client gives to replace {one}; what is absent gets its default.")
        }
        Shape::Patch => format!("What a client gives to change {one}; what is absent stays as it is."),
    }
}

fn enumeration(found: &Enum) -> Object {
    let mut object = Object::with_type(JsonType::String);
    let rows = found.values.iter().map(|value| format!("| `{}` | {} |", value.name, one_line(&value.comment)));
    let table: Vec<String> =
        ["| value | meaning |".to_owned(), "|---|---|".to_owned()].into_iter().chain(rows).collect();
    object.description = Some(format!("{}\n\n{}", found.comment, table.join("\n")).trim_start().to_owned());
    object.enum_values = Some(found.values.iter().map(|value| Value::String(value.name.clone())).collect());
    let said: Vec<String> = found.values.iter().map(|value| one_line(&value.comment)).collect();
    object.extensions = Some(Extensions::from_iter([("x-enum-descriptions", json!(said))]));
    object
}

/// A comment in one line; the first value of an enum says nothing by itself.
fn one_line(comment: &str) -> String {
    let line = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "Not set.".to_owned() } else { line }
}

/// Short names where they are the only ones, names with the package where not.
pub(super) fn names(model: &Model) -> BTreeMap<String, String> {
    let resources = model.resources.iter().map(|found| (&found.full_name, &found.package));
    let messages = model.messages.iter().map(|found| (&found.full_name, &found.package));
    let enums = model.enums.iter().map(|found| (&found.full_name, &found.package));
    let mut taken: BTreeSet<String> = ["Problem", "FieldViolation"].map(str::to_owned).into();
    let mut names = BTreeMap::new();
    for (full_name, package) in resources.chain(messages).chain(enums) {
        let short = full_name.strip_prefix(package.as_str()).unwrap_or(full_name).replace('.', "");
        let base = if taken.contains(&short) { full_name.to_upper_camel_case() } else { short };
        taken.insert(base.clone());
        let shapes: &[&str] =
            if model.resource(full_name).is_some() { &["Create", "Replace", "Patch", "Page"] } else { &["Input"] };
        taken.extend(shapes.iter().map(|suffix| format!("{base}{suffix}")));
        names.insert(full_name.clone(), base);
    }
    names
}

/// What a type refers to by name.
pub(super) fn named(ty: &Type) -> Option<&str> {
    match ty {
        Type::Enum(name) | Type::Message(name) | Type::Resource(name) => Some(name),
        _ => None,
    }
}
