//! From the schema to what it became.

use serde::Serialize;

use super::names::{Kind, Names};
use super::origin::place;
use super::{Place, files, outline, read};
use crate::expand::expansions;
use crate::lock::Lock;
use crate::migrate::type_in;
use crate::model::{Entity, Field, Resource};
use crate::project::Project;

/// What something of the schema became.
#[derive(Debug, Clone, Serialize)]
pub struct Became {
    /// Full name.
    pub subject: String,
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub place: Place,
    /// The line it stands on.
    pub text: String,
    /// What it became, in the order of the databases, the wire, JSON and Rust.
    pub facts: Vec<Fact>,
}

/// One thing that it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What kind of thing: `column`, `postgres`, `index`, `protobuf`, `JSON`, `list`, `route`, `Rust`, `migration`.
    pub what: &'static str,
    /// What it is.
    pub value: String,
    /// Where it is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// What the name became; or what to say if the schema has no such name.
pub fn became(project: &Project, names: &Names<'_>, word: &str) -> Result<Became, String> {
    let subject = names.find(word)?;
    let Some(known) = names.subjects.get(&subject) else { return Err(format!("the schema has no `{word}`")) };
    let mut facts = Vec::new();
    match known.kind {
        Kind::Entity => entity(project, names, &subject, &mut facts),
        Kind::Field => field(project, names, &subject, &mut facts),
        Kind::Rpc => {
            let routes = names.routes.iter().filter(|route| route.rpc == subject);
            facts.extend(
                routes.map(|route| fact("route", format!("{} {}, for {}", route.method, route.path, route.access))),
            );
        }
        Kind::Enum | Kind::Value | Kind::Message | Kind::Service => {}
    }
    seen(project, names, &subject, &mut facts);
    let place = place(project, names, &known.span);
    Ok(Became { kind: known.kind, place, text: names.text_of(&known.span), facts, subject })
}

fn fact(what: &'static str, value: impl Into<String>) -> Fact {
    Fact { what, value: value.into(), place: None }
}

fn entity(project: &Project, names: &Names<'_>, subject: &str, facts: &mut Vec<Fact>) {
    let Some(found) = names.model.entity(subject) else { return };
    let dialects: Vec<&str> = project.dialects.iter().map(|dialect| dialect.name()).collect();
    facts.push(fact("table", format!("{}, in {}", found.table, dialects.join(", "))));
    facts.extend(found.indexes.iter().map(index));
    for key in &found.foreign_keys {
        facts.push(fact("reference", format!("{} to {}", key.columns.join(", "), key.table)));
    }
    if let Some(service) = names.model.service_of(subject) {
        let routes = names.routes.iter().filter(|route| route.service() == service.full_name);
        facts.extend(
            routes.map(|route| fact("route", format!("{} {}, for {}", route.method, route.path, route.access))),
        );
    }
}

fn index(index: &crate::model::Index) -> Fact {
    let unique = if index.unique { "unique " } else { "" };
    fact("index", format!("{unique}{} on ({})", index.name, index.columns.join(", ")))
}

fn field(project: &Project, names: &Names<'_>, subject: &str, facts: &mut Vec<Fact>) {
    let Some((owner, name)) = subject.rsplit_once('.') else { return };
    if let Some(entity) = names.model.entity(owner) {
        column(project, names, entity, name, facts);
    }
    let resource = names.model.resource(owner);
    let message = names.model.message(owner).map(|message| message.fields.as_slice());
    let fields = resource.map(|resource| resource.fields.as_slice()).or(message).unwrap_or_default();
    let Some(field) = fields.iter().find(|field| field.name == name) else { return };
    let hidden = crate::emit::words::is_hidden(field);
    if hidden {
        facts.push(fact("contract", "none: it stays inside"));
        return;
    }
    if let Some(resource) = resource.filter(|resource| !resource.methods.is_empty()) {
        lists(names, resource, field, facts);
    }
}

fn column(project: &Project, names: &Names<'_>, entity: &Entity, name: &str, facts: &mut Vec<Fact>) {
    let Some(column) = entity.column_of(name) else { return };
    facts.push(fact("column", format!("{}.{}", entity.table, column.name)));
    let lock = Lock::of(names.model);
    let table = lock.tables.get(&entity.full_name);
    for dialect in &project.dialects {
        let ty = table.and_then(|table| Some(type_in(*dialect, table.column(&column.name)?, table, &lock)));
        let null = if column.nullable { "" } else { " NOT NULL" };
        facts.extend(ty.map(|ty| fact(dialect.name(), format!("{ty}{null}"))));
    }
    facts.extend(entity.indexes.iter().filter(|one| one.columns.contains(&column.name)).map(index));
    for key in entity.foreign_keys.iter().filter(|key| key.columns.contains(&column.name)) {
        facts.push(fact("reference", format!("to {} ({})", key.table, key.key_columns.join(", "))));
    }
}

/// What lists can do with it.
fn lists(names: &Names<'_>, resource: &Resource, field: &Field, facts: &mut Vec<Fact>) {
    let name = &field.name;
    if field.filterable && !field.input_only {
        facts.push(fact("list", format!("{}?{name}=…, and in filter=…", resource.path)));
    }
    if field.sortable && !field.input_only {
        facts.push(fact("list", format!("{}?sort={name}", resource.path)));
    }
    if field.is_searched() {
        facts.push(fact("list", format!("{}?q=…", resource.path)));
    }
    let shown = expansions(names.model, resource);
    for expansion in
        shown.iter().filter(|one| one.list.is_none() && (one.reference.name == *name || one.member.name == *name))
    {
        facts.push(fact("list", format!("{}?expand={}", resource.path, expansion.path)));
    }
}

/// Where it is declared in what is generated.
fn seen(project: &Project, names: &Names<'_>, subject: &str, facts: &mut Vec<Fact>) {
    for path in files(project) {
        let what = match path.rsplit('.').next() {
            Some("proto") => "protobuf",
            Some("json") => "JSON",
            Some("rs") => "Rust",
            // The way down says the same again.
            Some("sql") if path.ends_with(".up.sql") => "migration",
            _ => continue,
        };
        let Some(text) = read(project, &path) else { continue };
        let Some(lines) = outline(project, names, &path, &text) else { continue };
        for (index, (line, shown)) in lines.iter().zip(text.lines()).enumerate() {
            let is_it = line.owners.iter().any(|owner| owner == subject) && !shown.starts_with([')', '}']);
            if is_it && (line.declares || what == "migration") {
                let plain = || shown.trim().trim_end_matches(['{', ',', '[']).trim_end().to_owned();
                let value = line.label.clone().unwrap_or_else(plain);
                facts.push(Fact {
                    what,
                    value,
                    place: Some(Place { file: path.clone(), line: index + 1, column: None }),
                });
            }
        }
    }
}
