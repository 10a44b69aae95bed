//! Migrations: up, down, how they stand, and those that do not fit the binary.

use arcana_runtime::db::{Applied, Migration, MigrationState, Migrations};
use conformance_generated::conformance::v1::plain::Plain;
use conformance_generated::migrations;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, told};

pub fn cases() -> Vec<Case> {
    vec![
        case(up_is_done_once),
        case(status_tells_how_each_stands),
        case(down_takes_the_newest_back_and_up_brings_it_again),
        case(a_newer_migration_that_is_not_compatible_is_refused),
        case(a_newer_migration_that_is_compatible_is_passed_over),
        case(a_binary_must_know_the_last_migration_that_is_not_compatible),
        case(an_open_migration_of_another_state_is_refused),
        case(what_was_open_and_is_sealed_now_is_noted_so),
        case(only_what_was_open_and_has_changed_is_outgrown_and_taken_back),
        case(a_migration_with_another_text_is_refused),
        case(whoever_does_not_know_a_migration_can_take_it_back),
        case(a_database_of_another_branch_comes_over),
        case(a_later_migration_without_an_earlier_one_is_refused),
        case(a_database_without_notes_goes_on),
        case(a_migration_that_fails_is_not_recorded),
        case(what_a_migration_needs_is_looked_at_first),
        case(many_that_migrate_at_once_do_it_once),
        case(numbers_go_on_when_migrations_run_again),
    ]
}

/// One migration behind the known ones, whose texts run everywhere.
#[derive(Clone, Copy)]
pub struct More {
    pub name: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub sealed: bool,
}

/// The migrations of every dialect with more behind them.
pub fn with_all(steps: &[More]) -> Migrations {
    let more = |known: &'static [Migration]| -> &'static [Migration] {
        let mut all = known.to_vec();
        for More { name, up, down, sealed } in steps {
            let version = all.last().map(|migration| migration.version).unwrap_or_default() + 1;
            all.push(Migration { version, name, up, down, sealed: *sealed });
        }
        // They live as long as the process, as those of a binary do.
        Box::leak(all.into_boxed_slice())
    };
    let Migrations { sqlite, postgres, mysql } = migrations::ALL;
    Migrations { sqlite: more(sqlite), postgres: more(postgres), mysql: more(mysql) }
}

/// The same with one that is open.
pub fn with(up: &'static str, down: &'static str) -> Migrations {
    with_all(&[More { name: "more", up, down, sealed: false }])
}

/// Old services go on beside it.
const COMPATIBLE: More = More {
    name: "beside",
    up: "-- 0009_beside, up.\n-- Compatible with services that were built before it.\n\n\
         CREATE TABLE beside (id INTEGER NOT NULL PRIMARY KEY);",
    down: "DROP TABLE beside;",
    sealed: true,
};
/// Another one beside which old services go on.
const COMPATIBLE_MORE: More = More {
    name: "more",
    up: "-- Compatible with services that were built before it.\nCREATE TABLE more (id INTEGER NOT NULL PRIMARY KEY);",
    down: "DROP TABLE more;",
    sealed: true,
};

/// Old services do not.
const STRICT: More = More {
    name: "strict",
    up: "-- Says in its text: Compatible with services that were built before it.\n\
         CREATE TABLE strict (id INTEGER NOT NULL PRIMARY KEY);\n-- Compatible with services that were built before it.\n",
    down: "DROP TABLE strict;",
    sealed: true,
};

/// The number that a migration gets so far behind the known ones.
fn number(stage: &Stage, behind: usize) -> String {
    format!("{:04}", migrations::ALL.of(stage.db.dialect()).len() + behind)
}

async fn tables(stage: &Stage) -> Vec<&'static str> {
    let mut found = Vec::new();
    for table in ["more", "beside", "strict"] {
        let sql = format!("SELECT count(*) FROM {table}");
        if stage.db.fetch(&stage.cx, &sql, &[], |row| row.get::<i64>(0)).await.is_ok() {
            found.push(table);
        }
    }
    found
}

fn table() -> Migrations {
    with("CREATE TABLE more (id INTEGER NOT NULL PRIMARY KEY);", "DROP TABLE more;")
}

fn known(stage: &Stage) -> Vec<(Applied, MigrationState)> {
    let known = migrations::ALL.of(stage.db.dialect()).iter();
    known
        .map(|migration| {
            let applied = Applied { version: migration.version, name: migration.name.to_owned() };
            (applied, MigrationState::Applied)
        })
        .collect()
}

