//! The shape of an entity as constants, and its SQL: one text for all dialects, with `?` for values and names in double
//! quotes; what a dialect says otherwise, the runtime says.

use heck::ToSnakeCase;

use super::entity::rule;
use super::fields;
use super::home::split;
use super::overview::Overview;
use super::types::{Types, identifier, literal, spec_constant};
use super::views::{ColumnView, FinderView, SpecView};
use crate::expand::expansions;
use crate::model::{
    Access, Column, Entity, Field, ForeignKey, Index, KeyKind, MethodOptions, Model, OnDelete, Resource, StandardKind,
    Type,
};
use crate::sql::constraint::foreign_key_name;

pub(super) use crate::sql::quoted;

/// The shape of an entity.
pub fn spec(overview: &Overview<'_>, entity: &Entity, resource: &Resource) -> SpecView {
    let model = overview.model;
    SpecView {
        constant: spec_constant(&entity.full_name),
        member: literal(&resource.name.to_snake_case()),
        table: literal(&quoted(&entity.table)),
        columns: entity
            .columns
            .iter()
            .filter(|column| column.name != "deleted_at" || !column.hidden)
            .map(|column| column_view(model, resource, column))
            .collect(),
        key: list(entity.key.columns.iter().map(|column| literal(&quoted(column)))),
        key_fields: list(entity.key.fields.iter().map(|field| literal(field))),
        allotted: entity.key.kind == KeyKind::Int64,
        hidden: if entity.parent.is_some() { 2 } else { 0 },
        version: option(entity.version.as_ref().map(|column| literal(&quoted(column)))),
        updated_at: option(entity.updated_at.as_ref().map(|column| literal(&quoted(column)))),
        soft_delete: entity.soft_delete,
        events: entity.events,
        audit: entity.audit,
        select: literal(&select(entity)),
        insert: literal(&insert(entity)),
        update: literal(&update(entity)),
        delete: literal(&delete(entity)),
        owner: option(owner(entity).map(|sql| literal(&sql))),
        tenant: option(entity.tenant.as_ref().map(|column| literal(&quoted(column)))),
        unique: entity.indexes.iter().filter(|index| index.unique).map(|index| unique(entity, index)).collect(),
        references: references(model, entity).collect(),
        // What an owned child refers to is named by its parent.
        expandable: match entity.parent {
            Some(_) => list(std::iter::empty()),
            None => list(expansions(model, resource).iter().map(|expansion| literal(&expansion.path))),
        },
        words: option(words(model, entity, resource)),
        referenced_by: referenced_by(overview, entity),
        access: access(resource),
        limits: limits(resource),
    }
}

/// Where the words of its searchable fields are.
fn words(model: &Model, entity: &Entity, resource: &Resource) -> Option<String> {
    let table = model.words_of(&entity.full_name)?;
    let fields = entity.columns.iter().filter(|column| {
        let field = resource.field(&column.field).filter(|_| !column.hidden);
        field.is_some_and(Field::is_searched)
    });
    let fields = fields
        .map(|column| format!("Searched {{ column: {}, number: {} }}", literal(&quoted(&column.name)), column.number));
    Some(format!("Words {{ table: {}, fields: {} }}", literal(&quoted(&table.table)), list(fields)))
}

fn option(text: Option<String>) -> String {
    text.map_or("None".to_owned(), |text| format!("Some({text})"))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("&[{}]", items.collect::<Vec<_>>().join(", "))
}

fn column_view(model: &Model, resource: &Resource, column: &Column) -> ColumnView {
    let field = resource.field(&column.field).filter(|_| !column.hidden);
    ColumnView {
        name: literal(&quoted(&column.name)),
        field: literal(&column.field),
        kind: fields::kind(model, &column.ty),
        nullable: column.nullable,
        filterable: field.is_some_and(|field| field.filterable && fields::is_shown(field)),
        sortable: field.is_some_and(|field| field.sortable && fields::is_shown(field)),
    }
}

/// Columns of a row as it is read: an owned child's parent first, its fields, nothing hidden else.
fn read_columns(entity: &Entity) -> Vec<String> {
    let parent = entity.parent.iter().map(|parent| quoted(&parent.column));
    parent.chain(entity.columns.iter().filter(|column| !column.hidden).map(|column| quoted(&column.name))).collect()
}

/// Columns of a row as it is written: an owned child's parent and position first.
fn written_columns(entity: &Entity) -> Vec<String> {
    let hidden = |column: &&Column| !column.hidden || (entity.parent.is_some() && column.name != "deleted_at");
    entity.columns.iter().filter(hidden).map(|column| quoted(&column.name)).collect()
}

