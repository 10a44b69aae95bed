//! Packages become modules of Rust, and are told from messages by their lower case.

use heck::ToSnakeCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

/// Names that the generated crate has at its root.
const ROOTS: [&str; 4] = ["arcana_runtime", "migrations", "pb", "services"];

/// First parts of the packages of the standards.
const STANDARDS: [&str; 2] = ["buf", "google"];

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for file in model.files.iter().filter(|file| !file.package.is_empty()) {
        let mut refuse = |part: &str, message: String, help: &str| {
            found.push(Diagnostic::at("arcana::package_name", &file.span, message).help(help).word(part));
        };
        for (at, part) in file.package.split('.').enumerate() {
            if part != part.to_snake_case() {
                let help = "write each part in snake_case, such as `shop.v1`";
                refuse(part, format!("`{part}` in `{}` is not in snake_case", file.package), help);
            } else if part == "mod" || (at == 0 && ROOTS.contains(&part)) {
                let help = "choose another word, such as the name of the company in front";
                refuse(part, format!("`{part}` in `{}` is a name that every crate has", file.package), help);
            }
            if at > 0 && STANDARDS.contains(&part) {
                let help = "choose another word: protobuf would look for the standards there";
                refuse(part, format!("`{part}` in `{}` hides the standards of that name", file.package), help);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use crate::{Sources, read_model};

    fn codes(package: &str) -> Vec<&'static str> {
        let files = BTreeMap::from([("t.proto".to_owned(), format!("syntax = \"proto3\"; package {package};"))]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        read_model(&Sources::of(files, root).unwrap()).err().map(|found| found.codes()).unwrap_or_default()
    }

    #[test]
    fn refuses_capitals_and_names_of_modules() {
        for package in ["Shop.v1", "shop.Order", "pb.v1", "shop.mod.v1", "a__b", "_", "a.google.v1"] {
            assert_eq!(codes(package), ["arcana::package_name"], "{package}");
        }
        for package in ["type.v1", "shop.pb", "self.crate.extern.v1", "async"] {
            assert!(codes(package).is_empty(), "{package}");
        }
    }
}
