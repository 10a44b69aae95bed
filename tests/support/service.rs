//! The service as its users meet it: the binary, started on free ports in a folder that goes away again.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

use super::{Answer, database, secrets};

/// Longest wait for anything: generous, because machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running service. It is killed when it goes out of scope.
pub struct Service {
    child: Child,
    folder: Folder,
    log: PathBuf,
    /// Where REST answers.
    pub rest: SocketAddr,
    /// Where gRPC answers.
    pub grpc: SocketAddr,
    http: reqwest::Client,
}

enum Folder {
    Own(TempDir),
    Shared(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Shared(path) => path,
        }
    }
}

/// How a service is started.
#[derive(Default)]
pub struct Start {
    folder: Option<PathBuf>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Start {
    /// In its own folder, with an empty database.
    pub fn new() -> Self {
        Self::default()
    }

    /// In this folder, with the database that is there.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// With sample rows.
    pub fn seeded(mut self) -> Self {
        self.arguments.push("--seed".to_owned());
        self
    }

    /// With a setting, as `key=value`.
    pub fn set(mut self, setting: &str) -> Self {
        self.arguments.extend(["--set".to_owned(), setting.to_owned()]);
        self
    }

    /// With a variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a further argument and its value.
    pub fn with(mut self, argument: &str, value: &str) -> Self {
        self.arguments.extend([argument.to_owned(), value.to_owned()]);
        self
    }

    /// Starts it and waits until it says where it listens.
    pub fn run(self) -> Service {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let folder = self.folder.map_or_else(|| Folder::Own(tempfile::tempdir().unwrap()), Folder::Shared);
        let log = folder.path().join(format!("log-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        let mut child = command(folder.path())
            .arg("serve")
            .args(self.arguments)
            .envs(self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let lines = lines(child.stdout.take().unwrap());
        let address = |names: &[&str]| match lines.recv_timeout(PATIENCE) {
            Ok(line) => match names.iter().find_map(|name| line.strip_prefix(name)) {
                Some(address) => address.trim().parse::<SocketAddr>().unwrap(),
                None => panic!("{line:?} where one of {names:?} is expected"),
            },
            Err(_) => panic!("the service does not start:\n{}", std::fs::read_to_string(&log).unwrap()),
        };
        let (rest, grpc) = (address(&["REST http://", "REST https://"]), address(&["gRPC "]));
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let http = http.timeout(PATIENCE).build().unwrap();
        Service { child, folder, log, rest, grpc, http }
    }
}

impl Service {
    /// With an empty database.
    pub fn start() -> Self {
        Start::new().run()
    }

    /// With sample rows.
    pub fn seeded() -> Self {
        Start::new().seeded().run()
    }

    /// Its working folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to stop.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has stopped.
    pub async fn wait(&mut self) -> ExitStatus {
        eventually("the service stops", async || self.child.try_wait().unwrap()).await
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// A request to be completed and handed to [`Service::send`].
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("http://{}{path}", self.rest))
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::read(request.send().await.unwrap()).await
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path).json(body)).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("PUT", path).json(body)).await
    }

    /// `PATCH` with a merge patch.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        let request = self.request("PATCH", path).header("content-type", "application/merge-patch+json");
        self.send(request.body(body.to_string())).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path)).await
    }

    /// A connection for the clients of tonic.
    pub async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.grpc)).unwrap().connect().await.unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let metrics = if std::thread::panicking() { None } else { secrets::metrics(self.rest) };
        // It may be gone already, as some tests want it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Folder::Own(folder) = &self.folder {
            database::remove(folder.path());
        }
        let log = std::fs::read_to_string(&self.log);
        // Only a folder that is gone took its log along.
        let is_lost = log.is_err() && self.folder.path().exists();
        let log = log.unwrap_or_default();
        if !std::thread::panicking() {
            assert!(!is_lost, "the log of the service cannot be read");
            secrets::none_in("the log", &log);
            secrets::none_in("the metrics", metrics.as_deref().unwrap_or_default());
        } else if !log.is_empty() {
            println!("--- log of the service\n{log}---");
        }
    }
}

/// Path of the binary under test.
pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_arcana")
}

/// The binary in a folder, with the database of that folder, on free ports, untouched by the settings of whoever runs the tests,
/// who may say how much it logs (`ARCANA_TEST_LOG_LEVEL=trace`).
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ARCANA_")) {
        command.env_remove(name);
    }
    if let Ok(level) = std::env::var("ARCANA_TEST_LOG_LEVEL") {
        command.env("ARCANA_OBSERVABILITY__LOG__LEVEL", level);
    }
    command.env("ARCANA_SERVER__REST__PORT", "0").env("ARCANA_SERVER__GRPC__PORT", "0").current_dir(folder);
    command.envs(database::url_of(folder).map(|url| ("ARCANA_DATABASE__URL", url)));
    command
}

/// Asks again and again until the answer is `Some`.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: did not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The lines of a pipe as they come, read in a thread of their own, so that waiting for one can be bounded.
fn lines(pipe: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            // Nobody may be listening any more; the pipe is emptied all the same.
            let _ = sender.send(line);
        }
    });
    receiver
}
