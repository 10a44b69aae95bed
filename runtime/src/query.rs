//! Lists: one query for both protocols, checked against the shape of the entity before anything is asked.

mod filter;
pub(crate) mod kind;
mod token;

pub use filter::{Comparison, Filter};

use crate::access::Scope;
use crate::changes::Field;
use crate::db::Value;
use crate::entity::{ColumnSpec, Entity, EntitySpec, Kind};
use crate::error::Result;
use crate::expand::Expand;
use crate::search;
use crate::violations::Violations;
use token::Token;

/// Rows on a page when the caller says nothing.
pub const DEFAULT_SIZE: i64 = 10;
/// Rows on a page at most; more is a validation error.
pub const MAX_SIZE: i64 = 100;
/// Furthest row that a page number may reach; beyond it, page tokens are the way.
const MAX_SKIP: i64 = 1_000_000_000;

/// Which rows, in which order, and how many.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Rows to pass over.
    pub skip: i64,
    /// Rows on a page.
    pub size: i64,
    /// Conditions.
    pub filter: Option<Filter>,
    /// Order; the key is always the last, so that it is total.
    pub order: Vec<OrderBy>,
    /// Count all rows too.
    pub include_total: bool,
    /// Rows that are marked as deleted too.
    pub show_deleted: bool,
    /// References to show as rows.
    pub expand: Expand,
    after: Option<Token>,
}

/// One member of an order.
#[derive(Debug, Clone)]
pub struct OrderBy {
    /// Column.
    pub column: &'static ColumnSpec,
    /// Largest first.
    pub descending: bool,
}

/// One page of rows.
#[derive(Debug, Clone)]
pub struct Page<E> {
    /// The rows.
    pub data: Vec<E>,
    /// Number of the page, from 0.
    pub page: i64,
    /// Rows that were asked for.
    pub size: i64,
    /// Rows in total, if asked for.
    pub total: Option<i64>,
    /// Where the next page starts; empty on the last.
    pub next_page_token: String,
}

/// The arguments of a list as gRPC has them.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct ListArguments {
    pub page_size: i32,
    pub page_token: String,
    pub skip: i32,
    pub filter: String,
    pub order_by: String,
    pub include_total: Option<bool>,
    pub show_deleted: bool,
    pub expand: String,
    pub q: String,
}

impl ListQuery {
    /// The first page in the default order.
    pub fn first(spec: &'static EntitySpec) -> Self {
        Self {
            skip: 0,
            size: DEFAULT_SIZE,
            filter: None,
            order: complete(spec, Vec::new()),
            include_total: false,
            show_deleted: false,
            expand: Expand::NONE,
            after: None,
        }
    }

    /// The same, narrowed to rows whose field has this value.
    #[must_use]
    pub fn with<E: Entity, T>(mut self, field: &Field<E, T>, value: &T) -> Self {
        self.narrow(Filter::compare(field, Comparison::Equal, value));
        self
    }

    /// The same, with the smallest of a field first.
    #[must_use]
    pub fn ordered_by<E: Entity, T>(mut self, field: &Field<E, T>) -> Self {
        let first = E::SPEC.column_of(field.name).map(|column| OrderBy { column, descending: false });
        self.order = complete(E::SPEC, first.into_iter().collect());
        self
    }

    /// Adds a condition to those that are there.
    pub fn narrow(&mut self, filter: Filter) {
        self.filter = Some(match self.filter.take() {
            None => filter,
            Some(before) => Filter::And(vec![before, filter]),
        });
    }

    /// From the parameters of a URL.
    pub fn from_rest(spec: &'static EntitySpec, parameters: &[(String, String)]) -> Result<Self> {
        let mut found = Violations::new();
        let mut query = Self { include_total: true, ..Self::first(spec) };
        let (mut page, mut sort, mut order) = (None, None, None);
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in parameters {
            if seen.contains(&name.as_str()) {
                found.add(name, "query.repeated", "is there more than once");
                continue;
            }
            seen.push(name);
            match name.as_str() {
                "page" => page = number(name, value, 0, i64::MAX, &mut found),
                "size" => query.size = number(name, value, 1, MAX_SIZE, &mut found).unwrap_or(DEFAULT_SIZE),
                "sort" => sort = Some(value.as_str()),
                "order" => order = Some(value.as_str()),
                "page_token" => query.set_token(value, &mut found),
                "filter" => query.set_filter(spec, value, &mut found),
                "include_total" => query.include_total = truth(name, value, true, &mut found),
                "show_deleted" if spec.soft_delete => query.show_deleted = truth(name, value, false, &mut found),
                "q" if spec.words.is_some() => query.set_search(spec, value, &mut found),
                "expand" if !spec.expandable.is_empty() => query.expand = Expand::from_rest(spec, value, &mut found),
                field => query.set_equal(spec, field, value, &mut found),
            }
        }
        query.order = complete(spec, rest_order(spec, sort, order, &mut found));
        if page.is_some() && query.after.is_some() {
            found.add("page", "query.page", "cannot stand beside page_token");
        }
        query.skip = page.unwrap_or_default().saturating_mul(query.size);
        if query.skip > MAX_SKIP {
            found.add("page", "query.page", "is too far; use next_page_token to read on");
        }
        found.into_result(query)
    }

