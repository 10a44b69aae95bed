//! The edge of REST: what every call passes on its way in and out.

mod origin;
mod ticket;

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequestParts, MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use ipnet::IpNet;
use metrics::Gauge;
use tower::util::{MapRequestLayer, option_layer};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::Instrument;

use crate::context::{Context, Principal, Sources};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::problem;
use crate::rest::Format;
use crate::security::{Recogniser, Security};
use crate::settings::{CorsSettings, Settings};
use crate::telemetry::{self, Calls, InFlight, UNMATCHED};

/// Header (REST) and metadata key (gRPC) that carries the id of a call.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The other end of the connection of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerAddress(pub(crate) IpAddr);

/// Recognises callers by their headers, for both protocols.
#[async_trait::async_trait]
pub trait Authenticator: Send + Sync {
    /// Who calls; nobody is [`Principal::anonymous`], bad credentials are an error.
    async fn principal(&self, headers: &HeaderMap) -> Result<Arc<Principal>>;
    /// Who calls with a ticket.
    async fn of_ticket(&self, _ticket: &str) -> Result<Arc<Principal>> {
        Err(Error::Unauthorized("no tickets are known here".to_owned()))
    }
}

/// What both edges need.
#[derive(Clone)]
pub struct EdgeConfig {
    /// Recognises callers.
    pub authenticator: Arc<dyn Authenticator>,
    /// Clock and ids.
    pub sources: Arc<Sources>,
    /// Largest body or message.
    pub max_body_bytes: usize,
    /// Longest that a call may take.
    pub request_timeout: Duration,
    /// Whether calls leave a line at level info.
    pub access_log: bool,
    /// Other origins that may call from a browser.
    pub cors: CorsSettings,
    /// Whose word on where a call comes from is taken.
    pub trusted_proxies: Arc<[IpNet]>,
    /// How often one caller may call at all.
    pub limit: Option<Arc<Limit>>,
}

/// Largest body of a call, for those who read it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub(crate) usize);

impl EdgeConfig {
    /// As the settings say, with the machine's clock.
    pub fn new(settings: &Settings, security: Security) -> Self {
        Self {
            authenticator: Arc::new(Recogniser::new(security, settings.security.mode)),
            sources: Sources::system(),
            max_body_bytes: settings.server.max_body_bytes,
            request_timeout: Duration::from_secs(settings.server.request_timeout_seconds),
            access_log: settings.observability.log.access,
            cors: settings.server.cors.clone(),
            trusted_proxies: settings.server.proxies().into(),
            limit: settings.server.rate_limit.map(|rate| Arc::new(Limit::new(rate))),
        }
    }

    /// The id that the caller gave, if it is sane, else a new one.
    pub(crate) fn request_id(&self, headers: &HeaderMap) -> Arc<str> {
        let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
        let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        match given {
            Some(id) if (1..=128).contains(&id.len()) && id.bytes().all(sane) => id.into(),
            _ => self.sources.ids.uuid().to_string().into(),
        }
    }

    /// The context of a call, before it is known who calls.
    pub(crate) fn context<B>(&self, request: &http::Request<B>, timeout: Duration) -> Context {
        let (nobody, headers) = (Arc::new(Principal::anonymous()), request.headers());
        let mut cx = Context::new(nobody, self.request_id(headers), Arc::clone(&self.sources));
        let peer = request.extensions().get::<PeerAddress>();
        cx.address = peer.map(|peer| origin::address(peer.0, headers, &self.trusted_proxies));
        cx.user_agent = headers.get(header::USER_AGENT).cloned();
        cx.deadline = Some(Instant::now() + timeout.min(self.request_timeout));
        cx
    }

