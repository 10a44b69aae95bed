//! `bench service`: the service of this repository beside two that were written by hand (bench/), which have the same
//! table, statements and durability. All three run at once, and are measured in turn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::load::{Figures, Load, Operation};
use super::server::Server;
use super::{report, table};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Times that everything is measured; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rows that are there before
    #[arg(long, default_value_t = 1000)]
    rows: usize,
    /// Show the figures and leave docs/benchmarks.md alone
    #[arg(long)]
    dry: bool,
}

/// The services, in the order of the tables.
const NAMES: [&str; 3] = ["arcana", "sqlx peer", "limit peer"];

const LOG_AS_JSON: &str = "--set=observability.log.format=json";

/// The programs that are measured, and the one that compares their answers.
struct Programs {
    root: PathBuf,
    arcana: PathBuf,
    sqlx: PathBuf,
    limit: PathBuf,
    check: PathBuf,
}

/// Figures by operation and service, one for each round.
type Measured = Vec<(Operation, [Vec<Figures>; 3])>;

/// Runs the command on the repository at `root`.
pub fn run(options: &Options, root: &Path) -> Result<(), String> {
    let root = &fs::canonicalize(root).map_err(|cause| format!("cannot find {}: {cause}", root.display()))?;
    must(Command::new("bash").current_dir(root).args(["-c", ". tests/tools.sh && tools_need wrk h2load"]))?;
    let programs = build(root)?;
    let busy = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = busy.split(' ').next().unwrap_or("unknown");
    let folder = std::env::temp_dir().join(format!("arcana-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|cause| format!("cannot create {}: {cause}", folder.display()))?;
    let measured = measure(options, &programs, &folder);
    let _ = fs::remove_dir_all(&folder);
    let text = describe(options, busy, &measured?);
    println!("\n{text}");
    if options.dry { Ok(()) } else { report::append(root, "the service beside hand-written peers", &text) }
}

fn build(root: &Path) -> Result<Programs, String> {
    let here = std::env::current_exe().map_err(|cause| format!("where is xtask? {cause}"))?;
    let target = here.ancestors().nth(2).unwrap_or(root).to_owned();
    let peers = target.join("peers");
    let cargo = || {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root).args(["build", "--release", "--locked"]);
        cargo
    };
    must(cargo().arg("--target-dir").arg(&target).args(["--package", "arcana"]))?;
    // One at a time: built together, each would get the features that the others ask of shared dependencies.
    for package in ["check", "limit-peer", "sqlx-peer"] {
        let own = ["--manifest-path", "bench/Cargo.toml", "--package", package];
        must(cargo().arg("--target-dir").arg(&peers).args(own))?;
    }
    let peer = |name: &str| peers.join("release").join(name);
    Ok(Programs {
        root: root.to_owned(),
        arcana: target.join("release/arcana"),
        sqlx: peer("sqlx-peer"),
        limit: peer("limit-peer"),
        check: peer("check"),
    })
}

fn measure(options: &Options, programs: &Programs, folder: &Path) -> Result<Measured, String> {
    let seed = folder.join("seed.db");
    must(programs.arcana(&["migrate", "up"], &seed).stdout(Stdio::null()))?;
    must(programs.arcana(&["seed", "--rows", &options.rows.to_string()], &seed).stdout(Stdio::null()))?;
    let mut measured: Measured = Operation::ALL.map(|operation| (operation, Default::default())).into();
    for round in 0..options.rounds {
        let servers = programs.start(&seed, &folder.join(round.to_string()))?;
        let addresses = servers.iter().map(|server| format!("{},{}", server.rest, server.grpc));
        must(Command::new(&programs.check).arg(folder).args(addresses))?;
        let load = Load { root: &programs.root, folder, seconds: options.seconds, explain: round == 0 };
        for (operation, figures) in &mut measured {
            for turn in 0..servers.len() {
                // Who comes first changes, as the machine does while it is measured.
                let at = (round + turn) % servers.len();
                let (Some(server), Some(list)) = (servers.get(at), figures.get_mut(at)) else { continue };
                let found = load.run(*operation, server)?;
                println!("round {} {} {}: {found}", round + 1, operation.name(), server.name);
                list.push(found);
            }
        }
    }
    Ok(measured)
}

impl Programs {
    fn arcana(&self, words: &[&str], database: &Path) -> Command {
        let mut command = Command::new(&self.arcana);
        command.current_dir(&self.root).args(words).arg(format!("--set=database.url=sqlite://{}", database.display()));
        command
    }

    fn peer(program: &Path, database: &Path) -> Command {
        let mut command = Command::new(program);
        command.arg(database);
        command
    }

    /// All three, each with a copy of the seeded database.
    fn start(&self, seed: &Path, folder: &Path) -> Result<Vec<Server>, String> {
        fs::create_dir_all(folder).map_err(|cause| format!("cannot create {}: {cause}", folder.display()))?;
        let mut servers = Vec::new();
        for (name, program) in NAMES.into_iter().zip([None, Some(&self.sqlx), Some(&self.limit)]) {
            let database = folder.join(format!("{name}.db").replace(' ', "-"));
            copy(seed, &database)?;
            // As it ships, on free ports, with the log in a form that says which.
            let serve = ["serve", "--set=server.rest.port=0", "--set=server.grpc.port=0", LOG_AS_JSON];
            let command = program.map_or_else(|| self.arcana(&serve, &database), |peer| Self::peer(peer, &database));
            servers.push(Server::start(name, command, &database.with_extension("log"))?);
        }
        Ok(servers)
    }
}

/// The file and what SQLite may have left beside it.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    for behind in ["", "-wal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{behind}", path.display()));
        if name(from).exists() {
            fs::copy(name(from), name(to)).map_err(|cause| format!("cannot copy {}: {cause}", from.display()))?;
        }
    }
    Ok(())
}

