//! The command line: which commands there are, and the one match over them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::{check, dev, r#gen, migrate, new, routes, say, test, what, why};
use crate::project::Project;

/// Commands of an Arcana project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct App {
    /// Folder of another project, seen from here
    #[arg(long, global = true, value_name = "FOLDER")]
    project: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write everything that follows from the schema
    #[command(after_help = "Example: cargo xtask gen --allow-lossy shop.v1.Order.note")]
    Gen(r#gen::Args),
    /// Generate, build and serve; again whenever the schema or src/ changes
    #[command(after_help = "Example: cargo xtask dev")]
    Dev(dev::Args),
    /// Run everything that must pass
    #[command(after_help = "Example: cargo xtask test --json > test.json")]
    Test(test::Args),
    /// Write the entities of a database that is there already
    #[command(after_help = "Example: cargo xtask new --from postgres://shop@localhost/shop")]
    New(new::Args),
    /// Look at the migrations, or seal the open one
    #[command(after_help = "Example: cargo xtask migrate seal")]
    Migrate(migrate::Args),
    /// List every rpc with its routes and who may call it
    #[command(after_help = "Example: cargo xtask routes --json | jq '.[].path'")]
    Routes(routes::Args),
    /// Say what is wrong in the schema, what it breaks for clients, and what it leaves unsaid
    #[command(after_help = "Example: cargo xtask check")]
    Check(check::Args),
    /// Name the lines of the schema that made a generated line
    #[command(after_help = "Example: cargo xtask why generated/openapi.json:120")]
    Why(why::Args),
    /// List what an entity, a field, an rpc or a value of the schema became
    #[command(after_help = "Example: cargo xtask what Order.total")]
    What(what::Args),
}

/// A command that only one project has, beside those of every project.
pub struct Extra {
    /// How it is called: a name, a description, arguments.
    pub command: fn() -> clap::Command,
    /// Runs it.
    pub run: fn(&ArgMatches, &Project) -> ExitCode,
}

/// Runs the command that the arguments of the process ask for, on the project at `root`.
pub fn main(root: &Path) -> ExitCode {
    main_with(root, &[])
}

/// The same for a project with commands of its own.
pub fn main_with(root: &Path, extras: &[Extra]) -> ExitCode {
    let matches = match command(extras).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let elsewhere = matches.get_one::<PathBuf>("project");
    let root = elsewhere.map_or(root, PathBuf::as_path);
    let project = match Project::read(root) {
        Ok(project) => project,
        Err(found) => return say::diagnostics(&found, root),
    };
    let called = matches.subcommand();
    let extra = called.and_then(|(name, arguments)| {
        let known = extras.iter().find(|extra| (extra.command)().get_name() == name);
        known.map(|extra| (extra, arguments))
    });
    if let Some((extra, arguments)) = extra {
        return (extra.run)(arguments, &project);
    }
    match App::from_arg_matches(&matches) {
        Ok(app) => run(app.command, &project),
        Err(error) => usage(&error),
    }
}

fn command(extras: &[Extra]) -> clap::Command {
    App::command().subcommands(extras.iter().map(|extra| (extra.command)()))
}

fn usage(error: &clap::Error) -> ExitCode {
    // Help goes to stdout, a mistake to stderr; both only fail when nobody reads them.
    let _ = error.print();
    if error.use_stderr() { say::USAGE.into() } else { ExitCode::SUCCESS }
}

fn run(command: Command, project: &Project) -> ExitCode {
    match command {
        Command::Gen(args) => r#gen::run(&args, project),
        Command::Dev(args) => dev::run(&args, project),
        Command::Test(args) => test::run(&args, project),
        Command::New(args) => new::run(&args, project),
        Command::Migrate(args) => migrate::run(&args, project),
        Command::Routes(args) => routes::run(&args, project),
        Command::Check(args) => check::run(&args, project),
        Command::Why(args) => why::run(&args, project),
        Command::What(args) => what::run(&args, project),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_an_example_for_every_command() {
        let app = App::command();
        app.clone().debug_assert();
        for command in app.get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Example: cargo xtask "), "{}", command.get_name());
        }
    }

    #[test]
    fn lists_the_commands_of_a_project_beside_its_own() {
        let extra = Extra { command: || clap::Command::new("bench"), run: |_, _| ExitCode::SUCCESS };
        let app = command(&[extra]);
        app.clone().debug_assert();
        let names: Vec<_> = app.get_subcommands().map(clap::Command::get_name).collect();
        assert!(names.contains(&"gen") && names.contains(&"bench"), "{names:?}");
    }

    #[test]
    fn refuses_arguments_that_exclude_each_other() {
        assert!(App::try_parse_from(["xtask", "gen", "--check", "--discard-edits"]).is_err());
        assert!(App::try_parse_from(["xtask", "gen", "--allow-lossy", "a.B.c", "--allow-lossy", "a.B.d"]).is_ok());
    }

    #[test]
    fn takes_another_project_before_or_behind_the_command() {
        for words in [["xtask", "--project", "a/b", "gen"], ["xtask", "gen", "--project", "a/b"]] {
            assert_eq!(App::try_parse_from(words).unwrap().project.as_deref(), Some(Path::new("a/b")));
        }
    }
}
