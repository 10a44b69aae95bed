//! An answer of REST, and what every refusal must hold.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::secrets;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Path that was asked for.
    pub path: String,
    /// Body.
    pub text: String,
}

/// The body of a refusal, known to be complete.
#[derive(Debug)]
pub struct Refusal(pub Value);

impl Answer {
    pub(super) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let path = response.url().path().to_owned();
        Self { status, headers, path, text: response.text().await.unwrap() }
    }

    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.path, self.text);
        assert!(!self.header("x-request-id").is_empty());
        if self.text.is_empty() {
            return Value::Null;
        }
        assert_eq!(self.header("content-type"), "application/json", "{}", self.path);
        serde_json::from_str(&self.text).unwrap()
    }

    /// A refusal with this status and code, which has all that every refusal has.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Refusal {
        assert_eq!(self.status, status, "{}: {}", self.path, self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.path);
        secrets::none_in("a refusal", &self.text);
        let body: Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(body["code"], code, "{body:#}");
        assert_eq!(body["status"], status, "{body:#}");
        assert_eq!(body["type"], "about:blank", "{body:#}");
        assert_eq!(body["instance"], self.path, "{body:#}");
        assert_eq!(body["request_id"], self.header("x-request-id"), "{body:#}");
        assert_eq!(body["detail"], body["message"], "{body:#}");
        for member in ["title", "message", "timestamp", "request_id"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {body:#}");
        }
        for error in body["errors"].as_array().into_iter().flatten() {
            // A field may have no name, when a client made one up.
            assert!(error["field"].is_string(), "field of {body:#}");
            for member in ["rule", "message"] {
                assert!(error[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {body:#}");
            }
        }
        Refusal(body)
    }

    /// A 400 of which one violation has this field and rule.
    #[track_caller]
    pub fn breaks(&self, field: &str, rule: &str) -> Refusal {
        let refusal = self.refused(400, "VALIDATION_FAILED");
        refusal.names(field, rule);
        refusal
    }
}

impl Refusal {
    /// Fields and rules of all violations, in order.
    pub fn broken(&self) -> Vec<(&str, &str)> {
        let errors = self.0["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| (error["field"].as_str().unwrap(), error["rule"].as_str().unwrap())).collect()
    }

    /// Checks that one violation has this field and rule, and gives its words.
    #[track_caller]
    pub fn names(&self, field: &str, rule: &str) -> &str {
        assert!(self.broken().contains(&(field, rule)), "no {rule} of {field} in {:#}", self.0);
        let errors = self.0["errors"].as_array().unwrap();
        let error = errors.iter().find(|error| error["field"] == field && error["rule"] == rule).unwrap();
        error["message"].as_str().unwrap()
    }

    /// Checks that a message has these words: that of the whole, or that of one violation.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        let errors = self.0["errors"].as_array().into_iter().flatten();
        let mut messages = errors.chain([&self.0]).filter_map(|told| told["message"].as_str());
        assert!(messages.any(|message| message.contains(words)), "no {words:?} in {:#}", self.0);
        self
    }
}
