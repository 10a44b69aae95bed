//! References that answers may show as rows: what is derived from `expandable`, and the paths that callers name.

use crate::model::{Field, FieldRole, Model, Resource, Type};

/// What is added to the number of a reference to give that of the member which shows its row.
pub const NUMBER_OFFSET: u32 = 10_000;
/// Largest number of a reference that leaves a number for that member: protobuf keeps 19000 to 19999 for itself.
pub const NUMBER_MAX: u32 = 8_999;

/// One reference that a call may ask to see as a row.
#[derive(Debug, Clone)]
pub struct Expansion<'m> {
    /// How callers name it: `customer`, or `lines.product` inside an owned child.
    pub path: String,
    /// List of owned children that holds it, if it is none of the entity's own.
    pub list: Option<&'m Field>,
    /// The member that shows the row.
    pub member: &'m Field,
    /// The reference itself.
    pub reference: &'m Field,
    /// Full name of the entity that it refers to.
    pub target: &'m str,
}

/// All of a resource, those of its own first, then those inside owned children.
#[must_use]
pub fn expansions<'m>(model: &'m Model, resource: &'m Resource) -> Vec<Expansion<'m>> {
    let mut all: Vec<Expansion<'m>> = own(resource, None).collect();
    for list in resource.fields.iter().filter(|field| field.role == FieldRole::Owned) {
        if let Type::List(item) = &list.ty
            && let Type::Resource(child) = &**item
            && let Some(child) = model.resource(child)
        {
            all.extend(own(child, Some(list)));
        }
    }
    all
}

fn own<'m>(resource: &'m Resource, list: Option<&'m Field>) -> impl Iterator<Item = Expansion<'m>> {
    resource.fields.iter().filter_map(move |member| {
        let reference = resource.field(member.expands.as_deref()?)?;
        let Type::Resource(target) = &member.ty else { return None };
        let path = list.map_or_else(|| member.name.clone(), |list| format!("{}.{}", list.name, member.name));
        Some(Expansion { path, list, member, reference, target })
    })
}

/// Name of the member that shows the row of a reference: `customer` for `customer_id`, or for a `customer_code` to an
/// entity whose key is `code`.
#[must_use]
pub fn member_name<'f>(reference: &'f str, target_key: &str) -> Option<&'f str> {
    let endings = [format!("_{target_key}"), "_id".to_owned()];
    let name = endings.iter().find_map(|ending| reference.strip_suffix(ending.as_str()));
    name.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::member_name;

    #[test]
    fn a_member_is_named_like_its_reference_without_the_key() {
        assert_eq!(member_name("customer_id", "id"), Some("customer"));
        assert_eq!(member_name("currency_code", "code"), Some("currency"));
        assert_eq!(member_name("currency_id", "code"), Some("currency"));
        assert_eq!(member_name("currency", "code"), None);
        assert_eq!(member_name("_id", "id"), None);
    }
}
