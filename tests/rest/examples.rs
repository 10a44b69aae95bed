//! What the documentation shows works on a seeded database, as it stands there.

use serde_json::{Map, Value};

use crate::support::{Answer, Service, Start};

/// One example of a request: what to send, and which answer is promised.
struct Example {
    method: String,
    path: String,
    /// Media type and body.
    body: Option<(String, Value)>,
    status: u16,
    /// Names of the headers that the answer has.
    headers: Vec<String>,
}

async fn contract(service: &Service) -> Value {
    service.get("/openapi.json").await.ok(200)
}

/// The operations of a contract: path, method, operation.
fn operations(contract: &Value) -> Vec<(&String, &String, &Value)> {
    let paths = contract["paths"].as_object().unwrap();
    let methods = |(path, item)| -> Vec<_> {
        let item: &Map<String, Value> = Value::as_object(item).unwrap();
        item.iter().map(|(method, operation)| (path, method, operation)).collect()
    };
    paths.iter().flat_map(methods).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The examples of an operation: one for each media type of its body.
fn examples(path: &str, method: &str, operation: &Value) -> Vec<Example> {
    let mut path = path.to_owned();
    for parameter in list(&operation["parameters"]) {
        let (name, example) = (parameter["name"].as_str().unwrap(), &parameter["example"]);
        if parameter["in"] == "path" {
            let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            path = path.replace(&format!("{{{name}}}"), &text);
        }
        if parameter["in"] == "query" && parameter["required"] == true {
            let values: Vec<String> =
                list(example).iter().map(|value| format!("{name}={}", value.as_str().unwrap())).collect();
            path = format!("{path}?{}", values.join("&"));
        }
    }
    let answers = operation["responses"].as_object().unwrap();
    let (status, answer) = answers.iter().find(|(status, _)| status.starts_with('2')).unwrap();
    let headers = answer["headers"].as_object().unwrap().keys().cloned().collect();
    let bodies: Vec<_> = match operation["requestBody"]["content"].as_object() {
        Some(content) => content.iter().map(|(media, body)| Some((media.clone(), body["example"].clone()))).collect(),
        None => vec![None],
    };
    let example = |body| Example {
        method: method.to_uppercase(),
        path: path.clone(),
        body,
        status: status.parse().unwrap(),
        headers: Vec::clone(&headers),
    };
    bodies.into_iter().map(example).collect()
}

async fn send(service: &Service, example: &Example) -> Answer {
    let mut request = service.request(&example.method, &example.path);
    if let Some((media, body)) = &example.body {
        assert!(body.is_object(), "{} {} has a body without example", example.method, example.path);
        request = request.header("content-type", media).body(body.to_string());
    }
    service.send(request).await
}

/// Operations whose examples cannot work as they stand: they need a session or a mail, and no token of one can be known beforehand.
const NEED_A_TOKEN: [&str; 12] = [
    "login",
    "refresh",
    "logout",
    "logoutAll",
    "getMe",
    "changePassword",
    "changeEmail",
    "resetPassword",
    "sendVerification",
    "verifyEmail",
    "issueApiKey",
    "issueTicket",
];

#[tokio::test]
async fn every_example_of_a_request_works_on_a_seeded_database() {
    let contract = contract(&Service::start()).await;
    let mut sent = 0;
    for (path, method, operation) in operations(&contract) {
        if NEED_A_TOKEN.iter().any(|id| operation["operationId"] == *id) {
            continue;
        }
        for example in examples(path, method, operation) {
            // Each has a database of its own: the rows are as the seed made them.
            let service = Start::new().seeded().set("mail.url=file:mail").run();
            if let Some(row) = example.path.strip_suffix(":undelete") {
                service.delete(row).await.ok(204);
            }
            let answer = send(&service, &example).await;
            assert_eq!(answer.status, example.status, "{method} {path}: {}", answer.text);
            for header in example.headers {
                assert!(!answer.header(&header).is_empty(), "{method} {path} has no {header}");
            }
            sent += 1;
        }
    }
    assert!(sent > 28, "{sent} examples");
}
