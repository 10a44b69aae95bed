//! The same case over REST and over gRPC: the same result, the same error, member by member.
//!
//! The cases stand in `tests/vectors/`, one list in each file. A file runs from top to bottom on two services with the
//! same sample rows, one asked over REST and one over gRPC.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "allowed in test functions, not in helpers")]

mod support;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use support::{Dynamic, Service};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// HTTP status and gRPC code of each code, as the contract has them.
const CODES: &[(&str, u16, Code)] = &[
    ("VALIDATION_FAILED", 400, Code::InvalidArgument),
    ("NOT_FOUND", 404, Code::NotFound),
    ("CONFLICT", 409, Code::AlreadyExists),
    ("FAILED_PRECONDITION", 409, Code::FailedPrecondition),
    ("PRECONDITION_FAILED", 412, Code::Aborted),
];

/// What REST and gRPC call an argument of a list.
const ARGUMENTS: &[(&str, &str)] =
    &[("size", "page_size"), ("sort", "order_by"), ("order", "order_by"), ("page", "skip")];

/// An entity: its collection, its service, and its name as a member of requests.
fn entity(name: &str) -> (&'static str, &'static str, &'static str) {
    match name {
        "user" => ("users", "arcana.identity.v1.UserService", "User"),
        "customer" => ("customers", "shop.v1.CustomerService", "Customer"),
        "product" => ("products", "shop.v1.ProductService", "Product"),
        "order" => ("orders", "shop.v1.OrderService", "Order"),
        other => panic!("no entity {other}"),
    }
}

/// One side: what it is asked with, and the names of the ids that it has shown.
struct Side {
    service: Service,
    names: BTreeMap<String, String>,
    ids: BTreeMap<String, String>,
    started: String,
}

/// The outcome of a case, in words that do not know the protocol.
#[derive(Debug, PartialEq)]
enum Outcome {
    Answer(Value),
    Refusal { code: String, message: String, broken: Vec<(String, String, String)> },
}

impl Side {
    async fn new() -> Self {
        let service = Service::seeded();
        let mut ids = BTreeMap::new();
        for name in ["user", "customer", "product", "order"] {
            let page = service.get(&format!("/api/v1/{}?order=asc", entity(name).0)).await.ok(200);
            for (n, row) in page["data"].as_array().unwrap().iter().enumerate() {
                ids.insert(format!("{name} {n}"), row["id"].as_str().unwrap().to_owned());
                for (line, id) in row["lines"].as_array().into_iter().flatten().map(|line| &line["id"]).enumerate() {
                    ids.insert(format!("line {n}.{line}"), id.as_str().unwrap().to_owned());
                }
            }
        }
        let started =
            service.get("/nothing").await.refused(404, "NOT_FOUND").0["timestamp"].as_str().unwrap().to_owned();
        Self { service, names: BTreeMap::new(), ids, started }
    }

