//! Errors on the gRPC wire: a status with the details of google.rpc.

use std::collections::HashMap;
use std::time::Duration;

use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

use crate::error::{Error, Violation};
use crate::problem::RETRY_AFTER_SECONDS;
use crate::telemetry::log_cause;

/// Details travel as a header, and clients reset calls whose headers are larger than 8 KiB or so.
const DETAILS_MAX_BYTES: usize = 4096;
/// Longest single text in them.
const TEXT_MAX_BYTES: usize = 1000;
/// Bytes around the texts of a violation.
const FRAME_BYTES: usize = 16;

/// The status of an error: ErrorInfo names its code, RequestInfo the call, BadRequest the fields, RetryInfo the wait.
/// What only an operator may see goes to the log.
pub fn to_status(error: &Error, request_id: &str, service: &str) -> Status {
    log_cause(error, request_id);
    let status = error.status();
    let mut details = ErrorDetails::with_error_info(status.code, service, HashMap::new());
    if !request_id.is_empty() {
        details.set_request_info(request_id, "");
    }
    match error {
        Error::Validation(violations) => {
            details.set_bad_request(fitting(violations));
        }
        Error::Conflict { field, message } => {
            details.set_bad_request(vec![FieldViolation {
                field: field.clone(),
                description: clipped(message),
                reason: "unique".to_owned(),
                localized_message: None,
            }]);
        }
        Error::FailedPrecondition { field: Some(field), message } => {
            details.set_precondition_failure(vec![PreconditionViolation::new("STATE", field, clipped(message))]);
        }
        Error::RateLimited { retry_after_seconds, .. } => {
            details.set_retry_info(Some(Duration::from_secs(*retry_after_seconds)));
        }
        Error::Unavailable(_) => {
            details.set_retry_info(Some(Duration::from_secs(RETRY_AFTER_SECONDS)));
        }
        _ => {}
    }
    Status::with_error_details(status.grpc, clipped(&error.to_string()), details)
}

/// Without request id and service, for where the context is out of reach; [`crate::grpc::call`] gives both.
impl From<Error> for Status {
    fn from(error: Error) -> Self {
        to_status(&error, "", "")
    }
}

/// As many violations as a caller can read, from the first on; the message of the status counts all of them.
fn fitting(violations: &[Violation]) -> Vec<FieldViolation> {
    let mut left = DETAILS_MAX_BYTES;
    let mut fitting = Vec::new();
    for violation in violations.iter().map(field_violation) {
        let bytes = violation.field.len() + violation.description.len() + violation.reason.len() + FRAME_BYTES;
        if bytes > left {
            break;
        }
        left -= bytes;
        fitting.push(violation);
    }
    fitting
}

/// A text that may hold what the caller sent, cut where it is longer than anyone wants to read.
fn clipped(text: &str) -> String {
    match text.char_indices().find(|(at, _)| *at > TEXT_MAX_BYTES) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
    }
}

fn field_violation(violation: &Violation) -> FieldViolation {
    FieldViolation {
        field: clipped(&violation.field),
        description: clipped(&violation.message),
        reason: violation.rule.clone(),
        localized_message: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_names_fields_and_rules() {
        let error = Error::invalid("lines[0].quantity", "int32.gt", "must be above 0");
        let status = to_status(&error, "r-1", "shop.v1.OrderService");
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        let details = status.get_error_details();
        let violation = &details.bad_request().unwrap().field_violations[0];
        assert_eq!((violation.field.as_str(), violation.reason.as_str()), ("lines[0].quantity", "int32.gt"));
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("VALIDATION_FAILED", "shop.v1.OrderService"));
        assert_eq!(details.request_info().unwrap().request_id, "r-1");
    }

    #[test]
    fn details_stay_small_enough_for_a_header() {
        let many = (0..500).map(|n| Violation::new(format!("lines[{n}].quantity"), "required", "must be there"));
        let status = Status::from(Error::Validation(many.collect()));
        assert!(status.details().len() < 6000, "{}", status.details().len());
        assert_eq!(status.message(), "the request has 500 invalid fields");
        let violations = status.get_error_details().bad_request().unwrap().field_violations.clone();
        assert!(violations.len() > 50 && violations[0].field == "lines[0].quantity", "{}", violations.len());
        let long = Status::from(Error::invalid("update_mask", "update_mask", "é".repeat(100_000)));
        assert!(long.details().len() < 6000);
        let violations = long.get_error_details().bad_request().unwrap().field_violations.clone();
        assert!(violations[0].description.ends_with("é…"));
    }

    #[test]
    fn causes_stay_inside() {
        let status = Status::from(Error::internal("password=hunter2"));
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(!format!("{status:?}").contains("hunter2"));
    }
}
