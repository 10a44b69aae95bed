//! Where the tables are. Tables of tests are small, and planners know it: they would read them whole, whatever indexes
//! there are. PostgreSQL is therefore told to do without what needs no index (`enable_seqscan` and `enable_sort`
//! are off, and what is used all the same was the only way); MariaDB is asked
//! for pages of one row, which it does not read a table for; SQLite knows no numbers and always plans as for a large table.

use std::collections::BTreeSet;

use arcana_runtime::context::Context;
use arcana_runtime::db::{Db, Dialect};
use arcana_testing::{Mariadb, Postgres};
use tempfile::TempDir;

pub struct Place {
    pub url: String,
    _folder: Option<TempDir>,
}

impl Place {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite://{}", folder.path().join("plans.db").display()), _folder: Some(folder) }
    }

    pub fn postgres(name: &str) -> Self {
        let url = Postgres::shared().create_database(name);
        let off = ["seqscan", "sort"].map(|way| format!("-c%20enable_{way}%3Doff")).join("%20");
        Self { url: format!("{url}?options={off}"), _folder: None }
    }

    pub fn mysql(name: &str) -> Self {
        Self { url: Mariadb::shared().create_database(name), _folder: None }
    }

    /// Has the rows counted.
    pub async fn analyze(&self, db: &Db, tables: &BTreeSet<&str>) {
        let run = async |sql: &str| db.fetch(&Context::system(), sql, &[], |_| Ok(())).await.unwrap();
        match db.dialect() {
            Dialect::Sqlite => {}
            Dialect::Postgres => drop(run("ANALYZE").await),
            Dialect::Mysql => {
                for table in tables {
                    run(&format!("ANALYZE TABLE {table}")).await;
                }
            }
        }
    }
}
