//! The operations of methods for several rows.

use heck::ToLowerCamelCase;
use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterStyle};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AdditionalProperties, Array, Object};
use utoipa::openapi::{Ref, RefOr, Required, ResponseBuilder, Schema};

use super::book::{Book, Shape};
use super::shared;
use super::standard::{ALWAYS, begin, json_content, with_faults};
use super::{Route, example, value};
use crate::emit::words::{BATCH_MAX, batch_comment, field_comment, human, key_fields, plural_human};
use crate::model::{Entity, Field, FieldRole, Resource, Standard, StandardKind, Type};
use crate::routes::{batch, batch_rpc};

/// The operation of one such method.
pub(super) fn route(book: &mut Book<'_>, resource: &Resource, entity: &Entity, method: &Standard) -> Route {
    let kind = method.kind;
    let id = batch_rpc(kind, resource).to_lower_camel_case();
    let mut operation = begin(resource, id, &batch_comment(kind, resource), method);
    let mut faults = ALWAYS.to_vec();
    if kind != StandardKind::Create {
        faults.push(shared::NOT_FOUND);
    }
    let http = if kind == StandardKind::Get {
        operation = operation.parameter(ids(book, resource, entity));
        HttpMethod::Get
    } else {
        if kind == StandardKind::Create {
            operation = operation.parameter(shared::idempotency_key());
        }
        operation = operation.request_body(Some(requests(book, resource, entity, kind)));
        faults.extend([shared::CONFLICT, shared::TOO_LARGE, shared::MEDIA_TYPE]);
        if kind != StandardKind::Create && entity.version.is_some() {
            faults.push(shared::STALE);
        }
        HttpMethod::Post
    };
    operation = answer(operation, book, resource, kind);
    (batch(resource, kind).1, http, with_faults(operation, faults).build())
}

/// The keys in the query, one parameter for each.
fn ids(book: &mut Book<'_>, resource: &Resource, entity: &Entity) -> Parameter {
    let keys = key_fields(resource, entity);
    let examples: Vec<Value> = keys.iter().map(|field| example::value(book.model, field, Shape::Read, 0)).collect();
    let (schema, example, description) = match (keys.as_slice(), examples.as_slice()) {
        ([only], [example]) => {
            (value::plain(book, &only.ty, only.json_string), example.clone(), "Keys of the rows.".to_owned())
        }
        _ => {
            let parts: Vec<String> =
                examples.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect();
            let description = format!("Keys of the rows: {}, joined by `/`.", entity.key.fields.join(" and "));
            (value::plain(book, &Type::String, false), json!(parts.join("/")), description)
        }
    };
    let list = bounded(schema);
    let mut parameter = shared::query("ids", &description, list.into());
    parameter.required = Required::True;
    let parameter = ParameterBuilder::from(parameter).style(Some(ParameterStyle::Form)).explode(Some(true));
    parameter.example(Some(json!([example]))).build()
}

fn bounded(items: impl Into<RefOr<Schema>>) -> Array {
    let mut list = Array::new(items);
    (list.min_items, list.max_items) = (Some(1), Some(BATCH_MAX));
    list
}

/// The body: a list of what the method of one row takes.
fn requests(book: &mut Book<'_>, resource: &Resource, entity: &Entity, kind: StandardKind) -> RequestBody {
    let (single, example) = match kind {
        StandardKind::Delete => delete(book, resource, entity),
        StandardKind::Update => update(book, resource, entity),
        _ => create(book, resource),
    };
    let verb = match kind {
        StandardKind::Delete => "delete",
        StandardKind::Update => "change",
        _ => "create",
    };
    let mut list = bounded(single);
    list.description = Some("What to do, in this order.".to_owned());
    let mut body = closed(format!("The {} to {verb}.", plural_human(resource)));
    body.properties.insert("requests".to_owned(), list.into());
    body.required.push("requests".to_owned());
    let name = format!("{}Request", batch_rpc(kind, resource));
    let schema = book.add(&name, body);
    let content = json_content(schema, json!({ "requests": [example] }));
    RequestBodyBuilder::new().required(Some(Required::True)).content("application/json", content).build()
}

