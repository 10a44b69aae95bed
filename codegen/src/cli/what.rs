//! `what`: what an entity, a field, an rpc or a value of the schema became.

use std::process::ExitCode;

use super::{say, schema};
use crate::project::Project;
use crate::trace::{Became, Names, became};

/// Arguments of `what`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Name in the schema, in full or in part, such as Order.total
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let (sources, model) = match schema::read(project) {
        Ok(read) => read,
        Err(code) => return code,
    };
    match became(project, &Names::of(&model, &sources), &args.name) {
        Ok(found) if args.json => say::json(&serde_json::to_value(&found).unwrap_or_default()),
        Ok(found) => tell(&found),
        Err(error) => return say::error(&error),
    }
    ExitCode::SUCCESS
}

fn tell(found: &Became) {
    println!("{} {}", found.kind.words(), found.subject);
    println!("  {}: {}", found.place, found.text);
    let rows = found.facts.iter().map(|fact| {
        let place = fact.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        vec![fact.what.to_owned(), format!("{place}{}", fact.value)]
    });
    say::table(&rows.collect::<Vec<_>>());
}
