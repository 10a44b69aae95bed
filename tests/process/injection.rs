//! Lists under sqlmap, which knows every way to smuggle SQL through a parameter. `tests/outside/sqlmap.sh` installs and runs it.

use std::process::Command;

use crate::support::{Service, Start};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes, and needs sqlmap: tests/outside/sqlmap.sh"]
async fn sqlmap_finds_no_way_into_a_list() {
    let sqlmap =
        std::env::var("ARCANA_SQLMAP").expect("ARCANA_SQLMAP names the program; tests/outside/sqlmap.sh sets it");
    let service = Start::new().seeded().run();
    let first = service.get("/api/v1/products?size=2").await.ok(200);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let (id, sku) = (text(&first["data"][0]["id"]), text(&first["data"][0]["sku"]));
    let token = text(&first["next_page_token"]);
    for (path, parameters) in [
        (
            format!(
                "/api/v1/products?filter=stock%20%3E%200&sort=name&order=asc&page=0&size=5&include_total=true\
                 &show_deleted=false&sku={sku}"
            ),
            "filter,sort,order,page,size,include_total,show_deleted,sku",
        ),
        (format!("/api/v1/products?size=2&page_token={token}"), "page_token"),
        ("/api/v1/products?q=pro&sort=sku".to_owned(), "q"),
        // Another shape of the same filter: a text inside quotes.
        (format!("/api/v1/products?filter=sku%20%3D%20%22{sku}%22&sort=sku,name"), "filter,sort"),
        ("/api/v1/orders?expand=customer&filter=total%20%3E%201.5".to_owned(), "expand,filter"),
        (format!("/api/v1/products/{id}*"), ""),
    ] {
        // A search counts its words: one that compares a number with itself has one less than one that compares two, and
        // where that makes it short enough, sqlmap takes the counter's answer for the database's.
        let skip: &[&str] = if parameters == "q" { &["--test-skip=CASE"] } else { &[] };
        attack(&sqlmap, &service, &path, parameters, skip).await;
    }
    let metrics = service.get("/metrics").await.text;
    let failed: Vec<&str> = metrics.lines().filter(|line| line.contains("status=\"5")).collect();
    assert!(metrics.contains("status=\"400\"") && failed.is_empty(), "the service failed: {failed:?}");
}

async fn attack(sqlmap: &str, service: &Service, path: &str, parameters: &str, skip: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(sqlmap);
    command.arg("-u").arg(format!("http://{}{path}", service.rest));
    command.args(["--batch", "--disable-coloring", "--flush-session", "--ignore-code=400,404,409", "--threads=4"]);
    command.args(["--level=3", "--risk=2", "--technique=BEUSTQ", "--time-sec=2"]);
    command.arg(format!("--output-dir={}", folder.path().display()));
    let database = std::env::var("ARCANA_TEST_DATABASE").unwrap_or_default();
    command.arg(format!(
        "--dbms={}",
        match database.as_str() {
            "postgres" => "postgresql",
            "" => "sqlite",
            name => name,
        }
    ));
    if !parameters.is_empty() {
        command.args(["-p", parameters]);
    }
    command.args(skip);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("all tested parameters do not appear to be injectable"), "{told}");
    // What looked like one at first was found to be none, if it says the line above.
    assert!(!told.contains("identified the following injection point"), "{told}");
}
