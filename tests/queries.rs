//! The named queries of the shop prepare on every database, with its own tables, and answer what their rows say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy allows it in test functions, not in their helpers")]

use arcana_generated::{QUERIES, migrations};
use arcana_runtime::db::{Db, DbConfig};
use arcana_runtime::repository::verify;
use arcana_testing::{Mariadb, Postgres};

async fn every_query_prepares_on(url: &str) {
    let db = Db::open(&DbConfig::from_url(url).unwrap()).unwrap();
    db.migrate_up(migrations::ALL).await.unwrap();
    let wrong = verify(&db, QUERIES).await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_prepares_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    every_query_prepares_on(&format!("sqlite://{}", folder.path().join("queries.db").display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_prepares_on_postgres() {
    let url = tokio::task::spawn_blocking(|| Postgres::shared().create_database("queries")).await.unwrap();
    every_query_prepares_on(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_prepares_on_mysql() {
    let url = tokio::task::spawn_blocking(|| Mariadb::shared().create_database("queries")).await.unwrap();
    every_query_prepares_on(&url).await;
}
