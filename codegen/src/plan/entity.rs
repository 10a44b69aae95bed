//! Views of entities, messages and enums.

use heck::ToSnakeCase;

use super::fields::{self, Audience};
use super::home::split;
use super::overview::Overview;
use super::rules::checks;
use super::types::{Types, constant, identifier, key_wrapper, literal, pb_name, rust_name, type_name};
use super::views::{ConstantView, EntityView, EnumView, ExpansionView, FieldView, KeyPart, MessageView, VariantView};
use super::{fixture, queries, sql};
use crate::emit::words;
use crate::expand::{Expansion, expansions};
use crate::model::{Access, Entity, Enum, Field, FieldRole, Grant, KeyKind, Message, Model, Outbox, Resource, Type};

/// A comment as lines of documentation; a fallback where the schema says nothing.
pub fn doc(comment: &str, fallback: &str) -> Vec<String> {
    let text = if comment.trim().is_empty() { fallback } else { comment };
    text.trim().lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The view of an entity and of its checks' patterns.
pub fn entity(
    overview: &Overview<'_>,
    entity: &Entity,
    resource: &Resource,
    types: &Types<'_>,
) -> (EntityView, Vec<(String, String)>) {
    let model = overview.model;
    let name = type_name(&entity.full_name);
    let checks = checks(&name, &resource.fields);
    let fields: Vec<FieldView> =
        resource.fields.iter().map(|field| entity_field(model, entity, field, types)).collect();
    let human = words::human(split(&entity.full_name).1);
    let in_create = |text: &str| fields.iter().any(|field| field.create.contains(text));
    let in_apply = |text: &str| fields.iter().any(|field| field.apply.contains(text));
    let literals = |keep: &dyn Fn(&Field) -> bool| {
        let names: Vec<String> =
            resource.fields.iter().filter(|field| keep(field)).map(|field| literal(&field.name)).collect();
        names.join(", ")
    };
    let child = entity.parent.is_some();
    let child_key = |field: &Field| child && field.role == FieldRole::Key;
    let checks_are_empty = checks.input.is_empty() && checks.stored.is_empty();
    let all_checks = checks.input.iter().chain(&checks.stored);
    let view = EntityView {
        full_name: literal(&entity.full_name),
        article: words::with_article(&human),
        words: human,
        doc: doc(&resource.comment, &format!("{name}, as the schema declares it.")),
        key_type: match entity.key.kind {
            KeyKind::Composite => String::new(),
            kind => format!("{}<{name}>", key_wrapper(kind)),
        },
        key_parts: key_parts(entity, resource, types),
        key: key_expression(entity, resource, &name),
        constants: constants(resource, entity, types),
        child,
        child_id: child_id(resource),
        stamps: stamps(resource),
        version: entity.version.as_ref().map_or("None".to_owned(), |_| {
            let field = resource.fields.iter().find(|field| field.role == FieldRole::Version);
            field.map_or("None".to_owned(), |field| format!("Some(self.{})", identifier(&field.name)))
        }),
        ignored: literals(&|field| fields::is_published(field) && field.output_only && !child_key(field)),
        published: literals(&fields::is_published),
        owned: owned(resource),
        told: entity.events || entity.audit,
        uses_cx: in_create("(cx.uuid())") || in_create(", cx, "),
        uses_number: in_create("::new(number)"),
        apply_uses_cx: in_apply(", cx, "),
        apply_uses_found: in_apply(", found)"),
        has_input: fields.iter().any(|field| field.input),
        checks_use_what: !checks.stored.is_empty() || all_checks.clone().any(|line| line.contains("(what, ")),
        input_checks: checks.input,
        stored_checks: checks.stored,
        spec: sql::spec(overview, entity, resource),
        expansions: expansions(model, resource).iter().map(expansion).collect(),
        finders: sql::finders(entity, resource, types),
        queries: queries::queries(model, entity, types),
        path: literal(&resource.path),
        plural: literal(&resource.plural),
        member_names: literals(&fields::is_shown),
        kept_names: literals(&words::is_kept),
        allow: literal(""),
        verbs: Vec::new(),
        resource: !child,
        name_snake: identifier(&rust_name(&entity.full_name).to_snake_case()),
        pb: format!("pb::{}", pb_name(&entity.full_name)),
        in_contract: overview.published.contains(&entity.full_name),
        shown: fields.iter().filter(|field| field.shown).count(),
        checks_use_row: !checks_are_empty,
        fields,
        name,
    };
    (view, checks.patterns)
}

fn entity_field(model: &Model, entity: &Entity, field: &Field, types: &Types<'_>) -> FieldView {
    let mut view = field_view(model, field, types, Audience::Api);
    view.create = create(model, entity, field);
    view.apply = apply(field);
    view.fixture = fixture::expression(model, entity, field);
    if let Some(at) = column_position(entity, field) {
        view.to_column = fields::to_column(field);
        view.from_column = fields::from_column(field, at);
    } else {
        let absent = if field.role == FieldRole::Expanded { "None" } else { "Vec::new()" };
        view.from_column = absent.to_owned();
    }
    view
}

/// Position of a field's column among those that are not hidden.
fn column_position(entity: &Entity, field: &Field) -> Option<usize> {
    entity.columns.iter().filter(|column| !column.hidden).position(|column| column.field == field.name)
}

fn field_view(model: &Model, field: &Field, types: &Types<'_>, audience: Audience) -> FieldView {
    let fallback = match field.role {
        FieldRole::Key => "Key of the row.".to_owned(),
        FieldRole::Version => "Counts the writes of the row, from 1.".to_owned(),
        FieldRole::CreatedAt => "Time of the insert.".to_owned(),
        FieldRole::UpdatedAt => "Time of the last write.".to_owned(),
        _ => format!("`{}`, as the schema declares it.", field.name),
    };
    FieldView {
        name: identifier(&field.name),
        pb_name: identifier(&field.name),
        text: literal(&field.name),
        doc: doc(&field.comment, &fallback),
        ty: fields::member_type(field, types),
        input_ty: fields::input_type(field, types),
        input: fields::is_input(field),
        shown: fields::is_shown(field),
        published: fields::is_published(field),
        redacted: field.redacted,
        from_json: fields::from_json(model, field),
        patch_from_json: fields::patch_from_json(model, field),
        from_proto: fields::from_proto(model, field),
        to_proto: if field.input_only { "Default::default()".to_owned() } else { fields::to_proto(field) },
        to_json: fields::to_json(field, audience),
        ..FieldView::default()
    }
}

fn create(model: &Model, entity: &Entity, field: &Field) -> String {
    let name = identifier(&field.name);
    if field.role == FieldRole::Key && !fields::is_input(field) {
        let id = format!("{}Id", type_name(&entity.full_name));
        return match entity.key.kind {
            KeyKind::Int64 => format!("{id}::new(number)"),
            _ => format!("{id}::new(cx.uuid())"),
        };
    }
    if fields::is_input(field) {
        return match owned_type(field) {
            Some(child) => format!("new.{name}.into_iter().map(|child| {child}::create(child, cx, 0)).collect()"),
            None => format!("new.{name}"),
        };
    }
    match fields::default_of(model, field) {
        Some(default) if field.optional => format!("Some({default})"),
        Some(default) => default,
        None if field.optional => "None".to_owned(),
        None => format!("{}::default()", default_path(&field.ty)),
    }
}

fn default_path(ty: &Type) -> String {
    match ty {
        Type::List(_) => "Vec".to_owned(),
        _ => "Default".to_owned(),
    }
}

fn apply(field: &Field) -> String {
    let (name, text) = (identifier(&field.name), literal(&field.name));
    if !fields::is_input(field) {
        return String::new();
    }
    if owned_type(field).is_some() {
        return format!(
            "if let Some(children) = patch.{name} {{\n            merge_children(&mut self.{name}, children, {text}, cx, found);\n        }}"
        );
    }
    match field.immutable {
        true => format!("keep({text}, &self.{name}, patch.{name}.as_ref(), found);"),
        false => format!("set(&mut self.{name}, patch.{name});"),
    }
}

fn owned_type(field: &Field) -> Option<String> {
    match (&field.ty, field.role) {
        (Type::List(item), FieldRole::Owned) => match &**item {
            Type::Resource(name) => Some(type_name(name)),
            _ => None,
        },
        _ => None,
    }
}

fn owned(resource: &Resource) -> Vec<(String, String, String)> {
    let owned = resource.fields.iter();
    let view = |field: &Field| Some((identifier(&field.name), owned_type(field)?, literal(&field.name)));
    owned.filter_map(view).collect()
}

fn expansion(found: &Expansion<'_>) -> ExpansionView {
    let (reference, member) = (identifier(&found.reference.name), identifier(&found.member.name));
    let look = |row: &str| {
        let key = if found.reference.optional {
            format!("{row}.{reference}.as_ref()")
        } else {
            format!("Some(&{row}.{reference})")
        };
        format!("look({key}, &mut {row}.{member})")
    };
    ExpansionView {
        constant: constant(&found.path.replace('.', "_")),
        path: literal(&found.path),
        target: type_name(found.target),
        target_name: found.target.to_owned(),
        each: match found.list {
            Some(list) => format!("row.{}.iter_mut().for_each(|child| {})", identifier(&list.name), look("child")),
            None => look("row"),
        },
    }
}

fn key_parts(entity: &Entity, resource: &Resource, types: &Types<'_>) -> Vec<KeyPart> {
    if entity.key.kind != KeyKind::Composite {
        return Vec::new();
    }
    let fields = entity.key.fields.iter().filter_map(|name| resource.field(name));
    fields.map(|field| KeyPart { name: identifier(&field.name), ty: types.rust(&field.ty) }).collect()
}

fn key_expression(entity: &Entity, resource: &Resource, name: &str) -> String {
    let part = |field: &String| {
        let text = matches!(
            resource.field(field).map(|field| &field.ty),
            Some(Type::Id { kind: KeyKind::String, .. } | Type::String)
        );
        format!("self.{}{}", identifier(field), if text { ".clone()" } else { "" })
    };
    match (entity.key.kind, entity.key.fields.as_slice()) {
        (KeyKind::Composite, parts) => {
            let members: Vec<String> =
                parts.iter().map(|field| format!("{}: {}", identifier(field), part(field))).collect();
            format!("{name}Id {{ {} }}", members.join(", "))
        }
        (_, [field, ..]) => part(field),
        (_, []) => "Default::default()".to_owned(),
    }
}

fn child_id(resource: &Resource) -> (String, String) {
    let key = resource.fields.iter().find(|field| field.role == FieldRole::Key);
    let name = key.map_or("id", |field| field.name.as_str());
    let (text, member) = (literal(name), identifier(name));
    (
        format!("input.optional({text})"),
        format!("proto::optional({text}, Some(message.{member}).filter(|id| !id.is_empty()), found)"),
    )
}

fn stamps(resource: &Resource) -> Vec<(String, String)> {
    let stamp = |field: &Field| {
        let member = match field.role {
            FieldRole::Version => "version",
            FieldRole::CreatedAt => "created_at",
            FieldRole::UpdatedAt => "updated_at",
            _ => return None,
        };
        Some((member.to_owned(), identifier(&field.name)))
    };
    resource.fields.iter().filter_map(stamp).collect()
}

fn constants(resource: &Resource, entity: &Entity, types: &Types<'_>) -> Vec<ConstantView> {
    let scalar = |field: &&Field| !fields::is_json(&field.ty);
    let fields =
        resource.fields.iter().filter(scalar).filter_map(|field| Some((field, entity.column_of(&field.name)?)));
    fields
        .map(|(field, column)| ConstantView {
            name: constant(&field.name),
            ty: types.rust(&field.ty),
            field: literal(&field.name),
            column: literal(&sql::quoted(&column.name)),
            value: fields::value_of(&field.ty),
        })
        .collect()
}

/// The view of a message and of its checks' patterns.
pub fn message(overview: &Overview<'_>, message: &Message, types: &Types<'_>) -> (MessageView, Vec<(String, String)>) {
    let model = overview.model;
    let name = type_name(&message.full_name);
    let checks = checks(&name, &message.fields);
    let request_field = |field: &Field| {
        let (kind, repeated) = fields::text_kind(&field.ty);
        format!("RequestField {{ name: {}, kind: TextKind::{kind}, repeated: {repeated} }}", literal(&field.name))
    };
    let audience = if overview.is_stored(&message.full_name) { Audience::Both } else { Audience::Api };
    let fields: Vec<FieldView> = message.fields.iter().map(|field| field_view(model, field, types, audience)).collect();
    let view = MessageView {
        doc: doc(&message.comment, &format!("{name}, as the schema declares it.")),
        checks: checks.input.into_iter().chain(checks.stored).collect(),
        outbox: match message.outbox {
            Some(Outbox::Event) => "Event",
            Some(Outbox::Job) => "Job",
            None => "",
        },
        full_name: literal(&message.full_name),
        input: !model.holds(message, |field| matches!(field.ty.innermost(), Type::Resource(_))),
        request_fields: message.fields.iter().map(request_field).collect(),
        pb: format!("pb::{}", pb_name(&message.full_name)),
        in_contract: overview.published.contains(&message.full_name),
        request: overview.is_request(&message.full_name),
        fields,
        name,
    };
    (view, checks.patterns)
}

/// The view of an enum.
pub fn enumeration(enumeration: &Enum) -> EnumView {
    let variants = enumeration.values.iter().map(|value| VariantView {
        name: value.variant.clone(),
        text: literal(&value.name),
        number: value.number,
        doc: doc(&value.comment, &format!("`{}`", value.name)),
    });
    let name = type_name(&enumeration.full_name);
    EnumView {
        doc: doc(&enumeration.comment, &format!("{name}, as the schema declares it.")),
        variants: variants.collect(),
        name,
    }
}

/// An access rule as an expression.
pub fn rule(access: &Access) -> String {
    let grants: Vec<String> = access
        .any
        .iter()
        .map(|grant| match grant {
            Grant::Public => "Grant::Public".to_owned(),
            Grant::Owner => "Grant::Owner".to_owned(),
            Grant::Internal => "Grant::Internal".to_owned(),
            Grant::Role(role) => format!("Grant::Role({})", literal(role)),
        })
        .collect();
    format!("Rule(&[{}])", grants.join(", "))
}
