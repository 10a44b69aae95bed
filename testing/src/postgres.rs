//! PostgreSQL, as it is set up least like our own: a linguistic default order and a time zone far away, so that SQL
//! which relies on either is found out.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::process::Signal;

use crate::binary::{Account, command, find, output, versions};
use crate::folder;
use crate::server::{Engine, Server};

const PACKAGES: &str = "postgresql and postgresql-client";
/// Its superuser, whatever account runs it.
pub(crate) const USER: &str = "postgres";

/// A private server of PostgreSQL.
pub struct Postgres(Server);

impl Postgres {
    /// Starts one whose commits survive `kill -9`, but not the loss of power.
    pub fn start() -> Self {
        try_start(false).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one whose commits survive the loss of power too, and which is as slow as that makes it.
    pub fn durable() -> Self {
        try_start(true).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The one that all tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Postgres, String>> = OnceLock::new();
        // It ends with the process: nothing drops what is static.
        SHARED.get_or_init(|| try_start(false)).as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Where the database that is always there is found.
    pub fn url(&self) -> String {
        self.url_of(USER)
    }

    /// Where a database is found.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.address())
    }

    /// Makes an empty database, and says where it is found.
    pub fn create_database(&self, name: &str) -> String {
        self.sql(USER, &format!("CREATE DATABASE \"{name}\""));
        self.url_of(name)
    }

    /// Makes a copy of a database that nobody uses meanwhile, and says where it is found.
    pub fn copy_database(&self, from: &str, name: &str) -> String {
        self.sql(USER, &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{from}\""));
        self.url_of(name)
    }

    /// Removes a database, with the connections that it still has. One that cannot be removed goes with the server.
    pub fn drop_database(&self, name: &str) {
        let _ = self.try_sql(USER, &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
    }
}

impl Deref for Postgres {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

fn try_start(durable: bool) -> Result<Postgres, String> {
    let program = |name: &str| find(name, &folders(), PACKAGES);
    let (postgres, initdb) = (program("postgres")?, program("initdb")?);
    // It refuses to be run by root.
    let account = Account::below_root(&["postgres", "nobody"])?;
    let mut version = command(&postgres, None);
    version.arg("--version");
    // `postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)`
    let version = output(version)?;
    let version = version.split(") ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or("unknown");
    let kind = if durable { "postgres-durable" } else { "postgres" };
    let folder =
        folder::copy_of(&format!("{kind}-{version}"), account, |data| initialise(&initdb, data, account, durable))?;
    let engine = Engine {
        name: "PostgreSQL",
        run: Box::new(move |folder, port| {
            let mut server = command(&postgres, None);
            server.arg("-D").arg(folder.path().join("data"));
            for setting in settings(port, durable) {
                server.arg("-c").arg(setting);
            }
            server
        }),
        client: Box::new(client()?),
        database: USER,
        stop: Signal::INT,
        // At once, but its shared memory is given back.
        end: "QUIT",
    };
    Server::start(folder, account, engine).map(Postgres)
}

/// Runs statements with psql: port, database, statement.
pub(crate) fn client() -> Result<impl Fn(u16, &str, &str) -> Command + Send + Sync, String> {
    let psql = find("psql", &folders(), PACKAGES)?;
    Ok(move |port: u16, database: &str, statement: &str| {
        let mut client = command(&psql, None);
        client.args(["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", USER]);
        client.args(["-p", &port.to_string(), "-d", database, "-c", statement]);
        client
    })
}

fn folders() -> Vec<PathBuf> {
    versions(Path::new("/usr/lib/postgresql"), "bin")
}

fn initialise(initdb: &Path, data: &Path, account: Option<Account>, durable: bool) -> Result<(), String> {
    let mut command = command(initdb, account);
    command.arg("-D").arg(data).args(["-U", USER, "--auth=trust", "--encoding=UTF8", "--no-sync"]);
    command.args(["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]);
    if !durable {
        command.arg("--wal-segsize=1");
    }
    output(command).map(drop)
}

fn settings(port: u16, durable: bool) -> Vec<String> {
    let mut settings = vec![format!("port={port}")];
    let fixed = [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        // In the data folder, where it goes with the rest.
        "dynamic_shared_memory_type=mmap",
        "max_connections=200",
        "timezone=Pacific/Auckland",
        "log_checkpoints=off",
    ];
    settings.extend(fixed.map(str::to_owned));
    if !durable {
        // Small and quiet; what is measured runs as the server ships.
        let small = [
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=16MB",
            "max_wal_size=64MB",
            "autovacuum=off",
            "jit=off",
        ];
        settings.extend(small.map(str::to_owned));
    }
    settings
}
