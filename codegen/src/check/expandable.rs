//! A reference that answers may show as a row leaves room for the member that shows it, and its row can be had.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expand::{NUMBER_MAX, expansions};
use crate::model::{Field, Model, Resource, StandardKind, Type};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        for member in resource.fields.iter().filter(|field| field.expands.is_some()) {
            number(resource, member, found);
            reference(resource, member, found);
            target(model, member, found);
            imports(model, resource, member, found);
        }
        let mut seen = BTreeSet::new();
        for expansion in expansions(model, resource) {
            if !seen.insert(expansion.path.replace('.', "_")) {
                refuse(
                    &format!("`{}` is expanded by the name of another reference", expansion.path),
                    "rename the reference",
                    expansion.member,
                    found,
                );
            }
        }
    }
}

fn refuse(what: &str, mend: &str, member: &Field, found: &mut Diagnostics) {
    found.push(Diagnostic::at("arcana::expandable", &member.span, what.to_owned()).help(mend).word("expandable"));
}

fn number(resource: &Resource, member: &Field, found: &mut Diagnostics) {
    let of_reference = member.expands.as_deref().and_then(|name| resource.field(name)).map(|field| field.number);
    if of_reference.is_some_and(|number| number > NUMBER_MAX) {
        let what = "the number of this reference leaves none for the member that shows its row";
        refuse(what, &format!("give it a number up to {NUMBER_MAX}"), member, found);
    } else if let Some(other) =
        resource.fields.iter().find(|other| other.number == member.number && other.name != member.name)
    {
        let what = format!("`{}` has the number {} of the member that shows the row", other.name, member.number);
        refuse(&what, "give one of the two fields another number", member, found);
    }
}

fn reference(resource: &Resource, member: &Field, found: &mut Diagnostics) {
    let Some(reference) = member.expands.as_deref().and_then(|name| resource.field(name)) else { return };
    if reference.sensitive || reference.internal || reference.input_only {
        let what = format!("`{}` is not shown, and so the row that it refers to is not either", reference.name);
        refuse(&what, "remove `expandable`", member, found);
    }
}

fn target(model: &Model, member: &Field, found: &mut Diagnostics) {
    let Type::Resource(name) = &member.ty else { return };
    let gets = |target: &Resource| target.methods.iter().any(|method| method.kind == StandardKind::Get);
    if model.resource(name).is_some_and(|target| !gets(target)) {
        let what = format!("`{name}` has no Get, whose access rule would say who sees its rows");
        refuse(&what, "add GET to its `methods`, or remove `expandable`", member, found);
    }
}

/// Files of protobuf must not import each other in a circle, and the published one of this reference imports its target's.
fn imports(model: &Model, resource: &Resource, member: &Field, found: &mut Diagnostics) {
    let Type::Resource(name) = &member.ty else { return };
    let Some(target) = model.resource(name).filter(|target| target.file != resource.file) else { return };
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in &model.files {
        edges.entry(&file.path).or_default().extend(file.imports.iter().map(String::as_str));
    }
    for from in &model.resources {
        let shown = from.fields.iter().filter(|field| field.expands.is_some()).filter_map(|field| match &field.ty {
            Type::Resource(name) => model.resource(name).map(|to| to.file.as_str()),
            _ => None,
        });
        edges.entry(&from.file).or_default().extend(shown.filter(|file| *file != from.file));
    }
    if reaches(&edges, &target.file, &resource.file, &mut BTreeSet::new()) {
        let what = format!("`{}` and `{}` would import each other", resource.file, target.file);
        refuse(&what, "declare both entities in one file, or remove `expandable` on one side", member, found);
    }
}

fn reaches<'a>(
    edges: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    from: &'a str,
    to: &str,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    if from == to {
        return true;
    }
    seen.insert(from) && edges.get(from).is_some_and(|next| next.iter().any(|file| reaches(edges, file, to, seen)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ENTITY, codes, entity_codes};

    fn thing(number: &str, more: &str) -> String {
        format!(
            "optional string other_id = {number} [(arcana.field) = {{ references: \"t.v1.Thing\" expandable: true }}]; {more}"
        )
    }

    #[test]
    fn lets_a_reference_show_its_row() {
        assert_eq!(entity_codes(super::check, &thing("2", "")), [""; 0]);
    }

    #[test]
    fn refuses_a_number_that_is_taken_or_cannot_be() {
        assert_eq!(entity_codes(super::check, &thing("2", "string a = 10002;")), ["arcana::expandable"]);
        assert_eq!(entity_codes(super::check, &thing("9000", "")), ["arcana::expandable"]);
    }

    #[test]
    fn refuses_a_reference_that_is_not_shown() {
        let field = "optional string other_id = 2 [(arcana.field) = { references: \"t.v1.Thing\" expandable: true internal: true }];";
        assert_eq!(entity_codes(super::check, field), ["arcana::expandable"]);
    }

    #[test]
    fn refuses_a_target_without_get() {
        let other = ENTITY.replace("= {};", "= { methods: [LIST] };");
        let field = "optional string other_id = 2 [(arcana.field) = { references: \"t.v1.Other\" expandable: true }];";
        let text = format!("message Other {{ {other} }} message Thing {{ {ENTITY} {field} }}");
        assert_eq!(codes(super::check, &text), ["arcana::expandable"]);
    }
}
