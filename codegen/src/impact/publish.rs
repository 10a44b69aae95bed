//! The contract as facts: from the compiled contract, which says what goes over the wire, and the model, which says what
//! REST makes of it.

use std::collections::BTreeMap;

use prost_types::field_descriptor_proto::{Label, Type as WireType};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, MethodDescriptorProto};

use crate::contract::{Cardinality, Contract, Enum, Field, Message, Numbers, Package, Rpc, Service};
use crate::emit::EmitError;
use crate::emit::contract;
use crate::emit::descriptor::{self, Descriptor};
use crate::load::Sources;
use crate::model::{self, FieldRole, KeyKind, Model, Rule, StandardKind, Type};
use crate::project::Project;
use crate::routes::{Route, routes_of, standard_rpc};

/// What a checked model publishes, for whoever does not compile the contract anyway.
pub fn publish(project: &Project, sources: &Sources, model: &Model) -> Result<Contract, EmitError> {
    let texts = contract::emit(project, model);
    Ok(contract_of(model, &descriptor::compile(&texts, &sources.include)?))
}

/// What a model publishes, with the places in the schema.
pub fn contract_of(model: &Model, descriptor: &Descriptor) -> Contract {
    let mut contract = Contract::default();
    let facts = Facts::of(model);
    for file in descriptor.set.file.iter().filter(|file| model.file(file.name()).is_some()) {
        let package = contract.packages.entry(file.package().to_owned()).or_default();
        for message in &file.message_type {
            facts.message(file.package(), message.name(), message, package);
        }
        for found in &file.enum_type {
            package.enums.insert(found.name().to_owned(), enumeration(found));
        }
        for service in &file.service {
            let methods = service.method.iter();
            let full_name = format!("{}.{}", file.package(), service.name());
            let rpcs = methods.map(|method| (method.name().to_owned(), facts.rpc(&full_name, method))).collect();
            let resource = facts.services.get(full_name.as_str()).and_then(|service| service.resource.clone());
            package.services.insert(service.name().to_owned(), Service { resource, rpcs });
        }
    }
    places(model, &mut contract);
    contract
}

/// What is looked up in the model, gathered once.
struct Facts<'m> {
    model: &'m Model,
    services: BTreeMap<&'m str, &'m model::Service>,
    /// By full name of the rpc.
    routes: BTreeMap<String, Vec<Route>>,
    /// Routes as the contract has them, by full name of the rpc.
    bindings: BTreeMap<String, Vec<String>>,
    /// Entities by the full name of a message that is derived from them.
    derived: BTreeMap<String, &'m str>,
}

impl<'m> Facts<'m> {
    fn of(model: &'m Model) -> Self {
        let services = model.services.iter().map(|service| (service.full_name.as_str(), service)).collect();
        let (mut routes, mut bindings, mut derived) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new(), BTreeMap::new());
        for service in &model.services {
            for route in routes_of(model, service) {
                routes.entry(route.rpc.clone()).or_default().push(route);
            }
            for (rpc, ways) in contract::bindings(model, service) {
                bindings.insert(format!("{}.{rpc}", service.full_name), ways);
            }
            if let Some(resource) = service.resource.as_deref().and_then(|name| model.resource(name)) {
                for name in contract::derived_messages(model, resource) {
                    derived.insert(format!("{}.{name}", resource.package), resource.full_name.as_str());
                }
            }
        }
        Self { model, services, routes, bindings, derived }
    }

    fn fields(&self, full_name: &str) -> &'m [model::Field] {
        let resource = self.model.resource(full_name).map(|found| found.fields.as_slice());
        resource.or_else(|| self.model.message(full_name).map(|found| found.fields.as_slice())).unwrap_or_default()
    }

    fn message(&self, package: &str, name: &str, proto: &DescriptorProto, into: &mut Package) {
        let full_name = format!("{package}.{name}");
        let known: BTreeMap<&str, &model::Field> =
            self.fields(&full_name).iter().map(|field| (field.name.as_str(), field)).collect();
        let fields = proto.field.iter().map(|field| {
            let mut facts = wire_facts(field, proto);
            if let Some(known) = known.get(field.name()) {
                rest_facts(&full_name, known, &mut facts);
            }
            (u32::try_from(field.number()).unwrap_or_default(), facts)
        });
        let ranges = proto.reserved_range.iter().map(|range| Numbers { from: range.start(), to: range.end() - 1 });
        let message = Message {
            derived_from: self.derived.get(&full_name).map(|entity| (*entity).to_owned()),
            fields: fields.collect(),
            reserved_numbers: sorted(ranges),
            reserved_names: sorted(proto.reserved_name.iter().cloned()),
        };
        into.messages.insert(name.to_owned(), message);
        for inner in proto.nested_type.iter().filter(|inner| !is_map_entry(inner)) {
            self.message(package, &format!("{name}.{}", inner.name()), inner, into);
        }
        for inner in &proto.enum_type {
            into.enums.insert(format!("{name}.{}", inner.name()), enumeration(inner));
        }
    }

    fn rpc(&self, service: &str, proto: &MethodDescriptorProto) -> Rpc {
        let full_name = format!("{service}.{}", proto.name());
        let declared = self.services.get(service);
        let custom = declared.and_then(|service| service.rpcs.iter().find(|rpc| rpc.name == proto.name()));
        let resource = declared.and_then(|service| self.model.resource(service.resource.as_deref()?));
        let standard = resource.and_then(|resource| {
            let of = |kind| standard_rpc(resource, kind) == proto.name();
            Some((resource, resource.methods.iter().find(|method| of(method.kind))?))
        });
        let list = standard.filter(|(_, standard)| standard.kind == StandardKind::List);
        let options = custom.map(|rpc| &rpc.options).or(standard.map(|(_, standard)| &standard.options));
        Rpc {
            request: proto.input_type().trim_start_matches('.').to_owned(),
            response: proto.output_type().trim_start_matches('.').to_owned(),
            client_streaming: proto.client_streaming(),
            server_streaming: proto.server_streaming(),
            idempotent: options.is_some_and(|options| options.idempotent),
            routes: self.bindings.get(&full_name).cloned().unwrap_or_default(),
            access: self
                .routes
                .get(&full_name)
                .and_then(|routes| routes.first())
                .map_or("admin", Route::rule)
                .to_owned(),
            order: list.and_then(|(resource, _)| self.order(&resource.entity)),
        }
    }

    /// Order of a list whose caller names none.
    fn order(&self, entity: &str) -> Option<String> {
        let entity = self.model.entity(entity)?;
        let newest = entity.created_at.as_ref().map(|field| format!("{field} desc"));
        Some(newest.unwrap_or_else(|| entity.key.fields.join(", ")))
    }
}

