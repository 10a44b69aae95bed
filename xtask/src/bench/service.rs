//! `bench service`: the service of this repository beside those that were written by hand (bench/), which have the same
//! table, statements and durability. All run at once, and are measured in turn.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::databases::{Databases, On};
use super::load::{Figures, Load, Operation};
use super::programs::Programs;
use super::server::Server;
use super::{must, report, table, with_folder};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Times that everything is measured; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// What the services stand on
    #[arg(long = "database", value_enum, default_value_t = On::Sqlite)]
    on: On,
    /// Rows that are there before
    #[arg(long, default_value_t = 1000)]
    rows: usize,
    /// Show the figures and leave docs/benchmarks.md alone
    #[arg(long)]
    dry: bool,
}

/// One of the services that are compared.
#[derive(Debug, Clone, Copy)]
struct Contender {
    /// What the tables call it.
    name: &'static str,
    program: Program,
    /// Settings that make it differ from what ships.
    settings: &'static [&'static str],
    /// What it takes part in.
    operations: &'static [Operation],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Arcana,
    /// One of bench/.
    Peer(&'static str),
}

/// The services in the order of the tables; the others are compared with the first.
fn contenders(on: On) -> Vec<Contender> {
    let all = |name, program| Contender { name, program, settings: &[], operations: &Operation::ALL };
    let arcana = all("arcana", Program::Arcana);
    let with = |name, settings, operations| Contender { name, settings, operations, ..arcana };
    match on {
        On::Sqlite => vec![
            arcana,
            all("sqlx peer", Program::Peer("sqlx-peer")),
            all("limit peer", Program::Peer("limit-peer")),
            with("ungrouped", &[UNGROUPED], &[Operation::Create]),
            with("FULL", &[FULL], &[Operation::Create]),
            with("FULL, ungrouped", &[FULL, UNGROUPED], &[Operation::Create]),
        ],
        On::Postgres => vec![
            arcana,
            all("sqlx peer", Program::Peer("sqlx-peer")),
            with("arcana, pool only", &["--set=database.shared_connections=0"], &Operation::ALL),
        ],
        // There is no peer for it.
        On::Mysql => Vec::new(),
    }
}

/// A transaction for each commit.
const UNGROUPED: &str = "--set=database.commits_per_transaction=1";
/// Commits that survive the loss of power.
const FULL: &str = "--set=database.synchronous=FULL";

/// Figures by operation and service, one for each round.
type Measured = Vec<(Operation, Vec<Vec<Figures>>)>;

/// Runs the command on the repository at `root`.
pub fn run(options: &Options, root: &Path) -> Result<(), String> {
    if contenders(options.on).is_empty() {
        return Err("there is no peer on MySQL to compare with; say --database sqlite or postgres".to_owned());
    }
    let root = &fs::canonicalize(root).map_err(|cause| format!("cannot find {}: {cause}", root.display()))?;
    must(
        Command::new("bash")
            .current_dir(root)
            .args(["-c", ". tests/tools.sh && tools_need wrk h2load && tools_servers"]),
    )?;
    let programs = Programs::build(root, &["check", "limit-peer", "sqlx-peer"])?;
    let busy = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = busy.split(' ').next().unwrap_or("unknown");
    let measured = with_folder(|folder| measure(options, root, &programs, folder))?;
    let text = describe(options, busy, &measured);
    println!("\n{text}");
    let title = format!("the service beside hand-written peers, on {}", options.on.name());
    if options.dry { Ok(()) } else { report::append(root, &title, &text) }
}

