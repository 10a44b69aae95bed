//! The databases that services stand on while they are measured: files, or a private server with a database for each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use arcana_testing::{Mariadb, Postgres};

use super::must;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum On {
    /// A file for each
    Sqlite,
    /// A private server of PostgreSQL, whose commits survive the loss of power
    Postgres,
    /// A private server of MariaDB, likewise
    Mysql,
}

impl On {
    /// As titles have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MariaDB",
        }
    }
}

/// Where the databases are.
pub enum Databases {
    Files(PathBuf),
    Postgres(Postgres),
    Mysql(Mariadb),
}

/// Name of the database that others are copies of.
const SEED: &str = "seed";

impl Databases {
    /// Files lie in the folder.
    pub fn on(on: On, folder: &Path) -> Self {
        match on {
            On::Sqlite => Self::Files(folder.to_owned()),
            On::Postgres => Self::Postgres(Postgres::durable()),
            On::Mysql => Self::Mysql(Mariadb::durable()),
        }
    }

    /// Makes the database that others are copies of, and says where it is: a path, or a URL.
    pub fn seed(&self) -> String {
        match self {
            Self::Files(_) => self.file(SEED).display().to_string(),
            Self::Postgres(server) => server.create_database(SEED),
            Self::Mysql(server) => server.create_database(SEED),
        }
    }

    /// A copy of it, for a service that nothing else uses.
    pub fn copy(&self, name: &str) -> Result<String, String> {
        match self {
            Self::Files(_) => {
                copy(&self.file(SEED), &self.file(name))?;
                Ok(self.file(name).display().to_string())
            }
            Self::Postgres(server) => Ok(server.copy_database(SEED, name)),
            Self::Mysql(_) => Err("databases of MariaDB cannot be copied".to_owned()),
        }
    }

    /// Gives the seed this many customers, in one statement. Names are shared by many.
    pub fn fill_customers(&self, rows: usize) -> Result<(), String> {
        match self {
            Self::Files(_) => {
                let sql = format!(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
                     INSERT INTO customers (id, name, email, country, version, created_at, updated_at) \
                     SELECT CAST(printf('%016d', i) AS BLOB), 'Customer ' || (i % 1000), i || '@example.com', 'GB', 1, \
                     1767225600000000 + i * 1000000, 1767225600000000 + i * 1000000 FROM n"
                );
                let script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as db: db.execute(sys.argv[2])";
                must(Command::new("python3").args(["-c", script]).arg(self.file(SEED)).arg(sql))
            }
            Self::Postgres(server) => {
                let sql = format!(
                    "INSERT INTO customers (id, name, email, country, version, created_at, updated_at) \
                     SELECT lpad(to_hex(i), 32, '0')::uuid, 'Customer ' || (i % 1000), i || '@example.com', 'GB', 1, \
                     timestamptz '2026-01-01Z' + i * interval '1 second', timestamptz '2026-01-01Z' + i * interval '1 second' \
                     FROM generate_series(1, {rows}) AS i"
                );
                server.sql(SEED, &sql);
                // The test server does not do it by itself, as servers elsewhere do.
                server.sql(SEED, "VACUUM ANALYZE customers");
                Ok(())
            }
            Self::Mysql(server) => {
                let sql = format!(
                    "INSERT INTO customers (id, name, email, country, version, created_at, updated_at) \
                     SELECT UNHEX(LPAD(HEX(seq), 32, '0')), CONCAT('Customer ', seq % 1000), CONCAT(seq, '@example.com'), 'GB', 1, \
                     DATE_ADD('2026-01-01', INTERVAL seq SECOND), DATE_ADD('2026-01-01', INTERVAL seq SECOND) \
                     FROM seq_1_to_{rows}"
                );
                server.sql(SEED, &sql);
                server.sql(SEED, "ANALYZE TABLE customers");
                Ok(())
            }
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        match self {
            Self::Files(folder) => folder.join(format!("{name}.db")),
            Self::Postgres(_) | Self::Mysql(_) => PathBuf::new(),
        }
    }
}

/// The file and what SQLite may have left beside it.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    for behind in ["", "-wal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{behind}", path.display()));
        if name(from).exists() {
            fs::copy(name(from), name(to)).map_err(|cause| format!("cannot copy {}: {cause}", from.display()))?;
        }
    }
    Ok(())
}
