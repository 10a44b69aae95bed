//! Columns as other makers declare them: what their rows hold is read as what it means.
#![allow(clippy::unwrap_used, reason = "allowed in test functions, not in their helpers")]

use arcana_runtime::context::Context;
use arcana_runtime::db::{Db, DbConfig, Row, Stored};
use arcana_runtime::error::Result;
use arcana_runtime::types::Date;
use arcana_testing::Mariadb;

async fn open(url: &str, make: &str) -> Db {
    let db = Db::open(&DbConfig::from_url(url).unwrap()).unwrap();
    db.administer(make).await.unwrap();
    db
}

/// Two columns of all rows, in order.
async fn rows<A: Stored + Send, B: Stored + Send>(db: &Db, query: &str) -> Result<Vec<(A, B)>> {
    let read = |row: &Row<'_>| -> Result<(A, B)> { Ok((row.get(0)?, row.get(1)?)) };
    db.fetch(&Context::system(), query, &[], read).await
}

#[tokio::test]
async fn whole_prices_and_dates_that_look_like_numbers_are_read_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("old.db").display());
    // Such columns make numbers of what looks like one, and whole numbers of what is one.
    let make = "CREATE TABLE old (id INTEGER PRIMARY KEY, price NUMERIC(10,2), day DATE);
        INSERT INTO old VALUES (1, 9.5, '2026-01-31'), (2, '10.00', '20260131'), (3, -3, 2460000.5), (4, NULL, NULL);";
    let found = rows::<Option<f64>, Option<String>>(&open(&url, make).await, "SELECT price, day FROM old ORDER BY id")
        .await
        .unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        found,
        [
            (Some(9.5), text("2026-01-31")),
            (Some(10.0), text("20260131")),
            (Some(-3.0), text("2460000.5")),
            (None, None)
        ]
    );
}

#[tokio::test]
async fn numbers_without_a_sign_are_read_whole_on_mariadb() {
    let url = Mariadb::shared().create_database("foreign_unsigned");
    let make = "CREATE TABLE old (id INT PRIMARY KEY, tiny TINYINT UNSIGNED, parts INT UNSIGNED);
        INSERT INTO old VALUES (1, 255, 4294967295), (2, 0, 0);";
    let found = rows::<i32, u32>(&open(&url, make).await, "SELECT tiny, parts FROM old ORDER BY id").await.unwrap();
    assert_eq!(found, [(255, u32::MAX), (0, 0)]);
}

#[tokio::test]
async fn a_date_of_zeros_is_none_on_mariadb() {
    let url = Mariadb::shared().create_database("foreign_zeros");
    let make = "CREATE TABLE old (id INT PRIMARY KEY, day DATE); SET sql_mode = '';
        INSERT INTO old VALUES (1, '0000-00-00'), (2, '1999-12-31'); SET sql_mode = DEFAULT;";
    let (db, query) = (open(&url, make).await, "SELECT id, day FROM old ORDER BY id");
    let found = rows::<i32, Option<Date>>(&db, query).await.unwrap();
    assert_eq!(found, [(1, None), (2, Date::new(1999, 12, 31))]);
    // Where there must be one, it is not made up.
    assert!(rows::<i32, Date>(&db, query).await.is_err());
}
