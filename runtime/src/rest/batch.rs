//! Batches over REST: requests in a list, each what the method of one row takes in its path, body and headers.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Call, Resource, TextKind, ok};
use crate::entity::{Entity, Kind};
use crate::error::{Error, Result};
use crate::json::{FromJson, Object};
use crate::service::{Batch, Etag, RowDelete, RowUpdate, read_ids, read_new, read_requests};
use crate::types::Key;
use crate::violations::Violations;

/// `GET /orders:batchGet?ids=…&ids=…`
pub async fn batch_get<E: Resource>(service: &(impl Batch<E> + ?Sized), call: &Call) -> Result<Response> {
    let mut found = Violations::new();
    let mut ids = Vec::new();
    for (name, text) in call.query()? {
        match name.as_str() {
            "ids" => ids.push(text),
            other => found.add(other, "query.unknown", "is no parameter here"),
        }
    }
    found.finish()?;
    let rows = service.batch_get(&call.cx, read_ids::<E>(ids)?).await?;
    Ok(ok(&Rows(&rows)))
}

/// `POST /orders:batchCreate`
pub async fn batch_create<E: Resource>(service: &(impl Batch<E> + ?Sized), call: &Call) -> Result<Response> {
    let new = |request: Value| {
        let row = members(request, |input| input.required::<Value>(E::SPEC.member))?;
        let mut found = Violations::new();
        let new = E::New::from_json(row, &mut found);
        read_new::<E>(&call.cx, new, found).map_err(|error| error.below(E::SPEC.member))
    };
    let rows = service.batch_create(&call.cx, read_requests(requests(call)?, new)?).await?;
    Ok(ok(&Rows(&rows)))
}

/// `POST /orders:batchUpdate`
pub async fn batch_update<E: Resource>(service: &(impl Batch<E> + ?Sized), call: &Call) -> Result<Response> {
    let rows = service.batch_update(&call.cx, read_requests(requests(call)?, update::<E>)?).await?;
    Ok(ok(&Rows(&rows)))
}

/// `POST /orders:batchDelete`
pub async fn batch_delete<E: Resource>(service: &(impl Batch<E> + ?Sized), call: &Call) -> Result<Response> {
    let delete = |request: Value| {
        let mut key = Vec::new();
        let etag = members(request, |input| {
            key = E::SPEC.key_fields.iter().map(|field| (*field, input.optional::<Value>(field))).collect();
            etag::<E>(input)
        })?;
        Ok(RowDelete { id: id::<E>(key)?, etag })
    };
    service.batch_delete(&call.cx, read_requests(requests(call)?, delete)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The requests in the body.
fn requests(call: &Call) -> Result<Vec<Value>> {
    call.no_query()?;
    members(call.json(&[super::call::JSON])?, |input| input.required("requests"))
}

/// Reads the members of an object that has no others.
fn members<T>(value: Value, read: impl FnOnce(&mut Object<'_>) -> T) -> Result<T> {
    let mut found = Violations::new();
    let read = Object::new(value, &mut found).map(|mut input| {
        let read = read(&mut input);
        input.finish();
        read
    });
    found.finish()?;
    read.ok_or_else(unread)
}

/// Requests of rows without a version have no etag.
fn etag<E: Entity>(input: &mut Object<'_>) -> Etag {
    if E::SPEC.version.is_none() {
        return Etag::Any;
    }
    Etag::from_grpc(&input.plain::<String>("etag"))
}

/// A merge patch beside the key of its row; members that are objects are replaced as a whole.
fn update<E: Resource>(request: Value) -> Result<RowUpdate<E>> {
    let (row, etag) = members(request, |input| (input.required::<Value>(E::SPEC.member), etag::<E>(input)))?;
    let key = E::SPEC.key_fields.iter().map(|field| (*field, row.get(*field).cloned())).collect();
    let is_object = row.is_object();
    let mut found = Violations::new();
    let patch = E::Patch::from_json(row, &mut found);
    let id = match id::<E>(key) {
        Err(Error::Validation(violations)) => {
            // What is no object is said once.
            found.extend(violations.into_iter().filter(|_| is_object));
            None
        }
        other => Some(other?),
    };
    found.finish().map_err(|error| error.below(E::SPEC.member))?;
    let (Some(id), Some(patch)) = (id, patch) else { return Err(unread()) };
    Ok(RowUpdate { id, patch, etag })
}

fn unread() -> Error {
    Error::internal("a decoder answered nothing and said nothing")
}

/// A key from members of JSON. What is absent is what protobuf reads then: zero, or an empty text.
fn id<E: Entity>(members: Vec<(&'static str, Option<Value>)>) -> Result<E::Id> {
    let mut found = Violations::new();
    let text = |(field, value): (&'static str, Option<Value>)| {
        let kind = E::SPEC.column_of(field).map_or(Kind::Text, |column| column.kind);
        match value {
            Some(Value::String(text)) => text,
            Some(value) if TextKind::of(kind) == TextKind::Number => {
                found.within(field, |found| i64::from_json(value, found)).unwrap_or_default().to_string()
            }
            Some(value) => {
                found.within(field, |found| String::from_json(value, found));
                String::new()
            }
            None if kind == Kind::Uuid || E::SPEC.allotted => absent(kind),
            None => {
                found.add(field, "required", "must be there");
                absent(kind)
            }
        }
    };
    let texts: Vec<String> = members.into_iter().map(text).collect();
    found.finish()?;
    let segments: Vec<&str> = texts.iter().map(String::as_str).collect();
    E::Id::parse(&segments, E::SPEC.key_fields).map_err(Error::Validation)
}

fn absent(kind: Kind) -> String {
    if TextKind::of(kind) == TextKind::Number { "0".to_owned() } else { String::new() }
}

/// Rows under the plural of their name.
struct Rows<'r, E>(&'r [E]);

impl<E: Resource> Serialize for Rows<'_, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<E::Dto<'_>> = self.0.iter().map(E::dto).collect();
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(E::PLURAL, &rows)?;
        object.end()
    }
}