    /// From the arguments of a gRPC request.
    pub fn from_grpc(spec: &'static EntitySpec, arguments: &ListArguments) -> Result<Self> {
        let mut found = Violations::new();
        let mut query = Self { show_deleted: arguments.show_deleted, ..Self::first(spec) };
        query.include_total = arguments.include_total.unwrap_or(true);
        let size = i64::from(arguments.page_size);
        if size != 0 {
            query.size = size;
        }
        if !(1..=MAX_SIZE).contains(&query.size) {
            outside("page_size", 1, MAX_SIZE, &mut found);
        }
        query.skip = i64::from(arguments.skip);
        if query.skip < 0 {
            found.add("skip", "int32.gte", "must be at least 0");
        }
        query.set_token(&arguments.page_token, &mut found);
        query.set_filter(spec, &arguments.filter, &mut found);
        if !arguments.q.is_empty() {
            query.set_search(spec, &arguments.q, &mut found);
        }
        query.expand = Expand::parse(spec, &arguments.expand, &mut found);
        query.order = complete(spec, grpc_order(spec, &arguments.order_by, &mut found));
        found.into_result(query)
    }

    /// The same query for the page behind this one, if there is one.
    pub(crate) fn behind(mut self, next_page_token: &str) -> Option<Self> {
        self.skip = 0;
        self.after = Some(Token::decode(next_page_token)?);
        Some(self)
    }

    fn set_token(&mut self, text: &str, found: &mut Violations) {
        if !text.is_empty() {
            match Token::decode(text) {
                Some(token) => self.after = Some(token),
                None => token::refuse(found),
            }
        }
    }

    fn set_filter(&mut self, spec: &'static EntitySpec, text: &str, found: &mut Violations) {
        if !text.trim().is_empty() {
            match filter::parse(spec, text) {
                Ok(filter) => self.narrow(filter),
                Err(message) => found.add("filter", "query.filter", message),
            }
        }
    }

    fn set_search(&mut self, spec: &'static EntitySpec, text: &str, found: &mut Violations) {
        match search::parse(text) {
            Ok(words) => self.narrow(Filter::Words { spec, words }),
            Err(message) => found.add("q", "query.q", message),
        }
    }

    fn set_equal(&mut self, spec: &'static EntitySpec, field: &str, text: &str, found: &mut Violations) {
        let Some(column) = spec.column_of(field).filter(|column| column.filterable) else {
            found.add(field, "query.unknown", format!("is no parameter here; known are {}", known(spec)));
            return;
        };
        match column.kind.parse(text) {
            Ok(value) => self.narrow(Filter::Compare { column, comparison: Comparison::Equal, value }),
            Err(message) => found.add(field, "query.value", message),
        }
    }

    /// Whether the page starts behind a token.
    pub(crate) fn has_token(&self) -> bool {
        self.after.is_some()
    }

    /// Values after which the page starts. A token that was not made with this key, or for other arguments, is refused.
    pub(crate) fn after(&self, spec: &EntitySpec, scope: &Scope, key: &[u8]) -> Result<Option<Vec<Value>>> {
        let Some(token) = &self.after else { return Ok(None) };
        let holds = token.holds(key, &self.arguments(spec, scope))?;
        let typed = || -> Option<Vec<Value>> {
            if !holds || token.values.len() != self.order.len() {
                return None;
            }
            let pairs = self.order.iter().zip(&token.values);
            pairs
                .map(|(order, text)| text.as_ref().map_or(Some(Value::Null), |text| order.column.kind.parse(text).ok()))
                .collect()
        };
        if let Some(values) = typed() {
            return Ok(Some(values));
        }
        let mut found = Violations::new();
        token::refuse(&mut found);
        found.into_result(None)
    }

    /// The token of the page behind a row with these values.
    pub(crate) fn token_behind(
        &self,
        spec: &EntitySpec,
        scope: &Scope,
        values: &[Value],
        key: &[u8],
    ) -> Result<String> {
        let value_of = |order: &OrderBy| {
            let at = spec.fields().iter().position(|column| std::ptr::eq(column, order.column));
            at.and_then(|at| values.get(at)).cloned().unwrap_or(Value::Null)
        };
        let values = self.order.iter().map(|order| kind::write(&value_of(order))).collect();
        Token::sealed(key, &self.arguments(spec, scope), values).map(|token| token.encode())
    }

    /// What a token is bound to: entity, scope, filter and order.
    fn arguments(&self, spec: &EntitySpec, scope: &Scope) -> String {
        let order: Vec<_> = self.order.iter().map(|order| (order.column.name, order.descending)).collect();
        let filter = self.filter.as_ref().map(Filter::describe);
        format!("{} {scope:?} {filter:?} {order:?} {}", spec.full_name, self.show_deleted)
    }
}

