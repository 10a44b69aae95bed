//! The operations of the derived methods.

use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterStyle};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{Array, Object, Type as JsonType};
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Required, ResponseBuilder, Schema};

use super::book::{Book, Shape};
use super::shared::{self, Fault};
use super::{Route, batch, example, security, value};
use crate::emit::words::{
    SEARCH_MAX, field_comment, has_undelete, human, is_hidden, key_fields, key_path, plural_pascal, search_comment,
    standard_comment, undelete_comment,
};
use crate::expand::expansions;
use crate::model::{Access, Entity, Field, Model, Resource, Standard, StandardKind};

/// Faults that any operation may answer with.
pub(super) const ALWAYS: [Fault; 8] = [
    shared::INVALID,
    shared::UNAUTHORIZED,
    shared::FORBIDDEN,
    shared::NOT_ACCEPTABLE,
    shared::TIMEOUT,
    shared::RATE,
    shared::INTERNAL,
    shared::UNAVAILABLE,
];

/// The operations of a resource's derived methods.
pub(super) fn routes(book: &mut Book<'_>, resource: &Resource, entity: &Entity) -> Vec<Route> {
    let mut routes = Vec::new();
    let row = format!("{}/{}", resource.path, key_path(entity, ""));
    for method in &resource.methods {
        match method.kind {
            StandardKind::List => {
                let operation = list(book, resource, entity, method);
                routes.push((resource.path.clone(), HttpMethod::Get, operation));
            }
            StandardKind::Get => routes.push((row.clone(), HttpMethod::Get, get(book, resource, entity, method))),
            StandardKind::Create => {
                routes.push((resource.path.clone(), HttpMethod::Post, create(book, resource, entity, method)));
            }
            StandardKind::Update => {
                routes.push((row.clone(), HttpMethod::Put, write(book, resource, entity, method, Shape::Replace)));
                routes.push((row.clone(), HttpMethod::Patch, write(book, resource, entity, method, Shape::Patch)));
            }
            StandardKind::Delete => {
                routes.push((row.clone(), HttpMethod::Delete, delete(book, resource, entity, method)));
                if has_undelete(resource, entity) {
                    let operation = undelete(book, resource, entity, method);
                    routes.push((format!("{row}:undelete"), HttpMethod::Post, operation));
                }
            }
        }
        if resource.batches.contains(&method.kind) {
            routes.push(batch::route(book, resource, entity, method));
        }
    }
    routes
}

/// Adds the faults to an operation.
pub(super) fn with_faults(
    mut operation: OperationBuilder,
    faults: impl IntoIterator<Item = Fault>,
) -> OperationBuilder {
    for (name, status, ..) in faults {
        operation = operation.response(status, Ref::from_response_name(name));
    }
    operation
}

/// Summary (the first sentence) and description of an operation, and what it asks of callers.
pub(super) fn words(operation: OperationBuilder, comment: &str, access: &Access) -> OperationBuilder {
    let text = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    let summary = text.split_once(". ").map_or(text.as_str(), |(first, _)| first).trim_end_matches('.').to_owned();
    let operation = operation.securities(Some(security::required(access)));
    let access = if access.written.is_empty() { "admin" } else { &access.written };
    operation.summary(Some(summary)).description(Some(format!("{}\n\nAccess: `{access}`.", comment.trim_end())))
}

/// A JSON body or answer.
pub(super) fn json_content(schema: impl Into<RefOr<Schema>>, example: Value) -> Content {
    ContentBuilder::new().schema(Some(schema)).example(Some(example)).build()
}

pub(super) fn begin(resource: &Resource, id: String, comment: &str, method: &Standard) -> OperationBuilder {
    words(OperationBuilder::new().tag(&resource.name).operation_id(Some(id)), comment, &method.access)
}

