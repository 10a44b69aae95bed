//! Views of services: derived methods, custom rpcs, and the routes of both.

use std::collections::BTreeMap;

use heck::{ToLowerCamelCase, ToSnakeCase, ToUpperCamelCase};

use super::entity::{doc, rule};
use super::home::{module_path, split};
use super::sql;
use super::types::{Types, constant, identifier, literal, pb_name, rust_name, spec_constant, type_name};
use super::views::{BatchView, DispatchView, RouteView, RpcView, ServiceView};
use crate::emit::words;
use crate::expand::expansions;
use crate::model::{Binding, Entity, Field, KeyKind, Model, Resource, Rpc, Service, StandardKind, Type};
use crate::presence::has_presence;
use crate::routes::{self, Route, routes_of};

/// Names in the file of routes that are taken.
const HANDLERS: [&str; 12] = [
    "batch_create",
    "batch_delete",
    "batch_get",
    "batch_update",
    "call",
    "fmt",
    "rest",
    "routes",
    "routing",
    "service",
    "undelete",
    "verbs",
];

/// Names of path variables by their place, so that two routes that share a place agree on its name.
pub type VariableNames = BTreeMap<String, String>;

/// The names of all path variables; derived routes come first, so theirs win.
pub fn variable_names(model: &Model) -> VariableNames {
    let mut names = VariableNames::new();
    for resource in &model.resources {
        if let Some(entity) = model.entity(&resource.entity) {
            name_variables(&item_path(resource, entity), &mut names);
        }
    }
    for binding in model.services.iter().flat_map(|service| &service.rpcs).flat_map(|rpc| &rpc.bindings) {
        name_variables(plain_path(binding), &mut names);
    }
    names
}

fn name_variables(path: &str, names: &mut VariableNames) {
    let mut place = String::new();
    for segment in path.split('/').skip(1) {
        place.push('/');
        match variable(segment) {
            Some(name) => {
                place.push_str("{}");
                names.entry(place.clone()).or_insert_with(|| name.to_owned());
            }
            None => place.push_str(segment),
        }
    }
}

fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// The path without its verb.
fn plain_path(binding: &Binding) -> &str {
    let behind = |verb: &String| binding.path.strip_suffix(&format!(":{verb}"));
    let path = binding.verb.as_ref().and_then(behind).unwrap_or(&binding.path);
    // A verb behind a fixed word is part of that word.
    if path.ends_with('}') { path } else { &binding.path }
}

/// The path as the router takes it.
fn routed(path: &str, names: &VariableNames) -> String {
    let (mut place, mut routed) = (String::new(), String::new());
    for segment in path.split('/').skip(1) {
        place.push('/');
        routed.push('/');
        if variable(segment).is_some() {
            place.push_str("{}");
            let name = names.get(&place).map(String::as_str).unwrap_or_default();
            routed.push_str(&format!("{{{name}}}"));
        } else {
            place.push_str(segment);
            routed.push_str(segment);
        }
    }
    routed
}

fn item_path(resource: &Resource, entity: &Entity) -> String {
    format!("{}/{}", resource.path, words::key_path(entity, ""))
}

/// A service of its own: custom rpcs, and nothing derived.
pub fn own_service(model: &Model, service: &Service, types: &Types<'_>, names: &VariableNames) -> ServiceView {
    let words = words::human(service.stem());
    let mut view = ServiceView {
        stem: service.stem().to_owned(),
        plural_words: words.clone(),
        doc: doc(&service.comment, &format!("What can be done about {words}.")),
        rpcs: service.rpcs.iter().map(|rpc| rpc_view(model, service, rpc, types, names)).collect(),
        words,
        ..named(model, service)
    };
    view.dispatches = dispatches(&mut view, "", "", names);
    view
}

/// What every service is called, and its routes.
fn named(model: &Model, service: &Service) -> ServiceView {
    ServiceView {
        name: rust_name(&service.full_name),
        methods: format!("{}Methods", service.stem()),
        table: routes_of(model, service).iter().map(route_expression).collect(),
        server_module: format!("{}_server", service.name.to_snake_case()),
        server: format!("{}Server", service.name.to_upper_camel_case()),
        pb: format!("crate::pb::{}", module_path(&service.package)),
        ..ServiceView::default()
    }
}

