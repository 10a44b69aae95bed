//! What is derived from a resource: the request and response messages and the rpcs of its standard methods.

use super::restated::{type_text, written};
use super::text::{FieldText, MessageText, RpcText};
use crate::emit::words::{
    BATCH_MAX, SEARCH_MAX, batch_comment, entity_of, has_undelete, human, key_fields, key_path, plural_human,
    plural_pascal, search_comment, standard_comment, undelete_comment,
};
use crate::expand::expansions;
use crate::model::{Entity, KeyKind, Model, Resource, Service, StandardKind};
use crate::routes::{self, batch_rpc};
use heck::{ToPascalCase, ToSnakeCase};

const REQUIRED: &str = "(google.api.field_behavior) = REQUIRED";

/// The derived messages of a resource, in the order of its methods.
pub(crate) fn messages(model: &Model, resource: &Resource) -> Vec<MessageText> {
    let Some(entity) = entity_of(model, resource) else { return Vec::new() };
    let mut all = Vec::new();
    for method in &resource.methods {
        match method.kind {
            StandardKind::List => all.extend([list_request(model, resource, entity), list_response(resource)]),
            StandardKind::Get => all.push(get_request(model, resource, entity)),
            StandardKind::Create => all.push(create_request(resource)),
            StandardKind::Update => all.push(update_request(resource, entity)),
            StandardKind::Delete => all.push(delete_request(model, resource, entity)),
        }
    }
    for kind in &resource.batches {
        all.push(batch_request(resource, entity, *kind));
        all.extend(batch_response(resource, *kind));
    }
    if has_undelete(resource, entity) {
        all.push(key_request(model, resource, entity, "Undelete", "Which one to bring back."));
    }
    all
}

/// The derived rpcs of a resource, then its custom ones.
pub(crate) fn rpcs(model: &Model, service: &Service) -> Vec<RpcText> {
    let resource = service.resource.as_deref().and_then(|name| model.resource(name));
    let mut all = Vec::new();
    if let Some(resource) = resource
        && let Some(entity) = entity_of(model, resource)
    {
        all.extend(resource.methods.iter().map(|method| standard(resource, entity, method.kind)));
        all.extend(resource.batches.iter().map(|kind| batch(resource, *kind)));
        if has_undelete(resource, entity) {
            all.push(undelete(resource, entity));
        }
    }
    for rpc in &service.rpcs {
        let (response, response_import) = type_text(model, &service.package, &rpc.response, None);
        let request_import = super::published::import_of(model, &rpc.request);
        all.push(RpcText {
            comment: rpc.comment.clone(),
            name: rpc.name.clone(),
            request: written(model, &service.package, &rpc.request),
            response,
            bindings: rpc
                .bindings
                .iter()
                .map(|binding| (binding.method.to_lowercase(), binding.path.clone(), binding.body.clone()))
                .collect(),
            idempotent: rpc.options.idempotent,
            imports: request_import.into_iter().chain(response_import).collect(),
        });
    }
    all
}

/// Name of the field of a create or update request that holds the row, such as `order`.
#[must_use]
pub fn body_field(resource: &Resource) -> String {
    resource.name.to_snake_case()
}

fn standard(resource: &Resource, entity: &Entity, kind: StandardKind) -> RpcText {
    let (name, path, body) = (&resource.name, &resource.path, body_field(resource));
    let one = format!("{path}/{}", key_path(entity, ""));
    let inside = format!("{path}/{}", key_path(entity, &format!("{body}.")));
    let bind = |method: &str, path: &str, body: &str| (method.to_owned(), path.to_owned(), body.to_owned());
    let rpc = routes::standard_rpc(resource, kind);
    let (import, response, bindings) = match kind {
        StandardKind::List => (None, format!("{rpc}Response"), vec![bind("get", path, "")]),
        StandardKind::Get => (None, name.clone(), vec![bind("get", &one, "")]),
        StandardKind::Create => (None, name.clone(), vec![bind("post", path, &body)]),
        StandardKind::Update => (None, name.clone(), vec![bind("patch", &inside, &body), bind("put", &inside, &body)]),
        StandardKind::Delete => {
            let empty = "google.protobuf.Empty".to_owned();
            (Some("google/protobuf/empty.proto"), empty, vec![bind("delete", &one, "")])
        }
    };
    RpcText {
        comment: standard_comment(kind, resource, entity),
        request: format!("{rpc}Request"),
        name: rpc,
        response,
        bindings,
        idempotent: false,
        imports: import.into_iter().map(str::to_owned).collect(),
    }
}

