//! Rows as plain texts: made for a state, converted as a migration promises, written and read in the words of each database.
//!
//! A value is the same text in all databases: whole numbers and scaled decimals as digits, times as microseconds, bytes as
//! hex, floats as Rust writes them.

use std::collections::{BTreeMap, BTreeSet};

use arcana_codegen::lock::{Column, Index, Lock, Storage, Table};
use arcana_runtime::db::Dialect;

use super::draw::Draw;

/// A row, by the names of its columns.
pub type Row = BTreeMap<String, Option<String>>;
/// All rows, by entity.
pub type Rows = BTreeMap<String, Vec<Row>>;

const MICROS: i64 = 1_000_000;

/// Rows that are valid in a state; `mild` ones have values that most other types have too.
pub fn make(lock: &Lock, draw: &mut Draw<'_>, mild: bool) -> Rows {
    let mut rows = Rows::new();
    for entity in parents_first(lock) {
        let Some(table) = lock.tables.get(entity).filter(|table| !table.derived) else { continue };
        if entity.starts_with("arcana.") {
            continue;
        }
        let mut made: Vec<Row> = Vec::new();
        for at in 0..draw.below(5) {
            let Some(row) = one(table, &rows, entity, &made, draw, (at, mild)) else { continue };
            made.push(row);
            if broken_unique(table, &made).is_some() {
                made.pop();
            }
        }
        rows.insert(entity.to_owned(), made);
    }
    rows
}

fn one(table: &Table, rows: &Rows, entity: &str, own: &[Row], draw: &mut Draw<'_>, how: (usize, bool)) -> Option<Row> {
    let mut row = Row::new();
    for column in &table.columns {
        let reference = table.foreign_keys.iter().find(|key| key.columns.contains(&column.name));
        let value = match reference {
            Some(key) => {
                let parents =
                    if key.entity == entity { own } else { rows.get(&key.entity).map_or(&[][..], Vec::as_slice) };
                let parent = parents.get(draw.below(parents.len())).filter(|_| !column.nullable || draw.below(4) > 0);
                let at = key.columns.iter().position(|name| *name == column.name)?;
                match parent {
                    Some(parent) => parent.get(key.key_columns.get(at)?).cloned().flatten(),
                    None if column.nullable => None,
                    None => return None,
                }
            }
            None if column.nullable && draw.below(3) == 0 => None,
            // A key is never empty.
            None if table.key.contains(&column.name) => Some(key_value(column, how.0)),
            None => Some(value(column, draw, how)?),
        };
        row.insert(column.name.clone(), value);
    }
    Some(row)
}

fn key_value(column: &Column, at: usize) -> String {
    match column.storage {
        Storage::Uuid => format!("{:032X}", 0x0190_0000_0000_7000_8000_0000_0000_0000_u128 + at as u128),
        Storage::String => format!("k{at}"),
        _ => (at + 1).to_string(),
    }
}

fn value(column: &Column, draw: &mut Draw<'_>, (at, mild): (usize, bool)) -> Option<String> {
    let mut pick = |values: &[i64]| values[draw.below(values.len())].to_string();
    let text = match &column.storage {
        Storage::Bool => pick(&[0, 1]),
        Storage::I32 | Storage::I64 | Storage::U32 | Storage::U64 if mild => pick(&[0, 1, 7]),
        Storage::I32 => pick(&[0, 1, -1, i64::from(i32::MAX), i64::from(i32::MIN)]),
        Storage::I64 => pick(&[0, 1, -1, i64::MAX, i64::MIN, 1 << 53, 3_000_000_000]),
        Storage::U32 => pick(&[0, 1, i64::from(u32::MAX), 7]),
        Storage::U64 => pick(&[0, 1, i64::MAX, 5_000_000_000]),
        Storage::F32 | Storage::F64 => ["0", "1.5", "-2.25", "0.1", "10000000000"][draw.below(5)].to_owned(),
        Storage::String => {
            let most = column.max_len.unwrap_or(300).min(300) as usize;
            let odd = ["a", "", "it's", "ä🦀", "a ", "42", "HUE0_RED", "x\"y", "_%", "\\n"];
            let text = if mild { format!("{at}") } else { odd[draw.below(odd.len())].to_owned() };
            let text = if !mild && draw.rarely(5) { "é".repeat(most) } else { text };
            text.chars().take(most).collect()
        }
        Storage::Bytes => ["", "00FF", "27"][draw.below(3)].to_owned(),
        Storage::Uuid => format!("{:032X}", (0x0190_u128 << 112) | (77 + at as u128)),
        Storage::Decimal { precision, scale } => {
            let most = 10_i64.pow(*precision) - 1;
            let one = 10_i64.pow(*scale);
            if mild { pick(&[0, one.min(most)]) } else { pick(&[0, 1, -1, most, -most, one.min(most), 5.min(most)]) }
        }
        Storage::Timestamp => pick(&[0, 951_825_600_250_000, -MICROS, 4_102_444_800_000_001]),
        Storage::Duration => pick(&[0, 1_500_000, -MICROS]),
        Storage::Date => ["1970-01-01", "2026-01-31", "2000-02-29"][draw.below(3)].to_owned(),
        Storage::JsonObject => ["{}", "{\"a\":\"it's\"}"][draw.below(2)].to_owned(),
        Storage::JsonArray => ["[]", "[\"x\"]"][draw.below(2)].to_owned(),
        Storage::Enum { values, .. } => values.get(draw.below(values.len()))?.clone(),
    };
    Some(text)
}

