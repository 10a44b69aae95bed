//! REST: the handlers of the derived methods, and what custom ones are made of. They only translate; no rule lives here.

mod batch;
mod call;
mod conditional;
mod export;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

pub use batch::{batch_create, batch_delete, batch_get, batch_update};
pub use call::{Call, Listing, RequestField, TextKind};
pub use export::Format;

use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::expand::Expand;
use crate::http::accepts_json;
use crate::json::FromJson;
use crate::query::{ListQuery, Page};
use crate::service::{Etag, Request, Service, etag, read_new, read_request};
use crate::types::Key;
use crate::violations::Violations;

/// How an entity looks in JSON.
pub trait Resource: Entity<New: FromJson, Patch: FromJson> {
    /// Its JSON shape.
    type Dto<'a>: Serialize;
    /// Path of the collection.
    const PATH: &'static str;
    /// Methods of the path of one row, as `Allow` names them.
    const ALLOW: &'static str;
    /// Custom verbs behind the key, such as `cancel` in `/orders/{id}:cancel`, with their methods.
    const VERBS: &'static [Verb];
    /// Names of the members of its JSON shape, in order.
    const MEMBERS: &'static [&'static str];
    /// Members that never change, which a replacement may therefore leave out.
    const KEPT: &'static [&'static str];
    /// Members that a mask may name.
    const MASKABLE: &'static [&'static str];
    /// Plural, such as `orders`: the member of answers that holds several rows.
    const PLURAL: &'static str;

    /// As JSON shows it.
    fn dto(&self) -> Self::Dto<'_>;
}

/// A custom verb behind a key.
#[derive(Debug)]
pub struct Verb {
    /// The word behind the colon.
    pub name: &'static str,
    /// Value of the `Allow` header.
    pub allow: &'static str,
}

/// Times that a merge starts over.
const MERGE_ATTEMPTS: usize = 3;

/// What a derived handler needs.
type Target<E> = State<Arc<dyn Service<E>>>;

/// `GET /orders`: a page, or all rows for whom accepts no JSON document but what an export is.
pub async fn list<E: Resource>(State(service): Target<E>, Listing(call): Listing) -> Result<Response> {
    if !accepts_json(&call.headers)
        && let Some(format) = Format::accepted(&call.headers)
    {
        return export::export(service, call, format).await;
    }
    let query = ListQuery::from_rest(E::SPEC, &call.query()?)?;
    let page = service.list(&call.cx, query).await?;
    Ok(ok(&page_dto(&page)))
}

/// `GET /orders/{id}`
pub async fn get<E: Resource>(State(service): Target<E>, call: Call) -> Result<Response> {
    let id = key::<E>(&call)?;
    let expand = call.expand(E::SPEC)?;
    let row = service.get(&call.cx, id, &expand).await?;
    // The version says nothing of other rows, which may have changed while this one has not.
    if let Some(now) = etag(&row).filter(|_| expand.is_empty())
        && conditional::unchanged(&call.headers, &now)
    {
        return Ok(tagged(StatusCode::NOT_MODIFIED.into_response(), Some(now)));
    }
    Ok(tagged(ok(&row.dto()), etag(&row)))
}