fn batch(resource: &Resource, kind: StandardKind) -> RpcText {
    let name = batch_rpc(kind, resource);
    let (method, path) = routes::batch(resource, kind);
    let body = if kind == StandardKind::Get { "" } else { "*" };
    let deletes = kind == StandardKind::Delete;
    RpcText {
        comment: batch_comment(kind, resource),
        request: format!("{name}Request"),
        response: if deletes { "google.protobuf.Empty".to_owned() } else { format!("{name}Response") },
        name,
        bindings: vec![(method.to_lowercase(), path, body.to_owned())],
        idempotent: false,
        imports: if deletes { vec!["google/protobuf/empty.proto".to_owned()] } else { Vec::new() },
    }
}

fn batch_request(resource: &Resource, entity: &Entity, kind: StandardKind) -> MessageText {
    let bounds = format!("(buf.validate.field).repeated = {{ min_items: 1 max_items: {BATCH_MAX} }}");
    let field = if kind == StandardKind::Get {
        let comment = match entity.key.fields.as_slice() {
            [_] => "Keys of the rows.".to_owned(),
            fields => format!("Keys of the rows: {}, joined by `/`.", fields.join(" and ")),
        };
        let number = matches!(entity.key.kind, KeyKind::Int64 | KeyKind::Int64Client);
        plain(1, if number { "repeated int64" } else { "repeated string" }, "ids", &comment)
    } else {
        let single = format!("repeated {}{}Request", kind.name().to_pascal_case(), resource.name);
        let comment = if kind == StandardKind::Create { "The new rows." } else { "What to do, in this order." };
        plain(1, &single, "requests", comment)
    };
    let several = plural_human(resource);
    let comment = match kind {
        StandardKind::Create => format!("The {several} to create."),
        StandardKind::Update => format!("The {several} to change, and how."),
        _ => format!("Which {several} to {}.", kind.name()),
    };
    MessageText {
        comment,
        name: format!("{}Request", batch_rpc(kind, resource)),
        fields: vec![field.with(REQUIRED).with(&bounds)],
        ..MessageText::default()
    }
}

fn batch_response(resource: &Resource, kind: StandardKind) -> Option<MessageText> {
    let rows = plain(1, &format!("repeated {}", resource.name), &resource.plural, "In the order of the requests.");
    (kind != StandardKind::Delete).then(|| MessageText {
        comment: format!("The {}.", plural_human(resource)),
        name: format!("{}Response", batch_rpc(kind, resource)),
        fields: vec![rows],
        ..MessageText::default()
    })
}

fn undelete(resource: &Resource, entity: &Entity) -> RpcText {
    let path = format!("{}/{}:undelete", resource.path, key_path(entity, ""));
    RpcText {
        comment: undelete_comment(resource),
        name: format!("Undelete{}", resource.name),
        request: format!("Undelete{}Request", resource.name),
        response: resource.name.clone(),
        bindings: vec![("post".to_owned(), path, "*".to_owned())],
        idempotent: false,
        imports: Vec::new(),
    }
}

fn list_request(model: &Model, resource: &Resource, entity: &Entity) -> MessageText {
    let order = match &entity.created_at {
        Some(_) => "Default: \"created_at desc\".".to_owned(),
        None => format!("Default: \"{}\".", entity.key.fields.join(", ")),
    };
    let mut fields = vec![
        plain(1, "int32", "page_size", "Rows in a page: 1 to 100; 0 stands for 10.")
            .with("(buf.validate.field).int32 = { gte: 0 lte: 100 }"),
        plain(2, "string", "page_token", "`next_page_token` of the page before, with the other arguments unchanged."),
        plain(3, "int32", "skip", "Rows to leave out before the page.").with("(buf.validate.field).int32.gte = 0"),
        plain(4, "string", "filter", "Condition on filterable fields, as in AIP-160."),
        plain(
            5,
            "string",
            "order_by",
            &format!("Fields to order by, such as \"{}\". {order}", example_order(resource, entity)),
        ),
        plain(6, "optional bool", "include_total", "Count all rows that match. Default: true."),
    ];
    if entity.soft_delete {
        fields.push(plain(7, "bool", "show_deleted", "Show deleted rows too; for admins."));
    }
    fields.extend(expand(8, model, resource));
    if model.words_of(&resource.entity).is_some() {
        let field = plain(9, "string", "q", &search_comment(resource));
        fields.push(field.with(&format!("(buf.validate.field).string.max_len = {SEARCH_MAX}")));
    }
    MessageText {
        comment: format!("Which {} to list, and how.", plural_human(resource)),
        name: format!("List{}Request", plural_pascal(resource)),
        fields,
        ..MessageText::default()
    }
}

