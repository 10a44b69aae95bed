//! Access rules name grants that exist, and `owner` only where an owner can be found.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Access, Grant, Model, Span, Type};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        let owned = model.entity(&resource.entity).is_some_and(|entity| entity.owner.is_some());
        for method in &resource.methods {
            rule(&method.access, owned, &resource.span, found);
        }
    }
    for service in &model.services {
        for rpc in &service.rpcs {
            // A service of its own has no rows, whatever its requests refer to.
            let owned = service.resource.as_deref().is_some_and(|name| has_owner(model, &rpc.request, name));
            rule(&rpc.access, owned, &rpc.span, found);
        }
    }
}

/// Whether a request leads to a row that has an owner: through the service's resource or through a reference.
fn has_owner(model: &Model, request: &str, resource: &str) -> bool {
    let owned = |name: &str| model.entity(name).is_some_and(|entity| entity.owner.is_some());
    let fields = model.message(request).map(|message| message.fields.as_slice()).unwrap_or_default();
    owned(resource) || fields.iter().any(|field| matches!(&field.ty, Type::Id { entity, .. } if owned(entity)))
}

fn rule(access: &Access, owned: bool, span: &Span, found: &mut Diagnostics) {
    for grant in &access.any {
        match grant {
            Grant::Owner if !owned => found.push(
                Diagnostic::at(
                    "arcana::access_owner",
                    span,
                    format!("the access rule `{}` speaks of an owner, but no path leads to one", access.written),
                )
                .help("add `owner: \"…\"` to the entity: the path to the field that holds the principal's id")
                .word(access.written.clone()),
            ),
            Grant::Role(role) if !is_role(role) => found.push(
                Diagnostic::at("arcana::access_grant", span, format!("`{role}` cannot be the name of a role"))
                    .help("join roles, `owner`, `public` and `internal` with `|`; roles are lower case, like `super_admin`")
                    .word(access.written.clone()),
            ),
            _ => {}
        }
    }
    if access.any.contains(&Grant::Public) && access.any.len() > 1 {
        found.push(
            Diagnostic::at("arcana::access_public", span, format!("`{}` is open to everyone", access.written))
                .help("write `public` alone, or leave it out")
                .word(access.written.clone()),
        );
    }
}

fn is_role(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    fn found(access: &str, owner: &str) -> Vec<&'static str> {
        let key = "string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];";
        let options = format!("option (arcana.entity) = {{ access: {{ get: \"{access}\" }} {owner} }};");
        codes(super::check, &format!("message Thing {{ {options} {key} }}"))
    }

    #[test]
    fn refuses_owner_without_a_path() {
        assert_eq!(found("owner|admin", ""), ["arcana::access_owner"]);
        assert!(found("owner|admin", "owner: \"id\"").is_empty());
    }

    #[test]
    fn refuses_odd_roles_and_needless_grants() {
        assert_eq!(found("Admin, owner", ""), ["arcana::access_grant"]);
        assert_eq!(found("public|admin", ""), ["arcana::access_public"]);
    }
}
