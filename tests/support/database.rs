//! The database behind the service under test: a SQLite file in its folder, or, as `ARCANA_TEST_DATABASE` says, a
//! database on a private server of PostgreSQL or MariaDB that this test binary starts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use arcana_testing::{Mariadb, Postgres};

/// Which database the tests run on.
const VARIABLE: &str = "ARCANA_TEST_DATABASE";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
    Mysql,
}

/// The database of a folder: whatever runs in one folder works on one database.
#[derive(Clone)]
enum Place {
    /// The file that the configuration names by itself.
    File,
    /// A database on the private server.
    Server { name: String, url: String },
}

static PLACES: Mutex<BTreeMap<PathBuf, Place>> = Mutex::new(BTreeMap::new());

fn kind() -> Kind {
    match std::env::var(VARIABLE).as_deref() {
        Err(_) | Ok("" | "sqlite") => Kind::Sqlite,
        Ok("postgres") => Kind::Postgres,
        Ok("mysql") => Kind::Mysql,
        Ok(other) => panic!("{VARIABLE} is {other:?}, but must be sqlite, postgres or mysql"),
    }
}

/// Where the database of a folder is, if the service must be told. It is made empty when the folder is first seen.
pub fn url_of(folder: &Path) -> Option<String> {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let name = format!("test_{}", places.len() + 1);
    let made = places.entry(folder.to_owned()).or_insert_with(|| match kind() {
        Kind::Sqlite => Place::File,
        Kind::Postgres => Place::Server { url: Postgres::shared().create_database(&name), name },
        Kind::Mysql => Place::Server { url: Mariadb::shared().create_database(&name), name },
    });
    match made {
        Place::File => None,
        Place::Server { url, .. } => Some(url.clone()),
    }
}

/// Whether the tests run on the embedded database.
pub fn is_embedded() -> bool {
    kind() == Kind::Sqlite
}

/// Keeps a folder on SQLite whatever the variable says, for tests that look into its file.
pub fn keep_on_sqlite(folder: &Path) {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), Place::File);
}

/// Removes the database of a folder that goes. Its entry stays, so that no other database gets its name.
pub fn remove(folder: &Path) {
    let place = PLACES.lock().unwrap_or_else(PoisonError::into_inner).get(folder).cloned();
    if let Some(Place::Server { name, .. }) = place {
        match kind() {
            Kind::Sqlite => {}
            Kind::Postgres => Postgres::shared().drop_database(&name),
            Kind::Mysql => Mariadb::shared().drop_database(&name),
        }
    }
}
