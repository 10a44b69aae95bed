//! What every operation shares: the problem document, the error answers, headers and parameters.

use serde_json::{Value, json};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, Array, Object, SchemaType, Type as JsonType};
use utoipa::openapi::{ContentBuilder, Header, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema};

use super::book::Book;
use super::value::format;

/// Header that every answer has.
pub(super) const REQUEST_ID: &str = "X-Request-Id";

/// What `code` may say beside the codes of [`FAULTS`], which name one of several for the same status.
const FURTHER_CODES: [&str; 6] = [
    "TOKEN_EXPIRED",
    "INVALID_CREDENTIALS",
    "METHOD_NOT_ALLOWED",
    "FAILED_PRECONDITION",
    "CONCURRENT_UPDATE",
    "CANCELLED",
];

/// An error answer: name of the component, status, code, title, what it means.
pub(super) type Fault = (&'static str, &'static str, &'static str, &'static str, &'static str);

pub(super) const INVALID: Fault =
    ("BadRequest", "400", "VALIDATION_FAILED", "Bad Request", "The request breaks a rule; `errors` names each field.");
pub(super) const UNAUTHORIZED: Fault =
    ("Unauthorized", "401", "UNAUTHORIZED", "Unauthorized", "The caller has not said who it is.");
pub(super) const FORBIDDEN: Fault = ("Forbidden", "403", "FORBIDDEN", "Forbidden", "The caller may not do this.");
pub(super) const NOT_FOUND: Fault = ("NotFound", "404", "NOT_FOUND", "Not Found", "There is no such row.");
pub(super) const NOT_ACCEPTABLE: Fault =
    ("NotAcceptable", "406", "NOT_ACCEPTABLE", "Not Acceptable", "The answer is JSON, which `Accept` rules out.");
pub(super) const TIMEOUT: Fault =
    ("RequestTimeout", "408", "TIMEOUT", "Request Timeout", "The call took longer than it may.");
pub(super) const CONFLICT: Fault = (
    "Conflict",
    "409",
    "CONFLICT",
    "Conflict",
    "A unique value is taken (`CONFLICT`), the state of a row forbids it (`FAILED_PRECONDITION`), or others changed it \
     meanwhile (`CONCURRENT_UPDATE`).",
);
pub(super) const STALE: Fault = (
    "PreconditionFailed",
    "412",
    "PRECONDITION_FAILED",
    "Precondition Failed",
    "The row has changed: its ETag is not the one in `If-Match`.",
);
pub(super) const TOO_LARGE: Fault =
    ("PayloadTooLarge", "413", "PAYLOAD_TOO_LARGE", "Content Too Large", "The body is larger than it may be.");
pub(super) const MEDIA_TYPE: Fault = (
    "UnsupportedMediaType",
    "415",
    "UNSUPPORTED_MEDIA_TYPE",
    "Unsupported Media Type",
    "The body is of a type that is not taken here.",
);
pub(super) const RATE: Fault = (
    "TooManyRequests",
    "429",
    "RATE_LIMITED",
    "Too Many Requests",
    "The caller has called too often; `Retry-After` says when to come back.",
);
pub(super) const INTERNAL: Fault = (
    "InternalError",
    "500",
    "INTERNAL_ERROR",
    "Internal Server Error",
    "A fault of the service; its log has the cause under `request_id`.",
);
pub(super) const UNAVAILABLE: Fault = (
    "ServiceUnavailable",
    "503",
    "SERVICE_UNAVAILABLE",
    "Service Unavailable",
    "The service or what it needs is not there at the moment.",
);

pub(super) const FAULTS: [Fault; 13] = [
    INVALID,
    UNAUTHORIZED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ACCEPTABLE,
    TIMEOUT,
    CONFLICT,
    STALE,
    TOO_LARGE,
    MEDIA_TYPE,
    RATE,
    INTERNAL,
    UNAVAILABLE,
];

/// The error answer as a component.
pub(super) fn fault_response(fault: Fault) -> Response {
    let (_, status, code, title, meaning) = fault;
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .example(Some(problem_example(status, code, title, meaning)))
        .build();
    let mut response = ResponseBuilder::new().description(meaning).content("application/problem+json", content);
    if fault == RATE || fault == UNAVAILABLE {
        response = response.header("Retry-After", retry_after());
    }
    if fault == UNAUTHORIZED {
        let text = Object::with_type(JsonType::String);
        response = response.header("WWW-Authenticate", header("How to say who calls.", text, json!("Bearer")));
    }
    response.header_ref(REQUEST_ID, request_id_ref()).build()
}

/// Id of the request, in every answer.
pub(super) fn request_id() -> Header {
    let mut schema = Object::with_type(JsonType::String);
    (schema.min_length, schema.max_length) = (Some(1), Some(128));
    schema.pattern = Some("^[A-Za-z0-9._-]+$".to_owned());
    let description = "Id of the request, as the log has it: the caller's own, if it sent one of this form.";
    header(description, schema, json!("0190a6f2-5b1c-7d3e-8f40-1a2b3c4d5e6f"))
}

/// Says that the answers of an operation have the id; components say it for themselves.
pub(super) fn add_request_id(operation: &mut Operation) {
    for answer in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = answer {
            response.headers.insert(REQUEST_ID.to_owned(), RefOr::Ref(request_id_ref()));
        }
    }
}