fn list(book: &mut Book<'_>, resource: &Resource, entity: &Entity, method: &Standard) -> Operation {
    let comment = standard_comment(StandardKind::List, resource, entity);
    let mut operation = begin(resource, format!("list{}", plural_pascal(resource)), &comment, method);
    for parameter in list_parameters(book, resource, entity) {
        operation = operation.parameter(parameter);
    }
    let page = book.page(resource);
    let answer = ResponseBuilder::new()
        .description(
            "A page of rows; or all rows as a stream, one in a line, for whom accepts no JSON document but \
             `application/x-ndjson` or `text/csv`. An export takes no parameter of pages.",
        )
        .content("application/json", json_content(page, example::page(book.model, resource)))
        .content("application/x-ndjson", export("An object of JSON in each line."))
        .content("text/csv", export("A line of names, then a line for each row; lists and objects are JSON."));
    with_faults(operation.response("200", answer.build()), ALWAYS).build()
}

fn export(description: &str) -> Content {
    let mut text = Object::with_type(JsonType::String);
    text.description = Some(description.to_owned());
    ContentBuilder::new().schema(Some(text)).build()
}

fn list_parameters(book: &mut Book<'_>, resource: &Resource, entity: &Entity) -> Vec<Parameter> {
    let integer = |least: usize, most: Option<usize>, default: i64| {
        let mut object = Object::with_type(JsonType::Integer);
        object.format = Some(value::format("int32"));
        object.minimum = Some(least.into());
        object.maximum = most.map(Into::into);
        object.default = Some(json!(default));
        RefOr::<Schema>::from(object)
    };
    let boolean = |default: bool| {
        let mut object = Object::with_type(JsonType::Boolean);
        object.default = Some(json!(default));
        RefOr::<Schema>::from(object)
    };
    let shown = || resource.fields.iter().filter(|field| !is_hidden(field) && !field.input_only);
    let sortable: Vec<&str> = shown()
        .filter(|field| field.sortable || entity.key.fields.contains(&field.name))
        .map(|field| field.name.as_str())
        .collect();
    let filterable: Vec<String> =
        shown().filter(|field| field.filterable).map(|field| format!("`{}`", field.name)).collect();
    let default_sort = match &entity.created_at {
        Some(field) => format!("`{field}`, newest first"),
        None => "the key".to_owned(),
    };
    let mut all = vec![
        shared::query("page", "Number of the page, from 0.", integer(0, None, 0)),
        shared::query("size", "Most rows that a page holds.", integer(1, Some(100), 10)),
        several(
            "sort",
            &format!("Fields to order by, first one first, joined by commas. Default: {default_sort}."),
            &sortable,
            true,
        ),
        several(
            "order",
            "Directions in the order of `sort`, joined by commas. Default: `asc`.",
            &["asc", "desc"],
            false,
        ),
        shared::query(
            "page_token",
            "`next_page_token` of the page before, with the other parameters unchanged; instead of `page`.",
            shared::text("", None),
        ),
        shared::query("include_total", "Count all rows that match.", boolean(true)),
    ];
    if !filterable.is_empty() {
        let first = filterable[0].trim_matches('`');
        let description =
            format!("Condition as in AIP-160, such as `{first} = \"…\" AND …`. Fields: {}.", filterable.join(", "));
        all.push(shared::query("filter", &description, shared::text("", None)));
    }
    if book.model.words_of(&entity.full_name).is_some() {
        let mut text = Object::with_type(JsonType::String);
        text.min_length = Some(1);
        text.max_length = Some(SEARCH_MAX);
        all.push(shared::query("q", &search_comment(resource), text.into()));
    }
    if entity.soft_delete {
        all.push(shared::query("show_deleted", "Show deleted rows too; for admins.", boolean(false)));
    }
    all.extend(expand(book.model, resource));
    let taken: Vec<String> = all.iter().map(|parameter| parameter.name.clone()).collect();
    for field in shown().filter(|field| field.filterable && !taken.contains(&field.name)) {
        let schema = value::plain(book, &field.ty, field.json_string);
        let description = format!("Only rows whose `{}` is this.", field.name);
        all.push(shared::query(&field.name, &description, schema));
    }
    all
}

