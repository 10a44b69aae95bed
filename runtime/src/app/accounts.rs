//! The commands about accounts and keys.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use super::command::{Outcome, explain, kit, print};
use super::{AccountCommands, App, Kit, NewAdmin, UserCommand, database};
use crate::security::Keys;
use crate::settings::Settings;

pub(super) async fn user(app: &'static App, settings: Settings, what: UserCommand) -> Outcome {
    let (kit, accounts) = accounts(app, settings).await?;
    let password = password()?;
    match what {
        UserCommand::CreateAdmin { email, name, super_admin } => {
            let name = name.unwrap_or_else(|| email.clone());
            let id = accounts.create_admin(&kit, NewAdmin { email, name, password, super_admin }).await;
            print(&id.map_err(|error| explain(&error))?)
        }
        UserCommand::SetPassword { email } => {
            accounts.set_password(&kit, &email, &password).await.map_err(|error| explain(&error))
        }
    }
}

pub(super) async fn token(app: &'static App, settings: Settings, email: &str) -> Outcome {
    let (kit, accounts) = accounts(app, settings).await?;
    let issued = accounts.sign_in(&kit, email).await.map_err(|error| explain(&error))?;
    print(&issued.text)
}

pub(super) fn rotate(settings: &Settings) -> Outcome {
    if settings.security.secret.is_some() {
        return Err(
            "security.secret is the key; give it another value, or take it out to have keys in security.keys".into()
        );
    }
    let id = Keys::rotate(&settings.security, Path::new(".")).map_err(|cause| cause.to_string())?;
    print(&format!("{} key {id} signs from now on", settings.security.algorithm.name()))
}

async fn accounts(app: &'static App, settings: Settings) -> Outcome<(Kit, &'static dyn AccountCommands)> {
    let accounts = app.accounts.ok_or("this service has no accounts; set `accounts` of its `App` in main.rs")?;
    let db = database::open(&settings)?;
    database::require_current(app, &db, "").await?;
    Ok((kit(db, settings)?, accounts))
}

/// The first line of stdin: what stands among the arguments, others can see.
fn password() -> Outcome<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        // Whoever pipes it in needs no question.
        let _ = write!(std::io::stderr(), "password (it is shown as you type; pipe it in to avoid that): ");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(|cause| format!("the password cannot be read from stdin: {cause}"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
