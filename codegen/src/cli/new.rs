//! `new`: entities of a database that is there already.

use std::fs;
use std::process::{ExitCode, Stdio};

use super::dev::cargo;
use super::say;
use crate::import::{Live, import, package_of};
use crate::project::Project;

/// Arguments of `new`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The database, such as postgres://shop@localhost/shop; without a value, that of the configuration
    #[arg(long, value_name = "URL", num_args = 0..=1, required = true)]
    pub from: Option<Option<String>>,
    /// Package of the entities [default: the name of the project, with .v1]
    #[arg(long)]
    pub package: Option<String>,
    /// Methods to derive, such as LIST,GET [default: all five]
    #[arg(long, value_delimiter = ',')]
    pub methods: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let live = match read(args.from.as_ref().and_then(Option::as_ref), project) {
        Ok(live) => live,
        Err(error) => return say::error(&error),
    };
    if !project.dialects.contains(&live.dialect) {
        return say::error(&format!(
            "the database is of {}, which is not in `dialects` of arcana.toml; add it there, generate and build again",
            live.dialect
        ));
    }
    let package = args.package.clone().unwrap_or_else(|| package_of(&project.name));
    let imported = import(&live, &package, &args.methods);
    if let Some(path) = imported.files.keys().find(|path| project.schema_dir().join(path).exists()) {
        return say::error(&format!(
            "{}/{path} is there already; move it away, or name another --package",
            project.schema.display()
        ));
    }
    for (path, text) in &imported.files {
        let target = project.schema_dir().join(path);
        let folder = target.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = folder.and_then(|()| fs::write(&target, text)) {
            return say::error(&format!("{}: {error}", target.display()));
        }
        println!("Written: {}/{path}", project.schema.display());
    }
    if !imported.left.is_empty() {
        println!("Not taken over:");
        imported.left.iter().for_each(|line| println!("  {line}"));
    }
    println!("Next: cargo xtask gen, cargo xtask migrate seal, and `{} migrate adopt`", project.name);
    ExitCode::SUCCESS
}

/// Asks the program of the project, which alone speaks to databases. The address goes by the environment: a list of
/// processes shows arguments, and it may hold a password.
fn read(url: Option<&String>, project: &Project) -> Result<Live, String> {
    let mut command = cargo(project);
    command.args(["run", "--quiet", "--bin", &project.name, "--", "migrate", "introspect"]).stderr(Stdio::inherit());
    if let Some(url) = url {
        command.env(format!("{}_DATABASE__URL", project.env_prefix), url);
    }
    let output = command.output().map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err("the database could not be read".to_owned());
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("the program did not say what the database is made of: {error}"))
}
