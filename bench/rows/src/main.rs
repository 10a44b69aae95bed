//! `rows REST PID PAGES`: walks a list of customers by page tokens, measures its first page and the one behind PAGES others
//! in turn, and exports all rows while it watches the memory of the service. Prints one line of JSON.

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use reqwest::{Client, header};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Rows on a page.
const SIZE: usize = 20;
/// Times that each page is asked for; the median counts.
const TIMES: usize = 301;
/// Orders that are walked: the newest first, and by a name that many rows share.
const ORDERS: [(&str, &str); 2] = [("newest", ""), ("name", "&sort=name")];
/// Bytes of an export between two looks at the memory.
const LOOK_EVERY: usize = 1 << 20;
/// What exports are asked for as.
const FORMATS: [(&str, &str); 2] = [("ndjson", "application/x-ndjson"), ("csv", "text/csv")];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments).await {
        Ok(found) => {
            println!("{found}");
            ExitCode::SUCCESS
        }
        Err(cause) => {
            eprintln!("{cause}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result<Value> {
    let [rest, pid, pages] = arguments else { return Err("say REST PID PAGES".into()) };
    let (pid, pages) = (pid.parse()?, pages.parse()?);
    let (client, list) = (Client::new(), format!("http://{rest}/api/v1/customers"));
    let mut walks = Vec::new();
    for (name, order) in ORDERS {
        walks.push(walk(&client, name, &format!("{list}?size={SIZE}&include_total=false{order}"), pages).await?);
    }
    let mut exports = Vec::new();
    for (name, kind) in FORMATS {
        exports.push(export(&client, name, &list, kind, pid).await?);
    }
    Ok(json!({ "walks": walks, "exports": exports }))
}

/// The medians of the first page, and of the one behind `pages` others.
async fn walk(client: &Client, name: &str, first: &str, pages: usize) -> Result<Value> {
    let mut far = first.to_owned();
    let started = Instant::now();
    for page in 1..pages {
        let (answer, _) = ask(client, &far).await?;
        let token = answer["next_page_token"].as_str().filter(|token| !token.is_empty());
        far = format!("{first}&page_token={}", token.ok_or_else(|| format!("the list ends at page {page}"))?);
    }
    let seconds = started.elapsed().as_secs_f64();
    let (mut near_us, mut far_us) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        near_us.push(ask(client, first).await?.1);
        far_us.push(ask(client, &far).await?.1);
    }
    Ok(json!({ "order": name, "seconds": seconds, "first_us": median(near_us), "far_us": median(far_us) }))
}

/// A page with all its rows, and the microseconds that it took.
async fn ask(client: &Client, url: &str) -> Result<(Value, f64)> {
    let started = Instant::now();
    let bytes = client.get(url).send().await?.error_for_status()?.bytes().await?;
    let took = started.elapsed().as_secs_f64() * 1e6;
    let page: Value = serde_json::from_slice(&bytes)?;
    match page["data"].as_array() {
        Some(rows) if rows.len() == SIZE => Ok((page, took)),
        _ => Err(format!("{url} is no full page").into()),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Reads an export as it comes, and says how much memory of its own the service held at most meanwhile. Pages of the database
/// file, which SQLite maps and the system may take back at any time, are not in it.
async fn export(client: &Client, name: &str, url: &str, kind: &str, pid: u32) -> Result<Value> {
    let (before, started) = (memory(pid, "RssAnon:")?, Instant::now());
    let mut peak = before;
    let mut answer = client.get(url).header(header::ACCEPT, kind).send().await?.error_for_status()?;
    let (mut bytes, mut lines) = (0_usize, 0_usize);
    while let Some(chunk) = answer.chunk().await? {
        if bytes / LOOK_EVERY != (bytes + chunk.len()) / LOOK_EVERY {
            peak = peak.max(memory(pid, "RssAnon:")?);
        }
        bytes += chunk.len();
        lines += chunk.iter().filter(|byte| **byte == b'\n').count();
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(
        json!({ "kind": name, "lines": lines, "bytes": bytes, "seconds": seconds, "before_kb": before, "peak_kb": peak }),
    )
}

/// Memory of a process in kB, as Linux tells it.
fn memory(pid: u32, what: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)).ok_or("no such line in status")?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}
