//! Where a page starts: the rows behind one with known values, said so that every engine starts to read an index there.
//!
//! NULL stands before all values, and no comparison reaches over it. An order by a column that may be NULL therefore has
//! two stretches, each a range of its index; a page that one does not fill goes on in the next.

use crate::access::Scope;
use crate::db::{Dialect, Value};
use crate::entity::{EntitySpec, Unique};
use crate::query::{ListQuery, OrderBy};

/// What is unique among the rows that are not marked as deleted only says so.
const LIVE: &str = "deleted_at IS NULL";

/// A range of an index.
pub(super) struct Stretch {
    pub condition: String,
    pub values: Vec<Value>,
    /// Members at the start of the order that are NULL in all its rows, where an engine must not be asked to order by them.
    pub settled: usize,
    /// What the engine is told behind the name of the table.
    pub hint: &'static str,
}

impl Stretch {
    fn new(condition: String, values: Vec<Value>) -> Self {
        Self { condition, values, settled: 0, hint: "" }
    }
}

/// The first members of an order that make it total: behind what is unique, nothing decides.
pub(super) fn deciding<'q>(spec: &EntitySpec, scope: &Scope, query: &'q ListQuery) -> &'q [OrderBy] {
    let tenant = if matches!(scope, Scope::Tenant(_)) { spec.tenant } else { None };
    let decides = |order: &[OrderBy], unique: &Unique| {
        let everywhere = unique.condition.is_none() || unique.condition == Some(LIVE) && !query.show_deleted;
        let solid = |name: &str| order.iter().any(|member| member.column.name == name && !member.column.nullable);
        everywhere && unique.columns.iter().all(|column| Some(*column) == tenant || solid(column))
    };
    let total = |count: &usize| {
        let order = query.order.get(..*count).unwrap_or_default();
        spec.unique.iter().any(|unique| decides(order, unique))
    };
    let count = (1..query.order.len()).find(total).unwrap_or(query.order.len());
    query.order.get(..count).unwrap_or_default()
}

/// The stretches of rows behind one with these values, in order.
pub(super) fn behind(dialect: Dialect, order: &[OrderBy], values: &[Value]) -> Vec<Stretch> {
    // Values of members that decide nothing are passed over.
    let values = values.get(..order.len()).unwrap_or(values);
    let (Some((first, rest)), Some((value, rest_values))) = (order.split_first(), values.split_first()) else {
        return Vec::new();
    };
    let column = first.column.name;
    // MySQL and MariaDB sort by a column although it is NULL in all rows; PostgreSQL finds the index by it.
    let settles = usize::from(dialect == Dialect::Mysql && !rest.is_empty());
    if !value.is_null() {
        let mut stretches = vec![range(dialect, order, values)];
        if first.descending && first.column.nullable {
            stretches.push(Stretch { settled: settles, ..Stretch::new(format!("{column} IS NULL"), Vec::new()) });
        }
        return stretches;
    }
    let mut stretches = behind(dialect, rest, rest_values);
    for stretch in &mut stretches {
        stretch.condition = format!("{column} IS NULL AND {}", stretch.condition);
        stretch.settled += settles;
    }
    if !first.descending {
        stretches.push(Stretch::new(format!("{column} IS NOT NULL"), Vec::new()));
    }
    stretches
}

/// All stretches as one condition, for the few who skip rows from there on.
pub(super) fn joined(stretches: Vec<Stretch>) -> Stretch {
    if stretches.is_empty() {
        return Stretch::new("FALSE".to_owned(), Vec::new());
    }
    let conditions: Vec<_> = stretches.iter().map(|stretch| format!("({})", stretch.condition)).collect();
    let values = stretches.into_iter().flat_map(|stretch| stretch.values).collect();
    Stretch::new(format!("({})", conditions.join(" OR ")), values)
}

/// The rows behind one whose first value is not NULL, as far as theirs is none either.
fn range(dialect: Dialect, order: &[OrderBy], values: &[Value]) -> Stretch {
    let descending = order.first().is_some_and(|first| first.descending);
    let one_way = order.iter().all(|member| member.descending == descending);
    let solid = order.iter().skip(1).all(|member| !member.column.nullable);
    let sign = if descending { '<' } else { '>' };
    let names: Vec<&str> = order.iter().map(|member| member.column.name).collect();
    match (names.as_slice(), dialect) {
        ([name], _) => Stretch::new(format!("{name} {sign} ?"), values.to_vec()),
        // MySQL and MariaDB do not look a row of values up in an index.
        (_, Dialect::Sqlite | Dialect::Postgres) if one_way && solid => {
            let places = vec!["?"; names.len()].join(", ");
            Stretch::new(format!("({}) {sign} ({places})", names.join(", ")), values.to_vec())
        }
        _ => spelled_out(dialect, order, values),
    }
}

/// What keeps MySQL and MariaDB from weighing whether to read the primary key for one alternative and merge: on a page of twenty
/// rows, that takes as long as reading them.
const NO_MERGE: &str = " IGNORE INDEX (PRIMARY)";

/// `a >= ? AND (a > ? OR (a = ? AND …))`: by the first part, an engine sees where it may start to read. MySQL and MariaDB see
/// it by the alternatives, and take longer with it.
fn spelled_out(dialect: Dialect, order: &[OrderBy], values: &[Value]) -> Stretch {
    let sees = dialect == Dialect::Mysql;
    let mut alternatives = Vec::new();
    let mut bound: Vec<Value> = values.first().filter(|_| !sees).cloned().into_iter().collect();
    for (at, (member, value)) in order.iter().zip(values).enumerate() {
        // NULL in the first column has a stretch of its own.
        let Some(condition) = past(member, value, at > 0) else { continue };
        let mut parts: Vec<String> = Vec::new();
        for (before, value) in order.iter().zip(values).take(at) {
            if value.is_null() {
                parts.push(format!("{} IS NULL", before.column.name));
            } else {
                parts.push(format!("{} = ?", before.column.name));
                bound.push(value.clone());
            }
        }
        parts.push(condition);
        if !value.is_null() {
            bound.push(value.clone());
        }
        alternatives.push(format!("({})", parts.join(" AND ")));
    }
    let alternatives = format!("({})", alternatives.join(" OR "));
    if sees {
        return Stretch { hint: NO_MERGE, ..Stretch::new(alternatives, bound) };
    }
    let sign = if order.first().is_some_and(|first| first.descending) { "<=" } else { ">=" };
    let first = order.first().map(|first| first.column.name).unwrap_or_default();
    Stretch::new(format!("{first} {sign} ? AND {alternatives}"), bound)
}

/// A value that comes after another, NULL too where it may be.
fn past(member: &OrderBy, value: &Value, with_null: bool) -> Option<String> {
    let column = member.column.name;
    match (value.is_null(), member.descending) {
        (true, false) => Some(format!("{column} IS NOT NULL")),
        (true, true) => None,
        (false, false) => Some(format!("{column} > ?")),
        (false, true) if with_null && member.column.nullable => Some(format!("({column} < ? OR {column} IS NULL)")),
        (false, true) => Some(format!("{column} < ?")),
    }
}
