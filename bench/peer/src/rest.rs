//! Customers over REST.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use uuid::Uuid;

use crate::input::{CustomerPatch, NewCustomer};
use crate::model::{Customer, Page};
use crate::problem::{Problem, Result};
use crate::store::{Query, Store};

/// Times that an update starts over when another wrote its row meanwhile.
const ATTEMPTS: usize = 3;
/// What a token is for; one of another list is refused.
const TOKEN_KIND: &str = "customers/newest";

/// The routes.
pub fn routes<S: Store>(store: Arc<S>) -> Router {
    Router::new()
        .route("/api/v1/customers", routing::get(list::<S>).post(create::<S>))
        .route("/api/v1/customers/{id}", routing::get(get::<S>).patch(patch::<S>))
        .with_state(store)
}

#[derive(Deserialize)]
struct ListParameters {
    size: Option<i64>,
    page_token: Option<String>,
    include_total: Option<bool>,
}

type Body<T> = Result<Json<T>, JsonRejection>;
type Key = Result<Path<Uuid>, PathRejection>;

async fn get<S: Store>(State(store): State<Arc<S>>, id: Key, headers: HeaderMap) -> Result<Response> {
    let row = store.get(key(id)?).await?.ok_or(Problem::NotFound)?;
    if names(&headers, &header::IF_NONE_MATCH, &row.etag()) {
        return tagged(StatusCode::NOT_MODIFIED.into_response(), &row);
    }
    tagged(Json(&row).into_response(), &row)
}

async fn list<S: Store>(
    State(store): State<Arc<S>>,
    parameters: Result<axum::extract::Query<ListParameters>, QueryRejection>,
) -> Result<Json<Page>> {
    let parameters = parameters.map_err(|cause| Problem::invalid("query", cause.body_text()))?.0;
    let size = parameters.size.unwrap_or(10);
    if !(1..=100).contains(&size) {
        return Err(Problem::invalid("size", "must be between 1 and 100"));
    }
    let after = parameters.page_token.as_deref().map(decode_token).transpose()?;
    let total = parameters.include_total.unwrap_or(true);
    let (mut data, total) = store.list(Query { size, after, total }).await?;
    let most = usize::try_from(size).unwrap_or_default();
    let more = data.len() > most;
    data.truncate(most);
    let next_page_token = data.last().filter(|_| more).map(encode_token).unwrap_or_default();
    Ok(Json(Page { data, page: 0, size, total, next_page_token }))
}

async fn create<S: Store>(State(store): State<Arc<S>>, body: Body<NewCustomer>) -> Result<Response> {
    let row = store.insert(read(body)?.row()?).await?;
    let mut response = (StatusCode::CREATED, Json(&row)).into_response();
    let location = HeaderValue::try_from(format!("/api/v1/customers/{}", row.id)).map_err(Problem::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    tagged(response, &row)
}

async fn patch<S: Store>(
    State(store): State<Arc<S>>,
    id: Key,
    headers: HeaderMap,
    body: Body<CustomerPatch>,
) -> Result<Response> {
    let (id, patch) = (key(id)?, read(body)?);
    for _ in 0..ATTEMPTS {
        let current = store.get(id).await?.ok_or(Problem::NotFound)?;
        if headers.contains_key(header::IF_MATCH) && !names(&headers, &header::IF_MATCH, &current.etag()) {
            return Err(Problem::PreconditionFailed);
        }
        let row = patch.clone().apply(current.clone())?;
        let changed = row.changed_since(&current);
        match store.update(row, changed).await {
            Err(Problem::Concurrent) => {}
            outcome => {
                let row = outcome?;
                return tagged(Json(&row).into_response(), &row);
            }
        }
    }
    Err(Problem::Concurrent)
}

fn key(id: Key) -> Result<Uuid> {
    id.map(|Path(id)| id).map_err(|cause| Problem::invalid("id", cause.body_text()))
}

fn read<T>(body: Body<T>) -> Result<T> {
    body.map(|Json(body)| body).map_err(|cause| Problem::invalid("body", cause.body_text()))
}

fn tagged(mut response: Response, row: &Customer) -> Result<Response> {
    let etag = HeaderValue::try_from(row.etag()).map_err(Problem::internal)?;
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

fn names(headers: &HeaderMap, name: &header::HeaderName, etag: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|tag| tag.trim() == etag || tag.trim() == "*")
}

fn encode_token(last: &Customer) -> String {
    let time = jiff::Timestamp::from_microsecond(last.created_at).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(serde_json::json!([TOKEN_KIND, [format!("{time:.6}"), last.id]]).to_string())
}

fn decode_token(text: &str) -> Result<(i64, Uuid)> {
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kind, (time, id)) = serde_json::from_slice::<(String, (String, Uuid))>(&bytes).ok()?;
        let time: jiff::Timestamp = time.parse().ok()?;
        (kind == TOKEN_KIND).then_some((time.as_microsecond(), id))
    };
    read().ok_or_else(|| Problem::invalid("page_token", "is not a token of this list"))
}