/// An object that has no other members.
fn closed(description: String) -> Object {
    let mut object = Object::new();
    object.description = Some(description);
    object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    object
}

fn create(book: &mut Book<'_>, resource: &Resource) -> (Ref, Value) {
    let mut object = closed(format!("The {} to create.", human(&resource.name)));
    let row = book.refer(&resource.full_name, Shape::Create);
    let member = member(resource);
    object.properties.insert(member.clone(), row.into());
    object.required.push(member.clone());
    let example = json!({ member: example::resource(book.model, resource, Shape::Create) });
    (book.add(&format!("Create{}Request", resource.name), object), example)
}

fn update(book: &mut Book<'_>, resource: &Resource, entity: &Entity) -> (Ref, Value) {
    let mut row = book.object(
        &resource.fields,
        Shape::Patch,
        format!("Which {}, and its new values; what is absent stays as it is.", human(&resource.name)),
    );
    let mut written = example::resource(book.model, resource, Shape::Patch);
    for key in key_fields(resource, entity) {
        let given =
            Field { role: FieldRole::Plain, output_only: false, immutable: false, required: true, ..key.clone() };
        row.properties.insert(key.name.clone(), book.field(&given, Shape::Create));
        row.required.push(key.name.clone());
        written[key.name.as_str()] = example::value(book.model, key, Shape::Read, 0);
    }
    let row = book.add(&format!("{}Change", book.name(&resource.full_name)), row);
    let mut object = closed(format!("The {} to change, and how.", human(&resource.name)));
    let member = member(resource);
    object.properties.insert(member.clone(), row.into());
    object.required.push(member.clone());
    let example = json!({ member: written });
    add_etag(&mut object, entity);
    (book.add(&format!("Update{}Request", resource.name), object), example)
}

fn delete(book: &mut Book<'_>, resource: &Resource, entity: &Entity) -> (Ref, Value) {
    let mut object = closed(format!("Which {} to delete.", human(&resource.name)));
    let mut example = json!({});
    for key in key_fields(resource, entity) {
        let given =
            Field { role: FieldRole::Plain, output_only: false, immutable: false, required: true, ..key.clone() };
        let schema = book.field(&Field { comment: field_comment(key), ..given }, Shape::Create);
        object.properties.insert(key.name.clone(), schema);
        object.required.push(key.name.clone());
        example[key.name.as_str()] = example::spare(book.model, key);
    }
    add_etag(&mut object, entity);
    (book.add(&format!("Delete{}Request", resource.name), object), example)
}

fn add_etag(object: &mut Object, entity: &Entity) {
    if entity.version.is_some() {
        let words = "ETag that the row must still have, such as `\"3\"`; empty: whatever it is.";
        let mut etag = shared::plain_text(words);
        etag.pattern = Some(value::NO_NUL.to_owned());
        object.properties.insert("etag".to_owned(), etag.into());
    }
}

fn answer(
    operation: OperationBuilder,
    book: &mut Book<'_>,
    resource: &Resource,
    kind: StandardKind,
) -> OperationBuilder {
    if kind == StandardKind::Delete {
        return operation.response("204", ResponseBuilder::new().description("The rows are deleted.").build());
    }
    let mut list = Array::new(book.refer(&resource.full_name, Shape::Read));
    list.description = Some("In the order of the requests.".to_owned());
    let mut object = Object::new();
    object.description = Some(format!("Several {}.", plural_human(resource)));
    object.properties.insert(resource.plural.clone(), list.into());
    object.required.push(resource.plural.clone());
    let schema = book.add(&format!("{}Batch", book.name(&resource.full_name)), object);
    let mut rows = serde_json::Map::new();
    rows.insert(resource.plural.clone(), json!([example::resource(book.model, resource, Shape::Read)]));
    let content = json_content(schema, Value::Object(rows));
    operation
        .response("200", ResponseBuilder::new().description("The rows.").content("application/json", content).build())
}

/// The member of a request that holds the row.
fn member(resource: &Resource) -> String {
    crate::emit::contract::body_field(resource)
}
