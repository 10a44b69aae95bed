//! Names of messages and enums stay different in Rust, and clear of what is derived there.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

/// Names that would hide what generated code uses without an import: the prelude of Rust.
const TAKEN: [&str; 37] = [
    "Self",
    "Option",
    "Result",
    "Vec",
    "String",
    "Box",
    "Ok",
    "Err",
    "Some",
    "None",
    "AsMut",
    "AsRef",
    "AsyncFn",
    "Clone",
    "Copy",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Into",
    "IntoIterator",
    "Iterator",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Send",
    "Sized",
    "Sync",
    "ToOwned",
    "ToString",
];

/// Types that are derived for an entity, with `*` for its name.
const DERIVED: [&str; 9] =
    ["*Id", "New*", "*Patch", "*Dto", "*Repository", "Mock*Repository", "*Service", "*Methods", "*Grpc"];

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    let mut seen: BTreeMap<(&str, String), String> = BTreeMap::new();
    for resource in &model.resources {
        let rust = resource.name.to_upper_camel_case();
        for derived in DERIVED {
            let name = derived.replace('*', &rust);
            seen.insert((&resource.package, name), format!("what is derived for `{}`", resource.name));
        }
    }
    let resources = model.resources.iter().map(|resource| (&resource.package, &resource.name, &resource.span));
    let messages = model.messages.iter().map(|message| (&message.package, &message.name, &message.span));
    let enums = model.enums.iter().map(|e| (&e.package, &e.name, &e.span));
    for (package, name, span) in resources.chain(messages).chain(enums) {
        let rust = name.to_upper_camel_case();
        if TAKEN.contains(&rust.as_str()) {
            found.push(
                Diagnostic::at("arcana::reserved_word", span, format!("`{name}` is the name of a Rust type"))
                    .help("rename it, for example with the name of the domain in front"),
            );
        }
        if !name.split('.').all(|part| part.starts_with(|first: char| first.is_ascii_uppercase())) {
            let last = name.rsplit('.').next().unwrap_or_default().to_upper_camel_case();
            found.push(
                Diagnostic::at("arcana::type_name", span, format!("`{name}` does not start with a capital letter"))
                    .help(format!("write `{last}`: so types are told from packages")),
            );
        }
        if let Some(other) = seen.insert((package, rust), format!("`{name}`")) {
            found.push(
                Diagnostic::at("arcana::name_collision", span, format!("`{name}` and {other} become one name in Rust"))
                    .help("rename one of them"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_names_that_become_one() {
        assert_eq!(codes(super::check, "message OrderID {} message OrderId {}"), ["arcana::name_collision"]);
        assert_eq!(codes(super::check, "message Option {}"), ["arcana::reserved_word"]);
        assert_eq!(codes(super::check, "message Outer { message order {} }"), ["arcana::type_name"]);
    }

    #[test]
    fn refuses_names_of_what_is_derived() {
        for name in ["ThingId", "NewThing", "ThingService"] {
            let text = format!("message Thing {{ option (arcana.entity) = {}; }} message {name} {{}}", "{}");
            assert_eq!(codes(super::check, &text), ["arcana::name_collision"], "{name}");
        }
    }
}