    /// Completes the context: who calls, and under which idempotency key.
    pub(crate) async fn recognise(&self, cx: &mut Context, headers: &HeaderMap, ticket: Option<&str>) -> Result<()> {
        if let Some(value) = headers.get(IDEMPOTENCY_KEY) {
            let plain = |key: &&str| (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
            let key = value.to_str().ok().filter(plain);
            let key = key.ok_or_else(|| {
                Error::invalid(IDEMPOTENCY_KEY, "string.len", "must have 1 to 255 visible characters, without blanks")
            })?;
            cx.idempotency_key = Some(key.into());
        }
        cx.principal = match ticket {
            None => self.authenticator.principal(headers).await?,
            Some(_) if headers.contains_key(header::AUTHORIZATION) => {
                let message = "a call has the header Authorization or a ticket, not both";
                return Err(Error::Unauthorized(message.to_owned()));
            }
            Some(ticket) => self.authenticator.of_ticket(ticket).await?,
        };
        Ok(())
    }

    /// Counts a call against what its caller may call at all.
    pub(crate) fn spend(&self, cx: &Context) -> Result<()> {
        self.limit.as_ref().map_or(Ok(()), |limit| limit.spend(cx))
    }
}

struct Edge {
    config: EdgeConfig,
    calls: Calls,
    in_flight: Gauge,
}

/// Puts the edge around all routes: request id, context, limits, deadline, metrics, problems, CORS, security headers.
///
/// It is one service and not a stack of axum's middlewares, each of which costs a call some clones and boxes.
pub fn edge(
    router: Router,
    config: EdgeConfig,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static {
    let cors = option_layer(cors(&config.cors, CORS_REQUEST, CORS_ANSWER));
    let in_flight = metrics::gauge!(telemetry::HTTP_IN_FLIGHT);
    let edge = Arc::new(Edge { config, calls: Calls::http(), in_flight });
    let router = router
        .fallback(|| async { Error::NotFound("there is no such route".to_owned()) })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed { allow: String::new() } })
        .layer(MapRequestLayer::new(note_route));
    let routes = DefaultBodyLimit::disable().layer(router);
    cors.layer(service_fn(move |request| {
        let (edge, routes) = (Arc::clone(&edge), routes.clone());
        async move { Ok(pass(&edge, request, routes).await) }
    }))
}

/// The whole body of a call, within the limit and the deadline.
pub async fn read_body(request: Request) -> Result<Bytes> {
    let limit = request.extensions().get::<BodyLimit>().map_or(0, |limit| limit.0);
    match request.into_body().collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if is_too_large(&error) => Err(Error::PayloadTooLarge { max_bytes: limit }),
        Err(_) => Err(Error::Cancelled),
    }
}

/// Whether the caller can read JSON (RFC 9110: no `Accept` means anything).
pub fn accepts_json(headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(header::ACCEPT).iter().peekable();
    given.peek().is_none() || given.any(|value| value.to_str().is_ok_and(|text| text.split(',').any(is_json_range)))
}

/// Whether the caller wants a stream of events, as an `EventSource` does: only routes that are written by hand have them.
fn accepts_events(headers: &HeaderMap) -> bool {
    let given = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|text| text.split(',')).any(|range| range.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// To a caller that can read none of the forms of an answer.
pub(crate) fn not_acceptable() -> Error {
    Error::NotAcceptable("the answer is application/json; accept it".to_owned())
}

fn is_json_range(range: &str) -> bool {
    let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
    let media = parts.next().unwrap_or_default();
    let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)));
    let fits = ["application/json", "application/problem+json", "application/*", "*/*"].contains(&media.as_str());
    fits && !refused
}

fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// The context that the edge has made.
impl<S: Send + Sync> FromRequestParts<S> for Context {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let cx = parts.extensions.get::<Self>().cloned();
        cx.ok_or_else(|| Error::internal("the route is mounted outside the edge; mount it in wire.rs"))
    }
}

/// What the edge stands around.
trait Routes: Service<Request, Response = Response, Error = Infallible, Future: Send> {}

impl<S: Service<Request, Response = Response, Error = Infallible, Future: Send>> Routes for S {}

/// Where the router notes which template matched, so that it is known even if the call times out or panics.
#[derive(Clone, Default)]
struct Route(Arc<OnceLock<MatchedPath>>);

fn note_route(request: Request) -> Request {
    if let (Some(route), Some(path)) = (request.extensions().get::<Route>(), request.extensions().get::<MatchedPath>())
    {
        let _ = route.0.set(path.clone());
    }
    request
}

async fn pass(edge: &Edge, mut request: Request, routes: impl Routes) -> Response {
    let started = Instant::now();
    let _in_flight = InFlight::enter(&edge.in_flight);
    let route = Route::default();
    request.extensions_mut().insert(route.clone());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let cx = edge.config.context(&request, edge.config.request_timeout);
    // At level error, so that the request id stands on every line, whatever the filter lets through.
    let span = tracing::error_span!("request", request_id = &*cx.request_id);
    let call = async {
        let response = answer(&edge.config, cx.clone(), request, routes).await;
        let mut response = problem::render(response, &cx, &path);
        decorate(&mut response, &cx, &path);
        let (status, elapsed) = (response.status().as_u16(), started.elapsed());
        let route = route.0.get().map_or(UNMATCHED, MatchedPath::as_str);
        edge.calls.record(route, method_label(&method), status, elapsed);
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        if edge.config.access_log {
            tracing::info!(%method, path, status, elapsed_us, "answered");
        } else {
            tracing::debug!(%method, path, status, elapsed_us, "answered");
        }
        response
    };
    call.instrument(span).await
}

