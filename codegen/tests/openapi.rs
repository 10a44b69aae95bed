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
    openapi::emit(&model, &project.name).expect("a text")
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
    for kind in ["schemas", "responses"] {
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
fn examples_speak_of_seeded_rows() {
    let document = document();
    let post = &document["paths"]["/api/v1/orders"]["post"];
    let example = &post["requestBody"]["content"]["application/json"]["example"];
    assert_eq!(example["customer_id"], fixture_uuid("shop.v1.Customer", 0));
    assert_eq!(example["lines"][0]["product_id"], fixture_uuid("shop.v1.Product", 0));
    let parameters = &document["paths"]["/api/v1/orders/{id}"]["get"]["parameters"];
    assert_eq!(parameters[0]["example"], fixture_uuid("shop.v1.Order", 0));
}
