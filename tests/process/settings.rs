//! Settings: where they come from, and everything that can be wrong with them, at once.

use std::net::TcpListener;

use crate::commands::{complaint, printed, run};
use crate::support::{Start, command};

#[test]
fn each_value_says_where_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("config")).unwrap();
    std::fs::write(folder.path().join("config/default.yaml"), "server:\n  max_body_bytes: 1000\n").unwrap();
    std::fs::write(folder.path().join("extra.yaml"), "docs:\n  enabled: false\n").unwrap();
    let arguments = ["config", "show", "--config", "extra.yaml", "--set", "observability.log.level=warn"];
    let output = command(folder.path()).args(arguments).env("ARCANA_DATABASE__URL", "sqlite://x.db").output().unwrap();
    let text = printed(&output);
    let line = |key: &str| {
        let found = text.lines().find(|line| line.starts_with(&format!("{key} = ")));
        found.unwrap_or_else(|| panic!("no {key} in {text}")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(text.lines().next(), Some("# environment: development"));
    assert!(line("server.max_body_bytes").starts_with("server.max_body_bytes = 1000 # "));
    assert!(line("server.max_body_bytes").ends_with("config/default.yaml"));
    assert_eq!(line("docs.enabled"), "docs.enabled = false # extra.yaml");
    assert_eq!(line("database.url"), "database.url = sqlite://x.db # ARCANA_DATABASE__URL");
    assert_eq!(line("observability.log.level"), "observability.log.level = warn # the command line");
    assert_eq!(line("server.request_timeout_seconds"), "server.request_timeout_seconds = 30 # built-in defaults");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("config")).unwrap();
    std::fs::write(
        folder.path().join("config/default.yaml"),
        "server:\n  max_body_byte: 1000\ndocs:\n  enabled: maybe\n",
    )
    .unwrap();
    let mut command = command(folder.path());
    command.args(["serve", "--set", "observability.log.format=xml", "--set", "nonsense"]);
    command.env("ARCANA_SERVER__REQUEST_TIMEOUT_SECONDS", "soon").env("ARCANA_SERVER__REST__HOST", "0.0.0.0");
    let words = complaint(&command.output().unwrap(), 1);
    for part in [
        "server.max_body_byte is no setting; did you mean server.max_body_bytes?",
        "config/default.yaml",
        "docs.enabled is \"maybe\", but must be true or false",
        "server.request_timeout_seconds is \"soon\", but must be a whole number",
        "ARCANA_SERVER__REQUEST_TIMEOUT_SECONDS",
        "observability.log.format is \"xml\", but must be one of pretty, json",
        "\"nonsense\" is no setting; write key=value",
        "server.rest.host",
    ] {
        assert!(words.contains(part), "no {part:?} in {words}");
    }
    assert!(!folder.path().join("var").exists(), "nothing was begun");
}

#[test]
fn what_is_unsafe_in_production_is_refused_there() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path()).arg("serve").env("ARCANA_ENV", "production").output().unwrap();
    let words = complaint(&output, 1);
    assert!(words.contains("security.mode") && words.contains("production"), "{words}");
    // Whoever only migrates serves nobody.
    let output = command(folder.path()).args(["migrate", "status"]).env("ARCANA_ENV", "production").output().unwrap();
    assert!(printed(&output).contains("pending"));
}

#[test]
fn an_address_that_is_taken_is_named_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for key in ["server.rest", "server.grpc"] {
        let output = run(folder.path(), &["serve", "--set", &format!("{key}.port={port}")]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let words = String::from_utf8(output.stderr).unwrap();
        for part in [format!("127.0.0.1:{port}"), format!("{key}.port")] {
            assert!(words.contains(&part), "no {part:?} in {words}");
        }
    }
}

#[test]
fn a_database_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    for url in ["sqlite://file/arcana.db", "postgres://localhost/arcana", "nonsense"] {
        let output = run(folder.path(), &["serve", "--set", &format!("database.url={url}")]);
        assert_eq!(output.status.code(), Some(1), "{url}: {output:?}");
        assert!(!output.stderr.is_empty(), "{url}");
    }
    std::fs::write(folder.path().join("other.db"), "no database, but some text that is long enough to be looked at")
        .unwrap();
    let output = run(folder.path(), &["serve", "--set", "database.url=sqlite://other.db"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[tokio::test]
async fn documents_and_metrics_can_be_turned_off() {
    let service = Start::new().set("docs.enabled=false").set("observability.metrics.enabled=false").run();
    for path in ["/docs/", "/openapi.json", "/metrics", "/"] {
        service.get(path).await.refused(404, "NOT_FOUND");
    }
    service.get("/api/v1/products").await.ok(200);
}
