//! Services: the derived one of each resource, with what the schema adds to it, and those on their own.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_reflect::{FileDescriptor, MethodDescriptor, ServiceDescriptor};

use crate::annotation::HttpBinding;
use crate::diagnostic::Diagnostic;
use crate::lower::resource::access;
use crate::lower::{Lowering, name};
use crate::model::{Binding, Model, Resource, Rpc, Service, Span, StandardKind, Type};

impl Lowering<'_> {
    pub(super) fn services(&mut self, files: &[FileDescriptor], model: &mut Model) {
        let mut replaced = BTreeSet::new();
        let mut done = BTreeSet::new();
        let places: BTreeMap<String, usize> = model
            .resources
            .iter()
            .enumerate()
            .map(|(at, resource)| (Service::name_for(&resource.full_name), at))
            .collect();
        for declared in files.iter().flat_map(|file| file.services()) {
            let place = places.get(declared.full_name()).copied();
            let resource = place.and_then(|at| model.resources.get_mut(at));
            done.insert(declared.full_name().to_owned());
            let service = self.declared(&declared, resource, &mut replaced);
            model.services.push(service);
        }
        for resource in model.resources.iter().filter(|resource| !resource.methods.is_empty()) {
            let full_name = Service::name_for(&resource.full_name);
            if !done.contains(&full_name) {
                model.services.push(Service {
                    name: format!("{}Service", resource.name),
                    full_name,
                    package: resource.package.clone(),
                    resource: Some(resource.full_name.clone()),
                    file: resource.file.clone(),
                    span: resource.span.clone(),
                    ..Service::default()
                });
            }
        }
        // The contract derives the messages of standard methods; a copy in the schema only let it compile.
        model.messages.retain(|message| !replaced.contains(&message.full_name));
    }

    fn declared(
        &mut self,
        declared: &ServiceDescriptor,
        mut resource: Option<&mut Resource>,
        replaced: &mut BTreeSet<String>,
    ) -> Service {
        let file = declared.parent_file();
        let mut rpcs = Vec::new();
        for rpc in declared.methods() {
            let span = self.span(&file, rpc.path());
            let options = self.reader.rpc(&rpc);
            let kind = resource.as_deref().and_then(|resource| derived_kind(resource, rpc.name()));
            let standard = resource
                .as_deref_mut()
                .and_then(|resource| resource.methods.iter_mut().find(|method| Some(method.kind) == kind));
            if let Some(standard) = standard {
                if !options.access.is_empty() {
                    standard.access = access(&options.access);
                }
                standard.options = options.options;
                let kind = standard.kind;
                if let Some(resource) = resource.as_deref() {
                    replaced.extend(self.stand_ins(resource, kind, &rpc, &span));
                }
            } else {
                rpcs.push(self.rpc(&rpc, span));
            }
        }
        let noun = resource.as_deref().map(|resource| resource.name.to_snake_case()).unwrap_or_default();
        for rpc in &mut rpcs {
            rpc.method = name::method(&rpc.name, &noun);
        }
        Service {
            full_name: declared.full_name().to_owned(),
            package: declared.package_name().to_owned(),
            name: declared.name().to_owned(),
            comment: self.spans.comment(file.name(), declared.path()),
            resource: resource.map(|resource| resource.full_name.clone()),
            rpcs,
            file: file.name().to_owned(),
            span: self.span(&file, declared.path()),
        }
    }

    /// Messages that stand in for derived ones; an rpc in the place of a derived one takes and answers what that does.
    fn stand_ins(
        &mut self,
        resource: &Resource,
        kind: StandardKind,
        rpc: &MethodDescriptor,
        span: &Span,
    ) -> Vec<String> {
        let own = |name: &str| format!("{}.{name}", resource.package);
        let response = match kind {
            StandardKind::List => own(&format!("{}Response", rpc.name())),
            StandardKind::Delete => "google.protobuf.Empty".to_owned(),
            _ => resource.full_name.clone(),
        };
        let request = own(&format!("{}Request", rpc.name()));
        let (input, output) = (rpc.input().full_name().to_owned(), rpc.output().full_name().to_owned());
        if input != request || output != response {
            self.found.push(
                Diagnostic::at(
                    "arcana::derived_rpc",
                    span,
                    format!(
                        "`{}` is the name of a derived rpc, but takes `{input}` and answers `{output}`",
                        rpc.name()
                    ),
                )
                .help(format!("rename it, or let it take `{request}` and answer `{response}` as the derived one does")),
            );
        }
        let stands_in = |name: &String| *name == request || (kind == StandardKind::List && *name == response);
        [input, output].into_iter().filter(stands_in).collect()
    }

    fn rpc(&mut self, rpc: &MethodDescriptor, span: Span) -> Rpc {
        let file = rpc.parent_service().parent_file();
        let options = self.reader.rpc(rpc);
        if rpc.is_client_streaming() || rpc.is_server_streaming() {
            self.found.push(
                Diagnostic::at("arcana::streaming", &span, format!("`{}` streams, which is not supported", rpc.name()))
                    .help("remove `stream`; for long lists, page through a derived List"),
            );
        }
        let request = self.own_message(&rpc.input(), &span);
        if self.seeds.contains_key(&request) {
            self.found.push(
                Diagnostic::at(
                    "arcana::rpc_request",
                    &span,
                    format!("`{}` takes an entity as its request", rpc.name()),
                )
                .help(format!("declare a message `{}Request` with the fields that the caller sends", rpc.name())),
            );
        }
        let response = self.own_message(&rpc.output(), &span);
        let response =
            if self.seeds.contains_key(&response) { Type::Resource(response) } else { Type::Message(response) };
        if options.bindings.is_empty() {
            self.found.push(
                Diagnostic::at("arcana::http_missing", &span, format!("`{}` has no HTTP route", rpc.name())).help(
                    "add `option (google.api.http) = { post: \"/api/v1/…\" body: \"*\" };`, and import \
                     google/api/annotations.proto",
                ),
            );
        }
        Rpc {
            name: rpc.name().to_owned(),
            method: String::new(),
            comment: self.spans.comment(file.name(), rpc.path()),
            request,
            response,
            bindings: options.bindings.iter().map(|binding| self.binding(binding, &span)).collect(),
            access: access(&options.access),
            options: options.options,
            span,
        }
    }

    fn own_message(&mut self, message: &prost_reflect::MessageDescriptor, span: &Span) -> String {
        if !self.own_files.contains(message.parent_file().name()) {
            self.found.push(
                Diagnostic::at(
                    "arcana::unsupported_type",
                    span,
                    format!("the message `{}` is not supported here", message.full_name()),
                )
                .help("declare a message of this schema; it may be empty"),
            );
        }
        message.full_name().to_owned()
    }

    fn binding(&mut self, binding: &HttpBinding, span: &Span) -> Binding {
        let mut refuse = |what: String, help: &str| {
            self.found
                .push(Diagnostic::at("arcana::http_unsupported", span, what).help(help).word(binding.path.clone()));
        };
        if binding.method.is_empty() {
            refuse("a `custom` HTTP method is not supported".to_owned(), "use get, post, put, patch or delete");
        }
        if !binding.response_body.is_empty() {
            refuse("`response_body` is not supported".to_owned(), "remove it: the whole message is the answer");
        }
        let mut variables = Vec::new();
        for part in binding.path.split('{').skip(1) {
            let inside = part.split('}').next().unwrap_or_default();
            let name = inside.split('=').next().unwrap_or_default();
            if inside != name || name.contains('.') || !part.contains('}') {
                refuse(
                    format!("the pattern `{{{inside}}}` of `{}` is not supported", binding.path),
                    "use the plain name of a field of the request, such as `{id}`",
                );
            }
            variables.push(name.to_owned());
        }
        if binding.path.contains('*') && !binding.path.contains('=') {
            refuse(
                format!("`*` in `{}` is not supported", binding.path),
                "use the plain name of a field of the request, such as `{id}`",
            );
        }
        let last = binding.path.rsplit('/').next().unwrap_or_default();
        let verb = last.rsplit_once(':').map(|(_, verb)| verb.to_owned()).filter(|verb| !verb.contains('}'));
        Binding {
            method: binding.method.clone(),
            path: binding.path.clone(),
            variables,
            verb,
            body: binding.body.clone(),
        }
    }
}

/// Which derived method an rpc of that name replaces.
fn derived_kind(resource: &Resource, rpc: &str) -> Option<StandardKind> {
    let plural = resource.plural.to_upper_camel_case();
    StandardKind::ALL.into_iter().find(|kind| {
        let noun = if *kind == StandardKind::List { &plural } else { &resource.name };
        rpc == format!("{}{noun}", kind.name().to_upper_camel_case())
    })
}
