//! What servers have in common: a port, a folder, and a life that tests may disturb.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::binary::{Account, output};
use crate::keeper::Keeper;

/// Longest wait for a start or a stop: generous, because machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// A port that was free may be taken before the server has it.
const PORTS: usize = 5;

/// A private server. It ends, and its data goes, when it is dropped or when this process ends, however it ends.
pub struct Server {
    port: u16,
    folder: TempDir,
    account: Option<Account>,
    engine: Engine,
    keeper: Mutex<Option<Keeper>>,
}

/// The command that runs a server in a folder, on a port.
type Run = dyn Fn(&TempDir, u16) -> Command + Send + Sync;
/// The command of a client that runs a statement: port, database, statement.
type Client = dyn Fn(u16, &str, &str) -> Command + Send + Sync;

/// What differs between servers.
pub(crate) struct Engine {
    pub name: &'static str,
    pub run: Box<Run>,
    pub client: Box<Client>,
    /// The database that is always there.
    pub database: &'static str,
    /// Ends it quickly, keeping what was committed.
    pub stop: Signal,
    /// Ends it for good, leaving nothing behind in the system.
    pub end: &'static str,
}

impl Server {
    pub(crate) fn start(folder: TempDir, account: Option<Account>, engine: Engine) -> Result<Self, String> {
        let mut server = Self { port: 0, folder, account, engine, keeper: Mutex::new(None) };
        let mut told = String::new();
        for _ in 0..PORTS {
            server.port = free_port()?;
            match server.run() {
                Ok(()) => return Ok(server),
                Err(error) => told = error,
            }
        }
        Err(told)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Runs a statement in a database with the server's own client, and gives what it prints: a row a line, columns
    /// apart by tabs.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        self.try_sql(database, statement).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Kills it as `kill -9` does, with all its processes. [`Server::restart`] brings it back.
    pub fn kill9(&self) {
        if let Some(keeper) = self.held().take() {
            keeper.signal_all(Signal::KILL);
            keeper.wait();
        }
    }

    /// Starts it again on the same port, with the data that it had; one that still runs is shut down first.
    pub fn restart(&self) {
        if let Some(keeper) = self.held().take() {
            keeper.signal(self.engine.stop);
            keeper.wait();
        }
        self.run().unwrap_or_else(|error| panic!("{error}"));
    }

    /// Stops it in the middle of what it does, without an end of its connections, until the answer is dropped.
    pub fn pause(&self) -> Pause<'_> {
        if let Some(keeper) = self.held().as_ref() {
            keeper.signal_all(Signal::STOP);
        }
        Pause(self)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Keeper>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn try_sql(&self, database: &str, statement: &str) -> Result<String, String> {
        output((self.engine.client)(self.port, database, statement))
    }

    /// Starts the process and waits until it answers.
    fn run(&self) -> Result<(), String> {
        let command = (self.engine.run)(&self.folder, self.port);
        let mut keeper = Keeper::start(&command, self.folder.path(), self.engine.end, self.account)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let told = match TcpStream::connect(self.address()) {
                Ok(_) => self.try_sql(self.engine.database, "SELECT 1"),
                Err(error) => Err(error.to_string()),
            };
            // Somebody else may be the one who answers on a port that was free a moment ago.
            let ended = keeper.has_ended();
            match told {
                Ok(_) if !ended => break,
                Ok(_) | Err(_) if ended || Instant::now() >= deadline => {
                    let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                    let last: Vec<_> = log.lines().rev().take(30).collect();
                    let last: Vec<_> = last.into_iter().rev().collect();
                    keeper.signal_all(Signal::KILL);
                    keeper.wait();
                    let name = self.engine.name;
                    return Err(format!("{name} does not start: {told:?}; its log ends with\n{}", last.join("\n")));
                }
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        *self.held() = Some(keeper);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Before the folder goes.
        drop(self.held().take());
    }
}

/// A server that stands still; it goes on when this is dropped.
#[must_use = "the server goes on when the pause is dropped"]
pub struct Pause<'s>(&'s Server);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        if let Some(keeper) = self.0.held().as_ref() {
            keeper.signal_all(Signal::CONT);
        }
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}
