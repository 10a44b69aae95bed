//! A service under load: started, found, watched, killed.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A service that has not said where it listens after this time will not.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Units of processor time in a second, as Linux tells them.
const TICKS: f64 = 100.0;

/// A service that runs until it is dropped.
pub struct Server {
    /// What the tables call it.
    pub name: &'static str,
    /// Address of REST.
    pub rest: String,
    /// Address of gRPC.
    pub grpc: String,
    child: Child,
}

impl Server {
    /// Starts a service that says on standard error, in a line of JSON, where it listens.
    pub fn start(name: &'static str, mut command: Command, log: &Path) -> Result<Self, String> {
        let file = File::create(log).map_err(|cause| format!("cannot write {}: {cause}", log.display()))?;
        let child = command.stdout(Stdio::null()).stderr(file).spawn();
        let child = child.map_err(|cause| format!("cannot start {name}: {cause}"))?;
        let mut server = Self { name, rest: String::new(), grpc: String::new(), child };
        let stop_at = Instant::now() + START_LIMIT;
        while Instant::now() < stop_at && matches!(server.child.try_wait(), Ok(None)) {
            let text = fs::read_to_string(log).unwrap_or_default();
            if let Some((rest, grpc)) = text.lines().find_map(addresses) {
                (server.rest, server.grpc) = (rest, grpc);
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("{name} does not listen: {}", fs::read_to_string(log).unwrap_or_default()))
    }

    /// Number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that it ever had, in MB.
    pub fn peak_memory_mb(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).map_err(|cause| format!("cannot read {path}: {cause}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let kb = line.split_whitespace().next().and_then(|number| number.parse::<f64>().ok());
        kb.map(|kb| kb / 1024.0).ok_or_else(|| format!("{path} does not say it"))
    }

    /// Seconds of processor time that it has taken so far.
    pub fn cpu_seconds(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = fs::read_to_string(&path).map_err(|cause| format!("cannot read {path}: {cause}"))?;
        // The name of the program stands in brackets and may hold anything; time in user and system mode come behind.
        let behind = text.rsplit(')').next().unwrap_or_default();
        let ticks = behind.split_whitespace().skip(11).take(2).filter_map(|number| number.parse::<f64>().ok());
        Ok(ticks.sum::<f64>() / TICKS)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn addresses(line: &str) -> Option<(String, String)> {
    let line: Value = serde_json::from_str(line).ok()?;
    Some((line["rest"].as_str()?.to_owned(), line["grpc"].as_str()?.to_owned()))
}
