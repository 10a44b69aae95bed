//! Spec gaps: what the schema leaves unsaid, what is assumed for it, and the annotation that would say it.

mod recorded;
mod roles;

use serde::{Deserialize, Serialize};

use crate::model::{Entity, Field, Grant, Model, Resource, Rule, Span, StandardKind, Type};

/// One thing that the schema leaves unsaid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Where it would be said.
    pub span: Span,
    /// What is unsaid.
    pub message: String,
    /// What is assumed.
    pub assumed: String,
    /// What would say it.
    pub annotation: String,
}

/// All gaps of a checked model, in the order of its resources and services.
pub fn gaps(model: &Model) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for resource in &model.resources {
        let Some(entity) = model.entity(&resource.entity) else { continue };
        if entity.parent.is_none() && !resource.methods.is_empty() {
            access(resource, &mut gaps);
            storage(resource, entity, &mut gaps);
        }
        resource.fields.iter().filter(|field| !field.internal).for_each(|field| unbounded(field, &mut gaps));
    }
    for message in &model.messages {
        message.fields.iter().for_each(|field| unbounded(field, &mut gaps));
    }
    for rpc in model.services.iter().flat_map(|service| &service.rpcs) {
        if rpc.access.written.is_empty() {
            gaps.push(Gap::new(
                &rpc.span,
                format!("{} has no access rule", rpc.name),
                "admins only",
                "option (arcana.method) = { access: \"…\" }",
            ));
        }
        let fields = model.message(&rpc.request).map(|request| request.fields.as_slice()).unwrap_or_default();
        let bare = |field: &Field| field.example.is_none() && !matches!(field.ty, Type::Id { .. } | Type::Bool);
        if fields.iter().any(bare) {
            gaps.push(Gap::new(
                &rpc.span,
                format!("{} has a request field without an example", rpc.name),
                "a made-up value",
                "(arcana.field) = { example: \"…\" }",
            ));
        }
    }
    roles::roles(model, &mut gaps);
    recorded::recorded(model, &mut gaps);
    gaps
}

impl Gap {
    fn new(span: &Span, message: impl Into<String>, assumed: &str, annotation: impl Into<String>) -> Self {
        Self { span: span.clone(), message: message.into(), assumed: assumed.to_owned(), annotation: annotation.into() }
    }
}

fn access(resource: &Resource, gaps: &mut Vec<Gap>) {
    for method in resource.methods.iter().filter(|method| method.access.written.is_empty()) {
        let name = method.kind.name();
        gaps.push(Gap::new(
            &resource.span,
            format!("{name} of {} has no access rule", resource.name),
            "admins only",
            format!("access: {{ {name}: \"…\" }}"),
        ));
    }
    let rule = |kind| resource.methods.iter().find(|method| method.kind == kind).map(|method| &method.access.any);
    let (list, get) = (rule(StandardKind::List), rule(StandardKind::Get));
    let wider =
        |list: &[Grant], get: &[Grant]| !get.contains(&Grant::Public) && list.iter().any(|grant| !get.contains(grant));
    if let (Some(list), Some(get)) = (list, get)
        && wider(list, get)
    {
        gaps.push(Gap::new(
            &resource.span,
            format!("list of {} is open wider than get", resource.name),
            "as written",
            "access: { list: \"…\" get: \"…\" } with the same rule",
        ));
    }
}

fn storage(resource: &Resource, entity: &Entity, gaps: &mut Vec<Gap>) {
    let has = |kind| resource.methods.iter().any(|method| method.kind == kind);
    let name = &resource.name;
    if entity.owner.is_none() {
        gaps.push(Gap::new(&resource.span, format!("{name} has no owner"), "rows belong to no one", "owner: \"…\""));
    }
    if !entity.soft_delete && has(StandardKind::Delete) {
        gaps.push(Gap::new(
            &resource.span,
            format!("deletes of {name} are hard"),
            "rows are removed",
            "soft_delete: true",
        ));
    }
    if entity.version.is_none() && has(StandardKind::Update) {
        gaps.push(Gap::new(&resource.span, format!("{name} has no ETag"), "the last write wins", "int64 version = …;"));
    }
    if has(StandardKind::List) && !resource.fields.iter().any(|field| field.filterable || field.sortable) {
        gaps.push(Gap::new(
            &resource.span,
            format!("lists of {name} have no filterable or sortable field"),
            "lists in the order of the key",
            "(arcana.field) = { filterable: true sortable: true }",
        ));
    }
}

fn unbounded(field: &Field, gaps: &mut Vec<Gap>) {
    let bounded =
        |rule: &Rule| matches!(rule, Rule::MaxLen(_) | Rule::MaxBytes(_) | Rule::In(_) | Rule::Const(_) | Rule::Uuid);
    if field.ty == Type::String && !field.rules.iter().any(bounded) {
        gaps.push(Gap::new(
            &field.span,
            format!("the text {} has no bound", field.name),
            "as long as a request may be",
            "(buf.validate.field).string.max_len = …",
        ));
    }
    if matches!(field.ty, Type::List(_)) && !field.rules.iter().any(|rule| matches!(rule, Rule::MaxItems(_))) {
        gaps.push(Gap::new(
            &field.span,
            format!("the list {} has no bound", field.name),
            "as long as a request may be",
            "(buf.validate.field).repeated.max_items = …",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Access, Rpc, Service, Standard};

    fn bare() -> Model {
        let methods = StandardKind::ALL.map(|kind| Standard { kind, ..Standard::default() }).to_vec();
        let fields = vec![Field { name: "note".to_owned(), ..Field::default() }];
        let resource = Resource { name: "Thing".to_owned(), methods, fields, ..Resource::default() };
        Model { entities: vec![Entity::default()], resources: vec![resource], ..Model::default() }
    }

    fn messages(model: &Model) -> Vec<String> {
        gaps(model).into_iter().map(|gap| gap.message).collect()
    }

    #[test]
    fn names_what_a_bare_entity_leaves_unsaid() {
        let found = messages(&bare());
        assert_eq!(found.iter().filter(|message| message.ends_with("has no access rule")).count(), 5);
        for message in
            ["Thing has no owner", "deletes of Thing are hard", "Thing has no ETag", "the text note has no bound"]
        {
            assert!(found.iter().any(|other| other == message), "{message} is missing in {found:?}");
        }
    }

    #[test]
    fn names_lists_that_are_open_wider_than_get() {
        let mut model = bare();
        model.resources[0].methods[0].access = Access { written: "public".to_owned(), any: vec![Grant::Public] };
        assert!(messages(&model).contains(&"list of Thing is open wider than get".to_owned()));
    }

    #[test]
    fn names_rpcs_without_a_rule() {
        let rpcs = vec![Rpc { name: "Do".to_owned(), ..Rpc::default() }];
        let model = Model { services: vec![Service { rpcs, ..Service::default() }], ..Model::default() };
        assert_eq!(messages(&model), ["Do has no access rule"]);
    }
}
