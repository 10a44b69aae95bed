//! `routes`: every rpc, its routes and who may call it, in a table.

use std::process::ExitCode;

use super::{say, schema};
use crate::project::Project;
use crate::routes::{Route, routes};

/// Arguments of `routes`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
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
    if args.json {
        say::json(&serde_json::to_value(&routes).unwrap_or_default());
    } else {
        let cells = |route: Route| vec![route.rpc, route.method, route.path, route.access];
        let mut rows = vec![["rpc", "method", "path", "access"].map(str::to_owned).to_vec()];
        rows.extend(routes.into_iter().map(cells));
        say::table(&rows);
    }
    ExitCode::SUCCESS
}
