//! The commands beside `serve`, and how each can be used wrongly.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{Start, command};

/// Runs the binary to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder).args(arguments).output().unwrap()
}

/// What a command that succeeds prints.
#[track_caller]
pub fn printed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command that fails with this exit code complains of.
#[track_caller]
pub fn complaint(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn migrations_go_up_and_down_and_say_how_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = |way: &str| printed(&run(folder.path(), &["migrate", way]));
    let initial = |word: &str| format!("{word} 0001 initial\n");
    assert!(migrate("status").starts_with(&initial("pending ")));
    assert!(migrate("up").starts_with(&initial("applied")));
    assert_eq!(migrate("up"), "nothing to apply\n");
    let applied = migrate("status");
    assert!(applied.lines().all(|line| line.starts_with("applied  ")), "{applied}");
    // The newest first, one at a time.
    for line in applied.lines().rev() {
        assert_eq!(migrate("down"), format!("{}\n", line.replacen("applied  ", "took back ", 1)));
    }
    assert_eq!(migrate("down"), "nothing to take back\n");
    assert!(migrate("status").starts_with(&initial("pending ")));
    assert!(migrate("up").starts_with(&initial("applied")));
}

#[test]
fn seeding_fills_empty_tables_only() {
    let folder = tempfile::tempdir().unwrap();
    printed(&run(folder.path(), &["migrate", "up"]));
    let seeded = printed(&run(folder.path(), &["seed", "--rows", "9"]));
    let tables = [
        "users",
        "account_mails",
        "api_keys",
        "external_identities",
        "login_guards",
        "sessions",
        "refresh_tokens",
        "customers",
        "products",
        "orders",
    ];
    assert_eq!(seeded, tables.map(|table| format!("{table}: 9 rows\n")).concat());
    let again = printed(&run(folder.path(), &["seed"]));
    assert!(again.lines().all(|line| line.ends_with(": has rows already")), "{again}");
}

#[test]
fn seeding_hundreds_of_rows_holds_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    printed(&run(folder.path(), &["migrate", "up"]));
    let seeded = printed(&run(folder.path(), &["seed", "--rows", "350"]));
    assert!(seeded.lines().all(|line| line.ends_with(": 350 rows")), "{seeded}");
}

#[tokio::test]
async fn seeding_steps_over_samples_whose_references_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let service = Start::new().in_folder(folder.path()).run();
    service.customer().await;
    drop(service);
    let service = Start::new().in_folder(folder.path()).seeded().run();
    assert_eq!(service.get("/api/v1/products").await.ok(200)["total"], 8);
    assert_eq!(service.get("/api/v1/customers").await.ok(200)["total"], 1);
    assert_eq!(service.get("/api/v1/orders").await.ok(200)["total"], 0);
    drop(service);
    let again = printed(&run(folder.path(), &["seed"]));
    assert!(again.contains("orders: stays empty, because samples that it refers to are gone"), "{again}");
}

#[test]
fn a_database_without_its_tables_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let words = complaint(&run(folder.path(), &["seed"]), 1);
    assert!(words.contains("migrate up"), "{words}");
    let words = complaint(&run(folder.path(), &["serve", "--set", "database.migrate_on_start=false"]), 1);
    assert!(words.contains("arcana migrate up"), "{words}");
}

#[test]
fn routes_lists_every_rpc() {
    let folder = tempfile::tempdir().unwrap();
    let text = printed(&run(folder.path(), &["routes"]));
    assert_eq!(text.lines().count(), arcana_generated::ROUTES.concat().len());
    let cancel = text.lines().find(|line| line.starts_with("shop.v1.OrderService.CancelOrder ")).unwrap();
    let cells: Vec<_> = cancel.split_whitespace().collect();
    assert_eq!(cells[1..], ["POST", "/api/v1/orders/{id}:cancel", "owner|admin"]);
    let json: Value = serde_json::from_str(&printed(&run(folder.path(), &["routes", "--json"]))).unwrap();
    assert_eq!(json.as_array().unwrap().len(), arcana_generated::ROUTES.concat().len());
    assert_eq!(json[0]["rpc"], arcana_generated::ROUTES[0][0].rpc);
}

#[test]
fn openapi_prints_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let text = printed(&run(folder.path(), &["openapi"]));
    assert_eq!(text.trim_end(), arcana_generated::OPENAPI.trim_end());
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["openapi"].as_str().unwrap().split('.').next(), Some("3"));
}

#[test]
fn looking_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["routes"][..], &["openapi"], &["config", "show"], &["--help"], &["--version"]] {
        printed(&run(folder.path(), arguments));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn wrong_usage_is_told_from_failure() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["serv"][..],
        &["serve", "--sed"],
        &["migrate"],
        &["migrate", "sideways"],
        &["seed", "--rows", "many"],
        &["seed", "--rows", "3"],
        &["config"],
        &["routes", "extra"],
        &[],
    ] {
        let words = complaint(&run(folder.path(), arguments), 2);
        assert!(words.contains("Usage") || words.contains("try '--help'"), "{arguments:?}: {words}");
    }
    let help = printed(&run(folder.path(), &["serve", "--help"]));
    assert!(help.contains("Example: serve --seed"), "{help}");
    assert!(printed(&run(folder.path(), &["--version"])).starts_with("arcana "));
}