/// The service of a resource.
pub fn service(
    model: &Model,
    service: &Service,
    resource: &Resource,
    entity: &Entity,
    types: &Types<'_>,
    names: &VariableNames,
) -> ServiceView {
    let has = |kind: StandardKind| resource.methods.iter().any(|method| method.kind == kind);
    let name = type_name(&resource.full_name);
    let rpcs: Vec<RpcView> = service.rpcs.iter().map(|rpc| rpc_view(model, service, rpc, types, names)).collect();
    let kept = resource.fields.iter().filter(|field| words::is_kept(field));
    let kept: Vec<String> = kept.map(|field| identifier(&field.name)).collect();
    let kept_named = resource
        .fields
        .iter()
        .filter(|field| words::is_kept(field))
        .map(|field| (literal(&field.name), format!("proto::is_absent(&row.{})", identifier(&field.name))));
    let kept_named = kept_named.collect();
    let mut view = ServiceView {
        words: words::human(&resource.name),
        plural_words: words::plural_human(resource),
        doc: doc(&service.comment, &format!("What can be done with {}.", words::plural_human(resource))),
        plural: words::plural_pascal(resource),
        methods: format!("{name}Methods"),
        constant: spec_constant(&resource.full_name),
        path: literal(&resource.path),
        list: has(StandardKind::List),
        get: has(StandardKind::Get),
        create: has(StandardKind::Create),
        update: has(StandardKind::Update),
        delete: has(StandardKind::Delete),
        undelete: words::has_undelete(resource, entity),
        batches: resource.batches.iter().map(|kind| batch(resource, *kind)).collect(),
        key_from_proto: key_from_proto(resource, entity, "message", false),
        key_from_row: key_from_proto(resource, entity, "row", true),
        kept_absent: kept.iter().map(|name| format!("proto::is_absent(&row.{name})")).collect::<Vec<_>>().join(" || "),
        kept,
        kept_named,
        plural_member: identifier(&resource.plural),
        entity_pb: format!("pb::{}", pb_name(&entity.full_name)),
        member: identifier(&resource.name.to_snake_case()),
        member_text: literal(&resource.name.to_snake_case()),
        versioned: entity.version.is_some(),
        soft_delete: entity.soft_delete,
        expandable: !expansions(model, resource).is_empty(),
        searched: model.words_of(&resource.entity).is_some(),
        list_wire: format!("List{}", words::plural_pascal(resource)).to_snake_case(),
        one_wire: resource.name.to_snake_case(),
        rpcs,
        stem: name.clone(),
        entity: name,
        ..named(model, service)
    };
    view.dispatches = dispatches(&mut view, &item_path(resource, entity), &resource.path, names);
    view
}

fn batch(resource: &Resource, kind: StandardKind) -> BatchView {
    let rpc = routes::batch_rpc(kind, resource);
    let (method, path) = routes::batch(resource, kind);
    BatchView {
        name: format!("batch_{}", kind.name()),
        wire: identifier(&rpc.to_snake_case()),
        words: format!("`{method} {path}`"),
        get: kind == StandardKind::Get,
        create: kind == StandardKind::Create,
        update: kind == StandardKind::Update,
        delete: kind == StandardKind::Delete,
        rpc,
    }
}

fn route_expression(route: &Route) -> String {
    let Route { rpc, method, path, access } = route;
    format!("Route {{ rpc: {rpc:?}, method: {method:?}, path: {path:?}, access: {access:?} }}")
}