fn request_id_ref() -> Ref {
    Ref::new(format!("#/components/headers/{REQUEST_ID}"))
}

/// Adds the problem document and its violations.
pub(super) fn add_problem(book: &mut Book<'_>) {
    let mut violation = Object::new();
    violation.description = Some("A rule that a field breaks.".to_owned());
    for (name, description) in [
        ("field", "Path of the field, such as `lines[0].quantity`."),
        ("rule", "Rule that is broken, such as `string.max_len`."),
        ("message", "What is wrong, in English."),
    ] {
        violation.properties.insert(name.to_owned(), text(description, None));
        violation.required.push(name.to_owned());
    }
    let mut params = Object::new();
    params.description = Some("Values of the rule, for messages in other languages.".to_owned());
    params.additional_properties = Some(Box::new(AdditionalProperties::RefOr(text("", None))));
    violation.properties.insert("params".to_owned(), params.into());
    book.schemas.insert("FieldViolation".to_owned(), violation.into());

    let mut problem = Object::new();
    problem.description = Some("What went wrong (RFC 9457).".to_owned());
    let mut status = Object::with_type(JsonType::Integer);
    status.format = Some(format("int32"));
    status.description = Some("HTTP status.".to_owned());
    (status.minimum, status.maximum) = (Some(400usize.into()), Some(599usize.into()));
    let mut code = Object::with_type(JsonType::String);
    code.description = Some("Code that a program can tell problems by.".to_owned());
    let codes = FAULTS.iter().map(|fault| fault.2).chain(FURTHER_CODES);
    code.enum_values = Some(codes.map(Value::from).collect());
    let mut errors = Array::new(Ref::from_schema_name("FieldViolation"));
    errors.description =
        Some("Fields that break a rule, are taken (`unique`) or stand in the way (`precondition`).".to_owned());
    let members: [(&str, RefOr<Schema>); 10] = [
        ("type", text("Kind of problem.", None)),
        ("title", text("Name of the status.", None)),
        ("status", status.into()),
        ("detail", text("What is wrong with this request.", None)),
        ("instance", text("Path of the request.", None)),
        ("code", code.into()),
        ("message", text("The same as `detail`.", None)),
        ("timestamp", text("When it happened.", Some("date-time"))),
        ("request_id", text("Id of the request; the log has it too.", None)),
        ("errors", errors.into()),
    ];
    for (name, schema) in members {
        problem.properties.insert(name.to_owned(), schema);
    }
    problem.required = problem.properties.keys().filter(|name| *name != "errors").cloned().collect();
    book.schemas.insert("Problem".to_owned(), problem.into());
}

