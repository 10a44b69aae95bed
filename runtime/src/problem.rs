//! Errors on the REST wire: `application/problem+json` (RFC 9457).

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::context::Context;
use crate::error::{Error, Violation};
use crate::telemetry::log_cause;

/// Media type of the bodies.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Seconds after which a caller may try again when we are unavailable.
pub(crate) const RETRY_AFTER_SECONDS: u64 = 1;

/// The error behind an answer, on its way to the edge, which alone knows request id and path and writes the body.
#[derive(Clone)]
struct Failure(Arc<Error>);

#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'static str,
    message: &'a str,
    timestamp: String,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[Violation]>::is_empty")]
    errors: &'a [Violation],
}

/// The body is written by the edge ([`crate::http::edge`]).
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status_code(&self);
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

/// Turns every answer that is an error, ours or axum's, into a problem.
pub(crate) fn render(mut response: Response, cx: &Context, path: &str) -> Response {
    let failure = response.extensions_mut().remove::<Failure>();
    let Some(error) = failure.map(|failure| failure.0).or_else(|| foreign(&response).map(Arc::new)) else {
        return response;
    };
    log_cause(&error, &cx.request_id);
    let error = match &*error {
        // axum knows which methods there are.
        Error::MethodNotAllowed { allow } if allow.is_empty() => {
            Arc::new(Error::MethodNotAllowed { allow: allowed(&response) })
        }
        _ => error,
    };
    let status = status_code(&error);
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    match &*error {
        Error::MethodNotAllowed { allow } => {
            if let Ok(value) = HeaderValue::from_str(allow) {
                headers.insert(ALLOW, value);
            }
        }
        Error::RateLimited { retry_after_seconds, rate } => {
            headers.insert(RETRY_AFTER, HeaderValue::from(*retry_after_seconds));
            // draft-ietf-httpapi-ratelimit-headers
            let policy = rate.map(|rate| format!("\"calls\";q={};w={}", rate.calls, rate.seconds));
            let left = rate.map(|_| format!("\"calls\";r=0;t={retry_after_seconds}"));
            for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
                if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                    headers.insert(name, value);
                }
            }
        }
        Error::Unavailable(_) => {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        Error::Unauthorized(_) | Error::TokenExpired => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        _ => {}
    }
    *response.body_mut() = Body::from(body(&error, status, cx, path));
    *response.status_mut() = status;
    response
}

fn body(error: &Error, status: StatusCode, cx: &Context, path: &str) -> Vec<u8> {
    let message = error.to_string();
    let problem = Problem {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Client Closed Request"),
        status: status.as_u16(),
        detail: &message,
        instance: path,
        code: error.status().code,
        message: &message,
        timestamp: cx.now().to_string(),
        request_id: &cx.request_id,
        errors: &error.violations(),
    };
    serde_json::to_vec(&problem).unwrap_or_default()
}

fn status_code(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.status().http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn allowed(response: &Response) -> String {
    let allow = response.headers().get(ALLOW).and_then(|value| value.to_str().ok());
    allow.unwrap_or_default().replace(',', ", ")
}

/// The error that axum, or a layer, answered in plain text or without a body.
fn foreign(response: &Response) -> Option<Error> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let media = response.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    if media.is_some_and(|media| !media.starts_with("text/plain")) {
        return None;
    }
    let max_bytes = response.extensions().get::<crate::http::BodyLimit>().map_or(0, |limit| limit.0);
    Some(match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            Error::invalid("", "request.malformed", "the request cannot be read; check path, query and body")
        }
        StatusCode::UNAUTHORIZED => Error::Unauthorized("sign in first".to_owned()),
        StatusCode::FORBIDDEN => Error::Forbidden("this is not allowed".to_owned()),
        StatusCode::NOT_FOUND => Error::NotFound("there is nothing here".to_owned()),
        StatusCode::METHOD_NOT_ALLOWED => Error::MethodNotAllowed { allow: allowed(response) },
        StatusCode::NOT_ACCEPTABLE => Error::NotAcceptable("no acceptable form of the answer exists".to_owned()),
        StatusCode::REQUEST_TIMEOUT => Error::Timeout,
        StatusCode::PAYLOAD_TOO_LARGE => Error::PayloadTooLarge { max_bytes },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Error::UnsupportedMediaType("the media type is not understood".to_owned())
        }
        StatusCode::SERVICE_UNAVAILABLE => Error::unavailable("a handler answered 503"),
        status if status.is_server_error() => Error::internal(format!("a handler answered {status}")),
        _ => return None,
    })
}