async fn count(stage: &Stage) -> arcana_runtime::error::Result<i64> {
    let rows = stage.db.fetch(&stage.cx, "SELECT count(*) FROM more", &[], |row| row.get::<i64>(0)).await?;
    Ok(rows[0])
}

async fn up_is_done_once(stage: Stage) {
    assert_eq!(stage.db.migrate_up(migrations::ALL).await.unwrap(), []);
    let applied = stage.db.migrate_up(table()).await.unwrap();
    assert_eq!(applied.iter().map(|applied| applied.name.as_str()).collect::<Vec<_>>(), ["more"]);
    assert_eq!(count(&stage).await.unwrap(), 0);
    assert_eq!(stage.db.migrate_up(table()).await.unwrap(), []);
}

async fn status_tells_how_each_stands(stage: Stage) {
    assert_eq!(stage.db.migrate_status(migrations::ALL).await.unwrap(), known(&stage));
    let before = stage.db.migrate_status(table()).await.unwrap();
    assert_eq!(
        before.last().map(|(applied, state)| (applied.name.as_str(), *state)),
        Some(("more", MigrationState::Pending))
    );
    stage.db.migrate_up(table()).await.unwrap();
    let after = stage.db.migrate_status(migrations::ALL).await.unwrap();
    assert_eq!(
        after.last().map(|(applied, state)| (applied.name.as_str(), *state)),
        Some(("more", MigrationState::Outgrown))
    );
    let changed = with("CREATE TABLE other (id INTEGER NOT NULL PRIMARY KEY);", "DROP TABLE other;");
    let changed = stage.db.migrate_status(changed).await.unwrap();
    assert_eq!(changed.last().map(|(_, state)| *state), Some(MigrationState::Outgrown));
}

async fn down_takes_the_newest_back_and_up_brings_it_again(stage: Stage) {
    let kept = stage.insert(rows::plain(&stage, "kept")).await;
    stage.db.migrate_up(table()).await.unwrap();
    let back = stage.db.migrate_down(table()).await.unwrap();
    assert_eq!(back.map(|applied| applied.name).as_deref(), Some("more"));
    assert!(count(&stage).await.is_err(), "the table is still there");
    assert_eq!(stage.stored(&kept).await, kept);
    stage.db.migrate_up(table()).await.unwrap();
    assert_eq!(count(&stage).await.unwrap(), 0);
    // All the way down, and up again to the same tables.
    while stage.db.migrate_down(table()).await.unwrap().is_some() {}
    let states = stage.db.migrate_status(table()).await.unwrap();
    assert!(states.iter().all(|(_, state)| *state == MigrationState::Pending), "{states:?}");
    stage.db.migrate_up(migrations::ALL).await.unwrap();
    assert_eq!(stage.list::<Plain>(&[]).await.total, Some(0));
    stage.insert(rows::kind(0)).await;
}

fn last(states: Vec<(Applied, MigrationState)>) -> Option<(String, MigrationState)> {
    states.into_iter().next_back().map(|(applied, state)| (applied.name, state))
}

async fn a_newer_migration_that_is_not_compatible_is_refused(stage: Stage) {
    stage.db.migrate_up(with_all(&[STRICT])).await.unwrap();
    let message = told(&stage.db.migrate_up(migrations::ALL).await.unwrap_err());
    let (known, needed) = (number(&stage, 0), number(&stage, 1));
    for part in [format!("up to {known}"), format!("must know {needed} (strict)"), "migrate down".to_owned()] {
        assert!(message.contains(&part), "{part}: {message}");
    }
    let states = stage.db.migrate_status(migrations::ALL).await.unwrap();
    assert_eq!(last(states), Some(("strict".to_owned(), MigrationState::Unknown)));
}

async fn a_newer_migration_that_is_compatible_is_passed_over(stage: Stage) {
    let newer = with_all(&[COMPATIBLE, COMPATIBLE_MORE]);
    stage.db.migrate_up(newer).await.unwrap();
    assert_eq!(stage.db.migrate_up(migrations::ALL).await.unwrap(), []);
    let states = stage.db.migrate_status(migrations::ALL).await.unwrap();
    assert_eq!(last(states), Some(("more".to_owned(), MigrationState::Newer)));
    assert_eq!(tables(&stage).await, ["more", "beside"]);
}

