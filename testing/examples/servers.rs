//! Private database servers for scripts: each line on its input is the name of a database to be made, for which it says where
//! that is found on PostgreSQL and on MariaDB. The servers end with it, and it ends with its input.
//!
//! ```sh
//! cargo run -p arcana-testing --example servers
//! ```

#![allow(clippy::print_stdout)]

use std::io::{self, Write as _};

use arcana_testing::{Mariadb, Postgres};

fn main() -> io::Result<()> {
    let (postgres, mariadb) = (Postgres::start(), Mariadb::start());
    for name in io::stdin().lines() {
        let name = name?;
        println!("{} {}", postgres.create_database(&name), mariadb.create_database(&name));
        io::stdout().flush()?;
    }
    Ok(())
}
