//! The programs that are measured, and those that measure: built optimised, and started.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::must;

/// Where they are.
pub struct Programs {
    root: PathBuf,
    target: PathBuf,
    peers: PathBuf,
}

impl Programs {
    /// Builds the service, and these packages of bench/.
    pub fn build(root: &Path, packages: &[&str]) -> Result<Self, String> {
        let here = std::env::current_exe().map_err(|cause| format!("where is xtask? {cause}"))?;
        let target = here.ancestors().nth(2).unwrap_or(root).to_owned();
        let peers = target.join("peers");
        let cargo = || {
            let mut cargo = arcana_codegen::cli::cargo();
            cargo.current_dir(root).args(["build", "--release", "--locked"]);
            cargo
        };
        must(cargo().arg("--target-dir").arg(&target).args(["--package", "arcana"]))?;
        // One at a time: built together, each would get the features that the others ask of shared dependencies.
        for package in packages {
            let own = ["--manifest-path", "bench/Cargo.toml", "--package", package];
            must(cargo().arg("--target-dir").arg(&peers).args(own))?;
        }
        Ok(Self { root: root.to_owned(), target, peers })
    }

    /// The service of this repository, with a database: a path, or a URL.
    pub fn arcana(&self, words: &[&str], database: &str) -> Command {
        let url = if database.contains("://") { database.to_owned() } else { format!("sqlite://{database}") };
        let mut command = Command::new(self.target.join("release/arcana"));
        command.current_dir(&self.root).args(words).arg(format!("--set=database.url={url}"));
        command
    }

    /// As it ships, on free ports, with the log in a form that says which.
    pub fn serve(&self, database: &str, settings: &[&str]) -> Command {
        let mut words = vec!["serve", "--set=server.rest.port=0", "--set=server.grpc.port=0"];
        words.push("--set=observability.log.format=json");
        words.extend(settings);
        self.arcana(&words, database)
    }

    /// A program of bench/.
    pub fn peer(&self, name: &str) -> Command {
        Command::new(self.peers.join("release").join(name))
    }
}
