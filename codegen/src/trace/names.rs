//! All that the schema names, by full name, with the words by which generated texts call it.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use serde::Serialize;

use crate::emit::contract::derived_messages;
use crate::load::Sources;
use crate::model::{Model, Span};
use crate::nearest;
use crate::plan::{Home, homes};
use crate::routes::{Route, routes};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Kind {
    Entity,
    Message,
    Field,
    Enum,
    Value,
    Service,
    Rpc,
}

/// Something that the schema names.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// All names of a schema.
pub struct Names<'m> {
    pub(crate) model: &'m Model,
    pub(crate) sources: &'m Sources,
    pub(crate) homes: Vec<Home>,
    pub(crate) routes: Vec<Route>,
    pub(crate) subjects: BTreeMap<String, Subject>,
    /// Members of a type by the words of texts, in snake_case: fields, columns, values, rpcs.
    members: BTreeMap<String, BTreeMap<String, String>>,
    /// Entities by the full name of a message that is derived from them.
    pub(crate) derived: BTreeMap<String, String>,
    /// Entities by the name of their table.
    pub(crate) tables: BTreeMap<String, String>,
}

impl Kind {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Message => "message",
            Self::Field => "field",
            Self::Enum => "enum",
            Self::Value => "enum value",
            Self::Service => "service",
            Self::Rpc => "rpc",
        }
    }
}

impl<'m> Names<'m> {
    /// Of a checked model, with the texts that it was read from.
    pub fn of(model: &'m Model, sources: &'m Sources) -> Self {
        let mut names = Self {
            model,
            sources,
            homes: homes(model),
            routes: routes(model),
            subjects: BTreeMap::new(),
            members: BTreeMap::new(),
            derived: BTreeMap::new(),
            tables: BTreeMap::new(),
        };
        names.messages();
        names.columns();
        names.enums_and_services();
        names
    }

    fn messages(&mut self) {
        let model = self.model;
        let resources = model.resources.iter().map(|one| (&one.full_name, &one.span, &one.fields, Kind::Entity));
        let messages = model.messages.iter().map(|one| (&one.full_name, &one.span, &one.fields, Kind::Message));
        for (full_name, span, fields, kind) in resources.chain(messages) {
            self.add(full_name, kind, span);
            for field in fields {
                let member = format!("{full_name}.{}", field.name);
                self.add(&member, Kind::Field, &field.span);
                self.call(full_name, &field.name, &member);
            }
        }
        for resource in &model.resources {
            for name in derived_messages(model, resource) {
                self.derived.insert(format!("{}.{name}", resource.package), resource.full_name.clone());
            }
        }
    }

    /// Columns call their fields; those that are no field, what made them.
    fn columns(&mut self) {
        let model = self.model;
        for entity in model.entities.iter().chain(&model.stores) {
            // The words of a search are no entity of the schema, but follow from one.
            let owner = entity.full_name.strip_suffix(".words").unwrap_or(&entity.full_name);
            self.tables.insert(entity.table.clone(), owner.to_owned());
            if !self.subjects.contains_key(owner) {
                self.add(owner, Kind::Entity, &entity.span);
            }
            for column in &entity.columns {
                let parent = entity.parent.as_ref().filter(|_| column.hidden && column.name != "deleted_at");
                let field = match parent {
                    Some(parent) => format!("{}.{}", parent.entity, parent.field),
                    None if column.hidden => owner.to_owned(),
                    None => format!("{owner}.{}", column.field),
                };
                if !column.hidden && !self.subjects.contains_key(&field) {
                    self.add(&field, Kind::Field, &column.span);
                }
                self.call(owner, &column.name, &field);
            }
        }
    }

    fn enums_and_services(&mut self) {
        let model = self.model;
        for found in &model.enums {
            self.add(&found.full_name, Kind::Enum, &found.span);
            for value in &found.values {
                let member = format!("{}.{}", found.full_name, value.name);
                self.add(&member, Kind::Value, &value.span);
                self.call(&found.full_name, &value.name, &member);
                self.call(&found.full_name, &value.variant, &member);
            }
        }
        for service in &model.services {
            self.add(&service.full_name, Kind::Service, &service.span);
            for rpc in &service.rpcs {
                let member = format!("{}.{}", service.full_name, rpc.name);
                self.add(&member, Kind::Rpc, &rpc.span);
                self.call(&service.full_name, &rpc.name, &member);
                self.call(&service.full_name, &rpc.method, &member);
            }
        }
        // Derived rpcs stand where their entity does.
        for route in self.routes.clone() {
            let service = model.services.iter().find(|service| service.full_name == route.service());
            let resource = service.and_then(|service| model.resource(service.resource.as_deref()?));
            if let (Some(resource), false) = (resource, self.subjects.contains_key(&route.rpc)) {
                self.add(&route.rpc, Kind::Rpc, &resource.span);
                self.call(route.service(), route.rpc.rsplit('.').next().unwrap_or_default(), &route.rpc);
            }
        }
    }

    fn add(&mut self, full_name: &str, kind: Kind, span: &Span) {
        self.subjects.insert(full_name.to_owned(), Subject { kind, span: span.clone() });
    }

    fn call(&mut self, owner: &str, word: &str, member: &str) {
        let words = self.members.entry(owner.to_owned()).or_default();
        words.entry(word.to_snake_case()).or_insert_with(|| member.to_owned());
    }

    /// The members of a type that a line names, in its order.
    pub(crate) fn named_on(&self, owner: &str, line: &str) -> Vec<String> {
        let Some(members) = self.members.get(owner) else { return Vec::new() };
        let mut found: Vec<String> = Vec::new();
        for word in line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()) {
            if let Some(member) = members.get(&word.to_snake_case())
                && !found.contains(member)
            {
                found.push(member.clone());
            }
        }
        found
    }

    /// The one that is meant by a name in full or in part, such as `Order.total`; or what to say.
    pub fn find(&self, word: &str) -> Result<String, String> {
        let end = format!(".{word}");
        let is_it = |name: &&String| *name == word || name.ends_with(&end);
        let exact = self.subjects.contains_key(word).then(|| vec![word.to_owned()]);
        let found = exact.unwrap_or_else(|| self.subjects.keys().filter(is_it).cloned().collect());
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let shorts: Vec<&str> = self.subjects.keys().map(|name| short(name)).collect();
                let hint = nearest::hint(word, shorts, "write it as in the schema, such as `Order` or `Order.total`");
                Err(format!("the schema has no `{word}`; {hint}"))
            }
            several => Err(format!("`{word}` names several; write one in full: {}", several.join(", "))),
        }
    }

    /// The line of the schema that something stands on.
    pub(crate) fn text_of(&self, span: &Span) -> String {
        let text = self.sources.text(&span.file).unwrap_or_default();
        text.lines().nth(span.line.saturating_sub(1)).unwrap_or_default().trim().to_owned()
    }
}

/// A name without its package.
pub(crate) fn short(full_name: &str) -> &str {
    crate::plan::split(full_name).1
}
