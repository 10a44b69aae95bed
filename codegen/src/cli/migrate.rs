//! `migrate`: where the migrations stand, sealing what is open, and those that people write.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::dev::{cargo, target};
use super::{r#gen, git, say, schema};
use crate::diagnostic::Diagnostics;
use crate::impact::publish;
use crate::load::Sources;
use crate::migrate::{Branch, Class, Disk, MigrationName, Planned, by_hand, fresh, plan, rebase, renumbered, seal};
use crate::model::Model;
use crate::project::Project;

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
    /// Close what is open: its files never change again, and the contract is what later changes are compared with
    #[command(after_help = "Example: cargo xtask migrate seal")]
    Seal,
    /// Begin a migration that is written by hand, before the open one
    #[command(after_help = "Example: cargo xtask migrate new --custom fill_notes")]
    New {
        /// What it does, in small letters
        #[arg(long, value_name = "NAME")]
        custom: String,
    },
    /// Compare the database with what its migrations make, and prove them on scratch databases
    #[command(after_help = "Example: cargo xtask migrate verify -- --set database.url=postgres://shop@localhost/shop")]
    Verify {
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
        /// Arguments of the service, such as --set database.url=…
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// While a merge or a rebase is stopped: put what one branch sealed behind what the other did
    #[command(after_help = "Example: git merge main; cargo xtask migrate rebase")]
    Rebase {
        /// Whose migrations keep their numbers [default: in a merge theirs, in a rebase ours, which is where it goes to]
        #[arg(long, value_enum, value_name = "SIDE")]
        keep: Option<Side>,
    },
}

/// A side of a conflict, as git calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// What is checked out.
    Ours,
    /// What comes in.
    Theirs,
}

/// What a command answers: its exit code, or what is wrong with the schema and the migrations, or with what lies around.
type Answer = Result<ExitCode, Failure>;

enum Failure {
    Schema(Diagnostics),
    Other(String),
}

impl From<Diagnostics> for Failure {
    fn from(found: Diagnostics) -> Self {
        Self::Schema(found)
    }
}

/// Runs the command.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let (sources, model) = match schema::read(project) {
        Ok(read) => read,
        Err(code) => return code,
    };
    let answer = match &args.command {
        Command::Status { json } => status(project, &model, *json),
        Command::Seal => close(project, &sources, &model),
        Command::New { custom } => begin(project, &model, custom),
        Command::Verify { json, rest } => Ok(verify(project, &model, *json, rest)),
        Command::Rebase { keep } => join(project, &sources, &model, *keep),
    };
    match answer {
        Ok(code) => code,
        Err(Failure::Schema(found)) => say::schema_diagnostics(&found, project, &sources),
        Err(Failure::Other(message)) => say::error(&message),
    }
}

