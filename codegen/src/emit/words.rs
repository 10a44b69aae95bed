//! Phrases that the contract and the OpenAPI text share, so that both say the same.

use heck::{ToPascalCase, ToSnakeCase};

use crate::model::{Entity, Field, FieldRole, KeyKind, Model, Resource, StandardKind, Type};

/// `order line` for `OrderLine`.
pub(crate) fn human(name: &str) -> String {
    name.to_snake_case().replace('_', " ")
}

/// `an order`, `a customer`.
pub(crate) fn with_article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o']) || (noun.starts_with("un") && !noun.starts_with("uni"));
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// `Orders` for `orders`.
pub(crate) fn plural_pascal(resource: &Resource) -> String {
    resource.plural.to_pascal_case()
}

/// `order lines` for `order_lines`.
pub(crate) fn plural_human(resource: &Resource) -> String {
    resource.plural.replace('_', " ")
}

/// What a derived rpc does, in one sentence.
pub(crate) fn standard_comment(kind: StandardKind, resource: &Resource, entity: &Entity) -> String {
    let one = human(&resource.name);
    match kind {
        StandardKind::List => format!("Lists {}, a page at a time.", plural_human(resource)),
        StandardKind::Get => format!("Gets one {one} by its {}.", entity.key.fields.join(" and ")),
        StandardKind::Create => format!("Creates {}.", with_article(&one)),
        StandardKind::Update => format!("Changes {}: what the mask names, or all of it.", with_article(&one)),
        StandardKind::Delete if entity.soft_delete => {
            format!("Deletes {}; Undelete{} brings it back.", with_article(&one), resource.name)
        }
        StandardKind::Delete => format!("Deletes {}.", with_article(&one)),
    }
}

/// What the rpc does that does it to several rows.
pub(crate) fn batch_comment(kind: StandardKind, resource: &Resource) -> String {
    let verb = match kind {
        StandardKind::Update => "Changes",
        StandardKind::Get => "Gets",
        StandardKind::Create => "Creates",
        StandardKind::Delete => "Deletes",
        StandardKind::List => "Lists",
    };
    let outcome = if kind == StandardKind::Get { "or none, if one is missing" } else { "or none, if one is refused" };
    format!("{verb} several {}, at most {BATCH_MAX}: all of them, {outcome}.", plural_human(resource))
}

/// Most rows of a batch, as the runtime has it.
pub(crate) const BATCH_MAX: usize = 100;

/// Most characters of what is searched, as the runtime has it.
pub(crate) const SEARCH_MAX: usize = 200;

/// What the parameter `q` of a list does.
pub(crate) fn search_comment(resource: &Resource) -> String {
    let fields = resource.fields.iter().filter(|field| field.is_searched());
    let fields: Vec<String> = fields.map(|field| format!("`{}`", field.name)).collect();
    format!(
        "Only rows in which each of these words, at most 8, begins a word of {}; case and accents make no difference.",
        fields.join(" or ")
    )
}

/// What the rpc does that brings a deleted row back.
pub(crate) fn undelete_comment(resource: &Resource) -> String {
    format!("Brings a deleted {} back.", human(&resource.name))
}

/// What the service of a resource is, where the schema says nothing.
pub(crate) fn service_comment(resource: &Resource, written: &str) -> String {
    if written.is_empty() { format!("What can be done with {}.", plural_human(resource)) } else { written.to_owned() }
}

/// The comment of a field; where the schema has none, what its part in the entity says.
pub(crate) fn field_comment(field: &Field) -> String {
    if !field.comment.trim().is_empty() {
        return field.comment.clone();
    }
    let said = match (field.role, &field.ty) {
        (FieldRole::Key, Type::Id { kind: KeyKind::UuidV7 | KeyKind::Int64, .. }) => "Key, made by the service.",
        (FieldRole::Key, _) => "Key, given by the client.",
        (FieldRole::Version, _) => "Number of changes so far; the ETag of the row.",
        (FieldRole::CreatedAt, _) => "When the row was created.",
        (FieldRole::UpdatedAt, _) => "When the row was last changed.",
        (FieldRole::Plain | FieldRole::Owned | FieldRole::Expanded, _) => "",
    };
    said.to_owned()
}

/// Never leaves the service or is no part of the contract.
pub(crate) fn is_hidden(field: &Field) -> bool {
    field.sensitive || field.internal
}

/// Fields of the key, in the order of the route.
pub(crate) fn key_fields<'a>(resource: &'a Resource, entity: &Entity) -> Vec<&'a Field> {
    entity.key.fields.iter().filter_map(|name| resource.field(name)).collect()
}

/// Path of one row below the collection, such as `{id}` or `{order.id}` with a prefix `order.`.
pub(crate) fn key_path(entity: &Entity, prefix: &str) -> String {
    let parts: Vec<String> = entity.key.fields.iter().map(|field| format!("{{{prefix}{field}}}")).collect();
    parts.join("/")
}

/// The resource has an rpc that brings deleted rows back.
pub(crate) fn has_undelete(resource: &Resource, entity: &Entity) -> bool {
    entity.soft_delete && resource.methods.iter().any(|method| method.kind == StandardKind::Delete)
}

/// Never changes once it is set: a replacement may leave it out, and what it says must be what the row has.
pub(crate) fn is_kept(field: &Field) -> bool {
    field.immutable && !field.output_only && field.role == FieldRole::Plain && !is_hidden(field)
}

/// The entity behind a resource.
pub(crate) fn entity_of<'a>(model: &'a Model, resource: &Resource) -> Option<&'a Entity> {
    model.entity(&resource.entity)
}
