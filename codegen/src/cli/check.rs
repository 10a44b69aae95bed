//! `check`: what is wrong in the schema, what it breaks for clients, and all that it leaves unsaid.

use std::process::ExitCode;

use serde_json::json;

use super::say::{self, Paint, paint};
use crate::diagnostic::Diagnostics;
use crate::gaps::{Gap, gaps};
use crate::impact::{Change, changes, publish};
use crate::load::Sources;
use crate::migrate::{Disk, foresee};
use crate::model::Model;
use crate::project::Project;
use crate::read_model;

/// Arguments of `check`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// What is known of a schema with nothing wrong in it.
struct Findings {
    entities: usize,
    gaps: Vec<Gap>,
    /// What differs from the sealed contract; nothing if there is none.
    impact: Option<Vec<Change>>,
}

/// Runs the command. What breaks clients is a finding until it is sealed; what is unsaid is none: the assumption holds.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let sources = match Sources::read(project) {
        Ok(sources) => sources,
        Err(found) => return say::diagnostics(&found, &project.root),
    };
    match read_model(&sources).and_then(|model| look(project, &sources, &model)) {
        Ok(findings) => {
            let breaking = findings.impact.iter().flatten().any(Change::breaks);
            if args.json {
                let changes = findings.impact.unwrap_or_default();
                say::json(&json!({ "diagnostics": [], "changes": changes, "gaps": findings.gaps }));
            } else {
                tell(project, &findings);
            }
            if breaking { say::FINDINGS.into() } else { ExitCode::SUCCESS }
        }
        Err(found) if args.json => {
            say::json(&json!({ "diagnostics": found.to_json(), "changes": [], "gaps": [] }));
            say::FINDINGS.into()
        }
        Err(found) => say::schema_diagnostics(&found, project, &sources),
    }
}

fn look(project: &Project, sources: &Sources, model: &Model) -> Result<Findings, Diagnostics> {
    let disk = Disk::read(project)?;
    let impact = match &disk.contract {
        Some(sealed) => Some(changes(sealed, &publish(project, sources, model)?, &foresee(&disk, model))),
        None => None,
    };
    Ok(Findings { entities: model.entities.len(), gaps: gaps(model), impact })
}

fn tell(project: &Project, findings: &Findings) {
    say::gaps(project, &findings.gaps);
    let breaking: Vec<&Change> = findings.impact.iter().flatten().filter(|change| change.breaks()).collect();
    for change in &breaking {
        print_change(project, change);
    }
    let entities = if findings.entities == 1 { "entity" } else { "entities" };
    let broken = match (&findings.impact, breaking.len()) {
        (None, _) => "no sealed contract to compare with".to_owned(),
        (Some(_), 0) => "nothing breaks clients".to_owned(),
        (Some(_), 1) => "1 change breaks clients".to_owned(),
        (Some(_), several) => format!("{several} changes break clients"),
    };
    let unsaid = say::count(findings.gaps.len(), "thing");
    println!("Nothing wrong in {} {entities}; {broken}; {unsaid} unsaid", findings.entities);
    if !breaking.is_empty() {
        println!("Take the safe path that each names; or accept what breaks: cargo xtask migrate seal");
    }
}

/// One change: where, what, whom it breaks, why, and the safe path.
fn print_change(project: &Project, change: &Change) {
    let place = change.span.as_ref().map(|span| format!("{}/{span}: ", project.schema.display())).unwrap_or_default();
    println!("  {place}{} {} : {}", change.short(), change.what, change.verdict());
    for said in
        [change.reason.clone(), change.help.as_ref().map(|help| format!("safe path: {help}"))].into_iter().flatten()
    {
        println!("      {}", paint(&said, Paint::Dim));
    }
}
