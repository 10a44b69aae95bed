//! The path to the owner leads through references to a field.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Entity, Model, OwnerPath, Type};
use crate::nearest::hint;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        if let Some(owner) = &entity.owner {
            follow(model, entity, owner, found);
        }
    }
}

fn follow(model: &Model, entity: &Entity, owner: &OwnerPath, found: &mut Diagnostics) {
    let mut current = entity.full_name.as_str();
    let mut refuse = |message: String, help: String| {
        found.push(Diagnostic::at("arcana::owner_path", &entity.span, message).help(help).word(owner.path.clone()));
    };
    let parts: Vec<&str> = owner.path.split('.').collect();
    for (index, part) in parts.iter().enumerate() {
        let Some(resource) = model.resource(current) else { return };
        let Some(field) = resource.field(part) else {
            let names = resource.fields.iter().map(|field| field.name.as_str());
            let help = hint(part, names, "name a field");
            return refuse(format!("the owner path leaves `{current}` at `{part}`, which is no field of it"), help);
        };
        if field.expands.is_some() {
            let help = "go through the reference itself".to_owned();
            return refuse(
                format!("the owner path leaves `{current}` at `{part}`, which only shows a reference"),
                help,
            );
        }
        let last = index + 1 == parts.len();
        match &field.ty {
            Type::Id { .. } | Type::String if last => {}
            Type::Id { entity, .. } if entity != current || is_reference(model, current, part) => current = entity,
            _ if last => {
                return refuse(
                    format!("`{part}` cannot hold the id of a principal"),
                    "end the path at a string or a reference".to_owned(),
                );
            }
            _ => {
                return refuse(
                    format!("the owner path cannot go on from `{part}`, which is no reference"),
                    "add `references` to it, or end the path there".to_owned(),
                );
            }
        }
    }
}

fn is_reference(model: &Model, entity: &str, field: &str) -> bool {
    model.entity(entity).is_some_and(|entity| entity.foreign_keys.iter().any(|key| key.field == field))
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    fn found(path: &str) -> Vec<&'static str> {
        let key = "string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];";
        let thing = format!(
            "message Thing {{ option (arcana.entity) = {{ owner: \"{path}\" }}; {key} string user_id = 2; int32 n = 3; \
             optional string thing_id = 4 [(arcana.field) = {{ references: \"t.v1.Thing\" }}]; }}"
        );
        codes(super::check, &thing)
    }

    #[test]
    fn refuses_paths_that_lead_nowhere() {
        for path in ["usr_id", "user_id.id", "n", "thing_id.nobody", "id.user_id"] {
            assert_eq!(found(path), ["arcana::owner_path"], "{path}");
        }
        for path in ["id", "user_id", "thing_id.user_id"] {
            assert!(found(path).is_empty(), "{path}");
        }
    }
}
