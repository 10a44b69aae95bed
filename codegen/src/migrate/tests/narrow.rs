//! Values that have no place in the new type of their column: all databases refuse the step, and none bends them. These were
//! found by the random walks (`codegen/tests/walks`).

use super::servers::{mariadb, postgres};
use super::*;

fn ships(size: Storage) -> Lock {
    let size = Column { nullable: true, ..column(2, "size", size) };
    lock(vec![("Ship", table("ships", vec![column(1, "id", Storage::I64), size]))])
}

/// A table with rows of these sizes, and the way to another type.
fn narrowed(old: &Lock, new: &Lock, sizes: &[&str]) -> (Connection, String, String) {
    let connection = database();
    run(&connection, &sqlite::render(&Transition::between(&Lock::default(), old)));
    let rows =
        sizes.iter().enumerate().map(|(id, size)| format!("INSERT INTO ships (id, size) VALUES ({id}, {size});"));
    let rows: String = rows.collect();
    run(&connection, &rows);
    (connection, rows, sqlite::render(&Transition::between(old, new)))
}

fn sizes(connection: &Connection) -> Vec<Option<i64>> {
    let mut statement = connection.prepare("SELECT size FROM ships ORDER BY id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect()
}

#[test]
fn whole_numbers_that_do_not_fit_stop_the_step_everywhere() {
    for (old, new, fitting, unfit) in [
        (Storage::I64, Storage::I32, "2147483647", "2147483648"),
        (Storage::I64, Storage::U64, "9223372036854775807", "-1"),
        (Storage::U64, Storage::U32, "4294967295", "4294967296"),
        (Storage::I32, Storage::U32, "0", "-1"),
    ] {
        let (before, after) = (ships(old), ships(new));
        let (connection, rows, step) = narrowed(&before, &after, &["NULL", fitting]);
        run(&connection, &step);
        assert_eq!(sizes(&connection), [None, fitting.parse().ok()]);
        let (connection, bad, step) = narrowed(&before, &after, &[unfit]);
        let told = try_run(&connection, &step).unwrap_err().to_string();
        assert!(told.contains("size BETWEEN"), "{told}");
        assert_eq!(sizes(&connection), [unfit.parse().ok()]);
        for engine in [postgres(), mariadb()] {
            let step = (engine.render)(&Transition::between(&before, &after));
            let database = engine.fresh();
            engine.migrate(&database, &Transition::between(&Lock::default(), &before));
            engine.run(&database, &rows);
            engine.run(&database, &step);
            engine.migrate(&database, &Transition::between(&after, &before));
            engine.run(&database, &format!("DELETE FROM ships; {bad}"));
            engine.fails(&database, &step);
            // It stopped before anything was done, so it can be taken once the value is gone.
            engine.run(&database, "DELETE FROM ships");
            engine.run(&database, &step);
        }
    }
}

#[test]
fn a_decimal_of_sqlite_keeps_its_value_when_its_scale_changes() {
    let decimal = |precision, scale| ships(Storage::Decimal { precision, scale });
    let (connection, _, step) = narrowed(&decimal(9, 1), &decimal(11, 2), &["15", "-999999999", "NULL"]);
    run(&connection, &step);
    assert_eq!(sizes(&connection), [Some(150), Some(-9_999_999_990), None]);
    // Rounded half away from zero, with more digits than a floating-point number has.
    let (connection, _, step) = narrowed(&decimal(18, 2), &decimal(18, 1), &["123456789012345675", "-15", "14"]);
    run(&connection, &step);
    assert_eq!(sizes(&connection), [Some(12_345_678_901_234_568), Some(-2), Some(1)]);
    for unfit in ["10000", "9995", "-10000"] {
        let (connection, _, step) = narrowed(&decimal(6, 1), &decimal(3, 0), &[unfit]);
        try_run(&connection, &step).unwrap_err();
        assert_eq!(sizes(&connection), [unfit.parse().ok()]);
    }
}

#[test]
fn a_text_that_is_too_long_stops_the_step_everywhere_and_is_not_cut_off() {
    let bounded = |max_len| {
        let mut lock = ships(Storage::String);
        of(&mut lock, "Ship").columns[1].max_len = max_len;
        lock
    };
    let (before, after) = (bounded(Some(9)), bounded(Some(2)));
    let (connection, rows, step) = narrowed(&before, &after, &["'abc'"]);
    try_run(&connection, &step).unwrap_err();
    for engine in [postgres(), mariadb()] {
        let database = engine.fresh();
        engine.migrate(&database, &Transition::between(&Lock::default(), &before));
        engine.run(&database, &rows);
        engine.fails(&database, &(engine.render)(&Transition::between(&before, &after)));
        assert_eq!(engine.run(&database, "SELECT size FROM ships").trim(), "abc");
    }
}

#[test]
fn a_text_that_is_no_number_stops_the_way_back_of_sqlite() {
    let (connection, _, back) = narrowed(&ships(Storage::String), &ships(Storage::I32), &["'12'", "'12 ships'"]);
    try_run(&connection, &back).unwrap_err();
    connection.execute_batch("DELETE FROM ships WHERE id = 1").unwrap();
    run(&connection, &back);
    assert_eq!(sizes(&connection), [Some(12)]);
}

#[test]
fn what_changes_nothing_in_storage_needs_no_permission_that_no_file_could_hold() {
    for (old, new) in [(Storage::F64, Storage::F32), (Storage::U64, Storage::I64)] {
        let (old, new) = (ships(old), ships(new));
        let transition = Transition::between(&old, &new);
        assert_eq!(sqlite::render(&transition), "");
        assert!(operations(&transition).iter().all(|operation| operation.class < Class::Lossy));
    }
}
