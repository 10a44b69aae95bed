//! `check`: what is wrong in the schema, and all that it leaves unsaid.

use std::process::ExitCode;

use serde_json::json;

use super::say;
use crate::gaps::gaps;
use crate::load::Sources;
use crate::project::Project;
use crate::read_model;

/// Arguments of `check`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command. What is unsaid is no finding: the assumption holds.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let sources = match Sources::read(project) {
        Ok(sources) => sources,
        Err(found) => return say::diagnostics(&found, &project.root),
    };
    match read_model(&sources) {
        Ok(model) => {
            let gaps = gaps(&model);
            if args.json {
                say::json(&json!({ "diagnostics": [], "gaps": gaps }));
            } else {
                say::gaps(project, &gaps);
                let entities = if model.entities.len() == 1 { "entity" } else { "entities" };
                println!(
                    "Nothing wrong in {} {entities}; {} unsaid",
                    model.entities.len(),
                    say::count(gaps.len(), "thing")
                );
            }
            ExitCode::SUCCESS
        }
        Err(found) if args.json => {
            say::json(&json!({ "diagnostics": found.to_json(), "gaps": [] }));
            say::FINDINGS.into()
        }
        Err(found) => say::schema_diagnostics(&found, project, &sources),
    }
}
