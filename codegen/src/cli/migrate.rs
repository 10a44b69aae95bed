//! `migrate`: where the migrations stand, and sealing the open one.

use std::fs;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{r#gen, say};
use crate::diagnostic::Diagnostics;
use crate::impact::publish;
use crate::load::Sources;
use crate::migrate::{Disk, Planned, plan, seal};
use crate::model::Model;
use crate::project::Project;
use crate::read_model;

/// Arguments of `migrate`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with the migrations.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List the sealed migrations and what the open one does
    #[command(after_help = "Example: cargo xtask migrate status --json")]
    Status {
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Close the open migration: its files never change again, and the contract is what later changes are compared with
    #[command(after_help = "Example: cargo xtask migrate seal")]
    Seal,
}

/// Runs the command.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let sources = match Sources::read(project) {
        Ok(sources) => sources,
        Err(found) => return say::diagnostics(&found, &project.root),
    };
    let found = match (&args.command, read_model(&sources)) {
        (_, Err(found)) => found,
        (Command::Status { json }, Ok(model)) => match status(project, &model, *json) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(found) => found,
        },
        (Command::Seal, Ok(model)) => match close(project, &sources, &model) {
            Ok(code) => return code,
            Err(found) => found,
        },
    };
    say::schema_diagnostics(&found, project, &sources)
}

fn status(project: &Project, model: &Model, as_json: bool) -> Result<(), Diagnostics> {
    let disk = Disk::read(project)?;
    let Planned { open, operations, .. } = plan(project, &disk, model, &[])?;
    if as_json {
        let sealed: Vec<String> = disk.sealed.iter().map(|(name, _)| name.stem()).collect();
        let open = open.map(|name| name.stem());
        say::json(&json!({ "sealed": sealed, "open": open, "operations": operations }));
        return Ok(());
    }
    let mut rows: Vec<Vec<String>> =
        disk.sealed.iter().map(|(name, _)| vec![name.stem(), "sealed".to_owned()]).collect();
    rows.extend(open.map(|name| vec![name.stem(), "open".to_owned()]));
    say::table(&rows);
    let rows = operations.iter().map(|operation| {
        let (class, kind) = (operation.class.words().to_owned(), operation.kind.words().to_owned());
        vec![String::new(), class, kind, operation.subject.clone(), operation.words.clone()]
    });
    say::table(&rows.collect::<Vec<_>>());
    Ok(())
}

fn close(project: &Project, sources: &Sources, model: &Model) -> Result<ExitCode, Diagnostics> {
    let contract = publish(project, sources, model)?;
    let sealed = seal(project, &Disk::read(project)?, model, &contract)?;
    for (path, text) in &sealed.files {
        let target = project.root.join(path);
        let folder = target.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = folder.and_then(|()| fs::write(&target, text)) {
            let folder = project.migrations.display();
            return Ok(say::error(&format!("{path}: {error}; restore the folder: git checkout -- {folder}")));
        }
    }
    match &sealed.migration {
        Some(name) => println!("Sealed {}", name.stem()),
        None => println!("No open migration; storage and contract of the schema are what is sealed now"),
    }
    Ok(r#gen::run(&r#gen::Args::default(), project))
}
