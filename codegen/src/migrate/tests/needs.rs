//! What a migration needs of the rows, against a real SQLite.

use super::*;
use crate::migrate::needs;
use crate::project::Dialect;

/// The needs of a change, and which of them the rows of the shop do not meet.
fn needs_of(change: impl FnOnce(&mut Lock)) -> Vec<(String, bool)> {
    let (old, mut new) = (shop(), shop());
    change(&mut new);
    let transition = Transition::between(&old, &new);
    let database = database();
    try_run(&database, &sqlite::render(&Transition::between(&Lock::default(), &old))).unwrap();
    try_run(&database, ROWS).unwrap();
    let lines = needs::lines(&transition, Dialect::Sqlite);
    let lines: Vec<&str> = lines.lines().collect();
    let met = |query: &str| !database.prepare(query.trim_start_matches('-').trim()).unwrap().exists([]).unwrap();
    lines.chunks(2).map(|need| (need[0].trim_start_matches("-- Needs: ").to_owned(), met(need[1]))).collect()
}

fn order(lock: &mut Lock) -> &mut Table {
    lock.tables.get_mut("Order").unwrap()
}

/// The one need of a change.
fn need(change: impl FnOnce(&mut Lock)) -> (String, bool) {
    let mut found = needs_of(change);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn safe_changes_need_nothing() {
    let changes: [fn(&mut Lock); 8] = [
        |_| {},
        |lock| order(lock).columns[1].max_len = Some(64),
        |lock| order(lock).columns.push(Column { nullable: true, ..column(7, "note", Storage::String) }),
        |lock| order(lock).columns.push(Column { default: Some("0".to_owned()), ..column(7, "n", Storage::I32) }),
        |lock| order(lock).indexes.push(Index { unique: false, ..index("orders_total_idx", &["total"]) }),
        |lock| order(lock).columns[1].name = "label".to_owned(),
        |lock| order(lock).columns[0].name = "uid".to_owned(),
        |lock| order(lock).columns.truncate(2),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert_eq!(needs_of(change), [], "{index}");
    }
}

#[test]
fn what_rows_may_break_is_needed_and_looked_up_under_the_names_of_before() {
    let told = |words: &str, met: bool| (words.to_owned(), met);
    let added = need(|lock| order(lock).columns.push(column(7, "note", Storage::Uuid)));
    assert_eq!(added, told("no rows in orders, because its new column note has no default", false));
    let group = need(|lock| order(lock).columns[4] = Column { ..column(5, "team", Storage::String) });
    assert_eq!(group, told("a value of orders.group in every row", false));
    let defaulted = needs_of(|lock| {
        order(lock).columns[4] = Column { default: Some("g".to_owned()), ..column(5, "team", Storage::String) };
    });
    assert_eq!(defaulted, [], "rows without a value get the default");
    for (bound, met) in [(1, true), (0, false)] {
        let shorter = need(|lock| order(lock).columns[1].max_len = Some(bound));
        assert_eq!(shorter, told(&format!("at most {bound} characters in orders.number"), met));
    }
    let values = |names: &[&str]| Storage::Enum { name: "Status".to_owned(), values: strings(names) };
    let gone = need(|lock| order(lock).columns[3].storage = values(&["OPEN"]));
    assert_eq!(gone, told("no row whose orders.status is DONE", false));
    let chosen = need(|lock| order(lock).columns[1].storage = values(&["A", "B"]));
    assert_eq!(chosen, told("one of A, B in orders.number", true));
    let smaller = need(|lock| lock.tables.get_mut("Line").unwrap().columns[2].storage = Storage::I32);
    assert_eq!(smaller, told("numbers from -2147483648 to 2147483647 in order_lines.id", true));
}

#[test]
fn decimals_need_their_digits_before_the_point_once_rounded() {
    let decimal = |precision, scale| {
        move |lock: &mut Lock| order(lock).columns[2].storage = Storage::Decimal { precision, scale }
    };
    // The rows hold 10.50 and 0.05.
    for (precision, scale, met) in [(3, 1, true), (3, 2, false), (2, 1, false), (2, 0, true), (1, 0, false)] {
        let (words, is_met) = need(decimal(precision, scale));
        assert_eq!(words, format!("at most {} digits before the point in orders.total", precision - scale));
        assert_eq!(is_met, met, "decimal({precision}, {scale})");
    }
    assert_eq!(needs_of(decimal(20, 4)), []);
}

#[test]
fn what_comes_with_the_migration_itself_is_left_to_the_database() {
    let live = |lock: &mut Lock| {
        order(lock).columns.push(Column { nullable: true, ..column(0, "deleted_at", Storage::Timestamp) });
        let condition = Some("deleted_at IS NULL".to_owned());
        order(lock).indexes.push(Index { condition, ..index("orders_status_key", &["status"]) });
    };
    assert_eq!(needs_of(live), []);
    let retyped = |lock: &mut Lock| {
        let remark = lock.tables.get_mut("Remark").unwrap();
        remark.columns[1].storage = Storage::String;
        remark.foreign_keys.clear();
        lock.tables.get_mut("Line").unwrap().columns[2].storage = Storage::String;
        remark_refers(lock);
    };
    assert_eq!(needs_of(retyped), []);
}

fn remark_refers(lock: &mut Lock) {
    let key = ForeignKey { key_columns: strings(&["tags"]), ..reference("line_id", "Line", Action::Restrict) };
    lock.tables.get_mut("Remark").unwrap().foreign_keys = vec![key];
}

#[test]
fn an_index_that_was_left_broken_is_looked_for_on_postgresql() {
    let (old, mut new) = (shop(), shop());
    order(&mut new).indexes.push(index("orders_status_key", &["status"]));
    let lines = needs::lines(&Transition::between(&old, &new), Dialect::Postgres);
    assert!(lines.contains("to_regclass('orders_status_key') AND NOT indisvalid"), "{lines}");
}

#[test]
fn rows_that_are_alike_and_references_to_nothing_are_found() {
    let (unlike, met) = need(|lock| order(lock).indexes.push(index("orders_status_key", &["status"])));
    assert_eq!((unlike.as_str(), met), ("no two rows of orders with the same status", true));
    let (alike, met) = need(|lock| {
        let line = lock.tables.get_mut("Line").unwrap();
        line.name = "lines".to_owned();
        line.indexes = vec![index("lines_order_id_key", &["order_id"])];
    });
    assert_eq!((alike.as_str(), met), ("no two rows of order_lines with the same order_id", false));
    // NULL is like nothing.
    let (nulls, met) = need(|lock| order(lock).indexes.push(index("orders_group_key", &["group"])));
    assert_eq!((nulls.as_str(), met), ("no two rows of orders with the same group", true));
    let to_orders = |lock: &mut Lock| {
        let line = lock.tables.get_mut("Remark").unwrap();
        line.foreign_keys = vec![reference("id", "Line", Action::Restrict)];
    };
    let (referring, met) = need(to_orders);
    assert_eq!((referring.as_str(), met), ("a row of order_lines for every remarks.id", true));
    let (dangling, met) = need(|lock| {
        lock.tables.insert("New".to_owned(), table("news", vec![column(1, "id", Storage::I64)]));
        lock.tables.get_mut("Remark").unwrap().foreign_keys = vec![reference("line_id", "New", Action::Restrict)];
    });
    assert_eq!((dangling.contains("has no rows yet"), met), (true, false), "{dangling}");
}
