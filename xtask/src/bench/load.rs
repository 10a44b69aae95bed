//! Load: wrk for REST, h2load for gRPC.

use std::fmt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::server::Server;

/// Seconds of load before it counts: caches fill, and pools open.
const WARM_UP_SECONDS: u64 = 1;
/// Name of the run that does not count.
const WARM_UP: &str = "warm-up";

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// One row by its key.
    Get,
    /// The first page of 20, with the number of all rows.
    List,
    /// One row over gRPC.
    GrpcGet,
    /// One member of a row.
    Update,
    /// A new row.
    Create,
}

impl Operation {
    /// All, with the one last that makes the others slower.
    pub const ALL: [Self; 5] = [Self::Get, Self::List, Self::GrpcGet, Self::Update, Self::Create];

    /// What the tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "REST get",
            Self::List => "REST list of 20",
            Self::GrpcGet => "gRPC get",
            Self::Update => "REST update",
            Self::Create => "REST create",
        }
    }

    /// What the script of wrk calls it.
    fn word(self) -> &'static str {
        match self {
            Self::Get | Self::GrpcGet => "get",
            Self::List => "list",
            Self::Update => "update",
            Self::Create => "create",
        }
    }
}

/// What one measurement found.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Requests in a second.
    pub per_second: f64,
    /// Half of the requests took no longer.
    pub p50_ms: f64,
    /// All but one of a hundred took no longer.
    pub p99_ms: f64,
    /// Processor time of the service for one request.
    pub cpu_us: f64,
}

/// How load is made.
pub struct Load<'a> {
    /// The repository.
    pub root: &'a Path,
    /// Where the check left keys and frame.
    pub folder: &'a Path,
    /// Length of a measurement.
    pub seconds: u64,
    /// Print the commands.
    pub explain: bool,
}

/// What a load generator said.
pub struct Said {
    /// Requests that were answered.
    pub requests: f64,
    /// How long it went.
    pub seconds: f64,
    /// Requests that were refused, or not answered.
    pub failed: f64,
    /// Half of the requests took no longer.
    pub p50_ms: f64,
    /// All but one of a hundred took no longer.
    pub p99_ms: f64,
}

impl Said {
    /// The figures, with the seconds of processor time that the service took meanwhile.
    pub fn figures(&self, cpu_seconds: f64) -> Figures {
        Figures {
            per_second: self.requests / self.seconds,
            p50_ms: self.p50_ms,
            p99_ms: self.p99_ms,
            cpu_us: cpu_seconds / self.requests * 1e6,
        }
    }
}

