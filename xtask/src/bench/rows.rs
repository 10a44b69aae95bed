//! `bench rows`: a table of a million rows, over REST: what a page far behind costs beside the first, and how much memory an
//! export takes.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::databases::{Databases, On};
use super::programs::Programs;
use super::server::Server;
use super::{must, report, table, with_folder};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Rows of the table
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// Page that is compared with the first, of 20 rows each
    #[arg(long, default_value_t = 50_000)]
    page: usize,
    /// Databases; all if unsaid
    #[arg(long = "database", value_enum)]
    on: Vec<On>,
    /// Show the figures and leave docs/benchmarks.md alone
    #[arg(long)]
    dry: bool,
}

/// Runs the command on the repository at `root`.
pub fn run(options: &Options, root: &Path) -> Result<(), String> {
    must(
        Command::new("bash").current_dir(root).args(["-c", ". tests/tools.sh && tools_need python3 && tools_servers"]),
    )?;
    let programs = Programs::build(root, &["rows"])?;
    let all = [On::Sqlite, On::Postgres, On::Mysql];
    let on = if options.on.is_empty() { &all[..] } else { &options.on };
    let (mut walks, mut exports) = (Vec::new(), Vec::new());
    for on in on {
        let found = with_folder(|folder| measure(options, &programs, *on, folder))?;
        println!("{}: {found}", on.name());
        walks.extend(found["walks"].as_array().into_iter().flatten().map(|walk| walked(*on, walk)));
        exports.extend(found["exports"].as_array().into_iter().flatten().map(|export| exported(*on, export)));
    }
    let page = format!("page {}, ms", options.page);
    let walks = table(&["keyset pages", "page 1, ms", &page, "ratio", "all pages, s"], walks.into_iter());
    let heads = ["export", "rows", "MB", "s", "memory before, MB", "at most, MB", "more, MB"];
    let exports = table(&heads, exports.into_iter());
    let text = format!(
        "{} customers, pages of 20 without totals, one connection; each page asked for 301 times in turn, medians. \
         Memory is the service's own (RssAnon), looked at after each MB of the export; pages of a mapped database file are \
         not in it.\n\n\
         {walks}\n{exports}",
        options.rows
    );
    println!("\n{text}");
    if options.dry { Ok(()) } else { report::append(root, "a table of many rows", &text) }
}

fn measure(options: &Options, programs: &Programs, on: On, folder: &Path) -> Result<Value, String> {
    let databases = Databases::on(on, folder);
    let database = databases.seed();
    must(programs.arcana(&["migrate", "up"], &database).stdout(Stdio::null()))?;
    databases.fill_customers(options.rows)?;
    let server = Server::start("arcana", programs.serve(&database, &[]), &folder.join("arcana.log"))?;
    let mut rows = programs.peer("rows");
    rows.args([&server.rest, &server.id().to_string(), &options.page.to_string()]);
    let output = rows.stderr(Stdio::inherit()).output().map_err(|cause| format!("cannot run rows: {cause}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).map_err(|cause| format!("on {}, rows said {text:?}: {cause}", on.name()))
}

fn walked(on: On, walk: &Value) -> Vec<String> {
    let number = |name: &str| walk[name].as_f64().unwrap_or_default();
    let (first, far) = (number("first_us"), number("far_us"));
    let name = format!("{}, by {}", on.name(), walk["order"].as_str().unwrap_or_default());
    let ms = |us: f64| format!("{:.3}", us / 1e3);
    vec![name, ms(first), ms(far), format!("{:.2}", far / first), format!("{:.1}", number("seconds"))]
}

fn exported(on: On, export: &Value) -> Vec<String> {
    let number = |name: &str| export[name].as_f64().unwrap_or_default();
    let (before, peak) = (number("before_kb") / 1024.0, number("peak_kb") / 1024.0);
    vec![
        format!("{}, {}", on.name(), export["kind"].as_str().unwrap_or_default()),
        format!("{}", number("lines")),
        format!("{:.0}", number("bytes") / 1e6),
        format!("{:.1}", number("seconds")),
        format!("{before:.0}"),
        format!("{peak:.0}"),
        format!("{:.0}", peak - before),
    ]
}
