//! The commands of the program. Each answers `Ok`, or what went wrong in words.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{App, Kit, Route, Way, Wired, adopt, database, verify};
use crate::db::{Db, relay};
use crate::error::Error;
use crate::fixture::{Seeded, Skipped};
use crate::http::EdgeConfig;
use crate::mail::Mailer;
use crate::security::Security;
use crate::serve::{Bound, Server};
use crate::settings::{SecurityMode, Settings};
use crate::telemetry;

pub(super) type Outcome<T = ()> = Result<T, String>;

pub(super) async fn serve(app: &'static App, settings: Settings, seed: bool) -> Outcome {
    telemetry::install_log(&settings.observability.log).map_err(|cause| cause.to_string())?;
    crate::serve::check_tls(&settings).map_err(|error| error.to_string())?;
    let db = database::open_for_serving(app, &settings).await?;
    if seed {
        let seeded = (app.seed)(&db, crate::fixture::ROWS).await.map_err(|error| explain(&error))?;
        let rows: usize = seeded.iter().map(|table| table.rows).sum();
        tracing::info!(rows, "sample rows inserted into empty tables");
    }
    let keep = Duration::from_secs(settings.database.outbox_retention_hours * 3600);
    let _housekeeping = relay::start(&db, app.stores, keep).await.map_err(|error| explain(&error))?;
    let kit = kit(db, settings)?;
    let Wired { rest, grpc, chores } = (app.wire)(&kit);
    let Kit { db, settings, security, mailer: _ } = kit;
    if settings.security.mode == SecurityMode::Enforced && !security.knows_accounts() {
        return Err(
            "security.mode is enforced, but nothing says where accounts are; call `kit.security.know(…)` in wire.rs, \
                    or serve in development mode on loopback"
                .to_owned(),
        );
    }
    let docs = settings.docs.enabled;
    let scheme = if settings.server.rest.tls.certificate.is_some() { "https" } else { "http" };
    let server = Server {
        edge: EdgeConfig::new(&settings, security.clone()),
        security,
        settings,
        rest,
        grpc,
        chores,
        descriptor: app.descriptor,
        openapi: app.openapi,
        checks: vec![Arc::new(database::Reachable(db))],
    };
    server.serve(|bound| announce(&bound, scheme, docs)).await.map_err(|error| error.to_string())
}

/// What a service is put together from; keys stand below the working folder.
pub(super) fn kit(db: Db, settings: Settings) -> Outcome<Kit> {
    let security = Security::new(&settings.security, Path::new(".")).map_err(|cause| cause.to_string())?;
    let mailer = Mailer::new(&settings.mail, Path::new("."))?;
    Ok(Kit { db, settings, security, mailer })
}

/// Where to go, for people and for scripts: a word, a space and an address on each line.
fn announce(bound: &Bound, scheme: &str, docs: bool) {
    let Bound { rest, grpc } = bound;
    let mut lines = format!("REST {scheme}://{rest}\ngRPC {grpc}\n");
    if docs {
        lines.push_str(&format!("docs {scheme}://{rest}/docs\n"));
    }
    // Nobody has to read it.
    let _ = print(&lines);
}

pub(super) async fn migrate(app: &'static App, settings: &Settings, way: Way) -> Outcome {
    let db = database::open(settings)?;
    match way {
        Way::Up => {
            database::refuse_open(app, settings, &db)?;
            let applied = db.migrate_up(app.migrations).await.map_err(|error| explain(&error))?;
            let applied = applied.iter().map(|applied| format!("applied {:04} {}", applied.version, applied.name));
            let mut lines: Vec<String> = applied.collect();
            let reworded = database::make_words(app, &db).await?;
            lines.extend(reworded.iter().map(|made| format!("made the words of {} ({} rows)", made.entity, made.rows)));
            print(&if lines.is_empty() { "nothing to apply".to_owned() } else { lines.join("\n") })
        }
        Way::Down => match db.migrate_down(app.migrations).await.map_err(|error| explain(&error))? {
            Some(taken) => print(&format!("took back {:04} {}", taken.version, taken.name)),
            None => print("nothing to take back"),
        },
        Way::Status => {
            let states = db.migrate_status(app.migrations).await.map_err(|error| explain(&error))?;
            let lines: Vec<String> = states
                .iter()
                .map(|(migration, state)| format!("{:<8} {:04} {}", state.word(), migration.version, migration.name))
                .collect();
            print(&lines.join("\n"))
        }
        Way::Introspect => adopt::introspect(&db).await,
        Way::Adopt { apply } => adopt::adopt(app, settings, &db, apply).await,
        Way::Verify(args) => verify::verify(app, settings, &db, &args).await,
    }
}

pub(super) async fn seed(app: &'static App, settings: &Settings, rows: usize) -> Outcome {
    let db = database::open(settings)?;
    database::require_current(app, &db, "").await?;
    database::make_words(app, &db).await?;
    let seeded = (app.seed)(&db, rows).await.map_err(|error| explain(&error))?;
    let line = |seeded: &Seeded| match (seeded.rows, seeded.skipped) {
        (0, Some(Skipped::HasRows)) => format!("{}: has rows already", seeded.table),
        (0, Some(Skipped::NoReference)) => {
            format!("{}: stays empty, because samples that it refers to are gone", seeded.table)
        }
        (rows, _) => format!("{}: {rows} rows", seeded.table),
    };
    print(&seeded.iter().map(line).collect::<Vec<_>>().join("\n"))
}

pub(super) fn routes(routes: &[Route], json: bool) -> Outcome {
    if json {
        return print(&serde_json::to_string_pretty(routes).map_err(|cause| cause.to_string())?);
    }
    let width = |cell: fn(&Route) -> &str| routes.iter().map(|route| cell(route).len()).max().unwrap_or_default();
    let (rpc, path) = (width(|route| route.rpc), width(|route| route.path));
    let line =
        |route: &Route| format!("{:<rpc$}  {:<6}  {:<path$}  {}", route.rpc, route.method, route.path, route.access);
    print(&routes.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// An error with its cause, for the operator.
pub(super) fn explain(error: &Error) -> String {
    match error {
        Error::Internal(cause) | Error::Unavailable(cause) => cause.to_string(),
        Error::Validation(violations) => {
            let told = violations.iter().map(|broken| format!("{} {}", broken.field, broken.message));
            told.collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// To stdout. A reader that went away is no failure of ours.
pub(super) fn print(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    Ok(())
}

/// To stderr.
pub(super) fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "error: {message}");
}