fn select(entity: &Entity) -> String {
    format!("SELECT {} FROM {}", read_columns(entity).join(", "), quoted(&entity.table))
}

fn insert(entity: &Entity) -> String {
    let columns = written_columns(entity);
    let places = vec!["?"; columns.len()].join(", ");
    format!("INSERT INTO {} ({}) VALUES ({places})", quoted(&entity.table), columns.join(", "))
}

fn update(entity: &Entity) -> String {
    let key: Vec<String> = entity.key.columns.iter().map(|column| quoted(column)).collect();
    let parent = entity.parent.as_ref().map(|parent| quoted(&parent.column));
    let columns = written_columns(entity);
    let set = columns.iter().filter(|column| !key.contains(column) && parent.as_ref() != Some(column));
    let set: Vec<String> = set.map(|column| format!("{column} = ?")).collect();
    if set.is_empty() {
        return String::new();
    }
    let mut conditions: Vec<String> = key.iter().chain(&parent).map(|column| format!("{column} = ?")).collect();
    conditions.extend(entity.soft_delete.then(|| "deleted_at IS NULL".to_owned()));
    conditions.extend(entity.version.iter().map(|column| format!("{} = ?", quoted(column))));
    format!("UPDATE {} SET {} WHERE {}", quoted(&entity.table), set.join(", "), conditions.join(" AND "))
}

fn delete(entity: &Entity) -> String {
    let parent = entity.parent.as_ref().map(|parent| &parent.column);
    let mut conditions: Vec<String> =
        entity.key.columns.iter().chain(parent).map(|column| format!("{} = ?", quoted(column))).collect();
    conditions.extend(entity.soft_delete.then(|| "deleted_at IS NULL".to_owned()));
    conditions.extend(entity.version.iter().map(|column| format!("{} = ?", quoted(column))));
    let (table, conditions) = (quoted(&entity.table), conditions.join(" AND "));
    if !entity.soft_delete {
        return format!("DELETE FROM {table} WHERE {conditions}");
    }
    let mut set = vec!["deleted_at = ?".to_owned()];
    set.extend(entity.updated_at.iter().map(|column| format!("{} = ?", quoted(column))));
    set.extend(entity.version.iter().map(|column| format!("{0} = {0} + 1", quoted(column))));
    format!("UPDATE {table} SET {} WHERE {conditions}", set.join(", "))
}

/// Follows the owner path from the inside out, so that one `?` at the end takes the account.
pub(super) fn owner(entity: &Entity) -> Option<String> {
    let path = entity.owner.as_ref()?;
    let last = format!("{} = ?", quoted(&path.column));
    let condition = path.steps.iter().rev().fold(last, |inner, step| {
        format!(
            "{} IN (SELECT {} FROM {} WHERE {inner})",
            quoted(&step.column),
            quoted(&step.key_column),
            quoted(&step.table)
        )
    });
    Some(condition)
}

fn unique(entity: &Entity, index: &Index) -> String {
    let field = |column: &String| {
        let known = entity.columns.iter().find(|known| known.name == *column);
        literal(known.map_or(column.as_str(), |known| known.field.as_str()))
    };
    format!(
        "Unique {{ name: {}, fields: {}, columns: {}, condition: {} }}",
        literal(&index.name),
        list(index.columns.iter().map(field)),
        list(index.columns.iter().map(|column| literal(&quoted(column)))),
        option(index.condition.as_ref().map(|condition| literal(condition))),
    )
}

/// Condition of a live row of an entity.
fn live(model: &Model, full_name: &str) -> String {
    let soft = model.entity(full_name).is_some_and(|entity| entity.soft_delete);
    option(soft.then(|| literal("deleted_at IS NULL")))
}

/// References by one column; the parent of an owned child is written with it and needs no look.
fn references<'m>(model: &'m Model, entity: &'m Entity) -> impl Iterator<Item = String> + 'm {
    let parent = entity.parent.as_ref().map(|parent| parent.column.as_str());
    let single = move |key: &&ForeignKey| key.columns.len() == 1 && key.columns.first().map(String::as_str) != parent;
    entity.foreign_keys.iter().filter(single).map(|key| {
        let (column, target) = (first(&key.columns), first(&key.key_columns));
        format!(
            "Reference {{ name: {}, field: {}, column: {}, entity: {}, table: {}, key: {}, condition: {} }}",
            literal(&foreign_key_name(&entity.table, &key.columns)),
            literal(&key.field),
            literal(&quoted(column)),
            literal(split(&key.entity).1),
            literal(&quoted(&key.table)),
            literal(&quoted(target)),
            live(model, &key.entity),
        )
    })
}

