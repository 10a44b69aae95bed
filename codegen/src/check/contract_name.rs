//! Declared messages do not take the names of derived ones.

use heck::{ToSnakeCase, ToUpperCamelCase};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Resource, Span, StandardKind};
use crate::routes::batch_rpc;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        own_members(model, resource, found);
        for name in derived_names(model, resource) {
            if let Some(span) = span_of(model, &format!("{}.{name}", resource.package)) {
                found.push(
                    Diagnostic::at(
                        "arcana::derived_name",
                        span,
                        format!("`{name}` is the name of a message that is derived for `{}`", resource.name),
                    )
                    .help("rename it"),
                );
            }
        }
    }
}

/// Derived requests hold the row or its key beside members of their own.
fn own_members(model: &Model, resource: &Resource, found: &mut Diagnostics) {
    let Some(entity) = model.entity(&resource.entity) else { return };
    let taken = |name: &str| name == "update_mask" || (name == "etag" && entity.version.is_some());
    let row = resource.name.to_snake_case();
    for name in entity.key.fields.iter().chain([&row]).filter(|name| taken(name)) {
        found.push(
            Diagnostic::at(
                "arcana::derived_name",
                &resource.span,
                format!("derived requests of `{}` have a member `{name}` of their own", resource.name),
            )
            .help("rename the entity, or the field of its key"),
        );
    }
}

fn span_of<'m>(model: &'m Model, full_name: &str) -> Option<&'m Span> {
    let message = model.message(full_name).map(|message| &message.span);
    let resource = || model.resource(full_name).map(|resource| &resource.span);
    message.or_else(resource).or_else(|| model.enumeration(full_name).map(|enumeration| &enumeration.span))
}

fn derived_names(model: &Model, resource: &Resource) -> Vec<String> {
    let plural = resource.plural.to_upper_camel_case();
    let mut names = Vec::new();
    for method in &resource.methods {
        let verb = method.kind.name().to_upper_camel_case();
        if method.kind == StandardKind::List {
            names.push(format!("List{plural}Request"));
            names.push(format!("List{plural}Response"));
        } else {
            names.push(format!("{verb}{}Request", resource.name));
        }
    }
    for kind in &resource.batches {
        names.extend(["Request", "Response"].map(|end| format!("{}{end}", batch_rpc(*kind, resource))));
    }
    if model.entity(&resource.entity).is_some_and(|entity| entity.soft_delete) {
        names.push(format!("Undelete{}Request", resource.name));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_names_of_derived_messages() {
        let text = "message Thing { option (arcana.entity) = {}; } message ListThingsRequest {} message Other {}";
        assert_eq!(codes(super::check, text), ["arcana::derived_name"]);
    }

    #[test]
    fn refuses_names_of_members_of_derived_requests() {
        let entity = |name: &str| format!("message {name} {{ option (arcana.entity) = {{}}; int64 version = 2; }}");
        assert_eq!(codes(super::check, &entity("Etag")), ["arcana::derived_name"]);
        assert_eq!(codes(super::check, &entity("UpdateMask")), ["arcana::derived_name"]);
        assert!(codes(super::check, "message Etag { option (arcana.entity) = {}; }").is_empty());
    }
}