fn key_from_proto(resource: &Resource, entity: &Entity, holder: &str, in_row: bool) -> String {
    let part = |name: &String| {
        let (text, member) = (literal(name), identifier(name));
        let optional = in_row && resource.field(name).is_some_and(has_presence);
        let reader = if optional { "required" } else { "plain" };
        let number = |field: &Field| matches!(field.ty, Type::Id { kind: KeyKind::Int64 | KeyKind::Int64Client, .. });
        // The row is read as a whole afterwards; a text must stay with it.
        let clone = if in_row && !resource.field(name).is_some_and(number) { ".clone()" } else { "" };
        format!("proto::{reader}({text}, {holder}.{member}{clone}, &mut found)")
    };
    match (entity.key.kind, entity.key.fields.as_slice()) {
        (KeyKind::Composite, fields) => {
            let members: Vec<String> =
                fields.iter().map(|field| format!("{}: {}", identifier(field), part(field))).collect();
            format!("{}Id {{ {} }}", type_name(&entity.full_name), members.join(", "))
        }
        (_, [field, ..]) => part(field),
        (_, []) => String::new(),
    }
}

fn rpc_view(model: &Model, service: &Service, rpc: &Rpc, types: &Types<'_>, names: &VariableNames) -> RpcView {
    let (wire, name) = (rpc.name.to_snake_case(), rpc.method.clone());
    let pb = |full_name: &str| format!("crate::pb::{}::{}", module_path(split(full_name).0), pb_name(full_name));
    let (response, response_pb, is_row) = match &rpc.response {
        Type::Resource(full_name) => (types.rust(&rpc.response), pb(full_name), true),
        Type::Message(full_name) => (types.rust(&rpc.response), pb(full_name), false),
        other => (types.rust(other), String::new(), false),
    };
    let request = type_name(&rpc.request);
    let has_fields = model.message(&rpc.request).is_some_and(|message| !message.fields.is_empty());
    let routes = rpc.bindings.iter().enumerate().map(|(at, binding)| route(&name, at, binding, names)).collect();
    RpcView {
        constant: format!("{}_METHOD", constant(&name)),
        full_name: literal(&format!("{}/{}", service.full_name, rpc.name)),
        doc: doc(&rpc.comment, &format!("`{}`, as the schema declares it.", rpc.name)),
        request_pb: pb(&rpc.request),
        respond: if is_row { "rest::row(&answer)".to_owned() } else { "rest::ok(&answer)".to_owned() },
        access: rule(&rpc.access),
        timeout: sql::seconds(rpc.options.timeout_seconds),
        limit: sql::limit(&rpc.options),
        replay: replay(model, rpc).map_or("None".to_owned(), |how| format!("Some(Replay::{how})")),
        fields_constant: if has_fields { format!("{request}::FIELDS") } else { "&[]".to_owned() },
        name: identifier(&name),
        wire: identifier(&wire),
        request,
        response,
        response_pb,
        routes,
    }
}

/// How an answer is given again to whoever repeats the call under its key; not where calls need none.
fn replay(model: &Model, rpc: &Rpc) -> Option<&'static str> {
    let hides = |field: &Field| field.redacted || matches!(field.ty.innermost(), Type::Resource(_));
    let how = match &rpc.response {
        Type::Resource(_) => "ROW",
        Type::Message(name) if model.message(name).is_some_and(|message| !model.holds(message, hides)) => "MESSAGE",
        _ => "NEVER",
    };
    rpc.takes_key(model).then_some(how)
}

fn route(name: &str, at: usize, binding: &Binding, names: &VariableNames) -> RouteView {
    let handler = match at {
        0 if HANDLERS.contains(&name) || name.starts_with("verbs_") => format!("{name}_rpc"),
        0 => name.to_owned(),
        _ => format!("{name}_{}", at + 1),
    };
    let variables: Vec<String> = binding.variables.iter().map(|variable| literal(variable)).collect();
    let path = plain_path(binding);
    RouteView {
        path: routed(path, names),
        method: binding.method.to_lowercase(),
        handler: identifier(&handler),
        words: format!("`{} {}`", binding.method, binding.path),
        body: literal(&binding.body),
        variables: format!("&[{}]", variables.join(", ")),
        verb: binding.verb.clone().filter(|_| path.ends_with('}')).unwrap_or_default(),
    }
}

