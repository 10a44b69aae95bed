//! `bench auth`: what it costs that a call is authenticated, what a flood of sign-ins does to other calls, and whether the time
//! of a refusal tells who has an account.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::databases::{Databases, On};
use super::load::{Figures, read_h2load, read_wrk};
use super::programs::Programs;
use super::server::Server;
use super::{median, must, report, table, with_folder};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Times that everything is measured; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Refused sign-ins of each kind whose times are compared
    #[arg(long, default_value_t = 151)]
    refusals: usize,
    /// Show the figures and leave docs/benchmarks.md alone
    #[arg(long)]
    dry: bool,
}

/// Who calls.
const ADMIN: &str = "operator@example.com";
const PASSWORD: &str = "correct horse battery";
/// Part of what the service can answer that is asked of it while sign-ins flood it.
const SHARE: f64 = 0.25;
/// Clients that ask for it.
const CLIENTS: usize = 32;
/// Sign-ins at a time.
const FLOOD: &str = "64";
/// All load comes from one address and is about few accounts: as if each sign-in came from an address of its own.
const UNBOUND: [&str; 2] =
    ["--set=security.lockout.rate_per_address=1000000/s", "--set=security.lockout.free_failures=1000000"];

/// Runs the command on the repository at `root`.
pub fn run(options: &Options, root: &Path) -> Result<(), String> {
    let root = &fs::canonicalize(root).map_err(|cause| format!("cannot find {}: {cause}", root.display()))?;
    let tools = ["-c", ". tests/tools.sh && tools_need wrk h2load curl"];
    must(Command::new("bash").current_dir(root).args(tools))?;
    let programs = Programs::build(root, &["check"])?;
    let text = with_folder(|folder| measure(options, root, &programs, folder))?;
    println!("\n{text}");
    if options.dry { Ok(()) } else { report::append(root, "authentication", &text) }
}

