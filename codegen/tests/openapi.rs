//! The OpenAPI text of the real schema: its snapshot, that every reference resolves, and what it promises.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use arcana_codegen::emit::openapi;
use arcana_codegen::fixture_id::fixture_uuid;
use arcana_codegen::{Project, Sources, read_model};
use serde_json::Value;

fn text() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let project = Project::read(&root).expect("arcana.toml");
    let sources = Sources::read(&project).expect("schema");
    let model = read_model(&sources).unwrap_or_else(|found| panic!("{found:?}"));
    openapi::emit(&model, &project.name, &project.api).expect("a text")
}

fn document() -> Value {
    serde_json::from_str(&text()).expect("JSON")
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn says_all_of_the_shop() {
    insta::assert_snapshot!(text());
}

#[test]
fn is_the_same_every_time() {
    assert_eq!(text(), text());
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for kind in ["schemas", "responses", "headers"] {
        for name in document["components"][kind].as_object().expect("components").keys() {
            assert!(found.contains(&format!("#/components/{kind}/{name}")), "{name} is never used");
        }
    }
}

#[test]
fn operations_are_named_tagged_and_described() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id.to_owned()), "{id} twice");
            for member in ["summary", "description"] {
                assert!(!operation[member].as_str().unwrap_or_default().is_empty(), "{method} {path} has no {member}");
            }
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{method} {path}");
        }
    }
    for id in ["listOrders", "getOrder", "createOrder", "replaceOrder", "updateOrder", "deleteOrder", "cancelOrder"] {
        assert!(ids.contains(id), "{id}");
    }
    assert!(ids.contains("undeleteProduct") && !ids.contains("undeleteOrder"));
}

#[test]
fn nothing_sensitive_is_shown() {
    assert!(!text().contains("password_hash"));
}

#[test]
fn presence_differs_by_verb() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let order = &schemas["Order"];
    assert_eq!(order["required"].as_array().map(Vec::len), order["properties"].as_object().map(serde_json::Map::len));
    assert_eq!(order["properties"]["note"]["type"], serde_json::json!(["string", "null"]));
    assert_eq!(schemas["OrderCreate"]["required"], serde_json::json!(["number", "customer_id", "lines"]));
    assert_eq!(schemas["OrderCreate"]["properties"]["version"]["readOnly"], true);
    assert_eq!(schemas["OrderPatch"].get("required"), None);
    assert_eq!(schemas["CustomerCreate"]["properties"]["country"]["default"], "GB");
    assert_eq!(schemas["CustomerPatch"]["properties"]["country"].get("default"), None);
}

#[test]
fn members_that_never_change_are_read_only_where_rows_change() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    for shape in ["OrderReplace", "OrderPatch"] {
        let number = &schemas[shape]["properties"]["number"];
        assert_eq!(number["readOnly"], true, "{shape}");
        assert!(number["description"].as_str().is_some_and(|text| text.contains("Set once")), "{shape}");
    }
    assert_eq!(schemas["OrderReplace"]["required"], serde_json::json!(["lines"]));
    assert_eq!(schemas["OrderCreate"]["properties"]["number"].get("readOnly"), None);
}

#[test]
fn info_says_what_the_project_says_and_nothing_else() {
    let info = |api: &str| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let project = Project::parse(&root, &format!("name = \"shop\"\n{api}")).expect("a project");
        let model = read_model(&Sources::read(&project).expect("schema")).unwrap_or_else(|found| panic!("{found:?}"));
        let text = openapi::emit(&model, &project.name, &project.api).expect("a text");
        let mut info = serde_json::from_str::<Value>(&text).expect("JSON")["info"].take();
        info.as_object_mut().expect("an object").remove("description");
        info
    };
    assert_eq!(info(""), serde_json::json!({ "title": "shop", "version": "0.1.0" }));
    let said = "[api]\nversion = \"3.2.1\"\nlicense = \"MIT\"\ncontact = { url = \"https://example.com\" }";
    let full = serde_json::json!({
        "title": "shop",
        "version": "3.2.1",
        "license": { "name": "MIT", "identifier": "MIT" },
        "contact": { "url": "https://example.com" },
    });
    assert_eq!(info(said), full);
}