/// All routes by path and method. Where verbs stand behind a variable, one function tells them apart.
fn dispatches(view: &mut ServiceView, item: &str, collection: &str, names: &VariableNames) -> Vec<DispatchView> {
    let entity = view.entity.clone();
    let item = routed(item, names);
    let mut derived: Vec<(String, &str, String)> = Vec::new();
    let mut add = |wanted: bool, path: &str, method: &'static str, handler: &str| {
        if wanted {
            derived.push((path.to_owned(), method, format!("rest::{handler}::<{entity}>")));
        }
    };
    add(view.list, collection, "get", "list");
    add(view.create, collection, "post", "create");
    add(view.get, &item, "get", "get");
    add(view.update, &item, "put", "replace");
    add(view.update, &item, "patch", "patch");
    add(view.delete, &item, "delete", "delete");
    let of_item = derived.iter().filter(|(path, ..)| *path == item);
    // The router answers HEAD wherever it answers GET.
    let allow_item: Vec<String> =
        of_item.map(|(_, method, _)| method.to_uppercase().replace("GET", "GET, HEAD")).collect();
    view.allow = literal(&allow_item.join(", "));
    let mut groups: BTreeMap<(String, String), Vec<(String, String)>> = BTreeMap::new();
    for route in view.rpcs.iter().flat_map(|rpc| &rpc.routes) {
        let group = groups.entry((route.path.clone(), route.method.clone())).or_default();
        group.push((route.verb.clone(), route.handler.clone()));
    }
    for batch in &view.batches {
        let method = if batch.get { "get" } else { "post" };
        let path = format!("{collection}:{}", batch.name.to_lower_camel_case());
        groups.entry((path, method.to_owned())).or_default().push((String::new(), batch.name.clone()));
    }
    if view.undelete {
        groups
            .entry((item.clone(), "post".to_owned()))
            .or_default()
            .push(("undelete".to_owned(), "undelete".to_owned()));
    }
    view.item_path = literal(&item);
    let mut verbs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut dispatches = Vec::new();
    for ((path, method), handlers) in groups {
        for (verb, _) in handlers.iter().filter(|(verb, _)| !verb.is_empty() && path == item) {
            verbs.entry(verb.clone()).or_default().push(method.to_uppercase());
        }
        let known = derived.iter().position(|(at, by, _)| *at == path && *by == method);
        let fallback = known.map(|at| derived.remove(at).2);
        let direct = handlers.iter().find(|(verb, _)| verb.is_empty()).map(|(_, handler)| handler.clone());
        let only_direct = handlers.len() == 1 && direct.is_some();
        let number = dispatches.len();
        let function = match (&direct, only_direct) {
            (Some(handler), true) => handler.clone(),
            _ if path == item && method == "post" => "verbs".to_owned(),
            _ => format!("verbs_{number}"),
        };
        dispatches.push(DispatchView {
            path: literal(&path),
            method,
            function,
            direct: only_direct,
            arms: handlers
                .into_iter()
                .filter(|(verb, _)| !verb.is_empty())
                .map(|(verb, handler)| (literal(&verb), handler))
                .collect(),
            fallback: match (direct, fallback) {
                (Some(handler), _) if !only_direct => format!("{handler}(State(service), call).await"),
                (_, Some(handler)) => format!("{handler}(State(service), call).await"),
                _ if path == item && !allow_item.is_empty() => {
                    format!("Err(rest::no_method::<{entity}>(&call))")
                }
                _ => "Err(Error::NotFound(\"there is no such route\".to_owned()))".to_owned(),
            },
        });
    }
    view.verbs = verbs.into_iter().map(|(verb, methods)| (literal(&verb), literal(&methods.join(", ")))).collect();
    view.collection = chain(&derived, collection);
    view.item = chain(&derived, &item);
    if !view.item.is_empty() && !view.verbs.is_empty() {
        view.item.push_str(&format!(".fallback(rest::refuse::<{entity}>)"));
    }
    dispatches
}

fn chain(derived: &[(String, &str, String)], path: &str) -> String {
    let handlers: Vec<String> = derived
        .iter()
        .filter(|(at, ..)| at == path)
        .map(|(_, method, handler)| format!("{method}({handler})"))
        .collect();
    if handlers.is_empty() { String::new() } else { format!("routing::{}", handlers.join(".")) }
}
