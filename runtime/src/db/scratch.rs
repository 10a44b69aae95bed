//! Databases that stand only while something is tried out on them.

use std::path::Path;

use uuid::Uuid;

use super::{Db, DbConfig, Dialect, Engine};
use crate::error::{Error, Result};

/// Runs work on an empty database of the same engine: for an embedded one a file in the folder for temporary files, for
/// another a database on the same server, made by the same account. It is removed again however the work ends; an error
/// says so if that fails.
pub async fn on_scratch<T>(config: &DbConfig, work: impl AsyncFnOnce(&Db) -> Result<T>) -> Result<T> {
    let name = format!("arcana_scratch_{}", Uuid::new_v4().simple());
    match config.dialect()? {
        Dialect::Sqlite => {
            let folder = std::env::temp_dir().join(&name);
            let url = format!("sqlite://{}", folder.join("scratch.db").display());
            let outcome = in_place(DbConfig { url, ..config.clone() }, work).await;
            let removed = remove(&folder);
            outcome.and_then(|done| removed.map(|()| done))
        }
        _ => {
            let server = Db::open(config)?;
            let made = server.administer(&format!("CREATE DATABASE {name}")).await;
            made.map_err(|cause| not_made(config, &cause))?;
            let url = with_database(&config.url, &name);
            let outcome = in_place(DbConfig { url, ..config.clone() }, work).await;
            let dropped = server.drop_database(&name).await;
            outcome.and_then(|done| dropped.map(|()| done))
        }
    }
}

async fn in_place<T>(config: DbConfig, work: impl AsyncFnOnce(&Db) -> Result<T>) -> Result<T> {
    let db = Db::open(&config)?;
    work(&db).await
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::internal(format!("the scratch database {} cannot be removed: {cause}", folder.display())))
        }
        _ => Ok(()),
    }
}

fn not_made(config: &DbConfig, cause: &Error) -> Error {
    let grant = match config.dialect() {
        Ok(Dialect::Mysql) => "GRANT ALL ON `arcana\\_scratch\\_%`.* TO the account",
        _ => "ALTER ROLE the account CREATEDB",
    };
    Error::internal(format!(
        "a scratch database cannot be made on the server: {}; let the account make databases ({grant}), or name one that \
         may: --set database.url=…",
        words(cause)
    ))
}

/// An error with its cause, for whoever administers.
fn words(error: &Error) -> String {
    match error {
        Error::Internal(cause) | Error::Unavailable(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

/// The same place, with another database.
fn with_database(url: &str, name: &str) -> String {
    let (place, query) =
        url.split_once('?').map_or((url, String::new()), |(place, query)| (place, format!("?{query}")));
    let start = place.find("://").map_or(0, |at| at + 3);
    // A password may hold a slash.
    let host = place.rfind('@').map_or(start, |at| at + 1).max(start);
    let end = place.get(host..).and_then(|rest| rest.find('/')).map_or(place.len(), |at| host + at);
    format!("{}/{name}{query}", place.get(..end).unwrap_or(place))
}

impl Db {
    /// Runs statements as they are, outside of any transaction of ours.
    pub async fn administer(&self, sql: &str) -> Result<()> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                let sql = sql.to_owned();
                sqlite.run(move |connection| connection.execute_batch(&sql).map_err(super::sqlite::error)).await
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => postgres.administer(sql).await,
            #[cfg(feature = "mysql")]
            Engine::Mysql(mysql) => mysql.administer(sql).await,
        }
    }

    async fn drop_database(&self, name: &str) -> Result<()> {
        // Connections to it may not have ended yet.
        let force = if self.dialect() == Dialect::Postgres { " WITH (FORCE)" } else { "" };
        let dropped = self.administer(&format!("DROP DATABASE {name}{force}")).await;
        dropped.map_err(|cause| {
            Error::internal(format!("the scratch database {name} cannot be removed: {}", words(&cause)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_another_database_into_a_url() {
        for (url, wanted) in [
            ("postgres://shop@localhost/shop", "postgres://shop@localhost/x"),
            (
                "postgres://shop:pa/ss@[::1]:5433/shop?sslmode=require",
                "postgres://shop:pa/ss@[::1]:5433/x?sslmode=require",
            ),
            ("mysql://root@127.0.0.1:3306", "mysql://root@127.0.0.1:3306/x"),
            ("postgres:///shop?host=/run/postgresql", "postgres:///x?host=/run/postgresql"),
        ] {
            assert_eq!(with_database(url, "x"), wanted);
        }
    }

    #[tokio::test]
    async fn leaves_nothing_behind_even_if_the_work_fails() {
        let config = DbConfig::from_url("sqlite://unused.db").unwrap();
        let mut place = None;
        let outcome: Result<()> = on_scratch(&config, async |db| {
            db.administer("CREATE TABLE t (id INTEGER PRIMARY KEY)").await?;
            let (cx, sql) = (crate::context::Context::system(), "SELECT file FROM pragma_database_list");
            place = db.fetch(&cx, sql, &[], |row| row.get::<String>(0)).await?.pop();
            assert!(Path::new(place.as_deref().unwrap()).exists());
            Err(Error::internal("no"))
        })
        .await;
        assert!(outcome.is_err() && !Path::new(&place.unwrap()).exists());
    }
}