async fn a_binary_must_know_the_last_migration_that_is_not_compatible(stage: Stage) {
    stage.db.migrate_up(with_all(&[STRICT, COMPATIBLE])).await.unwrap();
    assert_eq!(stage.db.migrate_up(with_all(&[STRICT])).await.unwrap(), []);
    let message = told(&stage.db.migrate_up(migrations::ALL).await.unwrap_err());
    assert!(message.contains(&format!("must know {} (strict)", number(&stage, 1))), "{message}");
}

async fn an_open_migration_of_another_state_is_refused(stage: Stage) {
    stage.db.migrate_up(with_all(&[More { sealed: false, ..COMPATIBLE }])).await.unwrap();
    let message = told(&stage.db.migrate_up(migrations::ALL).await.unwrap_err());
    assert!(message.contains("(beside), which was open"), "{message}");
    let states = stage.db.migrate_status(migrations::ALL).await.unwrap();
    assert_eq!(last(states), Some(("beside".to_owned(), MigrationState::Outgrown)));
}

async fn what_was_open_and_is_sealed_now_is_noted_so(stage: Stage) {
    stage.db.migrate_up(with_all(&[More { sealed: false, ..COMPATIBLE }])).await.unwrap();
    assert_eq!(stage.db.migrate_up(with_all(&[COMPATIBLE])).await.unwrap(), []);
    assert_eq!(stage.db.migrate_up(migrations::ALL).await.unwrap(), []);
    let states = stage.db.migrate_status(migrations::ALL).await.unwrap();
    assert_eq!(last(states), Some(("beside".to_owned(), MigrationState::Newer)));
}

async fn only_what_was_open_and_has_changed_is_outgrown_and_taken_back(stage: Stage) {
    let open = More { sealed: false, ..COMPATIBLE_MORE };
    stage.db.migrate_up(with_all(&[STRICT, open])).await.unwrap();
    assert_eq!(stage.db.migrate_down_outgrown(with_all(&[STRICT, open])).await.unwrap(), None);
    // Of many that find it outgrown, one takes it back, and nobody takes anything more.
    let changed = with_all(&[STRICT]);
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let config = stage.config.clone();
            tokio::spawn(async move { Stage::open(&config).db.migrate_down_outgrown(changed).await })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap().unwrap_or_else(|error| panic!("{}", told(&error))));
    }
    assert_eq!(taken.iter().map(|applied| applied.name.as_str()).collect::<Vec<_>>(), ["more"]);
    assert_eq!(tables(&stage).await, ["strict"]);
    // What was sealed stays, whatever the binary knows.
    assert_eq!(stage.db.migrate_down_outgrown(migrations::ALL).await.unwrap(), None);
}

async fn whoever_does_not_know_a_migration_can_take_it_back(stage: Stage) {
    stage.db.migrate_up(with_all(&[COMPATIBLE, STRICT])).await.unwrap();
    for name in ["strict", "beside"] {
        let back = stage.db.migrate_down(migrations::ALL).await.unwrap();
        assert_eq!(back.map(|applied| applied.name).as_deref(), Some(name));
    }
    assert_eq!(tables(&stage).await, [""; 0]);
    assert_eq!(stage.db.migrate_status(migrations::ALL).await.unwrap(), known(&stage));
}

async fn a_database_of_another_branch_comes_over(stage: Stage) {
    stage.db.migrate_up(with_all(&[STRICT])).await.unwrap();
    let joined = with_all(&[COMPATIBLE, STRICT]);
    let message = told(&stage.db.migrate_up(joined).await.unwrap_err());
    assert!(message.contains("(beside) was applied with another text, as (strict)"), "{message}");
    let states = stage.db.migrate_status(joined).await.unwrap();
    assert!(states.iter().any(|(_, state)| *state == MigrationState::Changed), "{states:?}");
    // The text of then, not the one that has its number now.
    stage.db.migrate_down(joined).await.unwrap();
    assert_eq!(tables(&stage).await, [""; 0]);
    stage.db.migrate_up(joined).await.unwrap();
    assert_eq!(tables(&stage).await, ["beside", "strict"]);
}

