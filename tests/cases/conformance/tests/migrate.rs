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
        case(an_unknown_newer_migration_is_refused),
        case(a_migration_with_another_text_is_refused),
        case(a_migration_that_fails_is_not_recorded),
        case(many_that_migrate_at_once_do_it_once),
        case(numbers_go_on_when_migrations_run_again),
    ]
}

/// The migrations of every dialect with one more, whose texts run everywhere.
pub fn with(up: &'static str, down: &'static str) -> Migrations {
    let more = |known: &'static [Migration]| -> &'static [Migration] {
        let version = known.iter().map(|migration| migration.version).max().unwrap_or_default() + 1;
        let new = Migration { version, name: "more", up, down, sealed: false };
        // It lives as long as the process, as those of a binary do.
        Box::leak(known.iter().copied().chain([new]).collect::<Vec<_>>().into_boxed_slice())
    };
    let Migrations { sqlite, postgres, mysql } = migrations::ALL;
    Migrations { sqlite: more(sqlite), postgres: more(postgres), mysql: more(mysql) }
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
        Some(("more", MigrationState::Unknown))
    );
    let changed = with("CREATE TABLE other (id INTEGER NOT NULL PRIMARY KEY);", "DROP TABLE other;");
    let changed = stage.db.migrate_status(changed).await.unwrap();
    assert_eq!(changed.last().map(|(_, state)| *state), Some(MigrationState::Changed));
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

async fn an_unknown_newer_migration_is_refused(stage: Stage) {
    stage.db.migrate_up(table()).await.unwrap();
    let message = told(&stage.db.migrate_up(migrations::ALL).await.unwrap_err());
    assert!(message.contains("more") && message.contains("newer binary"), "{message}");
    let message = told(&stage.db.migrate_down(migrations::ALL).await.unwrap_err());
    assert!(message.contains("more"), "{message}");
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