/// What protobuf says of a field.
fn wire_facts(field: &FieldDescriptorProto, message: &DescriptorProto) -> Field {
    let entry = message.nested_type.iter().find(|inner| {
        is_map_entry(inner) && field.type_name().rsplit('.').next() == Some(inner.name()) && is_message(field)
    });
    let (cardinality, ty) = match entry {
        Some(entry) => {
            let of = |number: i32| entry.field.iter().find(|inner| inner.number() == number).map(wire_type);
            (Cardinality::Map, format!("map<{}, {}>", of(1).unwrap_or_default(), of(2).unwrap_or_default()))
        }
        None if field.label() == Label::Repeated => (Cardinality::Repeated, wire_type(field)),
        None if field.proto3_optional() => (Cardinality::Optional, wire_type(field)),
        None => (Cardinality::Singular, wire_type(field)),
    };
    let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
    let oneof = oneof.and_then(|at| message.oneof_decl.get(usize::try_from(at).ok()?));
    Field {
        name: field.name().to_owned(),
        json_name: Some(field.json_name().to_owned()).filter(|name| !name.is_empty() && *name != camel(field.name())),
        ty,
        cardinality,
        oneof: oneof.map(|oneof| oneof.name().to_owned()),
        ..Field::default()
    }
}

/// What REST makes of a field.
fn rest_facts(message: &str, known: &model::Field, facts: &mut Field) {
    facts.format = format_of(&known.ty, known.json_string);
    facts.nullable = known.optional;
    facts.required = known.required && !known.output_only;
    facts.output_only = known.output_only;
    facts.input_only = known.input_only;
    facts.immutable = known.immutable && !known.output_only;
    facts.default = known.default.clone().filter(|_| !known.output_only);
    facts.references = match &known.ty {
        Type::Id { entity, .. } if known.role != FieldRole::Key || entity != message => Some(entity.clone()),
        _ => None,
    };
    facts.unique = known.unique;
    facts.filterable = known.filterable;
    facts.sortable = known.sortable;
    facts.searchable = known.is_searched();
    rules("", &known.rules, &mut facts.rules);
}

fn format_of(ty: &Type, in_quotes: bool) -> Option<String> {
    match ty {
        Type::Decimal { precision, scale } => Some(format!("decimal({precision}, {scale})")),
        Type::Id { kind: KeyKind::UuidV7, .. } => Some("uuid".to_owned()),
        Type::I64 | Type::U64 | Type::Id { kind: KeyKind::Int64 | KeyKind::Int64Client, .. } if in_quotes => {
            Some("text".to_owned())
        }
        Type::List(item) | Type::Map(_, item) => format_of(item, in_quotes),
        _ => None,
    }
}

