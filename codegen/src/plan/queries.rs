//! Named queries as methods and constants.

use heck::{ToShoutySnakeCase, ToSnakeCase};

use super::entity::doc;
use super::fields;
use super::sql::{owner, quoted};
use super::types::{Types, identifier, literal};
use super::views::QueryView;
use crate::model::{Entity, Field, Message, Model, Piece, Query, QueryDialect, QueryText, Rows, Type};

/// The queries of the repository of an entity.
pub fn queries(model: &Model, entity: &Entity, types: &Types<'_>) -> Vec<QueryView> {
    let own = model.queries.iter().filter(|query| query.entity == entity.full_name);
    own.filter_map(|query| {
        let (request, row) = (model.message(&query.request)?, model.message(&query.row)?);
        Some(view(query, entity, request, row, types))
    })
    .collect()
}

fn view(query: &Query, entity: &Entity, request: &Message, row: &Message, types: &Types<'_>) -> QueryView {
    let row_type = types.rust(&Type::Message(row.full_name.clone()));
    let text = |text: &QueryText| {
        let dialects: Vec<&str> = text.dialects.iter().map(|dialect| dialect_path(*dialect)).collect();
        let parts = text.pieces.iter().map(|piece| part(piece, entity, request)).collect();
        (format!("&[{}]", dialects.join(", ")), parts)
    };
    let names: Vec<String> = row.fields.iter().map(|field| literal(&field.name)).collect();
    QueryView {
        name: identifier(&query.name.to_snake_case()),
        constant: format!("{}_QUERY", query.name.to_shouty_snake_case()),
        full_name: literal(&format!("{}.{}", query.entity, query.name)),
        doc: doc(&query.comment, &format!("The named query `{}`.", query.name)),
        request: types.rust(&Type::Message(request.full_name.clone())),
        has_parameters: !request.fields.is_empty(),
        answer: match query.rows {
            Rows::One => row_type.clone(),
            Rows::Optional => format!("Option<{row_type}>"),
            Rows::Many => format!("Vec<{row_type}>"),
        },
        run: match query.rows {
            Rows::One => "query_one",
            Rows::Optional => "query_optional",
            Rows::Many => "query_many",
        }
        .to_owned(),
        row: row_type,
        values: request.fields.iter().map(fields::to_column).collect(),
        fields: row.fields.iter().enumerate().map(|(at, field)| member(field, at)).collect(),
        columns: format!("&[{}]", names.join(", ")),
        texts: query.texts.iter().map(text).collect(),
    }
}

fn dialect_path(dialect: QueryDialect) -> &'static str {
    match dialect {
        QueryDialect::Sqlite => "Dialect::Sqlite",
        QueryDialect::Postgres => "Dialect::Postgres",
        QueryDialect::Mysql => "Dialect::Mysql",
    }
}

fn member(field: &Field, at: usize) -> (String, String) {
    (identifier(&field.name), fields::from_column(field, at))
}

fn part(piece: &Piece, entity: &Entity, request: &Message) -> String {
    match piece {
        Piece::Sql(sql) => format!("Part::Sql({})", literal(sql)),
        Piece::Parameter(parameter) => {
            let at = request.fields.iter().position(|field| field.name == parameter.name);
            format!("Part::Value({})", at.unwrap_or_default())
        }
        Piece::Scope(alias) => {
            // Every condition begins with a column of the table itself.
            let of = alias.clone().unwrap_or_else(|| quoted(&entity.table));
            let option = |condition: Option<String>| {
                condition
                    .map_or("None".to_owned(), |condition| format!("Some({})", literal(&format!("{of}.{condition}"))))
            };
            format!(
                "Part::Scope {{ live: {}, owner: {}, tenant: {} }}",
                option(entity.soft_delete.then(|| "deleted_at IS NULL".to_owned())),
                option(owner(entity)),
                option(entity.tenant.as_ref().map(|column| format!("{} = ?", quoted(column)))),
            )
        }
    }
}
