//! Packages, entities and files become modules of Rust, each with a name of its own.

use std::collections::BTreeMap;

use heck::ToSnakeCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Span};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    let mut packages = BTreeMap::new();
    for file in &model.files {
        let mut path = file.package.as_str();
        while let Some((outer, _)) = path.rsplit_once('.') {
            packages.insert(path, format!("the package `{}`", file.package));
            path = outer;
        }
        packages.insert(path, format!("the package `{}`", file.package));
    }
    let mut clash = |package: &str, module: &str, what: &str, span: &Span| {
        if let Some(other) = packages.get(format!("{package}.{module}").as_str()) {
            found.push(
                Diagnostic::at(
                    "arcana::module_collision",
                    span,
                    format!("{what} and {other} become one module in Rust"),
                )
                .help("rename one of them"),
            );
        }
    };
    for resource in model.resources.iter() {
        clash(&resource.package, &resource.name.to_snake_case(), &format!("`{}`", resource.name), &resource.span);
    }
    for message in model.messages.iter().filter(|message| !message.name.contains('.')) {
        clash(&message.package, &message.name.to_snake_case(), &format!("`{}`", message.name), &message.span);
    }
    for file in &model.files {
        let stem = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".proto");
        clash(&file.package, &stem.to_snake_case(), &format!("the file `{}`", file.path), &file.span);
    }
    servers(model, found);
}

/// The module of what is declared inside a message, and those of tonic.
fn servers(model: &Model, found: &mut Diagnostics) {
    for service in &model.services {
        let name = service.name.to_snake_case();
        let made = [format!("{name}_server"), format!("{name}_client")];
        let messages = model.messages.iter().map(|message| (&message.package, &message.name, &message.span));
        let resources = model.resources.iter().map(|resource| (&resource.package, &resource.name, &resource.span));
        for (package, name, span) in messages.chain(resources) {
            if *package == service.package && made.contains(&name.to_snake_case()) {
                let message = format!("`{name}` becomes the name of a module that `{}` has in Rust", service.name);
                found.push(Diagnostic::at("arcana::module_collision", span, message).help("rename it"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::super::testing::{ENTITY, codes};
    use crate::{Sources, read_model};

    #[test]
    fn refuses_a_message_that_is_named_like_a_package() {
        let text = |package: &str, body: &str| format!("syntax = \"proto3\"; package {package}; {body}");
        let files = BTreeMap::from([
            ("a.proto".to_owned(), text("shop", "message V1 {}")),
            ("b.proto".to_owned(), text("shop.v1", "message V1 {}")),
        ]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let found = read_model(&Sources::of(files, root).unwrap()).unwrap_err();
        assert_eq!(found.codes(), ["arcana::module_collision"]);
    }

    #[test]
    fn refuses_a_message_that_is_named_like_a_server() {
        let text = format!("message Thing {{ {ENTITY} }} message ThingServiceServer {{ message Inner {{}} }}");
        assert_eq!(codes(super::check, &text), ["arcana::module_collision"]);
    }
}
