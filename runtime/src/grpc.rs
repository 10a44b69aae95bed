//! The edge of gRPC: what every call passes on its way in and out, and errors as statuses with details.

mod body;
mod status;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures::FutureExt;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue};
use tonic::service::Routes;
use tower::{Service, ServiceExt, service_fn};
use tracing::Instrument;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::{EdgeConfig, X_REQUEST_ID, panic_words};
use crate::telemetry::{Calls, UNMATCHED};
use body::{Bounded, Observed};
pub use status::to_status;

struct Edge {
    config: EdgeConfig,
    calls: Calls,
}

/// Puts the edge around all services: request id, context, limits, deadline, metrics, panics.
pub fn edge(
    routes: Routes,
    config: EdgeConfig,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static {
    let edge = Arc::new(Edge { config, calls: Calls::grpc() });
    let routes = routes.into_axum_router();
    service_fn(move |request| {
        let (edge, routes) = (Arc::clone(&edge), routes.clone());
        async move { Ok(pass(edge, request, routes).await) }
    })
}

/// Runs one unary call of a service: takes the context that the edge has made, and turns errors into statuses.
pub async fn call<Req, Res, F, Fut>(request: tonic::Request<Req>, run: F) -> Result<tonic::Response<Res>, tonic::Status>
where
    F: FnOnce(Context, Req) -> Fut,
    Fut: Future<Output = Result<Res>>,
{
    let (_, mut extensions, message) = request.into_parts();
    let Some(cx) = extensions.remove::<Context>() else {
        return Err(Error::internal("the service is mounted outside the edge; mount it in wire.rs").into());
    };
    let path = extensions.remove::<Path>();
    match run(cx.clone(), message).await {
        Ok(answer) => Ok(tonic::Response::new(answer)),
        Err(error) => Err(to_status(&error, &cx.request_id, path.as_ref().map_or("", Path::service))),
    }
}

/// The path of the call, for the domain of its errors.
#[derive(Clone)]
struct Path(Option<PathAndQuery>);

impl Path {
    fn service(&self) -> &str {
        split(self.0.as_ref().map_or("", PathAndQuery::path)).0
    }
}

/// Service and method of a path such as `/shop.v1.OrderService/GetOrder`.
fn split(path: &str) -> (&str, &str) {
    path.trim_start_matches('/').split_once('/').unwrap_or((path, ""))
}

async fn pass(edge: Arc<Edge>, request: Request, routes: Router) -> Response {
    let started = Instant::now();
    let path = Path(request.uri().path_and_query().cloned());
    let timeout = deadline(request.headers()).unwrap_or(edge.config.request_timeout);
    let cx = edge.config.context(&request, timeout);
    // At level error, so that the request id stands on every line, whatever the filter lets through.
    let span = tracing::error_span!("call", request_id = &*cx.request_id);
    let request_id = Arc::clone(&cx.request_id);
    let mut response = answer(&edge.config, cx, path.clone(), request, routes).instrument(span.clone()).await;
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    let known = code(response.headers());
    let done = move |code: u16| {
        let (service, method) = split(path.0.as_ref().map_or("", PathAndQuery::path));
        // Callers can make up services and methods, but not labels.
        let made_up = code == tonic::Code::Unimplemented as u16;
        let labels = if made_up { (UNMATCHED, UNMATCHED) } else { (service, method) };
        edge.calls.record(labels.0, labels.1, code, started.elapsed());
        let elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let _entered = span.enter();
        if edge.config.access_log {
            tracing::info!(service, method, code, elapsed_us, "answered");
        } else {
            tracing::debug!(service, method, code, elapsed_us, "answered");
        }
    };
    match known {
        Some(code) => {
            done(code);
            response
        }
        None => response.map(|body| Body::new(Observed::new(body, done))),
    }
}

async fn answer(config: &EdgeConfig, mut cx: Context, path: Path, mut request: Request, routes: Router) -> Response {
    let (request_id, service) = (Arc::clone(&cx.request_id), path.clone());
    let fail = |error: &Error| to_status(error, &request_id, service.service()).into_http::<Body>();
    let limit = config.max_body_bytes;
    let Some(left) = cx.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) else {
        return fail(&Error::Timeout);
    };
    let call = async {
        let known = config.recognise(&mut cx, request.headers(), None).await;
        // Health and reflection are those of operators and tools. Who is not recognised counts as nobody.
        if !path.service().starts_with("grpc.") {
            config.spend(&cx)?;
        }
        known?;
        cx.note_peer(request.extensions());
        request.extensions_mut().insert(cx);
        request.extensions_mut().insert(path);
        let request = request.map(|body| Body::new(Bounded::new(body, limit)));
        Ok(routes.oneshot(request).await.unwrap_or_else(|never| match never {}))
    };
    match tokio::time::timeout(left, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(error))) => fail(&error),
        Ok(Err(panic)) => fail(&Error::internal(format!("a handler panicked: {}", panic_words(&*panic)))),
        Err(_) => fail(&Error::Timeout),
    }
}

/// The code of an answer that has no message.
fn code(headers: &HeaderMap) -> Option<u16> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// How long the caller waits: `grpc-timeout`, at most 8 digits and a unit.
fn deadline(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.is_empty() || number.len() > 8 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_timeouts_as_the_standard_writes_them() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", HeaderValue::from_static(text));
            deadline(&headers)
        };
        assert_eq!(read("5S"), Some(Duration::from_secs(5)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for text in ["", "S", "5", "123456789S", "-1S", "5x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
