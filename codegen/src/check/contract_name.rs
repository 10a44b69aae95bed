//! Declared messages do not take the names of derived ones.

use heck::ToUpperCamelCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Resource, StandardKind};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        for name in derived_names(resource) {
            if let Some(message) = model.message(&format!("{}.{name}", resource.package)) {
                found.push(
                    Diagnostic::at(
                        "arcana::derived_name",
                        &message.span,
                        format!("`{}` is the name of a message that is derived for `{}`", message.name, resource.name),
                    )
                    .help("rename the message"),
                );
            }
        }
    }
}

fn derived_names(resource: &Resource) -> Vec<String> {
    let plural = resource.plural.to_upper_camel_case();
    let mut names = Vec::new();
    for method in &resource.methods {
        let verb = method.kind.name().to_upper_camel_case();
        if method.kind == StandardKind::List {
            names.push(format!("List{plural}Request"));
            names.push(format!("List{plural}Response"));
        } else {
            names.push(format!("{verb}{}Request", resource.name));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_names_of_derived_messages() {
        let text = "message Thing { option (arcana.entity) = {}; } message ListThingsRequest {} message Other {}";
        assert_eq!(codes(super::check, text), ["arcana::derived_name"]);
    }
}
