//! Every route leads to one method.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Resource, Span, StandardKind};
use crate::routes::batch;

/// Routes of every service.
const OWN: [&str; 5] = ["/docs", "/health/live", "/health/ready", "/metrics", "/openapi.json"];

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    let own = |path: &str| (format!("GET {path}"), "what every service has".to_owned());
    let mut seen: BTreeMap<String, String> = OWN.iter().map(|path| own(path)).collect();
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
        let entity = model.entity(&resource.entity);
        let key = entity.map(|entity| entity.key.fields.len()).unwrap_or_default();
        let undelete = entity.is_some_and(|entity| entity.soft_delete);
        for (method, path, kind) in derived(resource, key, undelete) {
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
    one_service_each(model, found);
}

/// The router knows a path and a method once; the service that has it tells the verbs behind it apart.
fn one_service_each(model: &Model, found: &mut Diagnostics) {
    let mut served: BTreeMap<(String, String), (&str, String)> = BTreeMap::new();
    for service in &model.services {
        let Some(resource) = service.resource.as_deref().and_then(|name| model.resource(name)) else { continue };
        let entity = model.entity(&resource.entity);
        let key = entity.map(|entity| entity.key.fields.len()).unwrap_or_default();
        for (method, path, _) in derived(resource, key, entity.is_some_and(|entity| entity.soft_delete)) {
            served.insert((method.to_owned(), place(&path)), (&service.full_name, path));
        }
    }
    for service in &model.services {
        // One that belongs to no entity is refused for that.
        let rpcs = service.rpcs.iter().filter(|_| service.resource.is_some());
        for (rpc, binding) in rpcs.flat_map(|rpc| rpc.bindings.iter().map(move |one| (rpc, one))) {
            let (own, path) = (service.full_name.as_str(), shape(&binding.path));
            let key = (binding.method.clone(), place(&binding.path));
            let (other, known) = served.entry(key).or_insert((own, path.clone()));
            // The very same route is reported as such.
            if *other != own && *known != path {
                let message = format!("{} {} is a path that `{other}` serves", binding.method, binding.path);
                found.push(
                    Diagnostic::at("arcana::route_split", &rpc.span, message)
                        .help("declare the rpc in that service, or choose another path")
                        .word(&binding.path),
                );
            }
        }
    }
}

/// The shape of a path without the verb behind a variable.
fn place(path: &str) -> String {
    let shape = shape(path);
    match shape.rsplit_once("}:") {
        Some((before, verb)) if !verb.contains('/') => format!("{before}}}"),
        _ => shape,
    }
}

fn derived(resource: &Resource, key: usize, undelete: bool) -> Vec<(&'static str, String, StandardKind)> {
    let item = format!("{}{}", resource.path, "/{}".repeat(key.max(1)));
    let routes = |kind| match kind {
        StandardKind::List => vec![("GET", resource.path.clone())],
        StandardKind::Get => vec![("GET", item.clone())],
        StandardKind::Create => vec![("POST", resource.path.clone())],
        StandardKind::Update => vec![("PUT", item.clone()), ("PATCH", item.clone())],
        StandardKind::Delete if undelete => vec![("DELETE", item.clone()), ("POST", format!("{item}:undelete"))],
        StandardKind::Delete => vec![("DELETE", item.clone())],
    };
    let methods = resource.methods.iter().map(|method| method.kind);
    let single = methods.flat_map(|kind| routes(kind).into_iter().map(move |(method, path)| (method, path, kind)));
    let batches = resource.batches.iter().map(|kind| {
        let (method, path) = batch(resource, *kind);
        (method, path, *kind)
    });
    single.chain(batches).collect()
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