fn problem_example(status: &str, code: &str, title: &str, meaning: &str) -> Value {
    let detail = meaning.split(';').next().unwrap_or(meaning).trim_end_matches('.');
    let mut example = json!({
        "type": "about:blank",
        "title": title,
        "status": status.parse::<u16>().unwrap_or(500),
        "detail": detail,
        "instance": "/api/v1/…",
        "code": code,
        "message": detail,
        "timestamp": "2026-01-15T09:30:00.000000Z",
        "request_id": "0190a6f2-5b1c-7d3e-8f40-1a2b3c4d5e6f",
    });
    if code == "VALIDATION_FAILED"
        && let Value::Object(members) = &mut example
    {
        let violation = json!({
            "field": "name", "rule": "string.max_len", "message": "must have at most 120 characters", "params": { "max": "120" }
        });
        members.insert("errors".to_owned(), json!([violation]));
    }
    example
}

/// A parameter of the query.
pub(super) fn query(name: &str, description: &str, schema: RefOr<Schema>) -> Parameter {
    parameter(name, ParameterIn::Query, Required::False, description, schema)
}

/// A parameter of the path.
pub(super) fn in_path(name: &str, description: &str, schema: RefOr<Schema>, example: Value) -> Parameter {
    let mut parameter = parameter(name, ParameterIn::Path, Required::True, description, schema);
    parameter = ParameterBuilder::from(parameter).example(Some(example)).build();
    parameter
}

/// `If-Match` or `If-None-Match`.
pub(super) fn condition(name: &str, description: &str) -> Parameter {
    parameter(name, ParameterIn::Header, Required::False, description, text("", None))
}

/// `Idempotency-Key`.
pub(super) fn idempotency_key() -> Parameter {
    let description = "Makes the call happen once: whoever repeats it with the same key within 24 hours gets the same \
                       answer. A key that was sent with another request is a conflict. A fresh UUID is a good key.";
    let mut schema = Object::with_type(JsonType::String);
    (schema.min_length, schema.max_length) = (Some(1), Some(255));
    schema.pattern = Some("^[!-~]+$".to_owned());
    parameter("Idempotency-Key", ParameterIn::Header, Required::False, description, schema.into())
}

/// The `ETag` of an answer.
pub(super) fn etag() -> Header {
    let mut schema = Object::with_type(JsonType::String);
    schema.pattern = Some("^\"[0-9]+\"$".to_owned());
    header("Version of the row, for `If-Match` and `If-None-Match`.", schema, json!("\"1\""))
}

/// The `Location` of an answer.
pub(super) fn location(path: &str) -> Header {
    let mut schema = Object::with_type(JsonType::String);
    schema.format = Some(format("uri-reference"));
    header("Path of the new row.", schema, json!(path))
}

fn retry_after() -> Header {
    let mut schema = Object::with_type(JsonType::Integer);
    schema.minimum = Some(0usize.into());
    header("Seconds to wait.", schema, json!(1))
}

fn header(description: &str, schema: Object, example: Value) -> Header {
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).example(Some(example)).build()
}

fn parameter(
    name: &str,
    place: ParameterIn,
    required: Required,
    description: &str,
    schema: RefOr<Schema>,
) -> Parameter {
    let description = Some(description).filter(|text| !text.is_empty());
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(description)
        .schema(Some(schema))
        .build()
}

/// A text with a description.
pub(super) fn text(description: &str, form: Option<&str>) -> RefOr<Schema> {
    let mut object = plain_text(description);
    object.format = form.map(format);
    object.into()
}

/// A text of any form.
pub(super) fn plain_text(description: &str) -> Object {
    let mut object = Object::new();
    object.schema_type = SchemaType::Type(JsonType::String);
    object.description = Some(description.to_owned()).filter(|text| !text.is_empty());
    object
}