/// Rules by their names, with what they say as text; a list as JSON.
fn rules(prefix: &str, rules_of: &[Rule], into: &mut BTreeMap<String, String>) {
    for rule in rules_of {
        let list = |values: &[String]| serde_json::to_string(values).unwrap_or_default();
        let on = || "true".to_owned();
        let (name, says) = match rule {
            Rule::MinLen(size) => ("min_len", size.to_string()),
            Rule::MaxLen(size) => ("max_len", size.to_string()),
            Rule::MinBytes(size) => ("min_bytes", size.to_string()),
            Rule::MaxBytes(size) => ("max_bytes", size.to_string()),
            Rule::Pattern(text) => ("pattern", text.clone()),
            Rule::Prefix(text) => ("prefix", text.clone()),
            Rule::Suffix(text) => ("suffix", text.clone()),
            Rule::Contains(text) => ("contains", text.clone()),
            Rule::NotContains(text) => ("not_contains", text.clone()),
            Rule::Email => ("email", on()),
            Rule::Hostname => ("hostname", on()),
            Rule::Uri => ("uri", on()),
            Rule::Uuid => ("uuid", on()),
            Rule::Ip => ("ip", on()),
            Rule::Const(value) => ("const", value.clone()),
            Rule::In(values) => ("in", list(values)),
            Rule::NotIn(values) => ("not_in", list(values)),
            Rule::Gt(value) => ("gt", value.clone()),
            Rule::Gte(value) => ("gte", value.clone()),
            Rule::Lt(value) => ("lt", value.clone()),
            Rule::Lte(value) => ("lte", value.clone()),
            Rule::Finite => ("finite", on()),
            Rule::DefinedOnly => ("defined_only", on()),
            // It follows from `required`.
            Rule::Specified => continue,
            Rule::MinItems(size) => ("min_items", size.to_string()),
            Rule::MaxItems(size) => ("max_items", size.to_string()),
            Rule::Unique => ("unique", on()),
            Rule::MinPairs(size) => ("min_pairs", size.to_string()),
            Rule::MaxPairs(size) => ("max_pairs", size.to_string()),
            Rule::LtNow => ("lt_now", on()),
            Rule::GtNow => ("gt_now", on()),
            Rule::Items(inner) => {
                rules(&format!("{prefix}items."), inner, into);
                continue;
            }
            Rule::Keys(inner) => {
                rules(&format!("{prefix}keys."), inner, into);
                continue;
            }
            Rule::Values(inner) => {
                rules(&format!("{prefix}values."), inner, into);
                continue;
            }
        };
        into.insert(format!("{prefix}{name}"), says);
    }
}

fn enumeration(proto: &EnumDescriptorProto) -> Enum {
    let ranges = proto.reserved_range.iter().map(|range| Numbers { from: range.start(), to: range.end() });
    Enum {
        values: proto.value.iter().map(|value| (value.number(), value.name().to_owned())).collect(),
        reserved_numbers: sorted(ranges),
        reserved_names: sorted(proto.reserved_name.iter().cloned()),
    }
}

fn wire_type(field: &FieldDescriptorProto) -> String {
    let name = match field.r#type() {
        WireType::Double => "double",
        WireType::Float => "float",
        WireType::Int64 => "int64",
        WireType::Uint64 => "uint64",
        WireType::Int32 => "int32",
        WireType::Fixed64 => "fixed64",
        WireType::Fixed32 => "fixed32",
        WireType::Bool => "bool",
        WireType::String => "string",
        WireType::Bytes => "bytes",
        WireType::Uint32 => "uint32",
        WireType::Sfixed32 => "sfixed32",
        WireType::Sfixed64 => "sfixed64",
        WireType::Sint32 => "sint32",
        WireType::Sint64 => "sint64",
        WireType::Group | WireType::Message | WireType::Enum => field.type_name().trim_start_matches('.'),
    };
    name.to_owned()
}

fn is_message(field: &FieldDescriptorProto) -> bool {
    field.r#type() == WireType::Message
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| options.map_entry())
}

/// The name that protobuf's JSON gives to a field by itself.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                out.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort();
    all.dedup();
    all
}

/// Where things stand, by full name; what is derived stands where its entity does.
fn places(model: &Model, contract: &mut Contract) {
    let places = &mut contract.places;
    for resource in &model.resources {
        places.insert(resource.full_name.clone(), resource.span.clone());
    }
    for message in &model.messages {
        places.insert(message.full_name.clone(), message.span.clone());
    }
    let resources = model.resources.iter().map(|resource| (&resource.full_name, &resource.fields));
    let messages = model.messages.iter().map(|message| (&message.full_name, &message.fields));
    for (full_name, fields) in resources.chain(messages) {
        for field in fields {
            places.insert(format!("{full_name}.{}", field.name), field.span.clone());
        }
    }
    for found in &model.enums {
        places.insert(found.full_name.clone(), found.span.clone());
        // Values are named beside their enumeration in protobuf, and below it here, where people look for them.
        for value in &found.values {
            places.insert(format!("{}.{}", found.full_name, value.name), value.span.clone());
        }
    }
    for service in &model.services {
        places.insert(service.full_name.clone(), service.span.clone());
        for rpc in &service.rpcs {
            places.insert(format!("{}.{}", service.full_name, rpc.name), rpc.span.clone());
        }
    }
}