fn measure(options: &Options, root: &Path, programs: &Programs, folder: &Path) -> Result<String, String> {
    let databases = Databases::on(On::Sqlite, folder);
    let seed = databases.seed();
    let keys = format!("--set=security.keys={}", folder.join("keys").display());
    must(programs.arcana(&["migrate", "up"], &seed).stdout(Stdio::null()))?;
    must(programs.arcana(&["seed", "--rows", "1000"], &seed).stdout(Stdio::null()))?;
    create_admin(programs.arcana(&["user", "create-admin", ADMIN, &keys], &seed))?;
    let lasts = "--set=security.access_ttl_seconds=86400";
    let token = said(&mut programs.arcana(&["token", ADMIN, &keys, lasts], &seed))?;
    let open = programs.serve(&databases.copy("open")?, &[&keys]);
    let open = Server::start("open", open, &folder.join("open.log"))?;
    let enforced = [["--set=security.mode=enforced", keys.as_str()], UNBOUND].concat();
    let closed = programs.serve(&databases.copy("closed")?, &enforced);
    let closed = Server::start("closed", closed, &folder.join("closed.log"))?;
    must(programs.peer("check").arg(folder).arg(format!("{},{}", open.rest, open.grpc)))?;
    let load = Load { root, folder, seconds: options.seconds, token: token.trim() };

    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        without.push(load.gets(&open, "")?);
        with.push(load.gets(&closed, load.token)?);
        for (name, figures) in [("without", &without), ("with", &with)] {
            println!(
                "round {round}, get {name} a token: {}",
                figures.last().map(Figures::to_string).unwrap_or_default()
            );
        }
    }
    let capacity = median(with.iter().map(|figures| figures.per_second));
    let rate = capacity * SHARE;
    let (mut quiet, mut flooded, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        quiet.push(load.at_rate(&closed, rate)?);
        let flood = load.flood(&closed, options.seconds + 2)?;
        flooded.push(load.at_rate(&closed, rate)?);
        let output = flood.wait_with_output().map_err(|cause| format!("wrk did not end: {cause}"))?;
        let logins = read_wrk(&String::from_utf8_lossy(&output.stdout)).ok_or("wrk said nothing of the flood")?;
        refused.push(logins.requests / logins.seconds);
        println!("round {round}: p99 {:?} ms, in the flood {:?} ms", quiet.last(), flooded.last());
    }
    let peak = closed.peak_memory_mb()?;
    let (known, unknown) = load.refusals(&closed, options.refusals)?;
    let row = |name: &str, of: fn(&Figures) -> f64, digits: usize| {
        let [without, with] = [&without, &with].map(|figures| median(figures.iter().map(of)));
        vec![
            name.to_owned(),
            format!("{without:.digits$}"),
            format!("{with:.digits$}"),
            format!("{:.2}", with / without),
        ]
    };
    let cost =
        [row("requests/s", |figures| figures.per_second, 0), row("CPU, µs/request", |figures| figures.cpu_us, 1)];
    let cost = table(&["REST get", "without authentication", "with", "with ÷ without"], cost.into_iter());
    let latency = |name: &str, at: usize| {
        let of = |all: &[[f64; 2]]| median(all.iter().filter_map(|both| both.get(at).copied()));
        let (quiet, flooded) = (of(&quiet), of(&flooded));
        vec![name.to_owned(), format!("{quiet:.2}"), format!("{flooded:.2}"), format!("{:.2}", flooded / quiet)]
    };
    let latencies = [latency("p50", 0), latency("p99", 1)];
    let latencies = table(&["REST get, ms", "without a flood", "in the flood", "times"], latencies.into_iter());
    let refusals = vec![vec![
        format!("{:.2}", known / 1e3),
        format!("{:.2}", unknown / 1e3),
        format!("{:.1} %", (known - unknown).abs() / known * 100.0),
    ]];
    let refusals = table(&["wrong password, ms", "unknown address, ms", "difference"], refusals.into_iter());
    let (rounds, seconds) = (options.rounds, options.seconds);
    let logins = median(refused.into_iter());
    Ok(format!(
        "Medians of {rounds} rounds of {seconds} s each, one server beside the other; load and service share the machine. \
         The same row by its key: in development mode without a token, and in enforced mode with the token of an \
         administrator, whose session and roles are looked at.\n\n{cost}\n\
         {rate:.0} gets a second with a token ({:.0} % of what it can), alone and beside {FLOOD} clients that sign in with wrong \
         passwords as fast as they are answered ({logins:.0} a second), with Argon2id as it ships. The most memory that \
         the service ever had (VmHWM): {peak:.0} MB.\n\n{latencies}\n\
         Refused sign-ins, one at a time and in turn, {} of each; medians.\n\n{refusals}",
        SHARE * 100.0,
        options.refusals
    ))
}

fn create_admin(mut command: Command) -> Result<(), String> {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut child = child.map_err(|cause| format!("cannot run arcana: {cause}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{PASSWORD}").map_err(|cause| format!("arcana takes no password: {cause}"))?;
    }
    let ended = child.wait().map_err(|cause| format!("arcana did not end: {cause}"))?;
    if ended.success() { Ok(()) } else { Err("the administrator cannot be made".to_owned()) }
}

