//! Options that the vocabulary has and this version only records: said at every run, so that nobody relies on them.

use super::Gap;
use crate::model::{Entity, MethodOptions, Model, Resource, Span};

const ASSUMED: &str = "it is recorded in the model, and nothing acts on it in this version";

/// One line per option that is set and has no effect.
pub(super) fn recorded(model: &Model, gaps: &mut Vec<Gap>) {
    for resource in &model.resources {
        let Some(entity) = model.entity(&resource.entity) else { continue };
        of_entity(entity, resource, gaps);
        for method in &resource.methods {
            let name = format!("{} of {}", method.kind.name(), resource.name);
            of_method(&name, &method.options, &resource.span, true, gaps);
        }
    }
    for rpc in model.services.iter().flat_map(|service| &service.rpcs) {
        of_method(&rpc.name, &rpc.options, &rpc.span, false, gaps);
    }
}

fn of_entity(entity: &Entity, resource: &Resource, gaps: &mut Vec<Gap>) {
    if entity.cache_ttl_seconds.is_some() {
        add(&format!("cache of {}", resource.name), "cache", &resource.span, gaps);
    }
}

/// Which derived methods may be repeated, their kind says.
fn of_method(name: &str, options: &MethodOptions, span: &Span, derived: bool, gaps: &mut Vec<Gap>) {
    let set = [(derived && options.idempotent, "idempotent"), (options.manual, "impl: MANUAL")];
    for (_, option) in set.iter().filter(|(is_set, _)| *is_set) {
        add(&format!("{option} of {name}"), option, span, gaps);
    }
}

fn add(what: &str, option: &str, span: &Span, gaps: &mut Vec<Gap>) {
    gaps.push(Gap::new(span, format!("{what} has no effect yet"), ASSUMED, format!("leave {option} out until it has")));
}
