//! MariaDB, as it is set up least like our own: a default order that knows no case and a time zone far away, so that
//! SQL which relies on either is found out.

use std::ops::Deref;
use std::path::Path;
use std::sync::OnceLock;

use rustix::process::Signal;

use crate::binary::{command, find, output};
use crate::folder;
use crate::server::{Engine, Server};

const PACKAGES: &str = "mariadb-server-core and mariadb-client-core";
/// The database that is always there.
const SYSTEM: &str = "mysql";
/// Smallest files that it works with.
const SMALL: [&str; 2] = ["--innodb-log-file-size=8M", "--innodb-data-file-path=ibdata1:12M:autoextend"];

/// A private server of MariaDB.
pub struct Mariadb(Server);

impl Mariadb {
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
        static SHARED: OnceLock<Result<Mariadb, String>> = OnceLock::new();
        // It ends with the process: nothing drops what is static.
        SHARED.get_or_init(|| try_start(false)).as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Where the database that is always there is found.
    pub fn url(&self) -> String {
        self.url_of(SYSTEM)
    }

    /// Where a database is found.
    pub fn url_of(&self, database: &str) -> String {
        format!("mysql://root@{}/{database}", self.address())
    }

    /// Makes an empty database, and says where it is found.
    pub fn create_database(&self, name: &str) -> String {
        self.sql(SYSTEM, &format!("CREATE DATABASE `{name}`"));
        self.url_of(name)
    }

    /// Removes a database, with the connections that it still has. One that cannot be removed goes with the server.
    pub fn drop_database(&self, name: &str) {
        let _ = self.try_sql(SYSTEM, &format!("DROP DATABASE IF EXISTS `{name}`"));
    }
}

impl Deref for Mariadb {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

fn try_start(durable: bool) -> Result<Mariadb, String> {
    let program = |name: &str| find(name, &[], PACKAGES);
    let (mariadbd, install, client) = (program("mariadbd")?, program("mariadb-install-db")?, program("mariadb")?);
    let mut version = command(&mariadbd, None);
    version.args(["--no-defaults", "--version"]);
    let version = output(version)?;
    // `mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)`
    let version = version.split("Ver ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("unknown");
    let folder = folder::copy_of(&format!("mariadb-{version}"), None, |data| initialise(&install, data))?;
    let engine = Engine {
        name: "MariaDB",
        run: Box::new(move |folder, port| {
            let mut server = command(&mariadbd, None);
            server.arg("--no-defaults").args(SMALL).args(as_root());
            server.arg(format!("--datadir={}", folder.path().join("data").display()));
            // A server that starts deletes what others have in a folder for temporary tables that it shares with them.
            server.arg(format!("--tmpdir={}", folder.path().display()));
            server.arg(format!("--socket={}", folder.path().join("socket").display()));
            server.arg(format!("--pid-file={}", folder.path().join("pid").display()));
            server.arg(format!("--port={port}"));
            server.args(settings(durable));
            server
        }),
        client: Box::new(move |port, database, statement| {
            let mut command = command(&client, None);
            command.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root", "--batch"]);
            command.args(["--skip-column-names", &format!("--port={port}"), "--execute", statement, database]);
            command
        }),
        database: SYSTEM,
        stop: Signal::TERM,
        end: "KILL",
    };
    Server::start(folder, None, engine).map(Mariadb)
}

fn initialise(install: &Path, data: &Path) -> Result<(), String> {
    let mut command = command(install, None);
    command.args([
        "--no-defaults",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
    ]);
    command.arg(format!("--datadir={}", data.display())).args(SMALL).args(as_root());
    output(command).map(drop)
}

/// It refuses to be run by root, unless it is told that this is meant.
fn as_root() -> Option<&'static str> {
    rustix::process::geteuid().is_root().then_some("--user=root")
}

fn settings(durable: bool) -> Vec<&'static str> {
    let mut settings = vec![
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--character-set-server=utf8mb4",
        "--collation-server=utf8mb4_general_ci",
        "--default-time-zone=+05:45",
        "--innodb-buffer-pool-size=32M",
        "--key-buffer-size=1M",
        "--max-connections=200",
        "--performance-schema=OFF",
        "--skip-log-bin",
        "--skip-slave-start",
    ];
    settings.extend(match durable {
        true => ["--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1"],
        // To the system at each commit, to the disk when it likes.
        false => ["--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync"],
    });
    settings
}
