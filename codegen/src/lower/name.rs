//! Names derived from names.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// First part of every derived route.
const PATH_PREFIX: &str = "/api";

/// Plural in snake_case: `OrderLine` to `order_lines`.
pub(crate) fn plural(name: &str) -> String {
    let name = name.to_snake_case();
    let before_y = name.chars().rev().nth(1);
    if let Some(stem) = name.strip_suffix('y')
        && before_y.is_some_and(|c| !"aeiou".contains(c))
    {
        format!("{stem}ies")
    } else if ["s", "x", "z", "ch", "sh"].iter().any(|end| name.ends_with(end)) {
        format!("{name}es")
    } else {
        format!("{name}s")
    }
}

/// Collection path: the version is the last part of the package if it looks like one, else `v1`.
pub(super) fn collection_path(package: &str, plural: &str) -> String {
    let last = package.rsplit('.').next().unwrap_or_default();
    let version = if is_version(last) { last } else { "v1" };
    format!("{PATH_PREFIX}/{version}/{plural}")
}

/// What the names of an enum's values start with: `OrderStatus` to `ORDER_STATUS_`.
pub(super) fn enum_prefix(name: &str) -> String {
    format!("{}_", name.to_shouty_snake_case())
}

/// Name of an enum's value in Rust, from its name without the prefix: `LIGHT_BLUE` to `LightBlue`.
pub(super) fn variant(short: &str) -> String {
    let name = short.to_upper_camel_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) || name == "Self" { format!("V{name}") } else { name }
}

/// Methods that services, their logic and the pointers to them have already.
const METHODS: [&str; 17] = [
    "after_commit",
    "after_read",
    "as_ref",
    "before_create",
    "before_delete",
    "before_list",
    "before_update",
    "clone",
    "create",
    "delete",
    "drop",
    "get",
    "into",
    "list",
    "try_into",
    "undelete",
    "update",
];

/// Name of an rpc's method in Rust: `CancelOrder` to `cancel` in the service of orders, `CloneOrder` to `clone_order`.
pub(super) fn method(rpc: &str, noun: &str) -> String {
    let whole = rpc.to_snake_case();
    let short = whole.strip_suffix(noun).and_then(|verb| verb.strip_suffix('_')).filter(|verb| !verb.is_empty());
    short.filter(|short| !METHODS.contains(short)).unwrap_or(&whole).to_owned()
}

/// `v1`, `v2beta1`, `v1alpha`.
fn is_version(part: &str) -> bool {
    let Some(rest) = part.strip_prefix('v') else { return false };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let has_major = part.len() > rest.len() + 1;
    let tail = rest.strip_prefix("alpha").or_else(|| rest.strip_prefix("beta")).unwrap_or(rest);
    has_major && tail.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_plurals() {
        let plurals = ["OrderLine", "Category", "Day", "Address", "Box", "Branch"].map(plural);
        assert_eq!(plurals, ["order_lines", "categories", "days", "addresses", "boxes", "branches"]);
    }

    #[test]
    fn takes_the_version_from_the_package() {
        assert_eq!(collection_path("shop.v2beta1", "orders"), "/api/v2beta1/orders");
        assert_eq!(collection_path("shop", "orders"), "/api/v1/orders");
        assert_eq!(collection_path("shop.value", "orders"), "/api/v1/orders");
    }
}
