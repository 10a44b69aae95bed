//! The service as a program: its commands, the same for every project.

mod accounts;
mod adopt;
mod cert;
mod command;
mod database;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use async_trait::async_trait;
use axum::Router;
use clap::{Parser, Subcommand};
use futures::future::BoxFuture;
use tonic::service::Routes;

use crate::chores::Chore;
use crate::db::{Db, Migrations, Stores};
use crate::entity::EntitySpec;
use crate::error::Result;
use crate::fixture::Seeded;
use crate::mail::Mailer;
use crate::security::{Issued, Security};
use crate::settings::{Loaded, Settings, Source, load};

/// What a project gives, and what is made from it.
pub struct App {
    /// Name of the program.
    pub name: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// First part of environment variables, such as `SHOP`.
    pub env_prefix: &'static str,
    /// The contract as OpenAPI.
    pub openapi: &'static str,
    /// The contract as protobuf descriptors.
    pub descriptor: &'static [u8],
    /// The migrations.
    pub migrations: Migrations,
    /// Tables of the runtime that they make.
    pub stores: Stores,
    /// Entities with fields that lists search.
    pub searched: &'static [&'static EntitySpec],
    /// Every route of every rpc, by service.
    pub routes: &'static [&'static [Route]],
    /// Puts the service together.
    pub wire: Wire,
    /// What operators do with accounts, if the service has any.
    pub accounts: Option<&'static dyn AccountCommands>,
    /// Inserts sample rows.
    pub seed: for<'d> fn(&'d Db, usize) -> BoxFuture<'d, Result<Vec<Seeded>>>,
}

/// Puts a service together.
pub type Wire = fn(&Kit) -> Wired;

/// What a service is put together from.
pub struct Kit {
    /// The open database.
    pub db: Db,
    /// The configuration.
    pub settings: Settings,
    /// What logic needs to sign accounts in and out; [`Security::know`] tells it where they are.
    pub security: Security,
    /// What sends mails, if the configuration says where to.
    pub mailer: Mailer,
}

/// What operators do with accounts. The runtime knows no entity; the project says how.
#[async_trait]
pub trait AccountCommands: Sync {
    /// Opens an account with the role `admin`, or `super_admin`, and answers its id.
    async fn create_admin(&self, kit: &Kit, new: NewAdmin) -> Result<String>;
    /// Gives an account another password, and ends its sessions.
    async fn set_password(&self, kit: &Kit, email: &str, password: &str) -> Result<()>;
    /// Signs an account in without its password.
    async fn sign_in(&self, kit: &Kit, email: &str) -> Result<Issued>;
}

/// An account to open.
#[derive(Clone)]
pub struct NewAdmin {
    /// Address.
    pub email: String,
    /// Name to greet with.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Whether it stands above all others.
    pub super_admin: bool,
}

/// What is served.
pub struct Wired {
    /// REST.
    pub rest: Router,
    /// gRPC.
    pub grpc: Routes,
    /// What is done beside.
    pub chores: Vec<Chore>,
}

/// One route of one rpc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Route {
    /// Full name of the rpc.
    pub rpc: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path template.
    pub path: &'static str,
    /// Who may call it.
    pub access: &'static str,
}

#[derive(Debug, Parser)]
#[command(arg_required_else_help = true)]
struct Arguments {
    /// Configuration file, laid over those in config/
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Sets one key, over all files and variables
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve REST and gRPC until SIGTERM or SIGINT
    #[command(after_help = "Example: serve --seed --set server.rest.port=8081")]
    Serve {
        /// Insert sample rows into tables that are empty
        #[arg(long)]
        seed: bool,
    },
    /// Apply migrations, take one back, or say how they stand
    #[command(after_help = "Example: migrate up")]
    Migrate {
        #[command(subcommand)]
        way: Way,
    },
    /// Insert sample rows into tables that are empty
    #[command(after_help = "Example: seed --rows 1000")]
    Seed {
        /// Rows in each table, at least 8
        #[arg(long, default_value_t = crate::fixture::ROWS, value_parser = sample_rows)]
        rows: usize,
    },
    /// Open accounts, and give them another password
    #[command(after_help = "Example: user create-admin ada@example.com < password.txt")]
    User {
        #[command(subcommand)]
        what: UserCommand,
    },
    /// Print an access token of an account, for scripts and tests
    #[command(after_help = "Example: curl -H \"Authorization: Bearer $(arcana token ada@example.com)\" …")]
    Token {
        /// Address of the account
        email: String,
    },
    /// Change the keys that access tokens are signed with
    #[command(after_help = "Example: keys rotate")]
    Keys {
        #[command(subcommand)]
        what: KeysCommand,
    },
    /// Look at the configuration
    #[command(after_help = "Example: config show")]
    Config {
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Make certificates
    #[command(after_help = "Example: cert dev")]
    Cert {
        #[command(subcommand)]
        what: CertCommand,
    },
    /// List every rpc with its routes and who may call it
    #[command(after_help = "Example: routes --json")]
    Routes {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the contract as OpenAPI
    #[command(after_help = "Example: openapi > openapi.json")]
    Openapi,
}

/// Samples refer to the first rows of each other, so there cannot be fewer of them.
fn sample_rows(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rows) if rows >= crate::fixture::ROWS => Ok(rows),
        _ => Err(format!("write a whole number of at least {}", crate::fixture::ROWS)),
    }
}

