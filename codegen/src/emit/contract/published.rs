//! What of the schema is published, and where each type stands.

use std::collections::BTreeSet;

use crate::emit::words::is_hidden;
use crate::model::{Field, Model, Type};

/// Full names of the resources, messages and enums that the contract holds: what the services take and give, and all
/// that those hold in turn. Internal tables and what only they use stay inside.
#[must_use]
pub fn published(model: &Model) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = Vec::new();
    for service in &model.services {
        for rpc in &service.rpcs {
            open.push(rpc.request.clone());
            named_types(&rpc.response, &mut open);
        }
    }
    open.extend(model.resources.iter().filter(|resource| !resource.methods.is_empty()).map(|r| r.full_name.clone()));
    while let Some(name) = open.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        // A nested type is shown inside its outer message.
        if let Some((outer, _)) = name.rsplit_once('.')
            && (model.message(outer).is_some() || model.resource(outer).is_some())
        {
            open.push(outer.to_owned());
        }
        for field in fields_of(model, &name).iter().filter(|field| !is_hidden(field)) {
            named_types(&field.ty, &mut open);
        }
    }
    found.retain(|name| file_of(model, name).is_some());
    found
}

/// The schema file that declares a type of the project.
pub(crate) fn file_of<'a>(model: &'a Model, full_name: &str) -> Option<&'a str> {
    let resource = model.resource(full_name).map(|found| found.file.as_str());
    let message = || model.message(full_name).map(|found| found.file.as_str());
    let enumeration = || model.enumeration(full_name).map(|found| found.file.as_str());
    resource.or_else(message).or_else(enumeration)
}

/// The file to import for a type, be it the project's or a standard one.
pub(crate) fn import_of(model: &Model, full_name: &str) -> Option<String> {
    if let Some(file) = file_of(model, full_name) {
        return Some(file.to_owned());
    }
    let name = full_name.rsplit('.').next().unwrap_or(full_name);
    if full_name.starts_with("google.protobuf.") {
        let file = match name {
            "Value" | "ListValue" | "NullValue" => "struct".to_owned(),
            _ if name.ends_with("Value") => "wrappers".to_owned(),
            _ => heck::ToSnakeCase::to_snake_case(name),
        };
        return Some(format!("google/protobuf/{file}.proto"));
    }
    if full_name == "google.api.HttpBody" {
        return Some("google/api/httpbody.proto".to_owned());
    }
    full_name
        .starts_with("google.type.")
        .then(|| format!("google/type/{}.proto", heck::ToSnakeCase::to_snake_case(name)))
}

fn fields_of<'a>(model: &'a Model, full_name: &str) -> &'a [Field] {
    let resource = model.resource(full_name).map(|found| found.fields.as_slice());
    resource.or_else(|| model.message(full_name).map(|found| found.fields.as_slice())).unwrap_or_default()
}

fn named_types(ty: &Type, into: &mut Vec<String>) {
    match ty {
        Type::Enum(name) | Type::Message(name) | Type::Resource(name) => into.push(name.clone()),
        Type::List(item) => named_types(item, into),
        Type::Map(key, value) => {
            named_types(key, into);
            named_types(value, into);
        }
        _ => {}
    }
}