    /// The case with ids where it has `{names}`.
    fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let mut text = text.clone();
                for (name, id) in &self.ids {
                    text = text.replace(&format!("{{{name}}}"), id);
                }
                assert!(!text.contains('{'), "a name in {text:?} is not known");
                text.into()
            }
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.fill(value))).collect::<Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    /// An answer without what differs between any two services: new ids, new times, the inside of tokens.
    fn plain(&mut self, value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let mut plain = Map::new();
                for (name, value) in members.into_iter().filter(|(_, value)| !value.is_null()) {
                    let value = match (name.as_str(), value) {
                        ("next_page_token", Value::String(token)) => (!token.is_empty()).into(),
                        (_, value) => self.plain(value),
                    };
                    plain.insert(name, value);
                }
                // Order of members is a matter of each protocol.
                plain.sort_keys();
                plain.into()
            }
            Value::Array(items) => items.into_iter().map(|item| self.plain(item)).collect(),
            Value::String(text) => self.plain_text(&text).into(),
            other => other,
        }
    }

    fn plain_text(&mut self, text: &str) -> String {
        let is_uuid = text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4;
        if is_uuid && !self.ids.values().any(|id| id == text) && !self.names.contains_key(text) {
            self.names.insert(text.to_owned(), format!("<id {}>", self.names.len()));
        }
        if text.len() > 19 && text.ends_with('Z') && text.as_bytes()[10] == b'T' {
            // Fixed digits on one side, as many as are needed on the other.
            let time = text.trim_end_matches('Z').trim_end_matches(|c| c == '0' && text.contains('.'));
            let time = time.trim_end_matches('.').to_owned();
            return if time.as_str() >= self.started.trim_end_matches('Z') { "<now>".to_owned() } else { time };
        }
        let mut text = text.to_owned();
        for (id, name) in &self.names {
            text = text.replace(id, name);
        }
        text
    }

    fn keep(&mut self, case: &Value, answer: &Value) {
        let rows = answer["products"].as_array().into_iter().flatten();
        for (name, row) in case["keep_all"].as_array().into_iter().flatten().zip(rows) {
            self.ids.insert(name.as_str().unwrap().to_owned(), row["id"].as_str().unwrap().to_owned());
        }
        if let Some(name) = case["keep"].as_str() {
            self.ids.insert(name.to_owned(), answer["id"].as_str().unwrap().to_owned());
        }
    }

    async fn rest(&mut self, case: &Value) -> Outcome {
        let case = self.fill(case);
        let (collection, ..) = entity(case["of"].as_str().unwrap());
        let (what, id) = (case["do"].as_str().unwrap(), case["id"].as_str().unwrap_or_default());
        let (method, path) = match what {
            "list" => ("GET", format!("/api/v1/{collection}?{}", case["rest"].as_str().unwrap_or_default())),
            "create" => ("POST", format!("/api/v1/{collection}")),
            "get" => ("GET", format!("/api/v1/{collection}/{id}?{}", case["rest"].as_str().unwrap_or_default())),
            "replace" => ("PUT", format!("/api/v1/{collection}/{id}")),
            "patch" => ("PATCH", format!("/api/v1/{collection}/{id}")),
            "delete" => ("DELETE", format!("/api/v1/{collection}/{id}")),
            "batchGet" => ("GET", format!("/api/v1/{collection}:{what}?{}", case["rest"].as_str().unwrap())),
            batch if batch.starts_with("batch") => ("POST", format!("/api/v1/{collection}:{batch}")),
            verb => ("POST", format!("/api/v1/{collection}/{id}:{verb}")),
        };
        let mut request = self.service.request(method, &path);
        if let Some(row) = case.get("row") {
            request = request.json(row);
        }
        if let Some(etag) = case["etag"].as_str() {
            request = request.header("if-match", etag);
        }
        let answer = self.service.send(request).await;
        if answer.status < 300 {
            let answer = answer.ok(if what == "create" {
                201
            } else if matches!(what, "delete" | "batchDelete") {
                204
            } else {
                200
            });
            let plain = self.plain(answer.clone());
            self.keep(&case, &answer);
            return Outcome::Answer(plain);
        }
        let code = case["is"].as_str().unwrap();
        let (_, status, _) = CODES.iter().find(|(known, ..)| *known == code).unwrap();
        let refusal = answer.refused(*status, code).0;
        let broken = refusal["errors"].as_array().into_iter().flatten().map(|error| {
            let member = |name: &str| error[name].as_str().unwrap().to_owned();
            let field = member("field");
            let argument = ARGUMENTS.iter().find(|(rest, _)| *rest == field && what == "list");
            (
                argument.map_or(field, |(_, grpc)| (*grpc).to_owned()),
                member("rule"),
                self.plain_text(&member("message")),
            )
        });
        let broken = broken.collect();
        let message = self.plain_text(refusal["message"].as_str().unwrap());
        Outcome::Refusal { code: code.to_owned(), message, broken }
    }

    async fn grpc(&mut self, case: &Value) -> Outcome {
        let case = self.fill(case);
        let (_, service, name) = entity(case["of"].as_str().unwrap());
        let (what, member) = (case["do"].as_str().unwrap(), name.to_lowercase());
        // Null is what is not there.
        let mut row = case["row"].clone();
        if let Value::Object(members) = &mut row {
            members.retain(|_, value| !value.is_null());
        }
        let mut request = json!({});
        if let Some(id) = case.get("id") {
            request["id"] = id.clone();
        }
        if let Some(etag) = case.get("etag") {
            request["etag"] = etag.clone();
        }
        let method = match what {
            "list" => {
                request = case.get("grpc").cloned().unwrap_or_else(|| json!({}));
                format!("List{name}s")
            }
            "create" => {
                request[&member] = row;
                format!("Create{name}")
            }
            "get" => {
                let more = case["grpc"].as_object().cloned().unwrap_or_default();
                request.as_object_mut().unwrap().extend(more);
                format!("Get{name}")
            }
            batch if batch.starts_with("batch") => {
                request = case.get("grpc").unwrap_or(&case["row"]).clone();
                if batch == "batchUpdate" && case.get("grpc").is_none() {
                    for request in request["requests"].as_array_mut().into_iter().flatten() {
                        name_members(request, &member);
                    }
                }
                format!("{}{}{name}s", batch[..1].to_uppercase(), &batch[1..])
            }
            "replace" | "patch" => {
                let named: Vec<_> = case["row"].as_object().unwrap().keys().cloned().collect();
                row["id"] = request.as_object_mut().unwrap().shift_remove("id").unwrap();
                request[&member] = row;
                if what == "patch" {
                    request["update_mask"] = camel(&named.join(",")).into();
                }
                format!("Update{name}")
            }
            "delete" => format!("Delete{name}"),
            verb => {
                request.as_object_mut().unwrap().extend(row.as_object().cloned().unwrap_or_default());
                format!("{}{}{name}", verb[..1].to_uppercase(), &verb[1..])
            }
        };
        let client = Dynamic::new(self.service.channel().await);
        match client.call(&format!("{service}/{method}"), &request).await {
            Ok(answer) if matches!(what, "delete" | "batchDelete") => {
                assert_eq!(answer, json!({}));
                Outcome::Answer(Value::Null)
            }
            Ok(answer) => {
                let plain = self.plain(answer.clone());
                self.keep(&case, &answer);
                Outcome::Answer(plain)
            }
            Err(status) => self.refusal(&case, &status),
        }
    }

    fn refusal(&mut self, case: &Value, status: &Status) -> Outcome {
        let details = status.get_error_details();
        let code = details.error_info().unwrap_or_else(|| panic!("{status:?}")).reason.clone();
        let (_, _, expected) = CODES.iter().find(|(known, ..)| *known == code).unwrap();
        assert_eq!(status.code(), *expected, "{case}: {status:?}");
        let mut broken = Vec::new();
        for violation in details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default() {
            let message = self.plain_text(&violation.description);
            broken.push((violation.field.clone(), violation.reason.clone(), message));
        }
        for violation in details.precondition_failure().map(|bad| bad.violations.as_slice()).unwrap_or_default() {
            let message = self.plain_text(&violation.description);
            broken.push((violation.subject.clone(), "precondition".to_owned(), message));
        }
        Outcome::Refusal { code, message: self.plain_text(status.message()), broken }
    }
}