#[derive(Debug, Clone, Subcommand)]
enum Way {
    /// Apply what is missing
    Up,
    /// Take the newest back
    Down,
    /// Say what is applied
    Status,
    /// Compare the database with what its migrations make of an empty one
    Verify(verify::Args),
    /// Print what the database is made of, as JSON
    Introspect,
    /// Take over a database that was there before: say what is to be done, or do it
    Adopt {
        /// Do it
        #[arg(long)]
        apply: bool,
    },
}

#[derive(Debug, Clone, Subcommand)]
enum UserCommand {
    /// Open an account with the role admin; its password is read from the first line of stdin
    CreateAdmin {
        /// Address of the account
        email: String,
        /// Name to greet with; the address if it is left out
        #[arg(long)]
        name: Option<String>,
        /// With the role super_admin, above all others
        #[arg(long = "super")]
        super_admin: bool,
    },
    /// Give an account another password, read from the first line of stdin, and end its sessions
    SetPassword {
        /// Address of the account
        email: String,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum KeysCommand {
    /// Make a new key, which signs from now on; tokens of the old ones are good until they expire
    Rotate,
}

#[derive(Debug, Clone, Subcommand)]
enum CertCommand {
    /// Make a CA for development, certificates for the server and a client, and the settings that use them
    Dev(cert::Args),
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum ConfigCommand {
    /// Print every key, its value and where it came from; secrets are masked
    Show,
}

impl App {
    /// Runs the command that the arguments of the process ask for. Exit codes: 0 fine, 1 failed, 2 wrong usage.
    pub fn run(&'static self) -> ExitCode {
        let command = <Arguments as clap::CommandFactory>::command().name(self.name).bin_name(self.name);
        let command = command.version(self.version);
        let parsed = command
            .try_get_matches()
            .and_then(|matches| <Arguments as clap::FromArgMatches>::from_arg_matches(&matches));
        let arguments = match parsed {
            Ok(arguments) => arguments,
            Err(error) => {
                // Help goes to stdout, a mistake to stderr; both only fail when nobody reads them.
                let _ = error.print();
                return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
            }
        };
        match self.execute(arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                command::complain(&message);
                ExitCode::FAILURE
            }
        }
    }

    fn execute(&'static self, arguments: Arguments) -> Result<(), String> {
        match arguments.command {
            Command::Routes { json } => command::routes(&self.routes.concat(), json),
            Command::Openapi => command::print(self.openapi),
            Command::Config { what: ConfigCommand::Show } => {
                command::print(&self.settings(arguments.config, arguments.overrides, true)?.show())
            }
            Command::Cert { what: CertCommand::Dev(args) } => cert::dev(self, &args),
            Command::Serve { seed } => {
                let loaded = self.settings(arguments.config, arguments.overrides, true)?;
                block_on(command::serve(self, loaded.settings, seed))
            }
            Command::Migrate { way } => {
                let loaded = self.settings(arguments.config, arguments.overrides, false)?;
                block_on(command::migrate(self, &loaded.settings, way))
            }
            Command::User { what } => {
                let loaded = self.settings(arguments.config, arguments.overrides, false)?;
                block_on(accounts::user(self, loaded.settings, what))
            }
            Command::Token { email } => {
                let loaded = self.settings(arguments.config, arguments.overrides, false)?;
                block_on(accounts::token(self, loaded.settings, &email))
            }
            Command::Keys { what: KeysCommand::Rotate } => {
                accounts::rotate(&self.settings(arguments.config, arguments.overrides, false)?.settings)
            }
            Command::Seed { rows } => {
                let loaded = self.settings(arguments.config, arguments.overrides, false)?;
                block_on(command::seed(self, &loaded.settings, rows))
            }
        }
    }

    fn settings(&self, file: Option<PathBuf>, overrides: Vec<String>, serving: bool) -> Result<Loaded, String> {
        let source = Source { file, overrides, serving, ..Source::process(self.name, self.env_prefix) };
        load(&source).map_err(|error| error.to_string())
    }
}

fn block_on(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|cause| format!("the runtime cannot start: {cause}"))?.block_on(work)
}
