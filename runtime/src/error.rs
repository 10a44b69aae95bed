//! One error for both protocols: each variant sets its HTTP status, its gRPC code and its name together.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::limits::Rate;

/// What a service function answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong with a call, in the words of its caller.
///
/// What only an operator may see ([`Error::Internal`], [`Error::Unavailable`]) carries its cause for the log; the
/// client gets the code and the request id.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks rules; all of them are listed.
    #[error("the request has {} invalid {}", .0.len(), if .0.len() == 1 { "field" } else { "fields" })]
    Validation(Vec<Violation>),
    /// Nobody is signed in, or the token is no good.
    #[error("{0}")]
    Unauthorized(String),
    /// The token was good once.
    #[error("the access token has expired")]
    TokenExpired,
    /// Wrong name or password.
    #[error("the credentials are wrong")]
    InvalidCredentials,
    /// Signed in, but not allowed.
    #[error("{0}")]
    Forbidden(String),
    /// No such row (or none that the caller may see), or no such route.
    #[error("{0}")]
    NotFound(String),
    /// The route exists, the method does not; `allow` lists those that do.
    #[error("the method is not allowed here; allowed: {allow}")]
    MethodNotAllowed {
        /// Value of the `Allow` header.
        allow: String,
    },
    /// The body's media type is not understood.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// The caller accepts nothing that can be answered.
    #[error("{0}")]
    NotAcceptable(String),
    /// The body is too large.
    #[error("the body is larger than {max_bytes} bytes")]
    PayloadTooLarge {
        /// The limit.
        max_bytes: usize,
    },
    /// The caller's deadline passed.
    #[error("the deadline passed before the call was done")]
    Timeout,
    /// A value that must be unique is taken.
    #[error("{message}")]
    Conflict {
        /// Field whose value is taken.
        field: String,
        /// Words for the client.
        message: String,
    },
    /// The state of the row does not allow the call: state machine, guard, restricted delete, missing reference.
    #[error("{message}")]
    FailedPrecondition {
        /// Field that stands in the way, if one does.
        field: Option<String>,
        /// Words for the client.
        message: String,
    },
    /// An expectation of the service itself failed, again after retries.
    #[error("the {0} was changed by others at the same time; try again")]
    ConcurrentUpdate(String),
    /// The client's own `If-Match` or etag is stale.
    #[error("the row has changed since it was read; read it again")]
    PreconditionFailed,
    /// Too many calls.
    #[error("too many requests; try again in {retry_after_seconds} s")]
    RateLimited {
        /// Seconds until a call may succeed.
        retry_after_seconds: u64,
        /// The rate that was exceeded, if it was one.
        rate: Option<Rate>,
    },
    /// A defect or a failure of ours. The cause is for the log only.
    #[error("something went wrong on our side")]
    Internal(#[source] Cause),
    /// Something we depend on is away. The cause is for the log only.
    #[error("the service cannot answer right now; try again later")]
    Unavailable(#[source] Cause),
    /// The caller went away.
    #[error("the caller cancelled the call")]
    Cancelled,
}

/// What lies behind an [`Error::Internal`] or [`Error::Unavailable`]: for logs, never for clients.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Path of the field, such as `lines[2].quantity`.
    pub field: String,
    /// Name of the rule, such as `string.max_len` or `required`.
    pub rule: String,
    /// Words for a developer.
    pub message: String,
    /// What a client needs to say it in its own words, such as `{"max": "32"}`.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    pub params: Vec<(&'static str, String)>,
}

fn as_map<S: serde::Serializer>(params: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(params.iter().map(|(name, value)| (name, value)))
}

/// How an error looks on the two wires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// HTTP status code.
    pub http: u16,
    /// gRPC code.
    pub grpc: tonic::Code,
    /// Name that clients branch on.
    pub code: &'static str,
}

