//! An owned child belongs to one list of one parent, is written with it, and owns nothing itself.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{KeyKind, Model};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for resource in &model.resources {
        let Some(entity) = model.entity(&resource.entity) else { continue };
        for owned in &entity.owned {
            let Some(field) = resource.field(&owned.field) else { continue };
            if let Some(other) = owners.insert(&owned.entity, &entity.full_name) {
                found.push(
                    Diagnostic::at(
                        "arcana::owned_twice",
                        &field.span,
                        format!("`{}` is owned already, by `{other}`", owned.entity),
                    )
                    .help("declare a message of its own for each list")
                    .word("owned"),
                );
            }
            if model.resource(&owned.entity).is_some_and(|child| child.package != resource.package) {
                found.push(
                    Diagnostic::at(
                        "arcana::owned_package",
                        &field.span,
                        format!("`{}` stands in another package than what owns it", owned.entity),
                    )
                    .help("declare it in this package: an owned entity lives with its parent")
                    .word("owned"),
                );
            }
            if entity.parent.is_some() {
                found.push(
                    Diagnostic::at("arcana::owned_nested", &field.span, "an owned entity owns a list itself")
                        .help(
                            "hold the inner list as plain messages (stored as JSON), or as an entity with a reference",
                        )
                        .word("owned"),
                );
            }
        }
        let Some(parent) = &entity.parent else { continue };
        if !resource.methods.is_empty() {
            found.push(
                Diagnostic::at(
                    "arcana::owned_methods",
                    &resource.span,
                    format!("`{}` is owned, and has methods", resource.name),
                )
                .help(format!("write `methods: [NONE]`: it is read and written with `{}`", parent.entity))
                .word("methods"),
            );
        }
        if entity.key.kind != KeyKind::UuidV7 {
            found.push(
                Diagnostic::at(
                    "arcana::owned_key",
                    &resource.span,
                    format!("the key of the owned `{}` is not UUID_V7", resource.name),
                )
                .help("write `string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];`"),
            );
        }
        if entity.soft_delete {
            found.push(
                Diagnostic::at(
                    "arcana::owned_soft_delete",
                    &resource.span,
                    format!("the owned `{}` cannot be soft-deleted", resource.name),
                )
                .help("remove `soft_delete` from it: it goes and comes back with its parent")
                .word("soft_delete"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::super::testing::{ENTITY, codes};
    use crate::{Sources, read_model};

    const CHILD: &str = "repeated Child children = 2 [(arcana.field) = { owned: true }];";

    #[test]
    fn refuses_two_owners() {
        let text =
            format!("message A {{ {ENTITY} {CHILD} }} message B {{ {ENTITY} {CHILD} }} message Child {{ {ENTITY} }}");
        assert_eq!(codes(super::check, &text), ["arcana::owned_twice"]);
    }

    #[test]
    fn refuses_a_child_of_another_package() {
        let text = |package: &str, body: &str| {
            format!("syntax = \"proto3\"; package {package}; import \"arcana/annotations.proto\"; {body}")
        };
        let child = CHILD.replace("Child children", "b.v1.Child children");
        let parent = format!("import \"b.proto\"; message A {{ {ENTITY} {child} }}");
        let files = BTreeMap::from([
            ("a.proto".to_owned(), text("a.v1", &parent)),
            ("b.proto".to_owned(), text("b.v1", &format!("message Child {{ {ENTITY} }}"))),
        ]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let found = read_model(&Sources::of(files, root).unwrap()).unwrap_err();
        assert_eq!(found.codes(), ["arcana::owned_package"]);
    }

    #[test]
    fn refuses_nesting() {
        let text = format!(
            "message A {{ {ENTITY} {CHILD} }} message Child {{ {ENTITY} repeated Toy toys = 2 [(arcana.field) = {{ owned: \
             true }}]; }} message Toy {{ {ENTITY} }}"
        );
        assert_eq!(codes(super::check, &text), ["arcana::owned_nested"]);
    }

    #[test]
    fn refuses_methods_of_children() {
        let child = "message Child { option (arcana.entity) = { methods: [GET] }; \
                     string id = 1 [(arcana.field) = { primary_key: UUID_V7 }]; }";
        assert_eq!(
            codes(super::check, &format!("message A {{ {ENTITY} {CHILD} }} {child}")),
            ["arcana::owned_methods"]
        );
    }
}