/// What a command says on standard output.
fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stderr(Stdio::inherit()).output().map_err(|cause| format!("cannot run {name}: {cause}"))?;
    if !output.status.success() {
        return Err(format!("{name} failed: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// How load is made.
struct Load<'a> {
    root: &'a Path,
    folder: &'a Path,
    seconds: u64,
    token: &'a str,
}

impl Load<'_> {
    /// As many gets as there can be.
    fn gets(&self, server: &Server, token: &str) -> Result<Figures, String> {
        let wrk = |seconds: u64| {
            let mut wrk = self.wrk(server, "32", seconds, &["get", &self.ids(), "gets", token]);
            read_wrk(&said(&mut wrk)?).filter(|said| said.failed == 0.0).ok_or("wrk met failures".to_owned())
        };
        wrk(1)?;
        let before = server.cpu_seconds()?;
        let figures = wrk(self.seconds)?;
        Ok(figures.figures(server.cpu_seconds()? - before))
    }

    /// p50 and p99 in milliseconds of gets that come at a rate, whatever becomes of those before them.
    fn at_rate(&self, server: &Server, rate: f64) -> Result<[f64; 2], String> {
        let log = self.folder.join("rate.log");
        let _ = fs::remove_file(&log);
        let each = (rate / CLIENTS as f64).round().max(1.0);
        let ids = fs::read_to_string(self.folder.join("ids.txt")).map_err(|cause| format!("no keys: {cause}"))?;
        let id = ids.lines().next().unwrap_or_default();
        let mut command = Command::new("h2load");
        command.args(["--h1", "--threads=1", &format!("--clients={CLIENTS}"), &format!("--duration={}", self.seconds)]);
        command.arg(format!("--rps={each}")).arg(format!("--header=authorization: Bearer {}", self.token));
        command.arg(format!("--log-file={}", log.display()));
        command.arg(format!("http://{}/api/v1/customers/{id}", server.rest));
        let text = said(&mut command)?;
        let found = read_h2load(&text, &log, self.seconds).ok_or_else(|| format!("h2load said {text}"))?;
        let (asked, answered) = (each * CLIENTS as f64 * self.seconds as f64, found.requests);
        if found.failed > 0.0 || answered < asked * 0.95 {
            return Err(format!("{answered} of {asked} calls were answered, {} of them with a refusal", found.failed));
        }
        Ok([found.p50_ms, found.p99_ms])
    }

    /// Sign-ins with wrong passwords, as many as are answered.
    fn flood(&self, server: &Server, seconds: u64) -> Result<Child, String> {
        let mut wrk = self.wrk(server, FLOOD, seconds, &["login", &self.ids(), "flood", ""]);
        let child = wrk.stdout(Stdio::piped()).spawn().map_err(|cause| format!("cannot run wrk: {cause}"))?;
        // It shall have begun.
        std::thread::sleep(std::time::Duration::from_secs(1));
        Ok(child)
    }

    fn wrk(&self, server: &Server, connections: &str, seconds: u64, words: &[&str]) -> Command {
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", "1", "--timeout", "30s", "--connections", connections]);
        wrk.args(["--duration", &format!("{seconds}s"), "--script"]).arg(self.root.join("bench/load/rest.lua"));
        wrk.arg(format!("http://{}", server.rest)).arg("--").args(words);
        wrk
    }

    fn ids(&self) -> String {
        self.folder.join("ids.txt").display().to_string()
    }

    /// Medians, in microseconds, of sign-ins with a wrong password and with an address that nobody has, one after the other on
    /// one connection.
    fn refusals(&self, server: &Server, times: usize) -> Result<(f64, f64), String> {
        let mut calls = String::new();
        for at in 0..times * 2 {
            let email = if at % 2 == 0 { ADMIN } else { "nobody@example.com" };
            if at > 0 {
                calls.push_str("next\n");
            }
            let body = format!(r#"{{\"email\":\"{email}\",\"password\":\"not this one\"}}"#);
            let _ = write!(
                calls,
                "url = \"http://{}/api/v1/auth/login\"\ndata = \"{body}\"\nheader = \"content-type: application/json\"\n\
                 output = \"/dev/null\"\nsilent\nwrite-out = \"%{{http_code}} %{{time_total}}\\n\"\n",
                server.rest
            );
        }
        let file = self.folder.join("refusals.curl");
        fs::write(&file, calls).map_err(|cause| format!("cannot write {}: {cause}", file.display()))?;
        let text = said(Command::new("curl").arg("--config").arg(&file))?;
        let mut micros = [Vec::new(), Vec::new()];
        for (at, line) in text.lines().enumerate() {
            let Some((status, seconds)) = line.split_once(' ') else { continue };
            if status != "401" {
                return Err(format!("a wrong password was answered with {status}"));
            }
            if let (Some(list), Ok(seconds)) = (micros.get_mut(at % 2), seconds.parse::<f64>()) {
                list.push(seconds * 1e6);
            }
        }
        let [known, unknown] = micros.map(|list| median(list.into_iter()));
        Ok((known, unknown))
    }
}