fn known(spec: &EntitySpec) -> String {
    let mut names = vec!["page", "size", "sort", "order", "page_token", "filter", "include_total"];
    if spec.soft_delete {
        names.push("show_deleted");
    }
    if !spec.expandable.is_empty() {
        names.push("expand");
    }
    if spec.words.is_some() {
        names.push("q");
    }
    names.extend(spec.fields().iter().filter(|column| column.filterable).map(|column| column.field));
    names.join(", ")
}

/// The given order, or the newest first, and always the key at the end.
fn complete(spec: &'static EntitySpec, mut order: Vec<OrderBy>) -> Vec<OrderBy> {
    if order.is_empty() {
        order.extend(
            spec.fields().iter().find(|column| is_stamp(column)).map(|column| OrderBy { column, descending: true }),
        );
    }
    let descending = order.last().is_some_and(|last| last.descending);
    for column in spec.fields().iter().filter(|column| spec.key.contains(&column.name)) {
        if order.iter().all(|member| member.column.name != column.name) {
            order.push(OrderBy { column, descending });
        }
    }
    order
}

/// Whether a column holds the time of the insert, as the service keeps it; the name alone says nothing.
fn is_stamp(column: &ColumnSpec) -> bool {
    column.field == "created_at" && column.kind == Kind::Timestamp && !column.nullable
}

fn rest_order(
    spec: &'static EntitySpec,
    sort: Option<&str>,
    order: Option<&str>,
    found: &mut Violations,
) -> Vec<OrderBy> {
    let fields: Vec<&str> = sort.map(|sort| sort.split(',').map(str::trim).collect()).unwrap_or_default();
    let directions: Vec<&str> = order.map(|order| order.split(',').map(str::trim).collect()).unwrap_or_default();
    if fields.is_empty() && directions.len() == 1 && spec.fields().iter().any(is_stamp) {
        let descending = direction("order", directions.first().copied(), true, found);
        return member(spec, "created_at", "sort", descending, found).into_iter().collect();
    }
    if directions.len() > fields.len() {
        found.add("order", "query.order", "has more members than sort");
    }
    let mut members: Vec<OrderBy> = Vec::new();
    for (at, field) in fields.into_iter().enumerate() {
        let descending = direction("order", directions.get(at).copied(), false, found);
        push_member(&mut members, member(spec, field, "sort", descending, found), "sort", found);
    }
    members
}

fn grpc_order(spec: &'static EntitySpec, text: &str, found: &mut Violations) -> Vec<OrderBy> {
    let mut members: Vec<OrderBy> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (field, way) = part.split_once(' ').unwrap_or((part, "asc"));
        let descending = direction("order_by", Some(way.trim()), false, found);
        push_member(&mut members, member(spec, field, "order_by", descending, found), "order_by", found);
    }
    members
}

fn push_member(members: &mut Vec<OrderBy>, member: Option<OrderBy>, argument: &str, found: &mut Violations) {
    let Some(member) = member else { return };
    if members.iter().any(|known| known.column.name == member.column.name) {
        found.add(argument, "query.order", format!("names {} twice", member.column.field));
    } else {
        members.push(member);
    }
}

fn member(
    spec: &'static EntitySpec,
    field: &str,
    argument: &str,
    descending: bool,
    found: &mut Violations,
) -> Option<OrderBy> {
    let is_key = |column: &ColumnSpec| spec.key.contains(&column.name);
    let sortable = |column: &ColumnSpec| column.sortable || is_stamp(column) || is_key(column);
    if let Some(column) = spec.column_of(field).filter(|column| sortable(column)) {
        return Some(OrderBy { column, descending });
    }
    let names: Vec<_> = spec.fields().iter().filter(|column| sortable(column)).map(|column| column.field).collect();
    found.add(argument, "query.order", format!("cannot order by {field:?}; known are {}", names.join(", ")));
    None
}

fn direction(argument: &str, text: Option<&str>, default: bool, found: &mut Violations) -> bool {
    match text {
        None => default,
        Some("asc") => false,
        Some("desc") => true,
        Some(other) => {
            found.add(argument, "query.order", format!("has {other:?}; a direction is asc or desc"));
            default
        }
    }
}

fn number(name: &str, text: &str, least: i64, most: i64, found: &mut Violations) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Some(number),
        _ => {
            outside(name, least, most, found);
            None
        }
    }
}

fn outside(name: &str, least: i64, most: i64, found: &mut Violations) {
    let message = match most {
        i64::MAX => format!("must be a whole number of at least {least}"),
        _ => format!("must be a whole number between {least} and {most}"),
    };
    found.add(name, "query.range", message);
}

fn truth(name: &str, text: &str, default: bool, found: &mut Violations) -> bool {
    text.parse().unwrap_or_else(|_| {
        found.add(name, "query.bool", "must be true or false");
        default
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_for_the_time_of_the_insert_only_what_the_service_keeps() {
        let column = |kind, nullable| ColumnSpec {
            name: "created_at",
            field: "created_at",
            kind,
            nullable,
            filterable: false,
            sortable: false,
        };
        assert!(is_stamp(&column(Kind::Timestamp, false)));
        assert!(!is_stamp(&column(Kind::Timestamp, true)));
        assert!(!is_stamp(&column(Kind::Text, false)));
    }
}
