//! What the API shows of an entity.

use heck::ToSnakeCase;

use crate::diagnostic::Diagnostic;
use crate::lower::field::Lowered;
use crate::lower::seed::Seed;
use crate::lower::{Lowering, name, reserved_of};
use crate::model::{Access, Grant, MethodOptions, Resource, Span, Standard, StandardKind};

impl Lowering<'_> {
    pub(super) fn resource(&mut self, seed: &Seed, fields: Vec<Lowered>, span: &Span) -> Resource {
        let message = &seed.message;
        let file = message.parent_file();
        let plural = match self.reader.resource_plural(message) {
            Some(plural) => plural.to_snake_case(),
            None => name::plural(message.name()),
        };
        Resource {
            full_name: message.full_name().to_owned(),
            package: message.package_name().to_owned(),
            name: message.name().to_owned(),
            path: name::collection_path(message.package_name(), &plural),
            plural,
            entity: message.full_name().to_owned(),
            comment: self.spans.comment(file.name(), message.path()),
            fields: fields.into_iter().map(|(field, _)| field).collect(),
            reserved: reserved_of(message),
            methods: self.methods(seed, span),
            batches: batches(seed),
            file: file.name().to_owned(),
            span: span.clone(),
        }
    }

    /// The derived methods; none for children, unless they declare some, which `check` refuses.
    fn methods(&mut self, seed: &Seed, span: &Span) -> Vec<Standard> {
        let declared = &seed.options.methods;
        let none = declared.iter().any(|method| method == "NONE");
        if none && declared.len() > 1 {
            self.found.push(
                Diagnostic::at("arcana::methods_none", span, "NONE stands beside other methods")
                    .help("write `methods: [NONE]`, or leave NONE out")
                    .word("NONE"),
            );
        }
        if none || (declared.is_empty() && seed.parent.is_some()) {
            return Vec::new();
        }
        let batches = batches(seed);
        // Batches alone come beside all five.
        let all = declared.iter().all(|method| method.starts_with("BATCH_"));
        let wanted = |kind: &StandardKind| all || declared.iter().any(|method| method.to_lowercase() == kind.name());
        for kind in batches.iter().filter(|kind| !wanted(kind)) {
            let name = kind.name().to_uppercase();
            self.found.push(
                Diagnostic::at("arcana::methods_batch", span, format!("BATCH_{name} stands without {name}"))
                    .help(format!("add {name}, whose access rule holds for the batch too, or leave BATCH_{name} out"))
                    .word(format!("BATCH_{name}")),
            );
        }
        StandardKind::ALL
            .into_iter()
            .zip(&seed.options.access)
            .filter(|(kind, _)| wanted(kind))
            .map(|(kind, rule)| Standard { kind, access: access(rule), options: MethodOptions::default() })
            .collect()
    }
}

/// The methods that are asked for as batches.
fn batches(seed: &Seed) -> Vec<StandardKind> {
    let asked = |kind: &StandardKind| {
        let name = format!("BATCH_{}", kind.name().to_uppercase());
        seed.options.methods.contains(&name)
    };
    StandardKind::ALL.into_iter().filter(asked).collect()
}

/// Reads an access rule such as `owner|admin`; an empty one is for admins only.
pub(super) fn access(rule: &str) -> Access {
    let parts: Vec<&str> = rule.split('|').map(str::trim).filter(|part| !part.is_empty()).collect();
    let any = parts.iter().map(|part| match *part {
        "public" => Grant::Public,
        "owner" => Grant::Owner,
        "internal" => Grant::Internal,
        role => Grant::Role(role.to_owned()),
    });
    let any = if parts.is_empty() { vec![Grant::Role("admin".to_owned())] } else { any.collect() };
    Access { written: rule.to_owned(), any }
}