impl Load<'_> {
    /// Puts load on a service, first to warm it up. An answer that is no success fails the whole measurement.
    pub fn run(&self, operation: Operation, server: &Server) -> Result<Figures, String> {
        self.generate(operation, server, WARM_UP_SECONDS, WARM_UP)?;
        let before = server.cpu_seconds()?;
        let said = self.generate(operation, server, self.seconds, "counted")?;
        let cpu = server.cpu_seconds()? - before;
        if said.failed > 0.0 || said.requests == 0.0 {
            let (name, of) = (operation.name(), server.name);
            return Err(format!("{name} of {of}: {} of {} requests failed", said.failed, said.requests));
        }
        Ok(said.figures(cpu))
    }

    fn generate(&self, operation: Operation, server: &Server, seconds: u64, run: &str) -> Result<Said, String> {
        let log = self.folder.join("h2load.log");
        let mut command = match operation {
            Operation::GrpcGet => self.h2load(server, seconds, &log),
            _ => self.wrk(operation, server, seconds, run),
        };
        if self.explain && run != WARM_UP {
            println!("{} {}: {}", operation.name(), server.name, shown(&command));
        }
        let output = command.output().map_err(|cause| format!("cannot run {}: {cause}", shown(&command)))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let said = match operation {
            Operation::GrpcGet => read_h2load(&text, &log, seconds),
            _ => read_wrk(&text),
        };
        let errors = String::from_utf8_lossy(&output.stderr);
        said.ok_or_else(|| format!("{} said nothing that can be read:\n{text}{errors}", shown(&command)))
    }

    /// New rows have the name of the run in them, because they must differ from those of the run before.
    fn wrk(&self, operation: Operation, server: &Server, seconds: u64, run: &str) -> Command {
        let mut command = Command::new("wrk");
        command.args(["--threads", "1", "--connections", "32", "--duration", &format!("{seconds}s"), "--script"]);
        command.arg(self.root.join("bench/load/rest.lua")).arg(format!("http://{}", server.rest));
        command.args(["--", operation.word()]).arg(self.folder.join("ids.txt")).arg(run);
        command
    }

    fn h2load(&self, server: &Server, seconds: u64, log: &Path) -> Command {
        let _ = std::fs::remove_file(log);
        let mut command = Command::new("h2load");
        command.args(["--threads=1", "--clients=8", "--max-concurrent-streams=4", &format!("--duration={seconds}")]);
        command.args(["--header=content-type: application/grpc", "--header=te: trailers"]);
        command.arg(format!("--data={}", self.folder.join("get.grpc").display()));
        command.arg(format!("--log-file={}", log.display()));
        command.arg(format!("http://{}/shop.v1.CustomerService/GetCustomer", server.grpc));
        command
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| {
        let word = word.to_string_lossy();
        if word.contains(' ') { format!("'{word}'") } else { word.into_owned() }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// The script ends with a line of JSON.
pub fn read_wrk(text: &str) -> Option<Said> {
    let figures: Value = text.lines().rev().find_map(|line| serde_json::from_str(line).ok())?;
    let number = |name: &str| figures[name].as_f64();
    Some(Said {
        requests: number("requests")?,
        seconds: number("seconds")?,
        failed: number("failed")?,
        p50_ms: number("p50_ms")?,
        p99_ms: number("p99_ms")?,
    })
}

/// Counts stand in its summary; the log has a line for each request: its start, status and microseconds.
pub fn read_h2load(text: &str, log: &Path, seconds: u64) -> Option<Said> {
    let counts = text.lines().find_map(|line| line.strip_prefix("status codes: "))?;
    let count = |kind: &str| {
        let mut parts = counts.split(", ").filter_map(|part| part.split_once(' '));
        parts.find(|(_, name)| *name == kind).and_then(|(number, _)| number.parse::<f64>().ok())
    };
    let log = std::fs::read_to_string(log).ok()?;
    let mut micros: Vec<f64> = log.lines().filter_map(|line| line.split('\t').nth(2)?.parse().ok()).collect();
    micros.sort_by(f64::total_cmp);
    let percentile = |percent: usize| micros.get(micros.len() * percent / 100).map(|micros| micros / 1e3);
    Some(Said {
        requests: count("2xx")?,
        seconds: seconds as f64,
        failed: count("3xx")? + count("4xx")? + count("5xx")?,
        p50_ms: percentile(50)?,
        p99_ms: percentile(99)?,
    })
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_second, p50_ms, p99_ms, cpu_us } = self;
        write!(f, "{per_second:.0}/s, {cpu_us:.1} µs CPU, p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_figures_behind_the_words_of_wrk() {
        let text = "Running 5s test\n  1 threads\n{\"requests\":50,\"seconds\":2.5,\"p50_ms\":0.8,\"p99_ms\":3,\"failed\":1}\n";
        let said = read_wrk(text).unwrap();
        assert_eq!((said.requests, said.seconds, said.failed, said.p99_ms), (50.0, 2.5, 1.0, 3.0));
        assert!(read_wrk("unable to connect").is_none());
    }

    #[test]
    fn counts_every_status_of_h2load_and_sorts_its_log() {
        let log = std::env::temp_dir().join(format!("h2load-{}.log", std::process::id()));
        std::fs::write(&log, "17\t200\t3000\n18\t200\t1000\n19\t404\t2000\n").unwrap();
        let said = read_h2load("finished\nstatus codes: 2 2xx, 0 3xx, 1 4xx, 0 5xx\ntraffic\n", &log, 2);
        std::fs::remove_file(&log).unwrap();
        let said = said.unwrap();
        assert_eq!((said.requests, said.seconds, said.failed, said.p50_ms), (2.0, 2.0, 1.0, 2.0));
    }
}