impl Error {
    /// The one table: HTTP status, gRPC code and name of each error.
    pub fn status(&self) -> Status {
        use tonic::Code;
        let (http, grpc, code) = match self {
            Self::Validation(_) => (400, Code::InvalidArgument, "VALIDATION_FAILED"),
            Self::Unauthorized(_) => (401, Code::Unauthenticated, "UNAUTHORIZED"),
            Self::TokenExpired => (401, Code::Unauthenticated, "TOKEN_EXPIRED"),
            Self::InvalidCredentials => (401, Code::Unauthenticated, "INVALID_CREDENTIALS"),
            Self::Forbidden(_) => (403, Code::PermissionDenied, "FORBIDDEN"),
            Self::NotFound(_) => (404, Code::NotFound, "NOT_FOUND"),
            Self::MethodNotAllowed { .. } => (405, Code::Unimplemented, "METHOD_NOT_ALLOWED"),
            Self::NotAcceptable(_) => (406, Code::InvalidArgument, "NOT_ACCEPTABLE"),
            Self::Timeout => (408, Code::DeadlineExceeded, "TIMEOUT"),
            Self::Conflict { .. } => (409, Code::AlreadyExists, "CONFLICT"),
            Self::FailedPrecondition { .. } => (409, Code::FailedPrecondition, "FAILED_PRECONDITION"),
            Self::ConcurrentUpdate(_) => (409, Code::Aborted, "CONCURRENT_UPDATE"),
            Self::PreconditionFailed => (412, Code::Aborted, "PRECONDITION_FAILED"),
            Self::PayloadTooLarge { .. } => (413, Code::InvalidArgument, "PAYLOAD_TOO_LARGE"),
            Self::UnsupportedMediaType(_) => (415, Code::InvalidArgument, "UNSUPPORTED_MEDIA_TYPE"),
            Self::RateLimited { .. } => (429, Code::ResourceExhausted, "RATE_LIMITED"),
            Self::Cancelled => (499, Code::Cancelled, "CANCELLED"),
            Self::Internal(_) => (500, Code::Internal, "INTERNAL_ERROR"),
            Self::Unavailable(_) => (503, Code::Unavailable, "SERVICE_UNAVAILABLE"),
        };
        Status { http, grpc, code }
    }

    /// The fields that stand in the way, with the rule that each breaks, for those who look at fields and not at words.
    pub fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
            Self::Validation(violations) => Cow::Borrowed(violations),
            Self::Conflict { field, message } => Cow::Owned(vec![Violation::new(field, "unique", message)]),
            Self::FailedPrecondition { field: Some(field), message } => {
                Cow::Owned(vec![Violation::new(field, "precondition", message)])
            }
            _ => Cow::Borrowed(&[]),
        }
    }

    /// A validation error with one violation.
    pub fn invalid(field: impl Into<String>, rule: &str, message: impl Into<String>) -> Self {
        Self::Validation(vec![Violation::new(field, rule, message)])
    }

    /// A state that does not allow the call.
    pub fn precondition(message: impl Into<String>) -> Self {
        Self::FailedPrecondition { field: None, message: message.into() }
    }

    /// A state that does not allow the call, and the field that stands in the way, such as `lines[2].product_id`.
    pub fn precondition_on(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::FailedPrecondition { field: Some(field.into()), message: message.into() }
    }

    /// No such row.
    pub fn no_row(entity: &str, id: impl fmt::Display) -> Self {
        Self::NotFound(format!("there is no {entity} {id}"))
    }

    /// An expectation about a row that did not hold: which row, by its entity and its key.
    pub fn concurrent(entity: &str, key: impl fmt::Display) -> Self {
        Self::ConcurrentUpdate(format!("{entity} {key}"))
    }

    /// The same error, seen from a request that holds what it is about in a member, such as `requests[3].order`.
    #[must_use]
    pub fn below(self, place: &str) -> Self {
        match self {
            error if place.is_empty() => error,
            Self::Validation(mut violations) => {
                violations.iter_mut().for_each(|violation| violation.field = path_below(place, &violation.field));
                Self::Validation(violations)
            }
            Self::Conflict { field, message } => Self::Conflict { field: path_below(place, &field), message },
            Self::FailedPrecondition { field, message } => {
                let field = Some(path_below(place, &field.unwrap_or_default()));
                Self::FailedPrecondition { field, message }
            }
            Self::NotFound(message) => Self::NotFound(format!("{place}: {message}")),
            other => other,
        }
    }

    /// A failure of ours, with its cause for the log.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// A dependency that is away, with its cause for the log.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }
}

/// The path of a field below another.
pub(crate) fn path_below(path: &str, field: &str) -> String {
    match (path.is_empty(), field.is_empty()) {
        (true, _) => field.to_owned(),
        (_, true) => path.to_owned(),
        _ if field.starts_with('[') => format!("{path}{field}"),
        _ => format!("{path}.{field}"),
    }
}

impl Violation {
    /// A broken rule without parameters.
    pub fn new(field: impl Into<String>, rule: &str, message: impl Into<String>) -> Self {
        Self { field: field.into(), rule: rule.to_owned(), message: message.into(), params: Vec::new() }
    }

    /// The same with a parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.params.push((name, value.to_string()));
        self
    }
}