/// What a patch says by its members, said by a mask; null is what is not there.
fn name_members(request: &mut Value, member: &str) {
    let Value::Object(row) = &mut request[member] else { return };
    let named: Vec<&str> = row.keys().map(String::as_str).filter(|name| *name != "id").collect();
    let mask = camel(&named.join(","));
    row.retain(|_, value| !value.is_null());
    request["update_mask"] = mask.into();
}

/// Paths of a mask as ProtoJSON writes them.
fn camel(paths: &str) -> String {
    let mut camel = String::new();
    let mut upper = false;
    for letter in paths.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                camel.extend(letter.to_uppercase());
                upper = false;
            }
            letter => camel.push(letter),
        }
    }
    camel
}

async fn run(text: &str) {
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    let (mut rest, mut grpc) = (Side::new().await, Side::new().await);
    assert_eq!(rest.ids, grpc.ids, "both have the same sample rows");
    for case in &cases {
        let (over_rest, over_grpc) = (rest.rest(case).await, grpc.grpc(case).await);
        let is = case["is"].as_str().unwrap_or("OK");
        match &over_rest {
            Outcome::Answer(answer) => assert_eq!(is, "OK", "{case:#}\n{answer:#}"),
            Outcome::Refusal { code, .. } => assert_eq!(is, code, "{case:#}\n{over_rest:#?}"),
        }
        assert_eq!(over_rest, over_grpc, "left REST, right gRPC: {case:#}");
    }
}

#[tokio::test]
async fn customers_are_the_same_over_both_protocols() {
    run(include_str!("vectors/customers.json")).await;
}

#[tokio::test]
async fn products_are_the_same_over_both_protocols() {
    run(include_str!("vectors/products.json")).await;
}

#[tokio::test]
async fn batches_are_the_same_over_both_protocols() {
    run(include_str!("vectors/batches.json")).await;
}

#[tokio::test]
async fn users_are_the_same_over_both_protocols() {
    run(include_str!("vectors/users.json")).await;
}

#[tokio::test]
async fn orders_are_the_same_over_both_protocols() {
    run(include_str!("vectors/orders.json")).await;
}

#[tokio::test]
async fn lists_are_the_same_over_both_protocols() {
    run(include_str!("vectors/lists.json")).await;
}
