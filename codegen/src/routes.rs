//! Every route of every rpc, as the command line lists them and as the generated crate carries them.

pub mod access;

use heck::ToUpperCamelCase;
use serde::Serialize;

use crate::model::{Access, Model, Resource, Service, StandardKind};

/// One route of one rpc.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Full name of the rpc, such as `shop.v1.OrderService.CancelOrder`.
    pub rpc: String,
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub path: String,
    /// Who may call it, such as `owner|admin`.
    pub access: String,
}

/// How an access rule is shown that the schema does not say.
const UNSAID: &str = "admin (unsaid)";

impl Route {
    /// The rule that holds, said or not.
    pub fn rule(&self) -> &str {
        if self.access == UNSAID { "admin" } else { &self.access }
    }

    /// Full name of the service.
    pub fn service(&self) -> &str {
        self.rpc.rsplit_once('.').map_or("", |(service, _)| service)
    }
}

/// All routes of a model, by service.
pub fn routes(model: &Model) -> Vec<Route> {
    model.services.iter().flat_map(|service| routes_of(model, service)).collect()
}

/// The routes of one service.
pub fn routes_of(model: &Model, service: &Service) -> Vec<Route> {
    let mut routes = Vec::new();
    let mut add = |rpc: &str, method: &str, path: &str, access: &Access| {
        let rpc = format!("{}.{rpc}", service.full_name);
        let (method, path) = (method.to_owned(), path.to_owned());
        routes.push(Route { rpc, method, path, access: said(access) });
    };
    if let Some(resource) = service.resource.as_deref().and_then(|name| model.resource(name)) {
        let key = model.entity(&resource.entity).map(|entity| entity.key.fields.as_slice()).unwrap_or_default();
        for standard in &resource.methods {
            for (method, path) in derived(resource, standard.kind, key) {
                add(&standard_rpc(resource, standard.kind), method, &path, &standard.access);
            }
            let soft_delete = model.entity(&resource.entity).is_some_and(|entity| entity.soft_delete);
            if standard.kind == StandardKind::Delete && soft_delete {
                let variables: String = key.iter().map(|field| format!("/{{{field}}}")).collect();
                let path = format!("{}{variables}:undelete", resource.path);
                add(&format!("Undelete{}", resource.name), "POST", &path, &standard.access);
            }
            if resource.batches.contains(&standard.kind) {
                let (method, path) = batch(resource, standard.kind);
                add(&batch_rpc(standard.kind, resource), method, &path, &standard.access);
            }
        }
    }
    for rpc in &service.rpcs {
        for binding in &rpc.bindings {
            add(&rpc.name, &binding.method, &binding.path, &rpc.access);
        }
        if rpc.bindings.is_empty() {
            add(&rpc.name, "-", "-", &rpc.access);
        }
    }
    routes
}

fn derived(resource: &Resource, kind: StandardKind, key: &[String]) -> Vec<(&'static str, String)> {
    let variables: String = key.iter().map(|field| format!("/{{{field}}}")).collect();
    let (all, one) = (resource.path.clone(), format!("{}{variables}", resource.path));
    match kind {
        StandardKind::List => vec![("GET", all)],
        StandardKind::Create => vec![("POST", all)],
        StandardKind::Get => vec![("GET", one)],
        StandardKind::Update => vec![("PATCH", one.clone()), ("PUT", one)],
        StandardKind::Delete => vec![("DELETE", one)],
    }
}

/// Name of the rpc that does it to several rows, such as `BatchGetOrders`.
pub(crate) fn batch_rpc(kind: StandardKind, resource: &Resource) -> String {
    format!("Batch{}{}", kind.name().to_upper_camel_case(), resource.plural.to_upper_camel_case())
}

/// Its method and path.
pub(crate) fn batch(resource: &Resource, kind: StandardKind) -> (&'static str, String) {
    let method = if kind == StandardKind::Get { "GET" } else { "POST" };
    (method, format!("{}:batch{}", resource.path, kind.name().to_upper_camel_case()))
}

/// Name of the rpc of a standard method, such as `ListOrders`.
pub(crate) fn standard_rpc(resource: &Resource, kind: StandardKind) -> String {
    match kind {
        StandardKind::List => format!("List{}", resource.plural.to_upper_camel_case()),
        StandardKind::Get => format!("Get{}", resource.name),
        StandardKind::Create => format!("Create{}", resource.name),
        StandardKind::Update => format!("Update{}", resource.name),
        StandardKind::Delete => format!("Delete{}", resource.name),
    }
}

fn said(access: &Access) -> String {
    if access.written.is_empty() { UNSAID.to_owned() } else { access.written.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Project, Sources, read_model};

    #[test]
    fn lists_derived_and_custom_routes_with_their_access() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let sources = Sources::read(&Project::read(root).unwrap()).unwrap();
        let routes = routes(&read_model(&sources).unwrap());
        let find = |rpc: &str| routes.iter().find(|route| route.rpc.ends_with(rpc)).unwrap();
        assert_eq!(find("OrderService.ListOrders").path, "/api/v1/orders");
        assert_eq!(find("OrderService.CancelOrder").path, "/api/v1/orders/{id}:cancel");
        assert_eq!(find("ProductService.GetProduct").access, "public");
    }
}
