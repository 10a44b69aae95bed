//! Errors on the gRPC wire: a status with the details of google.rpc.

use std::collections::HashMap;
use std::time::Duration;

use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

use crate::error::{Error, Violation};
use crate::problem::RETRY_AFTER_SECONDS;
use crate::telemetry::log_cause;

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
            details.set_bad_request(violations.iter().map(field_violation).collect::<Vec<_>>());
        }
        Error::Conflict { field, message } => {
            details.set_bad_request(vec![FieldViolation {
                field: field.clone(),
                description: message.clone(),
                reason: "unique".to_owned(),
                localized_message: None,
            }]);
        }
        Error::FailedPrecondition { field: Some(field), message } => {
            details.set_precondition_failure(vec![PreconditionViolation::new("STATE", field, message)]);
        }
        Error::RateLimited { retry_after_seconds } => {
            details.set_retry_info(Some(Duration::from_secs(*retry_after_seconds)));
        }
        Error::Unavailable(_) => {
            details.set_retry_info(Some(Duration::from_secs(RETRY_AFTER_SECONDS)));
        }
        _ => {}
    }
    Status::with_error_details(status.grpc, error.to_string(), details)
}

/// Without request id and service, for where the context is out of reach; [`crate::grpc::call`] gives both.
impl From<Error> for Status {
    fn from(error: Error) -> Self {
        to_status(&error, "", "")
    }
}

fn field_violation(violation: &Violation) -> FieldViolation {
    FieldViolation {
        field: violation.field.clone(),
        description: violation.message.clone(),
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
    fn causes_stay_inside() {
        let status = Status::from(Error::internal("password=hunter2"));
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(!format!("{status:?}").contains("hunter2"));
    }
}
