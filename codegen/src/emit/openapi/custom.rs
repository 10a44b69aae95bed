//! The operations of custom rpcs: one for each HTTP route.

use heck::ToLowerCamelCase;
use serde_json::json;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{Object, Type as JsonType};
use utoipa::openapi::{ContentBuilder, RefOr, Required, ResponseBuilder, Schema};

use super::book::{Book, Shape, named};
use super::shared;
use super::standard::{ALWAYS, json_content, with_faults, words};
use super::{Route, example, value};
use crate::emit::words::{field_comment, is_hidden};
use crate::model::{Binding, Field, Rpc, Service, Type};

/// The operations of a service's custom rpcs.
pub(super) fn routes(book: &mut Book<'_>, service: &Service, tag: &str) -> Vec<Route> {
    let mut routes = Vec::new();
    for rpc in &service.rpcs {
        for (at, binding) in rpc.bindings.iter().enumerate() {
            let Some(method) = http_method(&binding.method) else { continue };
            let number = if at == 0 { String::new() } else { (at + 1).to_string() };
            let id = format!("{}{number}", rpc.name.to_lower_camel_case());
            routes.push((binding.path.clone(), method, operation(book, rpc, binding, tag, id)));
        }
    }
    routes
}

fn operation(book: &mut Book<'_>, rpc: &Rpc, binding: &Binding, tag: &str, id: String) -> Operation {
    let builder = OperationBuilder::new().tag(tag).operation_id(Some(id));
    let mut operation = words(builder, &rpc.comment, &rpc.access);
    let model = book.model;
    let fields = model.message(&rpc.request).map(|found| found.fields.as_slice());
    let fields = fields.or_else(|| model.resource(&rpc.request).map(|found| found.fields.as_slice()));
    let (in_path, rest): (Vec<&Field>, Vec<&Field>) = fields
        .unwrap_or_default()
        .iter()
        .filter(|field| !is_hidden(field))
        .partition(|field| binding.variables.contains(&field.name));
    for field in &in_path {
        let schema = value::plain(book, &field.ty, field.json_string);
        let example = example::value(model, field, Shape::Read, 0);
        operation = operation.parameter(shared::in_path(&field.name, &field_comment(field), schema, example));
    }
    let mut faults = ALWAYS.to_vec();
    // What it is about may be named in the path, or by a reference beside it.
    let names_a_row = |field: &Field| matches!(field.ty, Type::Id { .. });
    if !in_path.is_empty() || fields.unwrap_or_default().iter().any(names_a_row) {
        faults.push(shared::NOT_FOUND);
    }
    if binding.method != "GET" {
        faults.push(shared::CONFLICT);
    }
    let (in_body, in_query): (Vec<&Field>, Vec<&Field>) =
        rest.into_iter().partition(|field| binding.body == "*" || binding.body == field.name);
    for field in in_query {
        operation = query(operation, book, field);
    }
    if !in_body.is_empty() {
        operation = operation.request_body(Some(body(book, rpc, binding, &in_body)));
        faults.extend([shared::TOO_LARGE, shared::MEDIA_TYPE]);
    }
    if rpc.takes_key(model) && binding.method != "GET" {
        operation = operation.parameter(shared::idempotency_key());
    }
    operation = answer(operation, book, rpc);
    with_faults(operation, faults).build()
}

/// A field in the query; messages and maps have no form there.
fn query(operation: OperationBuilder, book: &mut Book<'_>, field: &Field) -> OperationBuilder {
    if matches!(field.ty, Type::Message(_) | Type::Resource(_) | Type::Map(..) | Type::Struct) {
        return operation;
    }
    let schema = value::schema(book, &field.ty, &field.rules, field.json_string, Shape::Create);
    let mut parameter = shared::query(&field.name, &field_comment(field), schema);
    if field.required {
        parameter.required = Required::True;
    }
    operation.parameter(parameter)
}

fn body(book: &mut Book<'_>, rpc: &Rpc, binding: &Binding, fields: &[&Field]) -> RequestBody {
    let required = fields.iter().any(|field| field.required);
    let (schema, example): (RefOr<Schema>, _) = match fields {
        [only] if binding.body != "*" => {
            let schema = book.field(only, Shape::Create);
            (schema, example::value(book.model, only, Shape::Create, 0))
        }
        _ => {
            let owned: Vec<Field> = fields.iter().map(|field| (*field).clone()).collect();
            let comment = book.model.message(&rpc.request).map(|found| found.comment.clone()).unwrap_or_default();
            let object = book.object(&owned, Shape::Create, comment);
            let name = book.name(&rpc.request);
            (book.add(&name, object).into(), example::object(book.model, &owned, Shape::Create, 0))
        }
    };
    RequestBodyBuilder::new()
        .required(Some(if required { Required::True } else { Required::False }))
        .content("application/json", json_content(schema, example))
        .build()
}

fn answer(operation: OperationBuilder, book: &mut Book<'_>, rpc: &Rpc) -> OperationBuilder {
    let model = book.model;
    let response = ResponseBuilder::new();
    let response = match named(&rpc.response) {
        Some("google.protobuf.Empty") => {
            response.description("Done.").content("application/json", json_content(Object::new(), json!({})))
        }
        Some("google.api.HttpBody") => {
            let mut bytes = Object::with_type(JsonType::String);
            bytes.format = Some(value::format("binary"));
            let content = ContentBuilder::new().schema(Some(bytes)).build();
            response.description("The content, of the type that its header says.").content("*/*", content)
        }
        _ => {
            let field = Field { ty: rpc.response.clone(), ..Field::default() };
            let schema = book.field(&field, Shape::Read);
            let example = example::value(model, &field, Shape::Read, 0);
            let row = named(&rpc.response).and_then(|name| model.resource(name));
            let description = if row.is_some() { "The row as it is now." } else { "The answer." };
            let versioned =
                row.and_then(|found| model.entity(&found.entity)).is_some_and(|found| found.version.is_some());
            let response = if versioned { response.header("ETag", shared::etag()) } else { response };
            response.description(description).content("application/json", json_content(schema, example))
        }
    };
    operation.response("200", response.build())
}

fn http_method(name: &str) -> Option<HttpMethod> {
    match name {
        "GET" => Some(HttpMethod::Get),
        "POST" => Some(HttpMethod::Post),
        "PUT" => Some(HttpMethod::Put),
        "PATCH" => Some(HttpMethod::Patch),
        "DELETE" => Some(HttpMethod::Delete),
        _ => None,
    }
}