/// Whether a path is one that operators and readers of the documentation ask for, and no call of the API.
fn is_of_operators(path: &str) -> bool {
    let below = ["/docs/", "/health/", "/.well-known/"];
    matches!(path, "/" | "/docs" | "/metrics" | "/openapi.json") || below.iter().any(|own| path.starts_with(own))
}

async fn answer(config: &EdgeConfig, mut cx: Context, mut request: Request, routes: impl Routes) -> Response {
    let limit = config.max_body_bytes;
    let announced = request.body().size_hint();
    if announced.lower() > limit as u64 {
        return Error::PayloadTooLarge { max_bytes: limit }.into_response();
    }
    let acceptable =
        |headers: &HeaderMap| accepts_json(headers) || Format::accepted(headers).is_some() || accepts_events(headers);
    if request.uri().path().starts_with("/api/") && !acceptable(request.headers()) {
        return not_acceptable().into_response();
    }
    let ticket = ticket::take(&mut request);
    let may_be_kept = matches!(ticket, Ok(None));
    let call = async {
        let counts = !is_of_operators(request.uri().path());
        let known = match ticket {
            Ok(ticket) => config.recognise(&mut cx, request.headers(), ticket.as_deref()).await,
            Err(error) => Err(error),
        };
        // Who is not recognised counts as nobody, and what is too much is said first.
        if let Err(error) = if counts { config.spend(&cx).and(known) } else { known } {
            return error.into_response();
        }
        cx.note_peer(request.extensions());
        request.extensions_mut().insert(cx);
        request.extensions_mut().insert(BodyLimit(limit));
        let request =
            request.map(|body| if announced.exact() == Some(0) { body } else { Body::new(Limited::new(body, limit)) });
        routes.oneshot(request).await.unwrap_or_else(|never| match never {})
    };
    let guarded = AssertUnwindSafe(call).catch_unwind();
    let mut response = match tokio::time::timeout(config.request_timeout, guarded).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => Error::internal(format!("a handler panicked: {}", panic_words(&*panic))).into_response(),
        Err(_) => Error::Timeout.into_response(),
    };
    response.extensions_mut().insert(BodyLimit(limit));
    if !may_be_kept {
        // Without the header Authorization, caches would take it for one that is everybody's (RFC 9111, 3.5).
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// What a panic said.
pub(crate) fn panic_words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

fn decorate(response: &mut Response, cx: &Context, path: &str) {
    // Swagger UI styles elements in place; nothing else runs code of a page, and nothing may come from elsewhere.
    const PAGES: &str =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
    const DATA: &str = "default-src 'none'; frame-ancestors 'none'";
    let policy = if path.starts_with("/docs") { PAGES } else { DATA };
    let headers = response.headers_mut();
    headers.reserve(4);
    if let Ok(id) = HeaderValue::from_str(&cx.request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // A route of one's own may know better.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
}

/// The method as a label: callers can make up methods, but not labels.
fn method_label(method: &Method) -> &str {
    const KNOWN: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    if KNOWN.contains(method) { method.as_str() } else { "OTHER" }
}

const CORS_REQUEST: &[&str] =
    &["accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-request-id"];
const CORS_ANSWER: &[&str] = &["allow", "etag", "location", "retry-after", "x-request-id"];

/// CORS as the settings say, if any origin is allowed.
pub(crate) fn cors(settings: &CorsSettings, request: &[&'static str], answer: &[&'static str]) -> Option<CorsLayer> {
    let origins = &settings.allowed_origins;
    if origins.is_empty() {
        return None;
    }
    let allowed = match origins.as_slice() {
        [any] if any == "*" => AllowOrigin::any(),
        _ => AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let names = |names: &[&'static str]| names.iter().copied().map(HeaderName::from_static).collect::<Vec<_>>();
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let layer = CorsLayer::new().allow_origin(allowed).allow_methods(methods).allow_headers(names(request));
    let layer = layer.allow_credentials(settings.allow_credentials);
    Some(layer.expose_headers(names(answer)).max_age(Duration::from_secs(settings.max_age_seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_accept_excludes() {
        let accepts = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(text));
            accepts_json(&headers)
        };
        assert!(accepts_json(&HeaderMap::new()));
        for text in ["*/*", "application/*;q=0.5", "text/html, application/json", "Application/Problem+JSON"] {
            assert!(accepts(text), "{text}");
        }
        for text in ["text/html", "application/xml, image/*", "application/json;q=0", ""] {
            assert!(!accepts(text), "{text}");
        }
    }
}
