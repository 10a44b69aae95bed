//! Named queries fit their messages: parameters are fields of the request, columns those of the row.

use std::collections::BTreeMap;

use heck::ToSnakeCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Field, Message, Model, Parameter, Piece, Query, QueryText, Type};

/// Methods that repositories have already; finders start with `find_by_`.
const TAKEN: [&str; 5] = ["count", "find", "find_deleted", "find_many", "list"];

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    let mut names: BTreeMap<(&str, String), &str> = BTreeMap::new();
    for query in &model.queries {
        let name = query.name.to_snake_case();
        let other = names.insert((&query.entity, name.clone()), &query.name);
        let taken = TAKEN.contains(&name.as_str()) || name.starts_with("find_by_");
        if other.is_some() || taken {
            let message = format!("`{}` becomes `{name}`, which the repository has already", query.name);
            found.push(Diagnostic::at("arcana::name_collision", &query.span, message).help("choose another name"));
        }
        let (Some(request), Some(row)) = (model.message(&query.request), model.message(&query.row)) else { continue };
        parameters(query, request, found);
        for field in request.fields.iter().chain(&row.fields) {
            value(query, field, found);
        }
        query.texts.iter().for_each(|text| columns(text, row, found));
    }
}

fn parameters(query: &Query, request: &Message, found: &mut Diagnostics) {
    let used: Vec<&Parameter> = query
        .texts
        .iter()
        .flat_map(|text| &text.pieces)
        .filter_map(|piece| match piece {
            Piece::Parameter(parameter) => Some(parameter),
            _ => None,
        })
        .collect();
    let names: Vec<&str> = request.fields.iter().map(|field| field.name.as_str()).collect();
    for parameter in used.iter().filter(|parameter| !names.contains(&parameter.name.as_str())) {
        let known = if names.is_empty() { "no fields".to_owned() } else { names.join(", ") };
        found.push(
            Diagnostic::at(
                "arcana::query_parameter",
                &parameter.span,
                format!("`{}` has no field `{}`", request.name, parameter.name),
            )
            .help(format!("it has {known}; add the field, or write one of these")),
        );
    }
    for field in request.fields.iter().filter(|field| !used.iter().any(|parameter| parameter.name == field.name)) {
        found.push(
            Diagnostic::at(
                "arcana::query_parameter",
                &query.span,
                format!("`:{}` of `{}` is never used", field.name, request.name),
            )
            .help("use it in the text, or take the field out of the message"),
        );
    }
}

fn value(query: &Query, field: &Field, found: &mut Diagnostics) {
    let fits = !matches!(field.ty, Type::List(_) | Type::Map(..) | Type::Message(_) | Type::Resource(_) | Type::Struct);
    if !fits {
        found.push(
            Diagnostic::at(
                "arcana::query_type",
                &field.span,
                format!("`{}` is no single value, and `{}` binds and reads only those", field.name, query.name),
            )
            .help("give the message a field for each value; lists and messages have no place in a named query"),
        );
    }
}

/// The columns of a text are the fields of the row, by name and in order.
fn columns(text: &QueryText, row: &Message, found: &mut Diagnostics) {
    let fields: Vec<&str> = row.fields.iter().map(|field| field.name.as_str()).collect();
    let expected = fields.join(", ");
    if text.columns.len() != fields.len() {
        let message =
            format!("the query has {} columns, and `{}` {} fields", text.columns.len(), row.name, fields.len());
        found.push(
            Diagnostic::at("arcana::query_columns", &text.span, message)
                .help(format!("select, in this order, {expected}")),
        );
        return;
    }
    for (at, (column, field)) in text.columns.iter().zip(&fields).enumerate() {
        if column.as_deref() == Some(*field) {
            continue;
        }
        let what = column.as_ref().map_or("has no name".to_owned(), |name| format!("is `{name}`"));
        found.push(
            Diagnostic::at(
                "arcana::query_columns",
                &text.span,
                format!("column {} {what}, and the field of `{}` in its place is `{field}`", at + 1, row.name),
            )
            .help(format!("select, in this order, {expected}; `AS {field}` gives a column its name")),
        );
    }
}
