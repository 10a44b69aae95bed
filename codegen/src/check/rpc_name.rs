//! Rpcs have names that stay different in Rust, and clear of what every service has.

use std::collections::BTreeMap;

use heck::ToSnakeCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Resource, Service, StandardKind};

/// Methods that services, their logic, the pointers to them, and the clients and servers of tonic have already.
const TAKEN: [&str; 33] = [
    "accept_compressed",
    "after_commit",
    "after_read",
    "as_ref",
    "batch_create",
    "batch_delete",
    "batch_get",
    "batch_update",
    "before_create",
    "before_delete",
    "before_list",
    "before_update",
    "clone",
    "connect",
    "create",
    "delete",
    "drop",
    "from_arc",
    "get",
    "into",
    "list",
    "max_decoding_message_size",
    "max_encoding_message_size",
    "max_frame_size",
    "new",
    "send_compressed",
    "to_owned",
    "try_into",
    "type_id",
    "undelete",
    "update",
    "with_interceptor",
    "with_origin",
];

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for service in &model.services {
        let resource = service.resource.as_deref().and_then(|name| model.resource(name));
        names(service, resource, found);
    }
}

fn names(service: &Service, resource: Option<&Resource>, found: &mut Diagnostics) {
    let mut wire: BTreeMap<String, String> = resource.map(derived).unwrap_or_default();
    let mut rust: BTreeMap<String, String> = BTreeMap::new();
    for rpc in &service.rpcs {
        let mut refuse = |code, message: String, help: &str| {
            found.push(Diagnostic::at(code, &rpc.span, message).help(help));
        };
        if !rpc.name.starts_with(|first: char| first.is_ascii_uppercase()) {
            let message = format!("`{}` does not start with a capital letter", rpc.name);
            refuse("arcana::rpc_name", message, "write a verb and a noun, such as `CancelOrder`");
            continue;
        }
        let name = rpc.name.to_snake_case();
        if TAKEN.contains(&name.as_str()) {
            let message = format!("`{}` becomes `{name}` in Rust, which every service has", rpc.name);
            refuse("arcana::rpc_name", message, "rename it, for example with what it does to whom");
        }
        let twins = [wire.insert(name, rpc.name.clone()), rust.insert(rpc.method.clone(), rpc.name.clone())];
        if let Some(other) = twins.into_iter().flatten().next() {
            let message = format!("`{}` and `{other}` become one name in Rust", rpc.name);
            refuse("arcana::name_collision", message, "rename one of them");
        }
    }
}

fn derived(resource: &Resource) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let mut add = |verb: &str, noun: &str| {
        let name = format!("{verb}_{noun}").to_snake_case();
        names.insert(name, format!("the derived {verb}"));
    };
    for method in &resource.methods {
        match method.kind {
            StandardKind::List => add("list", &resource.plural),
            kind => add(kind.name(), &resource.name),
        }
    }
    for kind in &resource.batches {
        add(&format!("batch_{}", kind.name()), &resource.plural);
    }
    add("undelete", &resource.name);
    names
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ENTITY, codes};

    fn found(rpcs: &[&str]) -> Vec<&'static str> {
        let rpc = |name: &&str| format!("rpc {name}(In) returns (Thing) {{}}");
        let rpcs: String = rpcs.iter().map(rpc).collect();
        codes(super::check, &format!("message Thing {{ {ENTITY} }} message In {{}} service ThingService {{ {rpcs} }}"))
    }

    #[test]
    fn refuses_names_that_become_one() {
        assert_eq!(found(&["Cancel", "CancelThing"]), ["arcana::name_collision"]);
        assert_eq!(found(&["DoIt", "DoIT"]), ["arcana::name_collision"]);
        assert_eq!(found(&["HTTPGet", "HttpGet"]), ["arcana::name_collision"]);
        assert!(found(&["Getthing"]).is_empty());
    }

    #[test]
    fn refuses_names_of_every_service_and_small_letters() {
        assert_eq!(found(&["Create", "self", "_", "WithOrigin"]), ["arcana::rpc_name"; 4]);
        assert_eq!(found(&["Undelete"]), ["arcana::rpc_name"]);
        assert!(found(&["Self", "Type", "CloneThing", "BeforeCreateThing"]).is_empty());
    }
}