async fn a_later_migration_without_an_earlier_one_is_refused(stage: Stage) {
    let last = |all: &'static [Migration]| -> &'static [Migration] {
        let skipped = all.len() - 2;
        let all = all.iter().enumerate().filter(|(index, _)| *index != skipped);
        Box::leak(all.map(|(_, migration)| *migration).collect::<Vec<_>>().into_boxed_slice())
    };
    let Migrations { sqlite, postgres, mysql } = with_all(&[STRICT, COMPATIBLE]);
    let other = Migrations { sqlite: last(sqlite), postgres: last(postgres), mysql: last(mysql) };
    stage.db.migrate_up(other).await.unwrap();
    let message = told(&stage.db.migrate_up(with_all(&[STRICT])).await.unwrap_err());
    for part in ["(beside)", "(strict)", "of two branches", "migrate down"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

async fn a_database_without_notes_goes_on(stage: Stage) {
    let forget = "DELETE FROM arcana_migrations;";
    let forgetting = with_all(&[COMPATIBLE, More { name: "forget", up: forget, down: forget, sealed: true }]);
    stage.db.migrate_up(forgetting).await.unwrap();
    stage.db.migrate_down(forgetting).await.unwrap();
    let states = stage.db.migrate_status(with_all(&[COMPATIBLE, STRICT])).await.unwrap();
    assert_eq!(last(states), Some(("strict".to_owned(), MigrationState::Pending)));
    // Without one nobody knows that it was compatible, nor how to take it back.
    for refused in [
        told(&stage.db.migrate_up(migrations::ALL).await.unwrap_err()),
        told(&stage.db.migrate_down(migrations::ALL).await.unwrap_err()),
    ] {
        assert!(refused.contains("(beside)"), "{refused}");
    }
    stage.db.migrate_up(with_all(&[COMPATIBLE, COMPATIBLE_MORE])).await.unwrap();
    assert_eq!(stage.db.migrate_up(with_all(&[COMPATIBLE])).await.unwrap(), []);
}

async fn a_migration_with_another_text_is_refused(stage: Stage) {
    stage.db.migrate_up(table()).await.unwrap();
    let changed = with("CREATE TABLE more (id INTEGER NOT NULL PRIMARY KEY, name INTEGER);", "DROP TABLE more;");
    let message = told(&stage.db.migrate_up(changed).await.unwrap_err());
    assert!(message.contains("more") && message.contains("another text"), "{message}");
}

async fn a_migration_that_fails_is_not_recorded(stage: Stage) {
    let broken = with("CREATE TABLE more (id NONSENSE NOT A TYPE, );", "DROP TABLE more;");
    let message = told(&stage.db.migrate_up(broken).await.unwrap_err());
    assert!(message.contains("more") && message.contains("up"), "{message}");
    assert_eq!(stage.db.migrate_status(migrations::ALL).await.unwrap(), known(&stage));
    // Mended, it is applied.
    stage.db.migrate_up(table()).await.unwrap();
    assert_eq!(count(&stage).await.unwrap(), 0);
}

async fn what_a_migration_needs_is_looked_at_first(stage: Stage) {
    let needing = with(
        "-- 0009_more, up.\n-- Needs: nothing\n--   SELECT 1 FROM plain WHERE id IS NULL LIMIT 1\n-- Needs: no rows in plain\n\
         --   SELECT 1 FROM plain LIMIT 1\n\nCREATE TABLE more (id INTEGER NOT NULL PRIMARY KEY);",
        "DROP TABLE more;",
    );
    let row = stage.insert(rows::plain(&stage, "in the way")).await;
    let message = told(&stage.db.migrate_up(needing).await.unwrap_err());
    for part in ["(more) needs no rows in plain", "nothing of it was done", "migrate new --custom"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(tables(&stage).await, [""; 0]);
    assert_eq!(stage.db.migrate_status(migrations::ALL).await.unwrap(), known(&stage));
    stage.write(|changes| changes.delete(&row)).await.unwrap();
    stage.db.migrate_up(needing).await.unwrap();
    assert_eq!(tables(&stage).await, ["more"]);
}

async fn many_that_migrate_at_once_do_it_once(stage: Stage) {
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let config = stage.config.clone();
            tokio::spawn(async move { Stage::open(&config).db.migrate_up(table()).await })
        })
        .collect();
    let mut applied = 0;
    for task in tasks {
        applied += task.await.unwrap().unwrap_or_else(|error| panic!("{}", told(&error))).len();
    }
    assert_eq!(applied, 1);
}

async fn numbers_go_on_when_migrations_run_again(stage: Stage) {
    let first = stage.db.allot(&stage.cx, "numbered").await.unwrap();
    let other = Stage::open(&stage.config);
    other.db.migrate_up(table()).await.unwrap();
    assert!(other.db.allot(&other.cx, "numbered").await.unwrap() > first);
}
