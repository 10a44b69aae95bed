//! `openapi.json`: the REST side of the contract as OpenAPI 3.1, with examples that work on a seeded database.

mod batch;
mod book;
mod custom;
mod example;
mod security;
mod shared;
mod standard;
mod value;

use std::collections::BTreeMap;

use utoipa::openapi::path::{HttpMethod, Operation, PathItem, PathsBuilder};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, Contact, Info, InfoBuilder, License, OpenApiBuilder, RefOr, Response, Server,
};

use super::EmitError;
use super::words::{entity_of, service_comment};
use crate::model::Model;
use crate::project::Api;
use book::Book;

/// A route: path, method, operation.
type Route = (String, HttpMethod, Operation);

/// Path of the text below the generated folder.
pub const PATH: &str = "openapi.json";

/// What every reader should know first.
const DESCRIPTION: &str = "Members are named as in the `.proto` files, and every member of an answer is always \
there. Times are RFC 3339 in UTC with microseconds, enumerations are names, decimals are texts, bytes are base64. \
Members that a request does not know are an error, and so is NUL in a text; members that only the service writes are \
ignored, so that an answer can be sent back. Errors are `application/problem+json` (RFC 9457). The same methods are \
there over gRPC, with the same rules and errors.";

/// The text, for a project of that name.
pub fn emit(model: &Model, project: &str, api: &Api) -> Result<String, EmitError> {
    let mut book = Book::new(model);
    shared::add_problem(&mut book);
    let mut routes = Vec::new();
    let mut tags = BTreeMap::new();
    for service in &model.services {
        let resource = service.resource.as_deref().and_then(|name| model.resource(name));
        let tag = resource.map_or_else(|| service.name.clone(), |found| found.name.clone());
        let comment = match resource {
            Some(found) if found.comment.is_empty() => service_comment(found, &service.comment),
            Some(found) => found.comment.clone(),
            None => service.comment.clone(),
        };
        tags.entry(tag.clone()).or_insert(comment);
        if let Some(found) = resource
            && let Some(entity) = entity_of(model, found)
        {
            routes.extend(standard::routes(&mut book, found, entity));
        }
        routes.extend(custom::routes(&mut book, service, &tag));
    }
    let mut components = ComponentsBuilder::new().schemas_from_iter(book.schemas);
    for fault in shared::FAULTS.into_iter().filter(|fault| is_used(&routes, fault.0)) {
        components = components.response(fault.0, shared::fault_response(fault));
    }
    components = components.header(shared::REQUEST_ID, shared::request_id());
    let asked = routes.iter().flat_map(|(_, _, operation)| operation.security.iter().flatten());
    for (name, scheme) in security::schemes(asked) {
        components = components.security_scheme(name, scheme);
    }
    let mut paths = PathsBuilder::new();
    for (path, method, mut operation) in unique(routes) {
        shared::add_request_id(&mut operation);
        paths = paths.path(path, PathItem::new(method, operation));
    }
    let tags: Vec<Tag> = tags
        .into_iter()
        .map(|(name, comment)| TagBuilder::new().name(name).description(Some(comment)).build())
        .collect();
    let text = OpenApiBuilder::new()
        .info(info(project, api))
        .servers(Some([Server::new("/")]))
        .paths(paths.build())
        .components(Some(components.build()))
        .tags(Some(tags))
        .build()
        .to_pretty_json()?;
    Ok(text + "\n")
}

fn info(project: &str, api: &Api) -> Info {
    let license = api.license.as_ref().map(|expression| {
        let mut license = License::new(expression);
        license.identifier = Some(expression.clone());
        license
    });
    let contact = api.contact.as_ref().map(|said| {
        let mut contact = Contact::new();
        (contact.name, contact.url, contact.email) = (said.name.clone(), said.url.clone(), said.email.clone());
        contact
    });
    let info = InfoBuilder::new().title(project).version(&api.version).description(Some(DESCRIPTION));
    info.license(license).contact(contact).build()
}

/// What the components of resources, messages and enums are called, by full name; shapes of them have a word behind it.
pub(crate) fn schema_names(model: &Model) -> BTreeMap<String, String> {
    book::names(model)
}

/// Some operation answers with that component.
fn is_used(routes: &[Route], name: &str) -> bool {
    let is_it = |answer: &RefOr<Response>| match answer {
        RefOr::Ref(found) => found.ref_location.rsplit('/').next() == Some(name),
        RefOr::T(_) => false,
    };
    routes.iter().any(|(_, _, operation)| operation.responses.responses.values().any(is_it))
}

/// Operation ids are unique: the second of a name gets a number.
fn unique(routes: Vec<Route>) -> Vec<Route> {
    let mut taken = std::collections::BTreeSet::new();
    let mut all = Vec::new();
    for (path, method, mut operation) in routes {
        if let Some(id) = operation.operation_id.clone() {
            let mut free = id.clone();
            let mut number = 2;
            while !taken.insert(free.clone()) {
                free = format!("{id}_{number}");
                number += 1;
            }
            operation.operation_id = Some(free);
        }
        all.push((path, method, operation));
    }
    all
}
