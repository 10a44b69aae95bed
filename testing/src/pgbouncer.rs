//! PgBouncer before the shared PostgreSQL, lending its connections for one transaction at a time.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;

use rustix::process::Signal;

use crate::Postgres;
use crate::binary::{Account, command, find};
use crate::folder;
use crate::postgres::{USER, client};
use crate::server::{Engine, Server};

/// A private PgBouncer.
pub struct Pgbouncer(Server);

impl Pgbouncer {
    /// The one that all tests of this process share, before [`Postgres::shared`].
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Pgbouncer, String>> = OnceLock::new();
        // It ends with the process: nothing drops what is static.
        SHARED
            .get_or_init(|| try_start(Postgres::shared().address()))
            .as_ref()
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Where a database of the server behind it is found.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.0.address())
    }
}

fn try_start(behind: SocketAddr) -> Result<Pgbouncer, String> {
    let pgbouncer = find("pgbouncer", &[], "pgbouncer")?;
    let client = client()?;
    // It refuses to be run by root.
    let account = Account::below_root(&["postgres", "nobody"])?;
    let folder = folder::fresh(account)?;
    let engine = Engine {
        name: "PgBouncer",
        run: Box::new(move |folder, port| {
            let file = folder.path().join("pgbouncer.ini");
            // Read by the account, whatever files look like by default here.
            let written = std::fs::write(&file, settings(behind, port))
                .and_then(|()| std::fs::set_permissions(&file, Permissions::from_mode(0o644)));
            written.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let mut server = command(&pgbouncer, None);
            server.arg(file);
            server
        }),
        client: Box::new(client),
        database: USER,
        stop: Signal::INT,
        end: "KILL",
    };
    Server::start(folder, account, engine).map(Pgbouncer)
}

/// Few connections to each database, so that calls do share them.
fn settings(behind: SocketAddr, port: u16) -> String {
    let (host, behind) = (behind.ip(), behind.port());
    format!(
        "[databases]\n\
         * = host={host} port={behind} user={USER}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         pool_mode = transaction\n\
         default_pool_size = 6\n\
         max_client_conn = 1000\n\
         server_idle_timeout = 5\n"
    )
}