fn measure(options: &Options, root: &Path, programs: &Programs, folder: &Path) -> Result<Measured, String> {
    let databases = Databases::on(options.on, folder);
    let seed = databases.seed();
    must(programs.arcana(&["migrate", "up"], &seed).stdout(Stdio::null()))?;
    must(programs.arcana(&["seed", "--rows", &options.rows.to_string()], &seed).stdout(Stdio::null()))?;
    let contenders = contenders(options.on);
    let mut measured: Measured = Operation::ALL.map(|operation| (operation, vec![Vec::new(); contenders.len()])).into();
    for round in 0..options.rounds {
        let servers = start(programs, &contenders, &databases, folder, round)?;
        let addresses = servers.iter().map(|server| format!("{},{}", server.rest, server.grpc));
        must(programs.peer("check").arg(folder).args(addresses))?;
        let load = Load { root, folder, seconds: options.seconds, explain: round == 0 };
        for (operation, figures) in &mut measured {
            for turn in 0..servers.len() {
                // Who comes first changes, as the machine does while it is measured.
                let at = (round + turn) % servers.len();
                let (Some(contender), Some(server), Some(list)) =
                    (contenders.get(at), servers.get(at), figures.get_mut(at))
                else {
                    continue;
                };
                if contender.operations.contains(operation) {
                    let found = load.run(*operation, server)?;
                    println!("round {} {} {}: {found}", round + 1, operation.name(), server.name);
                    list.push(found);
                }
            }
        }
    }
    Ok(measured)
}

/// All of them, each with a copy of the seeded database.
fn start(
    programs: &Programs,
    contenders: &[Contender],
    databases: &Databases,
    folder: &Path,
    round: usize,
) -> Result<Vec<Server>, String> {
    let mut servers = Vec::new();
    for Contender { name, program, settings, .. } in contenders {
        let place = format!("{name}-{round}").replace([' ', ','], "-");
        let database = databases.copy(&place)?;
        let command = match program {
            Program::Arcana => programs.serve(&database, settings),
            Program::Peer(peer) => {
                let mut command = programs.peer(peer);
                command.arg(&database);
                command
            }
        };
        servers.push(Server::start(name, command, &folder.join(place).with_extension("log"))?);
    }
    Ok(servers)
}

fn describe(options: &Options, busy: &str, measured: &Measured) -> String {
    let names: Vec<&str> = contenders(options.on).iter().map(|contender| contender.name).collect();
    let median = |list: &[Figures], of: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = list.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let shown = |value: Option<f64>, digits: usize| value.map_or(String::new(), |value| format!("{value:.digits$}"));
    let row = |of: fn(&Figures) -> f64, digits: usize, better: fn(f64, f64) -> f64| {
        measured.iter().map(move |(operation, figures)| {
            let medians: Vec<Option<f64>> = figures.iter().map(|list| median(list, of)).collect();
            let own = medians.first().copied().flatten().unwrap_or_default();
            let ratios = medians.iter().skip(1).map(|peer| shown(peer.map(|peer| better(own, peer)), 2));
            let values = medians.iter().map(|value| shown(*value, digits));
            std::iter::once(operation.name().to_owned()).chain(values).chain(ratios).collect()
        })
    };
    let ratios: Vec<String> = names.iter().skip(1).map(|name| format!("× {name}")).collect();
    let heads = |what: &'static str| -> Vec<&str> {
        std::iter::once(what).chain(names.iter().copied()).chain(ratios.iter().map(String::as_str)).collect()
    };
    let throughput = table(&heads("requests/s"), row(|figures| figures.per_second, 0, |own, peer| own / peer));
    let cpu = table(&heads("CPU, µs/request"), row(|figures| figures.cpu_us, 1, |own, peer| peer / own));
    let latencies = measured.iter().map(|(operation, figures)| {
        let both = figures.iter().map(|list| {
            let [p50, p99] =
                [|figures: &Figures| figures.p50_ms, |figures: &Figures| figures.p99_ms].map(|of| median(list, of));
            if p50.is_some() { format!("{} / {}", shown(p50, 2), shown(p99, 2)) } else { String::new() }
        });
        std::iter::once(operation.name().to_owned()).chain(both).collect()
    });
    let latency_heads: Vec<&str> = std::iter::once("ms, p50 / p99").chain(names.iter().copied()).collect();
    let latency = table(&latency_heads, latencies);
    format!(
        "{} rows, {} rounds of {} s each, medians; every answer had a status of 2xx. Load and services share the \
         machine, whose load average was {busy} before: the less idle it was, the less requests per second say, and the \
         more the time that the processor spent on a request. Ratios above 1 are in favour of arcana.\n\n{throughput}\n{cpu}\n{latency}",
        options.rows, options.rounds, options.seconds
    )
}