#[test]
fn every_answer_says_its_headers_and_every_error_its_schema() {
    let document = document();
    let id = serde_json::json!({ "$ref": "#/components/headers/X-Request-Id" });
    let responses = &document["components"]["responses"];
    for (name, fault) in responses.as_object().expect("responses") {
        assert_eq!(fault["headers"]["X-Request-Id"], id, "{name}");
        let schema = &fault["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/Problem", "{name}");
    }
    for (name, header) in [
        ("Unauthorized", "WWW-Authenticate"),
        ("TooManyRequests", "Retry-After"),
        ("ServiceUnavailable", "Retry-After"),
    ] {
        assert!(responses[name]["headers"][header].is_object(), "{name}");
    }
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let answers = operation["responses"].as_object().expect("answers");
            for (status, answer) in answers.iter().filter(|(_, answer)| answer.get("$ref").is_none()) {
                assert_eq!(answer["headers"]["X-Request-Id"], id, "{method} {path} {status}");
            }
            for status in ["400", "401", "403", "406", "408", "429", "500", "503"] {
                assert!(answers.contains_key(status), "{method} {path} {status}");
            }
        }
    }
    for (path, method, status) in [
        ("/api/v1/orders", "post", "201"),
        ("/api/v1/orders/{id}", "get", "200"),
        ("/api/v1/orders/{id}:cancel", "post", "200"),
        ("/api/v1/products/{id}:undelete", "post", "200"),
    ] {
        let headers = &document["paths"][path][method]["responses"][status]["headers"];
        assert!(headers["ETag"].is_object(), "{method} {path}");
        assert_eq!(headers["Location"].is_object(), status == "201", "{method} {path}");
    }
}

#[test]
fn the_codes_of_problems_are_those_of_the_runtime() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/error.rs");
    let table = std::fs::read_to_string(path).expect("the table of errors");
    let rows = table.lines().filter(|line| line.contains("=> (") && line.contains("Code::"));
    let known: BTreeSet<&str> = rows.filter_map(|line| line.split('"').nth(1)).collect();
    let document = document();
    let codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].as_array().expect("codes");
    assert_eq!(codes.iter().filter_map(Value::as_str).collect::<BTreeSet<_>>(), known);
}

#[test]
fn limits_formats_and_names_of_enums_are_said() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let create = &schemas["ProductCreate"]["properties"];
    assert_eq!(
        (&create["stock"]["minimum"], &create["stock"]["maximum"], &create["stock"]["format"]),
        (&0.into(), &i32::MAX.into(), &"int32".into())
    );
    assert_eq!(
        (&create["sku"]["minLength"], &create["sku"]["maxLength"], &create["sku"]["pattern"]),
        (&3.into(), &32.into(), &"^[A-Z0-9-]+$".into())
    );
    assert_eq!(create["price"]["format"], "decimal");
    assert_eq!(schemas["OrderCreate"]["properties"]["lines"]["maxItems"], 100);
    let status = &schemas["OrderStatus"];
    assert_eq!(status["enum"][1], "ORDER_STATUS_OPEN");
    assert_eq!(status["x-enum-descriptions"][1], "Waiting to be packed; may be cancelled.");
    assert!(status["description"].as_str().is_some_and(|text| text.contains("| `ORDER_STATUS_OPEN` | Waiting")));
    let codes = schemas["Problem"]["properties"]["code"]["enum"].as_array().expect("codes");
    assert!(codes.contains(&"FAILED_PRECONDITION".into()) && codes.contains(&"NOT_FOUND".into()));
}

#[test]
fn operations_say_whom_they_ask_and_which_take_a_key() {
    let document = document();
    let operation = |path: &str, method: &str| document["paths"][path][method].clone();
    assert_eq!(operation("/api/v1/auth/login", "post")["security"], serde_json::json!([]));
    assert_eq!(operation("/api/v1/orders/{id}", "get")["security"], serde_json::json!([{ "bearer": [] }]));
    let both = serde_json::json!([{ "bearer": [] }, { "peer": [] }]);
    assert_eq!(operation("/api/v1/users:pendingSync", "get")["security"], both);
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    let takes_key = |path: &str, method: &str| {
        let operation = operation(path, method);
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key")
    };
    assert!(takes_key("/api/v1/orders", "post") && takes_key("/api/v1/orders/{id}:cancel", "post"));
    // One may be repeated, and one only reads.
    assert!(!takes_key("/api/v1/auth/logout", "post") && !takes_key("/api/v1/orders:rankCustomers", "get"));
}

#[test]
fn examples_speak_of_seeded_rows() {
    let document = document();
    let post = &document["paths"]["/api/v1/orders"]["post"];
    let example = &post["requestBody"]["content"]["application/json"]["example"];
    assert_eq!(example["customer_id"], fixture_uuid("shop.v1.Customer", 0));
    assert_eq!(example["lines"][0]["product_id"], fixture_uuid("shop.v1.Product", 0));
    let parameters = &document["paths"]["/api/v1/orders/{id}"]["get"]["parameters"];
    assert_eq!(parameters[0]["example"], fixture_uuid("shop.v1.Order", 0));
    let parameters = &document["paths"]["/api/v1/customers/{id}"]["delete"]["parameters"];
    assert_eq!(parameters[0]["example"], fixture_uuid("shop.v1.Customer", 7), "one that nobody refers to");
}
