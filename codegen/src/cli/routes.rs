//! `routes`: every rpc, its routes and who may call it, in a table.

use std::process::ExitCode;

use serde_json::{Map, Value};

use super::{say, schema};
use crate::project::Project;
use crate::routes::access::matrix;
use crate::routes::{Route, routes};

/// Arguments of `routes`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Print what becomes of everybody who could call: `yes`, `own` (its own rows only), or the status of the refusal
    #[arg(long)]
    pub access: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let routes = match schema::read(project) {
        Ok((_, model)) => routes(&model),
        Err(code) => return code,
    };
    if args.access {
        let lines = matrix(&routes);
        match args.json {
            true => say::json(&by_name(&lines)),
            false => say::table(&lines),
        }
    } else if args.json {
        say::json(&serde_json::to_value(&routes).unwrap_or_default());
    } else {
        let cells = |route: Route| vec![route.rpc, route.method, route.path, route.access];
        let mut rows = vec![["rpc", "method", "path", "access"].map(str::to_owned).to_vec()];
        rows.extend(routes.into_iter().map(cells));
        say::table(&rows);
    }
    ExitCode::SUCCESS
}

/// The lines behind the header as objects.
fn by_name(lines: &[Vec<String>]) -> Value {
    let Some((header, lines)) = lines.split_first() else { return Value::Array(Vec::new()) };
    let object = |line: &Vec<String>| -> Map<String, Value> {
        header.iter().cloned().zip(line.iter().cloned().map(Value::String)).collect()
    };
    lines.iter().map(object).collect()
}