/// The references to show as rows, where there are any.
fn expand(model: &Model, resource: &Resource) -> Option<Parameter> {
    let expansions = expansions(model, resource);
    let paths: Vec<&str> = expansions.iter().map(|expansion| expansion.path.as_str()).collect();
    let description = "References to show as rows, each in the member beside it, joined by commas. What the caller may not \
                       see stays null.";
    (!paths.is_empty()).then(|| several("expand", description, &paths, true))
}

/// A list in one parameter, joined by commas.
fn several(name: &str, description: &str, values: &[&str], unique: bool) -> Parameter {
    let mut item = Object::with_type(JsonType::String);
    item.enum_values = Some(values.iter().map(|value| json!(value)).collect());
    let mut list = Array::new(item);
    // A list of nothing looks like a text of nothing, which names no member.
    list.min_items = Some(1);
    list.unique_items = unique;
    let parameter = shared::query(name, description, list.into());
    ParameterBuilder::from(parameter).style(Some(ParameterStyle::Form)).explode(Some(false)).build()
}

fn get(book: &mut Book<'_>, resource: &Resource, entity: &Entity, method: &Standard) -> Operation {
    let comment = standard_comment(StandardKind::Get, resource, entity);
    let mut operation =
        with_key(begin(resource, format!("get{}", resource.name), &comment, method), book, resource, entity);
    if let Some(parameter) = expand(book.model, resource) {
        operation = operation.parameter(parameter);
    }
    operation = answer(operation, book, resource, entity, "200", "The row.");
    if entity.version.is_some() {
        let description = "ETag of the copy at hand; if the row still has it, the answer is 304.";
        let unchanged = ResponseBuilder::new().description("The row has not changed.").header("ETag", shared::etag());
        operation =
            operation.parameter(shared::condition("If-None-Match", description)).response("304", unchanged.build());
    }
    with_faults(operation, ALWAYS.into_iter().chain([shared::NOT_FOUND])).build()
}

fn create(book: &mut Book<'_>, resource: &Resource, entity: &Entity, method: &Standard) -> Operation {
    let comment = standard_comment(StandardKind::Create, resource, entity);
    let operation = begin(resource, format!("create{}", resource.name), &comment, method).request_body(Some(body(
        book,
        resource,
        Shape::Create,
    )));
    let operation = operation.parameter(shared::idempotency_key());
    let operation = answer(operation, book, resource, entity, "201", "The new row.");
    with_faults(operation, ALWAYS.into_iter().chain([shared::CONFLICT, shared::TOO_LARGE, shared::MEDIA_TYPE])).build()
}

fn write(book: &mut Book<'_>, resource: &Resource, entity: &Entity, method: &Standard, shape: Shape) -> Operation {
    let one = human(&resource.name);
    let (id, comment) = match shape {
        Shape::Replace => (
            format!("replace{}", resource.name),
            format!("Replaces one {one}. What the body leaves out gets its default; output-only members are ignored."),
        ),
        _ => (
            format!("update{}", resource.name),
            format!(
                "Changes one {one}. A JSON merge patch (RFC 7396): what the body leaves out stays as it is, null gives \
                 the default, lists are replaced whole."
            ),
        ),
    };
    let operation = with_key(begin(resource, id, &comment, method), book, resource, entity)
        .request_body(Some(body(book, resource, shape)));
    let operation = if_match(operation, entity);
    let operation = answer(operation, book, resource, entity, "200", "The row as it is now.");
    let own = [shared::NOT_FOUND, shared::CONFLICT, shared::TOO_LARGE, shared::MEDIA_TYPE];
    with_faults(operation, ALWAYS.into_iter().chain(own)).build()
}

