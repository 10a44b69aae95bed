//! The tenant of a row is a field that is always there.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Type};
use crate::nearest::hint;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for entity in &model.entities {
        let Some(tenant) = &entity.tenant else { continue };
        let (message, help) = match entity.columns.iter().find(|column| column.name == *tenant) {
            None => {
                let fields = entity.columns.iter().map(|column| column.field.as_str());
                (format!("the tenant `{tenant}` is no field of this entity"), hint(tenant, fields, "name a field"))
            }
            Some(column) if column.nullable || !matches!(column.ty, Type::String | Type::Id { .. } | Type::I64) => (
                format!("`{tenant}` cannot hold a tenant"),
                "make it a string, an int64 or a reference that is not `optional`".to_owned(),
            ),
            Some(_) => continue,
        };
        found.push(Diagnostic::at("arcana::tenant", &entity.span, message).help(help).word(tenant.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_unknown_and_nullable_tenants() {
        let found = |tenant: &str| {
            let options = format!("option (arcana.entity) = {{ tenant: \"{tenant}\" }};");
            codes(super::check, &format!("message A {{ {options} string a = 1; optional string b = 2; }}"))
        };
        assert_eq!(found("c"), ["arcana::tenant"]);
        assert_eq!(found("b"), ["arcana::tenant"]);
        assert!(found("a").is_empty());
    }
}