/// What a migration makes of rows, or why it must fail on them.
pub fn converted(rows: &Rows, old: &Lock, new: &Lock) -> Result<Rows, String> {
    let mut after = Rows::new();
    for (entity, table) in new.tables.iter().filter(|(name, table)| !table.derived && !name.starts_with("arcana.")) {
        let moved = table.moved_from.as_ref().filter(|former| !new.tables.contains_key(*former));
        let back = old.tables.iter().find(|(name, former)| {
            former.moved_from.as_ref() == Some(entity)
                && !new.tables.contains_key(*name)
                && !old.tables.contains_key(entity)
        });
        let former = [Some(entity), moved, back.map(|(name, _)| name)];
        let former = former.into_iter().flatten().find(|name| old.tables.contains_key(*name));
        let made = match former.and_then(|former| Some((old.tables.get(former)?, rows.get(former)?))) {
            Some((before, rows)) => rows
                .iter()
                .map(|row| row_after(row, before, table).map_err(|why| format!("{entity}: {why}")))
                .collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        if let Some(index) = broken_unique(table, &made) {
            return Err(format!("{entity}: two rows share {}", index.name));
        }
        after.insert(entity.clone(), made);
    }
    for (entity, table) in &new.tables {
        for key in &table.foreign_keys {
            let list =
                |row: &Row, names: &[String]| names.iter().map(|name| row.get(name).cloned().flatten()).collect();
            let parents: BTreeSet<Option<Vec<String>>> =
                after.get(&key.entity).into_iter().flatten().map(|row| list(row, &key.key_columns)).collect();
            for row in after.get(entity).into_iter().flatten() {
                let held: Option<Vec<String>> = list(row, &key.columns);
                if held.is_some() && !parents.contains(&held) {
                    return Err(format!("{entity}: {held:?} is no {}", key.entity));
                }
            }
        }
    }
    Ok(after)
}

fn row_after(row: &Row, old: &Table, new: &Table) -> Result<Row, String> {
    let mut after = Row::new();
    for column in &new.columns {
        let value = match old.same(column) {
            Some(before) => match row.get(&before.name).cloned().flatten() {
                Some(value) => {
                    Some(value_after(&value, before, column).map_err(|why| format!("{}: {why}", column.name))?)
                }
                None if column.nullable => None,
                None => Some(default(column).ok_or_else(|| format!("{} has no value", column.name))?),
            },
            None if column.nullable => None,
            None => Some(default(column).ok_or_else(|| format!("{} has no default", column.name))?),
        };
        after.insert(column.name.clone(), value);
    }
    Ok(after)
}

fn value_after(value: &str, old: &Column, new: &Column) -> Result<String, String> {
    use Storage::{Decimal, Enum, F32, F64, I32, I64, String as Text, U32, U64};
    let range = |ty: &Storage| match ty {
        I32 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        U32 => 0..=i64::from(u32::MAX),
        U64 => 0..=i64::MAX,
        _ => i64::MIN..=i64::MAX,
    };
    let unfit = || format!("{value:?} does not fit");
    match (&old.storage, &new.storage) {
        (I32 | I64 | U32 | U64 | F32 | F64 | Text, I32 | I64 | U32 | U64) => {
            let whole = value.parse::<i64>().or_else(|_| value.parse::<f64>().map(|float| float.round() as i64));
            let whole = whole.map_err(|_| unfit())?;
            if range(&new.storage).contains(&whole) { Ok(whole.to_string()) } else { Err(unfit()) }
        }
        (_, F32 | F64) => value.parse::<f64>().map(|float| float.to_string()).map_err(|_| unfit()),
        (Decimal { scale: s, .. }, Decimal { precision, scale: t }) => {
            let scaled: i128 = value.parse().map_err(|_| unfit())?;
            let moved = if s <= t {
                scaled * 10_i128.pow(t - s)
            } else {
                let by = 10_i128.pow(s - t);
                (scaled.abs() + by / 2) / by * scaled.signum()
            };
            if moved.abs() < 10_i128.pow(*precision) { Ok(moved.to_string()) } else { Err(unfit()) }
        }
        (_, Enum { values, .. }) => {
            if values.iter().any(|known| known == value) {
                Ok(value.to_owned())
            } else {
                Err(unfit())
            }
        }
        (_, Text) => match new.max_len {
            Some(most) if value.chars().count() as u64 > most => Err(unfit()),
            _ => Ok(value.to_owned()),
        },
        (before, after) if before == after => Ok(value.to_owned()),
        (before, after) => Err(format!("{before:?} does not become {after:?}")),
    }
}

/// What rows that exist get.
fn default(column: &Column) -> Option<String> {
    let written = column.default.as_deref()?;
    let or = |zero: &str| if written.is_empty() { zero.to_owned() } else { written.to_owned() };
    match &column.storage {
        Storage::Bool => Some(if or("false") == "true" { "1" } else { "0" }.to_owned()),
        Storage::I32 | Storage::I64 | Storage::U32 | Storage::U64 | Storage::F32 | Storage::F64 => Some(or("0")),
        Storage::Decimal { scale, .. } => {
            let number: f64 = or("0").parse().ok()?;
            Some(((number * 10_f64.powi(*scale as i32)).round() as i64).to_string())
        }
        Storage::String => Some(written.to_owned()),
        Storage::Enum { values, .. } => values.iter().find(|value| *value == written).cloned(),
        Storage::Bytes => Some(String::new()),
        Storage::Timestamp => Some(if or("1970").starts_with("1970") { "0" } else { "1769860800000000" }.to_owned()),
        Storage::Duration => Some(if or("0s") == "0s" { "0" } else { "1500000" }.to_owned()),
        Storage::Date => Some(or("1970-01-01")),
        Storage::JsonObject => Some(or("{}")),
        Storage::JsonArray => Some(or("[]")),
        Storage::Uuid => None,
    }
}

/// A unique index, or the key, whose values two rows share.
fn broken_unique(table: &Table, rows: &[Row]) -> Option<Index> {
    let key = Index { name: "the key".to_owned(), columns: table.key.clone(), unique: true, condition: None };
    let indexes = table.indexes.iter().filter(|index| index.unique).cloned().chain([key]);
    for index in indexes {
        let mut seen = BTreeSet::new();
        for row in rows {
            let dead = row.get("deleted_at").is_some_and(Option::is_some);
            let held: Option<Vec<&String>> = index.columns.iter().map(|name| row.get(name)?.as_ref()).collect();
            if let Some(held) = held
                && !(dead && index.condition.is_some())
                && !seen.insert(held)
            {
                return Some(index);
            }
        }
    }
    None
}

/// Statements that insert rows, referenced ones first.
pub fn inserts(rows: &Rows, lock: &Lock, dialect: Dialect) -> Vec<String> {
    let mut statements = Vec::new();
    for entity in parents_first(lock) {
        let Some((table, rows)) = lock.tables.get(entity).zip(rows.get(entity)) else { continue };
        for row in rows {
            let names: Vec<String> = table.columns.iter().map(|column| quoted(&column.name, dialect)).collect();
            let values = table.columns.iter().map(|column| match row.get(&column.name).cloned().flatten() {
                Some(value) => literal(&value, &column.storage, dialect),
                None => "NULL".to_owned(),
            });
            let (names, values) = (names.join(", "), values.collect::<Vec<_>>().join(", "));
            statements.push(format!("INSERT INTO {} ({names}) VALUES ({values})", quoted(&table.name, dialect)));
        }
    }
    statements
}

/// Statements that delete all rows, children first.
pub fn deletes(lock: &Lock, dialect: Dialect) -> Vec<String> {
    let tables = parents_first(lock).into_iter().rev().filter_map(|entity| lock.tables.get(entity));
    tables.map(|table| format!("DELETE FROM {}", quoted(&table.name, dialect))).collect()
}

/// The query that reads a table, in the order of its key.
pub fn select(table: &Table, dialect: Dialect) -> String {
    let columns = table.columns.iter().map(|column| text(&quoted(&column.name, dialect), &column.storage, dialect));
    let columns: Vec<String> = columns.collect();
    format!("SELECT {} FROM {}", columns.join(", "), quoted(&table.name, dialect))
}

fn quoted(name: &str, _: Dialect) -> String {
    format!("\"{name}\"")
}

fn literal(value: &str, storage: &Storage, dialect: Dialect) -> String {
    let string = |value: &str| format!("'{}'", value.replace('\'', "''"));
    match (storage, dialect) {
        (Storage::Bool, Dialect::Postgres) => format!("({value} = 1)"),
        (Storage::Decimal { scale, .. }, Dialect::Postgres | Dialect::Mysql) => {
            let (sign, digits) = value.strip_prefix('-').map_or(("", value), |digits| ("-", digits));
            let scale = *scale as usize;
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
        }
        (Storage::Timestamp, Dialect::Postgres) => {
            format!("timestamptz '1970-01-01 00:00:00Z' + {value} * interval '1 microsecond'")
        }
        (Storage::Timestamp, Dialect::Mysql) => {
            format!("TIMESTAMPADD(MICROSECOND, {value}, TIMESTAMP'1970-01-01 00:00:00.000000')")
        }
        (Storage::Bytes, Dialect::Postgres) => format!("'\\x{value}'"),
        (Storage::Uuid, Dialect::Postgres) => string(value),
        (Storage::Bytes | Storage::Uuid, _) => format!("x'{value}'"),
        // In a literal, this engine reads a backslash as an escape.
        (Storage::String, Dialect::Mysql) => string(&value.replace('\\', "\\\\")),
        (Storage::String | Storage::Enum { .. } | Storage::Date | Storage::JsonObject | Storage::JsonArray, _) => {
            string(value)
        }
        _ => value.to_owned(),
    }
}

/// The expression that gives a value as the same text everywhere.
fn text(column: &str, storage: &Storage, dialect: Dialect) -> String {
    let micros = "timestamptz '1970-01-01 00:00:00Z'";
    match (storage, dialect) {
        (Storage::Bool, Dialect::Postgres) => format!("({column}::int)::text"),
        (Storage::Decimal { scale, .. }, Dialect::Postgres) => {
            format!("(({column} * (10 ^ {scale})::numeric)::numeric(40, 0))::text")
        }
        (Storage::Decimal { scale, .. }, Dialect::Mysql) => {
            format!("CAST(CAST({column} * {} AS DECIMAL(40, 0)) AS CHAR)", 10_i64.pow(*scale))
        }
        (Storage::Timestamp, Dialect::Postgres) => {
            format!("((extract(epoch FROM {column} - {micros}) * 1000000)::numeric(40, 0))::text")
        }
        (Storage::Timestamp, Dialect::Mysql) => {
            format!("CAST(TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00.000000', {column}) AS CHAR)")
        }
        (Storage::Bytes, Dialect::Postgres) => format!("upper(encode({column}, 'hex'))"),
        (Storage::Uuid, Dialect::Postgres) => format!("upper(replace({column}::text, '-', ''))"),
        (Storage::Bytes | Storage::Uuid, _) => format!("CASE WHEN {column} IS NOT NULL THEN hex({column}) END"),
        (Storage::F32 | Storage::F64, Dialect::Sqlite) => {
            format!("CASE WHEN {column} IS NOT NULL THEN printf('%!.17g', {column}) END")
        }
        (_, Dialect::Postgres) => format!("{column}::text"),
        (_, Dialect::Mysql) => format!("CAST({column} AS CHAR)"),
        (_, Dialect::Sqlite) => format!("CAST({column} AS TEXT)"),
    }
}

/// A value that was read, as it is written here.
pub fn canonical(value: String, storage: &Storage) -> String {
    match storage {
        Storage::F32 | Storage::F64 => value.parse::<f64>().map_or(value, |float| float.to_string()),
        _ => value,
    }
}

fn parents_first(lock: &Lock) -> Vec<&str> {
    let mut order: Vec<&str> = Vec::new();
    // Nothing refers in a circle but to itself, so as many rounds as there are tables are enough.
    for _ in &lock.tables {
        for (entity, table) in &lock.tables {
            let ready =
                table.foreign_keys.iter().all(|key| key.entity == *entity || order.contains(&key.entity.as_str()));
            if ready && !order.contains(&entity.as_str()) {
                order.push(entity);
            }
        }
    }
    order
}
