//! `migrate introspect` and `migrate adopt`: a database that was there before the project.

use super::command::{Outcome, explain, print};
use super::verify::{first, state_after, unless_told};
use super::{App, database};
use crate::db::introspect::differences;
use crate::db::{Db, MigrationState, adopt, on_scratch};
use crate::settings::Settings;

/// Prints what the database is made of, as JSON.
pub(super) async fn introspect(db: &Db) -> Outcome {
    let live = db.introspect().await.map_err(|error| explain(&error))?;
    print(&serde_json::to_string_pretty(&live).map_err(|cause| cause.to_string())?)
}

/// Says what the tables must still become to be what the first migration makes; with `apply`, does it, looks again, and
/// notes the migration as applied.
pub(super) async fn adopt(app: &'static App, settings: &Settings, db: &Db, apply: bool) -> Outcome {
    let all = app.migrations.of(db.dialect());
    let Some(initial) = all.first() else {
        return Err("there is no migration to adopt the database by; run: cargo xtask gen".to_owned());
    };
    let states = db.migrate_status(app.migrations).await.map_err(|error| explain(&error))?;
    if states.iter().any(|(_, state)| *state != MigrationState::Pending) {
        return Err("the database has migrations already; there is nothing to adopt".to_owned());
    }
    if !initial.sealed {
        return Err("the first migration is still open, and would change; run: cargo xtask migrate seal".to_owned());
    }
    let live = db.introspect().await.map_err(|error| explain(&error))?;
    let config = database::config(settings)?;
    let wanted = on_scratch(&config, async |scratch| unless_told(state_after(scratch, all, 1)).await);
    let wanted = wanted.await.map_err(|error| explain(&error))?;
    let plan = adopt::adoption(&live, &wanted, initial);
    if !plan.refused.is_empty() {
        print(&plan.refused.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"))?;
        return Err("the schema does not say what these tables are; mend it, or the tables".to_owned());
    }
    let doing =
        if apply { "adopting:" } else { "to adopt the database, these would be done; nothing was changed yet:" };
    print(
        &std::iter::once(doing.to_owned())
            .chain(plan.words.iter().map(|line| format!("  {line}")))
            .collect::<Vec<_>>()
            .join("\n"),
    )?;
    if !apply {
        return print("to do it: migrate adopt --apply");
    }
    // With none of them, the tables that migrations are noted in.
    db.migrate_up(first(db.dialect(), all, 0)).await.map_err(|error| explain(&error))?;
    db.administer(&plan.script(db.dialect())).await.map_err(|error| explain(&error))?;
    let mut told = differences(&db.introspect().await.map_err(|error| explain(&error))?, &wanted);
    // A table that the schema says nothing of stays as it is; `verify` names it.
    told.retain(|line| !line.ends_with(": not expected") || line.contains(", "));
    if !told.is_empty() {
        print(&told.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"))?;
        return Err("the tables are not yet what the first migration makes; it was not noted".to_owned());
    }
    db.note_adopted(initial).await.map_err(|error| explain(&error))?;
    print(&format!("adopted: {:04} {} is noted as applied", initial.version, initial.name))
}
