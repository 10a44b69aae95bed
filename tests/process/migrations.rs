//! A database that does not fit the binary: brought to it in development while its migration is open, refused otherwise.
//!
//! These tests look into the file of SQLite, and are its own: [`folder`] keeps them on it whatever the others run on.

use std::path::Path;

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::commands::{complaint, printed, run};
use crate::support::{Start, at, command, keep_on_sqlite};

/// A folder that stays on SQLite.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    keep_on_sqlite(folder.path());
    folder
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("var/arcana.db")).unwrap()
}

/// As if a binary of another branch, whose newest migration is still open, had been here.
fn visit(folder: &Path, down: &str) {
    let database = database(folder);
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (9999, 'of another branch', TRUE, x'00', 0)";
    database.execute(sql, []).unwrap();
    let sql =
        "INSERT INTO arcana_migrations (version, sealed, compatible_from, down_sql) VALUES (9999, FALSE, 9999, ?1)";
    database.execute(sql, [down]).unwrap();
}

#[tokio::test]
async fn in_development_an_open_migration_of_another_branch_is_taken_back_and_rows_stay() {
    let folder = folder();
    let service = Start::new().in_folder(folder.path()).run();
    let customer = service.customer().await;
    drop(service);
    database(folder.path()).execute_batch("CREATE TABLE visited (id INTEGER)").unwrap();
    visit(folder.path(), "DROP TABLE visited;");

    let output = command(folder.path()).arg("serve").env("ARCANA_ENV", "staging").output().unwrap();
    let words = complaint(&output, 1);
    assert!(words.contains("9999 (of_another_branch), which was open") && words.contains("migrate down"), "{words}");

    let service = Start::new().in_folder(folder.path()).run();
    assert!(service.log().contains("it is taken back"), "{}", service.log());
    service.get(&at("customers", &customer)).await.ok(200);
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'visited'";
    let left: i64 = database(folder.path()).query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_cannot_be_taken_back_rebuilds_the_development_database_and_keeps_the_old() {
    let folder = folder();
    let service = Start::new().in_folder(folder.path()).run();
    let customer = service.customer().await;
    drop(service);
    visit(folder.path(), "DROP TABLE never_made;");

    let service = Start::new().in_folder(folder.path()).run();
    assert!(service.log().contains("the development database is built anew"), "{}", service.log());
    service.get(&at("customers", &customer)).await.refused(404, "NOT_FOUND");
    service.customer().await;
    let old = Connection::open(folder.path().join("var/arcana.db.old")).unwrap();
    let count: i64 = old.query_row("SELECT count(*) FROM customers", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn a_page_is_read_from_an_index_and_not_sorted() {
    let folder = folder();
    drop(Start::new().in_folder(folder.path()).run());
    let database = database(folder.path());
    let plan = |sql: &str| -> String {
        let mut statement = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map([], |row| row.get::<_, String>("detail")).unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    for (table, live, columns) in [
        ("products", " WHERE deleted_at IS NULL", ["created_at", "price"]),
        ("customers", "", ["created_at", "name"]),
        ("orders", "", ["created_at", "total"]),
    ] {
        for column in columns {
            let page = plan(&format!("SELECT * FROM {table}{live} ORDER BY {column} DESC, id DESC LIMIT 21"));
            assert_eq!(page, format!("SCAN {table} USING INDEX {table}_{column}_idx"));
        }
        let total = plan(&format!("SELECT count(*) FROM {table}{live}"));
        assert!(total.contains("USING COVERING INDEX"), "{total}");
    }
}

#[test]
fn a_sealed_migration_that_was_applied_with_another_text_is_refused_everywhere() {
    let folder = folder();
    drop(Start::new().in_folder(folder.path()).run());
    database(folder.path()).execute("UPDATE _sqlx_migrations SET checksum = x'00'", []).unwrap();
    let output = command(folder.path()).arg("serve").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("was applied with another text"), "{words}");
    let status = command(folder.path()).args(["migrate", "status"]).output().unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    // One that is still open is taken back instead.
    let is_open = |line: &str| line.starts_with("pending  ");
    assert!(status.lines().all(|line| line.starts_with("changed  ") || is_open(line)), "{status}");
    assert!(status.contains("changed  0001 initial"), "{status}");
}

#[tokio::test]
async fn rows_from_before_their_fields_were_searchable_are_found_after_the_next_start() {
    let folder = folder();
    let service = Start::new().in_folder(folder.path()).run();
    let body = json!({ "sku": "OLD-1", "name": "Red lamp", "description": "For the desk.", "price": "1.00" });
    service.post("/api/v1/products", &body).await.ok(201);
    drop(service);
    // As it was before: the step that brought the words is taken back, with all words and what came behind it.
    let down = || printed(&run(folder.path(), &["migrate", "down"]));
    assert!((0..9).any(|_| down().contains("products_words")), "no such migration");
    let service = Start::new().in_folder(folder.path()).run();
    assert_eq!(service.get("/api/v1/products?q=lamp%20desk").await.ok(200)["total"], 1);
    drop(service);
    let database = database(folder.path());
    let noted = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(noted("SELECT fields FROM arcana_words WHERE name = 'products_words'"), "1 3,4");
    // What is there is not made again.
    database.execute("DELETE FROM products_words WHERE word = 'lamp'", []).unwrap();
    let service = Start::new().in_folder(folder.path()).run();
    assert_eq!(service.get("/api/v1/products?q=lamp").await.ok(200)["total"], 0);
    assert_eq!(service.get("/api/v1/products?q=desk").await.ok(200)["total"], 1);
}

#[test]
fn a_database_that_is_not_what_its_migrations_make_is_named() {
    let folder = folder();
    printed(&run(folder.path(), &["migrate", "up"]));
    let words = printed(&run(folder.path(), &["migrate", "verify", "--prove"]));
    assert!(words.contains("the database is what its"), "{words}");
    assert!(words.contains("go up, back and up again"), "{words}");
    let sql = "ALTER TABLE customers ADD COLUMN surprise INTEGER; DROP INDEX orders_number_key";
    database(folder.path()).execute_batch(sql).unwrap();
    let output = run(folder.path(), &["migrate", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let told = ["table customers, column surprise: not expected", "table orders, index orders_number_key: missing"];
    assert_eq!(report["differences"], json!(told));
    // A database that has migrations is no stranger, and there is nothing to adopt.
    let words = complaint(&run(folder.path(), &["migrate", "adopt"]), 1);
    assert!(words.contains("has migrations already"), "{words}");
}