/// `POST /orders`
pub async fn create<E: Resource>(State(service): Target<E>, call: Call) -> Result<Response> {
    call.no_query()?;
    let body = call.json(&[call::JSON])?;
    let new = decode_new::<E>(&call, body)?;
    let row = service.create(&call.cx, new).await?;
    let location = format!("{}/{}", E::PATH, row.id());
    let mut response = tagged(answer(StatusCode::CREATED, &row.dto()), etag(&row));
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `PUT /orders/{id}`
pub async fn replace<E: Resource>(State(service): Target<E>, call: Call) -> Result<Response> {
    let id = key::<E>(&call)?;
    call.no_query()?;
    let body = with_key::<E>(call.json(&[call::JSON])?, &call);
    let new = decode_new::<E>(&call, with_kept(&*service, &call, &id, body).await?)?;
    change(&*service, &call, id, new.into()).await
}

/// `PATCH /orders/{id}`
pub async fn patch<E: Resource>(State(service): Target<E>, call: Call) -> Result<Response> {
    let id = key::<E>(&call)?;
    call.no_query()?;
    let body = call.json(&[call::MERGE_PATCH, call::JSON])?;
    if body.as_object().is_some_and(|members| members.values().any(Value::is_object)) {
        return merge(&*service, &call, id, body, conditional::if_match(&call.headers)?).await;
    }
    let patch = decode_patch::<E>(body)?;
    change(&*service, &call, id, patch).await
}

/// A patch of members that are objects themselves merges into what is stored (RFC 7396), so it is bound to the state
/// that it was merged with, and starts over when another wrote the row meanwhile.
async fn merge<E: Resource>(
    service: &dyn Service<E>,
    call: &Call,
    id: E::Id,
    body: Value,
    expected: Etag,
) -> Result<Response> {
    for _ in 0..MERGE_ATTEMPTS {
        let current = service.get(&call.cx, id.clone(), &Expand::NONE).await?;
        let stored = serde_json::to_value(current.dto()).map_err(Error::internal)?;
        let mut merged = body.clone();
        for (name, patch) in merged.as_object_mut().into_iter().flatten().filter(|(_, patch)| patch.is_object()) {
            let mut value = stored.get(name).cloned().unwrap_or(Value::Null);
            merge_patch(&mut value, patch);
            *patch = value;
        }
        let bound = match (&expected, etag(&current)) {
            (Etag::Any, Some(now)) => Etag::OneOf(vec![now]),
            _ => expected.clone(),
        };
        match service.update(&call.cx, id.clone(), decode_patch::<E>(merged)?, bound).await {
            Err(Error::PreconditionFailed) if expected == Etag::Any => {}
            outcome => {
                let row = outcome?;
                return Ok(tagged(ok(&row.dto()), etag(&row)));
            }
        }
    }
    Err(Error::concurrent(E::SPEC.name, &id))
}

/// The algorithm of RFC 7396, section 2.
fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge_patch(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// `DELETE /orders/{id}`
pub async fn delete<E: Resource>(State(service): Target<E>, call: Call) -> Result<Response> {
    let id = key::<E>(&call)?;
    call.no_query()?;
    service.delete(&call.cx, id, conditional::if_match(&call.headers)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /products/{id}:undelete`
pub async fn undelete<E: Resource>(service: &(impl Service<E> + ?Sized), call: &Call) -> Result<Response> {
    let id = E::Id::parse(&call.segments(), E::SPEC.key_fields).map_err(Error::Validation)?;
    let row = service.undelete(&call.cx, id).await?;
    Ok(tagged(ok(&row.dto()), etag(&row)))
}

/// Answers a method that neither a row nor the verb behind its key has.
pub async fn refuse<E: Resource>(call: Call) -> Error {
    no_method::<E>(&call)
}

/// The router has one path for a row and for the verbs behind its key; what is allowed there differs.
pub fn no_method<E: Resource>(call: &Call) -> Error {
    match (call.verb(E::VERBS), call.suffix()) {
        (Some(verb), _) => Error::MethodNotAllowed { allow: verb.allow.to_owned() },
        (None, Some(word)) if !E::VERBS.is_empty() => {
            let known: Vec<String> = E::VERBS.iter().map(|verb| format!(":{}", verb.name)).collect();
            Error::NotFound(format!("there is no :{word} of {}; there is {}", E::PATH, known.join(", ")))
        }
        _ => Error::MethodNotAllowed { allow: E::ALLOW.to_owned() },
    }
}

/// The answer of a custom method that answers a row.
pub fn row<E: Resource>(row: &E) -> Response {
    tagged(ok(&row.dto()), etag(row))
}

/// 200 with a JSON body.
pub fn ok(body: &impl Serialize) -> Response {
    answer(StatusCode::OK, body)
}

/// A custom request, from its JSON form.
pub fn decode<R: FromJson + Request>(value: Value) -> Result<R> {
    let mut found = Violations::new();
    let request = R::from_json(object(value)?, &mut found);
    read_request(request, found)
}

fn object(value: Value) -> Result<Value> {
    if value.is_object() { Ok(value) } else { Err(Error::invalid("body", "object", "must be an object")) }
}

fn decode_new<E: Resource>(call: &Call, value: Value) -> Result<E::New> {
    let mut found = Violations::new();
    let new = E::New::from_json(object(value)?, &mut found);
    read_new::<E>(&call.cx, new, found)
}

fn decode_patch<E: Resource>(value: Value) -> Result<E::Patch> {
    let mut found = Violations::new();
    let patch = E::Patch::from_json(object(value)?, &mut found);
    found.finish()?;
    patch.ok_or_else(|| Error::internal("a decoder answered nothing and said nothing"))
}

async fn change<E: Resource>(service: &dyn Service<E>, call: &Call, id: E::Id, patch: E::Patch) -> Result<Response> {
    let expected: Etag = conditional::if_match(&call.headers)?;
    let row = service.update(&call.cx, id, patch, expected).await?;
    Ok(tagged(ok(&row.dto()), etag(&row)))
}

/// The key in the path. A declared verb behind it belongs to another method.
fn key<E: Resource>(call: &Call) -> Result<E::Id> {
    if call.verb(E::VERBS).is_some() {
        return Err(no_method::<E>(call));
    }
    E::Id::parse(&call.segments(), E::SPEC.key_fields).map_err(Error::Validation)
}

/// A replacement may leave out what never changes: it is what the row has.
async fn with_kept<E: Resource>(service: &dyn Service<E>, call: &Call, id: &E::Id, mut body: Value) -> Result<Value> {
    let Value::Object(members) = &mut body else { return Ok(body) };
    let absent: Vec<_> = E::KEPT.iter().filter(|name| !members.contains_key(**name)).collect();
    if absent.is_empty() {
        return Ok(body);
    }
    let stored =
        serde_json::to_value(service.get(&call.cx, id.clone(), &Expand::NONE).await?.dto()).map_err(Error::internal)?;
    members.extend(absent.into_iter().filter_map(|name| Some(((*name).to_owned(), stored.get(*name)?.clone()))));
    Ok(body)
}

/// A replacement may leave out a key that the client gave at creation: the path says it.
fn with_key<E: Resource>(mut body: Value, call: &Call) -> Value {
    if let Value::Object(members) = &mut body {
        for (field, segment) in E::SPEC.key_fields.iter().zip(call.segments()) {
            let kind = E::SPEC.column_of(field).map_or(TextKind::Text, |column| TextKind::of(column.kind));
            members.entry((*field).to_owned()).or_insert_with(|| kind.json(segment));
        }
    }
    body
}

#[derive(Serialize)]
struct PageDto<'a, D> {
    data: Vec<D>,
    page: i64,
    size: i64,
    total: Option<i64>,
    next_page_token: &'a str,
}

fn page_dto<E: Resource>(page: &Page<E>) -> PageDto<'_, E::Dto<'_>> {
    PageDto {
        data: page.data.iter().map(E::dto).collect(),
        page: page.page,
        size: page.size,
        total: page.total,
        next_page_token: &page.next_page_token,
    }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response()
        }
        Err(cause) => Error::internal(cause).into_response(),
    }
}

fn tagged(mut response: Response, etag: Option<String>) -> Response {
    if let Some(Ok(value)) = etag.map(HeaderValue::try_from) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merges_as_the_rfc_shows() {
        for (mut target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            merge_patch(&mut target, &patch);
            assert_eq!(target, result);
        }
    }
}
