//! References name entities that exist.

use super::all_fields;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Type};
use crate::nearest::hint;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for field in all_fields(model) {
        let ty = if let Type::List(item) = &field.ty { item } else { &field.ty };
        if let Type::Id { entity, .. } = ty
            && model.entity(entity).is_none()
        {
            let names = model.entities.iter().map(|entity| entity.full_name.as_str());
            found.push(
                Diagnostic::at("arcana::unknown_reference", &field.span, format!("there is no entity `{entity}`"))
                    .help(hint(entity, names, "write the full name of an entity, such as `shop.v1.Customer`"))
                    .label("referenced here")
                    .word(entity.clone()),
            );
        } else if let Type::Id { entity, .. } = ty
            && model.entity(entity).is_some_and(|target| target.parent.is_some())
            && model.resource(entity).is_none_or(|target| !target.fields.iter().any(|other| other.span == field.span))
        {
            found.push(
                Diagnostic::at(
                    "arcana::reference_owned",
                    &field.span,
                    format!("`{entity}` is an owned child, and changes with its parent"),
                )
                .help("refer to the parent instead")
                .word(entity.clone()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::entity_codes;

    #[test]
    fn refuses_unknown_reference() {
        let field = "string a = 2 [(arcana.field) = { references: \"t.v1.Thng\" }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::unknown_reference"]);
    }
}