fn first(columns: &[String]) -> &str {
    columns.first().map(String::as_str).unwrap_or_default()
}

fn referenced_by(overview: &Overview<'_>, entity: &Entity) -> Vec<String> {
    let own_child = |other: &Entity, key: &ForeignKey| {
        other.parent.as_ref().is_some_and(|parent| first(&key.columns) == parent.column)
    };
    let referrers = overview.referrers(&entity.full_name).iter().filter(|(other, key)| !own_child(other, key));
    let referrer = |(other, key): &(&Entity, &ForeignKey)| {
        let on_delete = match key.on_delete {
            OnDelete::Restrict => "Restrict",
            OnDelete::Cascade => "Cascade",
            OnDelete::SetNull => "SetNull",
        };
        format!(
            "Referrer {{ table: {}, column: {}, version: {}, on_delete: OnDelete::{on_delete}, condition: {} }}",
            literal(&quoted(&other.table)),
            literal(&quoted(first(&key.columns))),
            option(other.version.as_ref().map(|column| literal(&quoted(column)))),
            live(overview.model, &other.full_name),
        )
    };
    referrers.map(referrer).collect()
}

fn access(resource: &Resource) -> Vec<(String, String)> {
    let rule_of = |kind: StandardKind| {
        let method = resource.methods.iter().find(|method| method.kind == kind);
        rule(&method.map_or_else(Access::default, |method| method.access.clone()))
    };
    StandardKind::ALL.iter().map(|kind| (kind.name().to_lowercase(), rule_of(*kind))).collect()
}

/// What bounds the calls of the derived methods, where the schema says so.
fn limits(resource: &Resource) -> String {
    let bounded = resource.methods.iter().filter_map(|method| {
        let options = &method.options;
        let (rate, timeout) = (rate(options), seconds(options.timeout_seconds));
        // What counts is one for all, and so a static of its own.
        let limit = option(rate.map(|limit| format!("{{ static LIMIT: Limit = {limit}; &LIMIT }}")));
        (options.rate_limit.is_some() || options.timeout_seconds.is_some()).then(|| {
            format!("MethodLimits {{ method: Derived::{:?}, limit: {limit}, timeout_seconds: {timeout} }}", method.kind)
        })
    });
    list(bounded)
}

/// The rate of a method as an expression.
pub fn limit(options: &MethodOptions) -> String {
    option(rate(options))
}

fn rate(options: &MethodOptions) -> Option<String> {
    let (calls, seconds) = options.rate()?;
    Some(format!("Limit::new(Rate {{ calls: {calls}, seconds: {seconds} }})"))
}

/// Seconds until TIMEOUT as an expression.
pub fn seconds(timeout: Option<u32>) -> String {
    option(timeout.map(|seconds| seconds.to_string()))
}

/// A field as a parameter, beside those that every finder has.
fn parameter_name(field: &str) -> String {
    if matches!(field, "cx" | "scope") { format!("{field}_") } else { identifier(field) }
}

/// Finders by the fields of unique indexes.
pub fn finders(entity: &Entity, resource: &Resource, types: &Types<'_>) -> Vec<FinderView> {
    let indexes = entity.indexes.iter().filter(|index| index.unique);
    let by_fields = indexes.filter_map(|index| {
        let fields: Option<Vec<_>> = index
            .columns
            .iter()
            .map(|name| {
                let column = entity.columns.iter().find(|column| column.name == *name && !column.hidden)?;
                resource.field(&column.field).map(|field| (field, column))
            })
            .collect();
        let fields = fields?;
        let names: Vec<&str> = fields.iter().map(|(field, _)| field.name.as_str()).collect();
        let parameter = |(field, _): &(&Field, &Column)| {
            let name = parameter_name(&field.name);
            let ty = types.rust(&field.ty);
            let value = match &field.ty {
                Type::Decimal { scale, .. } => format!("Value::decimal(*{name}, {scale})"),
                _ => format!("{name}.to_value()"),
            };
            let ty = if ty == "String" { "&str".to_owned() } else { format!("&{ty}") };
            let value = if ty == "&str" { format!("Value::Text({name}.to_owned())") } else { value };
            (name, ty, value)
        };
        Some(FinderView {
            name: format!("find_by_{}", names.join("_and_")),
            words: names.join(" and "),
            parameters: fields.iter().map(parameter).collect(),
            condition: literal(
                &index.columns.iter().map(|column| format!("{} = ?", quoted(column))).collect::<Vec<_>>().join(" AND "),
            ),
        })
    });
    by_fields.collect()
}
