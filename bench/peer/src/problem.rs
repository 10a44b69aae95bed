//! What can go wrong, as problem+json (RFC 9457) and as a status of gRPC.

use std::error::Error;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tonic::Status;

/// Answer of everything that may fail.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The client sent something that breaks rules.
    #[error("the request is invalid")]
    Invalid(Vec<Violation>),
    /// There is no such row.
    #[error("there is no such customer")]
    NotFound,
    /// A unique value is taken.
    #[error("{0} is taken already")]
    Taken(&'static str),
    /// What the row refers to is not there.
    #[error("{0} refers to nothing")]
    Dangling(&'static str),
    /// Another wrote the row meanwhile.
    #[error("the customer was changed meanwhile; try again")]
    Concurrent,
    /// The row is not in the state that the client expects.
    #[error("the customer is not in the expected state")]
    PreconditionFailed,
    /// Our own fault.
    #[error("something went wrong on our side")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// One rule that is broken.
#[derive(Debug, Serialize)]
pub struct Violation {
    /// Where.
    pub field: &'static str,
    /// What it must be.
    pub message: String,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[Violation]>::is_empty")]
    errors: &'a [Violation],
}

impl Problem {
    /// From any error that is not the client's.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// One broken rule.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation { field, message: message.into() }])
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Taken(_) | Self::Dangling(_) | Self::Concurrent => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn log(&self) {
        if let Self::Internal(cause) = self {
            eprintln!("{self}: {cause}");
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let status = self.status();
        let errors = if let Self::Invalid(errors) = &self { errors.as_slice() } else { &[] };
        let detail = self.to_string();
        let title = status.canonical_reason().unwrap_or_default();
        let body = Body { r#type: "about:blank", title, status: status.as_u16(), detail: &detail, errors };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, "application/problem+json")], bytes).into_response()
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        problem.log();
        let text = problem.to_string();
        match problem {
            Problem::Invalid(_) => Self::invalid_argument(text),
            Problem::NotFound => Self::not_found(text),
            Problem::Taken(_) => Self::already_exists(text),
            Problem::Dangling(_) => Self::failed_precondition(text),
            Problem::Concurrent | Problem::PreconditionFailed => Self::aborted(text),
            Problem::Internal(_) => Self::internal(text),
        }
    }
}
