//! Every route leads to one method.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Resource, Span, StandardKind};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut take = |method: &str, path: &str, what: String, span: &Span, word: &str| {
        if let Some(other) = seen.insert(format!("{method} {}", shape(path)), what.clone()) {
            found.push(
                Diagnostic::at("arcana::duplicate_route", span, format!("{method} {path} leads to {what} and to {other}"))
                    .help("choose another path; for entities, `option (google.api.resource) = { plural: \"…\" }` or another package")
                    .word(word),
            );
        }
    };
    for resource in &model.resources {
        let key = model.entity(&resource.entity).map(|entity| entity.key.fields.len()).unwrap_or_default();
        for (method, path, kind) in derived(resource, key) {
            take(method, &path, format!("{} of {}", kind.name(), resource.full_name), &resource.span, &resource.name);
        }
    }
    for service in &model.services {
        for rpc in &service.rpcs {
            for binding in &rpc.bindings {
                let what = format!("{}.{}", service.full_name, rpc.name);
                take(&binding.method, &binding.path, what, &rpc.span, &binding.path);
            }
        }
    }
}

fn derived(resource: &Resource, key: usize) -> Vec<(&'static str, String, StandardKind)> {
    let item = format!("{}{}", resource.path, "/{}".repeat(key.max(1)));
    let routes = |kind| match kind {
        StandardKind::List => vec![("GET", resource.path.clone())],
        StandardKind::Get => vec![("GET", item.clone())],
        StandardKind::Create => vec![("POST", resource.path.clone())],
        StandardKind::Update => vec![("PUT", item.clone()), ("PATCH", item.clone())],
        StandardKind::Delete => vec![("DELETE", item.clone())],
    };
    let methods = resource.methods.iter().map(|method| method.kind);
    methods.flat_map(|kind| routes(kind).into_iter().map(move |(method, path)| (method, path, kind))).collect()
}

/// The path without the names of its variables.
fn shape(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => {
                inside = true;
                out.push_str("{}");
            }
            '}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ENTITY, codes};

    fn found(path: &str) -> Vec<&'static str> {
        let rpc = format!("rpc Do(Ask) returns (Ask) {{ option (google.api.http) = {{ get: \"{path}\" }}; }}");
        codes(
            super::check,
            &format!("message Thing {{ {ENTITY} }} message Ask {{ string key = 1; }} service S {{ {rpc} }}"),
        )
    }

    #[test]
    fn refuses_routes_of_derived_methods() {
        assert_eq!(found("/api/v1/things/{key}"), ["arcana::duplicate_route"]);
        assert!(found("/api/v1/things/{key}:do").is_empty());
    }
}