fn status(project: &Project, model: &Model, as_json: bool) -> Answer {
    let disk = Disk::read(project)?;
    let Planned { open, operations, obstacles, by_hand, .. } = plan(project, &disk, model, &[])?;
    if as_json {
        let sealed: Vec<String> = disk.sealed.iter().map(|(name, _)| name.stem()).collect();
        let by_hand: Vec<String> = by_hand.iter().map(|name| name.stem()).collect();
        let open = open.map(|name| name.stem());
        say::json(&json!({
            "sealed": sealed,
            "by_hand": by_hand,
            "open": open,
            "operations": operations,
            "obstacles": obstacles,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows: Vec<Vec<String>> =
        disk.sealed.iter().map(|(name, _)| vec![name.stem(), "sealed".to_owned()]).collect();
    rows.extend(by_hand.iter().map(|name| vec![name.stem(), "open, by hand".to_owned()]));
    rows.extend(open.map(|name| vec![name.stem(), "open".to_owned()]));
    say::table(&rows);
    let rows = operations.iter().map(|operation| {
        let (class, kind) = (operation.class.words().to_owned(), operation.kind.words().to_owned());
        vec![String::new(), class, kind, operation.subject.clone(), operation.words.clone()]
    });
    say::table(&rows.collect::<Vec<_>>());
    say::obstacles(&obstacles);
    Ok(ExitCode::SUCCESS)
}

/// Asks the program of the project, which alone speaks to databases: built from what is generated now.
fn verify(project: &Project, model: &Model, as_json: bool, rest: &[String]) -> ExitCode {
    let folder = target(project).join("arcana").join("fresh");
    for dialect in &project.dialects {
        let path = folder.join(format!("{dialect}.sql"));
        if let Err(error) = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, fresh(*dialect, model))) {
            return say::error(&format!("{}: {error}", path.display()));
        }
    }
    let mut command = cargo(project);
    command.args(["run", "--quiet", "--bin", &project.name, "--", "migrate", "verify", "--prove", "--fresh"]);
    command.arg(&folder).args(as_json.then_some("--json")).args(rest);
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => say::FINDINGS.into(),
        Err(error) => say::error(&format!("cargo cannot be started: {error}")),
    }
}

fn close(project: &Project, sources: &Sources, model: &Model) -> Answer {
    let contract = publish(project, sources, model).map_err(Diagnostics::from)?;
    let sealed = seal(project, &Disk::read(project)?, model, &contract)?;
    write(project, &sealed.files)?;
    for name in &sealed.migrations {
        println!("Sealed {}", name.stem());
    }
    if sealed.migrations.is_empty() {
        println!("No open migration; storage and contract of the schema are what is sealed now");
    }
    Ok(r#gen::run(&r#gen::Args::default(), project))
}

fn begin(project: &Project, model: &Model, name: &str) -> Answer {
    let disk = Disk::read(project)?;
    let (name, files) = by_hand(project, &disk, name)?;
    let Planned { open, .. } = plan(project, &disk, model, &[])?;
    write(project, &files)?;
    for (path, _) in &files {
        println!("Write {path}");
    }
    if let Some(open) = open {
        println!(
            "It comes before {}, which is open. If it must come behind, delete these files, run cargo xtask migrate seal, \
             and begin again",
            open.stem()
        );
    }
    let code = r#gen::run(&r#gen::Args::default(), project);
    println!("{} is applied as it stands; seal it when it is finished: cargo xtask migrate seal", name.stem());
    Ok(code)
}

fn join(project: &Project, sources: &Sources, model: &Model, keep: Option<Side>) -> Answer {
    let Sides { kept, moved, base } = sides(project, keep)?;
    let plan = rebase(project, &kept, &moved, base.as_ref())?;
    if let Ok(disk) = Disk::read(project)
        && is_done(&disk, &kept)
    {
        println!("The migrations are in a row already");
        return Ok(ExitCode::SUCCESS);
    }
    for path in &plan.removed {
        let removed = fs::remove_file(project.root.join(path));
        if let Err(error) =
            removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
        {
            return Err(Failure::Other(format!("{path}: {error}")));
        }
    }
    write(project, &plan.files)?;
    let args = r#gen::Args { allow_lossy: plan.allowed, discard_edits: true, ..r#gen::Args::default() };
    let code = r#gen::run(&args, project);
    if code != ExitCode::SUCCESS || plan.moved.is_empty() {
        return Ok(code);
    }
    let open = crate::migrate::plan(project, &Disk::read(project)?, model, &[])?;
    if !plan.by_hand.is_empty() && open.operations.iter().any(|operation| operation.class == Class::NeedsBackfill) {
        return leave_open(project, &plan.by_hand, code);
    }
    let mut code = close(project, sources, model)?;
    for moved in &plan.by_hand {
        let (name, files) = renumbered(project, moved, Disk::read(project)?.newest() + 1);
        write(project, &files)?;
        code = close(project, sources, model)?;
        println!(
            "{} was written by hand for the schema of its branch, as {}: read it again",
            name.stem(),
            moved.0.stem()
        );
    }
    let numbers: Vec<String> = plan.moved.iter().map(|name| name.stem()).collect();
    println!(
        "{} of {} gave way to {}. A database that has it comes over by `migrate down`, which takes it back, and `migrate up`",
        numbers.join(" and "),
        moved.name,
        kept.name
    );
    Ok(code)
}

/// What was written by hand may be the backfill that the rest needs: it comes first, and people say whether it still fits.
fn leave_open(project: &Project, by_hand: &[(MigrationName, BTreeMap<String, String>)], code: ExitCode) -> Answer {
    let mut version = Disk::read(project)?.newest();
    for moved in by_hand {
        version += 1;
        let (name, files) = renumbered(project, moved, version);
        write(project, &files)?;
        println!("{} was written by hand for the schema of its branch, as {}", name.stem(), moved.0.stem());
    }
    let generated = r#gen::run(&r#gen::Args::default(), project);
    println!(
        "Nothing is sealed yet: the open migration needs a backfill, before which that SQL now comes. Where it fills a field that \
         is new here, make the field optional, seal without the SQL, and require it behind; then run: cargo xtask migrate seal"
    );
    Ok(if code == ExitCode::SUCCESS { generated } else { code })
}

/// Whether what is sealed begins with what the kept branch sealed, and goes on.
fn is_done(disk: &Disk, kept: &Branch) -> bool {
    let sums = kept.files.get("migrations.sum").map(String::as_str).unwrap_or_default();
    let kept: Vec<&str> = sums.lines().filter_map(|line| line.split_whitespace().next()).collect();
    disk.sealed.len() > kept.len() && disk.sealed.iter().map(|(_, sum)| sum.as_str()).take(kept.len()).eq(kept)
}

/// The branch whose migrations keep their numbers, and the other.
struct Sides {
    kept: Branch,
    moved: Branch,
    /// Where one commit of several is put behind others: the one before it.
    base: Option<Branch>,
}

fn sides(project: &Project, keep: Option<Side>) -> Result<Sides, Failure> {
    let incoming = [("MERGE_HEAD", Side::Theirs), ("REBASE_HEAD", Side::Ours), ("CHERRY_PICK_HEAD", Side::Ours)];
    let found = incoming.into_iter().find(|(name, _)| git::commit(&project.root, name).is_some());
    let Some((theirs, usual)) = found else {
        let message = "no merge and no rebase is under way, which would say what the two branches are; merge the other branch, and \
                       run this where it stops: git merge main. If the merge is committed already, take it back first: git reset \
                       --hard HEAD^";
        return Err(Failure::Other(message.to_owned()));
    };
    let read = |name: &str| -> Result<Branch, Failure> {
        let files = git::folder(&project.root, name, &project.migrations).map_err(Failure::Other)?;
        Ok(Branch { name: git::called(&project.root, name), files })
    };
    let before = format!("{theirs}^");
    let base =
        (usual == Side::Ours && git::commit(&project.root, &before).is_some()).then(|| read(&before)).transpose()?;
    let (ours, theirs) = (read("HEAD")?, read(theirs)?);
    Ok(match keep.unwrap_or(usual) {
        Side::Ours => Sides { kept: ours, moved: theirs, base },
        Side::Theirs => Sides { kept: theirs, moved: ours, base: None },
    })
}

fn write(project: &Project, files: &[(String, String)]) -> Result<(), Failure> {
    for (path, text) in files {
        let target = project.root.join(path);
        let folder = target.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = folder.and_then(|()| fs::write(&target, text)) {
            let folder = Path::display(&project.migrations);
            return Err(Failure::Other(format!("{path}: {error}; restore the folder: git checkout -- {folder}")));
        }
    }
    Ok(())
}