fn delete(book: &mut Book<'_>, resource: &Resource, entity: &Entity, method: &Standard) -> Operation {
    let comment = if entity.soft_delete {
        format!("Deletes one {}. It can be brought back with `:undelete`.", human(&resource.name))
    } else {
        format!("Deletes one {}.", human(&resource.name))
    };
    let operation =
        with_spare_key(begin(resource, format!("delete{}", resource.name), &comment, method), book, resource, entity);
    let operation =
        if_match(operation, entity).response("204", ResponseBuilder::new().description("The row is deleted.").build());
    with_faults(operation, ALWAYS.into_iter().chain([shared::NOT_FOUND, shared::CONFLICT])).build()
}

fn undelete(book: &mut Book<'_>, resource: &Resource, entity: &Entity, method: &Standard) -> Operation {
    let id = format!("undelete{}", resource.name);
    let operation = with_spare_key(begin(resource, id, &undelete_comment(resource), method), book, resource, entity);
    let operation = answer(operation, book, resource, entity, "200", "The row, back again.");
    with_faults(operation, ALWAYS.into_iter().chain([shared::NOT_FOUND, shared::CONFLICT])).build()
}

/// With the key of the first row of the seed.
fn with_key(
    operation: OperationBuilder,
    book: &mut Book<'_>,
    resource: &Resource,
    entity: &Entity,
) -> OperationBuilder {
    key_parameters(operation, book, resource, entity, |model, field| example::value(model, field, Shape::Read, 0))
}

/// With the key of a row of the seed that can be deleted.
fn with_spare_key(
    operation: OperationBuilder,
    book: &mut Book<'_>,
    resource: &Resource,
    entity: &Entity,
) -> OperationBuilder {
    key_parameters(operation, book, resource, entity, example::spare)
}

fn key_parameters(
    mut operation: OperationBuilder,
    book: &mut Book<'_>,
    resource: &Resource,
    entity: &Entity,
    example: fn(&Model, &Field) -> Value,
) -> OperationBuilder {
    for field in key_fields(resource, entity) {
        let schema = value::plain(book, &field.ty, field.json_string);
        let example = example(book.model, field);
        operation = operation.parameter(shared::in_path(&field.name, &field_comment(field), schema, example));
    }
    operation
}

fn if_match(operation: OperationBuilder, entity: &Entity) -> OperationBuilder {
    if entity.version.is_none() {
        return operation;
    }
    let description = "ETag that the row must still have, such as `\"3\"`, or several, joined by commas; without it, the row is written whatever it is.";
    with_faults(operation.parameter(shared::condition("If-Match", description)), [shared::STALE])
}

fn body(book: &mut Book<'_>, resource: &Resource, shape: Shape) -> RequestBody {
    let schema = book.refer(&resource.full_name, shape);
    let example = example::resource(book.model, resource, shape);
    let mut body = RequestBodyBuilder::new().required(Some(Required::True));
    if shape == Shape::Patch {
        body = body.content("application/merge-patch+json", json_content(schema.clone(), example.clone()));
    }
    body.content("application/json", json_content(schema, example)).build()
}

fn answer(
    operation: OperationBuilder,
    book: &mut Book<'_>,
    resource: &Resource,
    entity: &Entity,
    status: &str,
    description: &str,
) -> OperationBuilder {
    let schema = book.refer(&resource.full_name, Shape::Read);
    let row = example::resource(book.model, resource, Shape::Read);
    let mut response = ResponseBuilder::new().description(description);
    if status == "201" {
        let parts: Vec<String> = key_fields(resource, entity)
            .iter()
            .map(|field| row.get(&field.name).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .map(Option::unwrap_or_default)
            .collect();
        response = response.header("Location", shared::location(&format!("{}/{}", resource.path, parts.join("/"))));
    }
    if entity.version.is_some() {
        response = response.header("ETag", shared::etag());
    }
    operation.response(status, response.content("application/json", json_content(schema, row)).build())
}