/// Runs a command that must succeed.
fn must(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed: {status}")),
        Err(cause) => Err(format!("cannot run {name}: {cause}")),
    }
}

fn describe(options: &Options, busy: &str, measured: &Measured) -> String {
    let median = |list: &[Figures], of: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = list.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let row = |of: fn(&Figures) -> f64, digits: usize, better: fn(f64, f64) -> f64| {
        measured.iter().map(move |(operation, figures)| {
            let [arcana, sqlx, limit] = figures.each_ref().map(|list| median(list, of));
            let mut cells = vec![operation.name().to_owned()];
            cells.extend([arcana, sqlx, limit].map(|value| format!("{value:.digits$}")));
            cells.extend([sqlx, limit].map(|peer| format!("{:.2}", better(arcana, peer))));
            cells
        })
    };
    let heads = |what: &'static str| [&[what][..], &NAMES, &["× sqlx", "× limit"]].concat();
    let throughput = table(&heads("requests/s"), row(|figures| figures.per_second, 0, |own, peer| own / peer));
    let cpu = table(&heads("CPU, µs/request"), row(|figures| figures.cpu_us, 1, |own, peer| peer / own));
    let latencies = measured.iter().map(|(operation, figures)| {
        let mut cells = vec![operation.name().to_owned()];
        cells.extend(figures.each_ref().map(|list| {
            format!("{:.2} / {:.2}", median(list, |figures| figures.p50_ms), median(list, |figures| figures.p99_ms))
        }));
        cells
    });
    let latency = table(&[&["ms, p50 / p99"][..], &NAMES].concat(), latencies);
    format!(
        "{} rows, {} rounds of {} s each, medians; every answer had a status of 2xx. Load and services share the \
         machine, whose load average was {busy} before: the less idle it was, the less requests per second say, and the \
         more the time that the processor spent on a request. Ratios above 1 are in favour of arcana.\n\n{throughput}\n{cpu}\n{latency}",
        options.rows, options.rounds, options.seconds
    )
}