fn example_order(resource: &Resource, entity: &Entity) -> String {
    let sortable: Vec<&str> =
        resource.fields.iter().filter(|field| field.sortable).map(|field| field.name.as_str()).take(2).collect();
    match sortable.as_slice() {
        [first, second] => format!("{first} desc, {second}"),
        [only] => format!("{only} desc"),
        _ => format!("{} desc", entity.key.fields.join(", ")),
    }
}

fn list_response(resource: &Resource) -> MessageText {
    MessageText {
        comment: format!("A page of {}.", plural_human(resource)),
        name: format!("List{}Response", plural_pascal(resource)),
        fields: vec![
            plain(1, &format!("repeated {}", resource.name), "data", "Rows of the page."),
            plain(2, "int32", "page", "Number of the page, from 0."),
            plain(3, "int32", "size", "Most rows that a page holds."),
            plain(4, "optional int64", "total", "Rows that match, on all pages; absent if not asked for."),
            plain(5, "string", "next_page_token", "Asks for the page behind this one; empty on the last page."),
        ],
        ..MessageText::default()
    }
}

fn create_request(resource: &Resource) -> MessageText {
    MessageText {
        comment: format!("The {} to create.", human(&resource.name)),
        name: format!("Create{}Request", resource.name),
        fields: vec![plain(1, &resource.name, &body_field(resource), "The new row.").with(REQUIRED)],
        ..MessageText::default()
    }
}

fn update_request(resource: &Resource, entity: &Entity) -> MessageText {
    let body = body_field(resource);
    let mut mask = plain(
        2,
        "google.protobuf.FieldMask",
        "update_mask",
        "Fields to change; absent or \"*\": all, and what is not set gets its default.",
    );
    mask.import = Some("google/protobuf/field_mask.proto".to_owned());
    let mut fields =
        vec![plain(1, &resource.name, &body, "The new values; the key says which row.").with(REQUIRED), mask];
    if entity.version.is_some() {
        fields.push(plain(3, "string", "etag", ETAG));
    }
    MessageText {
        comment: format!("The {} to change, and how.", human(&resource.name)),
        name: format!("Update{}Request", resource.name),
        fields,
        ..MessageText::default()
    }
}

fn get_request(model: &Model, resource: &Resource, entity: &Entity) -> MessageText {
    let mut message = key_request(model, resource, entity, "Get", "Which one to get.");
    message.fields.extend(expand(15, model, resource));
    message
}

/// The references to show as rows, where there are any.
fn expand(number: u32, model: &Model, resource: &Resource) -> Option<FieldText> {
    let paths: Vec<String> = expansions(model, resource).into_iter().map(|expansion| expansion.path).collect();
    let comment = format!("References to show as rows, joined by commas: {}.", paths.join(", "));
    (!paths.is_empty()).then(|| plain(number, "string", "expand", &comment))
}

fn delete_request(model: &Model, resource: &Resource, entity: &Entity) -> MessageText {
    let mut message = key_request(model, resource, entity, "Delete", "Which one to delete.");
    if entity.version.is_some() {
        message.fields.push(plain(15, "string", "etag", ETAG));
    }
    message
}

/// A request that holds the key and no more.
fn key_request(model: &Model, resource: &Resource, entity: &Entity, verb: &str, comment: &str) -> MessageText {
    let mut fields = Vec::new();
    for (number, key) in (1..).zip(key_fields(resource, entity)) {
        let (ty, import) = type_text(model, &resource.package, &key.ty, None);
        let mut field = plain(number, &ty, &key.name, &key_comment(resource, &key.comment)).with(REQUIRED);
        field.import = import;
        if key.json_string {
            field.options.push("jstype = JS_STRING".to_owned());
        }
        fields.push(field);
    }
    let comment = comment.replace("one", human(&resource.name).as_str());
    MessageText { comment, name: format!("{verb}{}Request", resource.name), fields, ..MessageText::default() }
}

fn key_comment(resource: &Resource, written: &str) -> String {
    if written.is_empty() { format!("Key of the {}.", human(&resource.name)) } else { written.to_owned() }
}

const ETAG: &str = "ETag that the row must still have, such as `\"3\"`; empty: whatever it is.";

fn plain(number: u32, ty: &str, name: &str, comment: &str) -> FieldText {
    FieldText { comment: comment.to_owned(), ty: ty.to_owned(), name: name.to_owned(), number, ..FieldText::default() }
}

impl FieldText {
    fn with(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }
}
