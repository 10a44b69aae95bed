//! The embedded engine on its own: groups of commits, limits of time, migrations.

use super::*;
use crate::access::Rule;
use crate::changes::{Guard, GuardCheck, Set, Write};
use crate::db::{Db, Migration, MigrationState, Migrations};
use crate::entity::{AccessSpec, ColumnSpec, EntitySpec, Kind};

const NOBODY: Rule = Rule(&[]);

pub(in super::super) const SHAPE: EntitySpec = EntitySpec {
    name: "Note",
    full_name: "test.v1.Note",
    member: "note",
    table: "notes",
    columns: &[
        ColumnSpec { name: "id", field: "id", kind: Kind::I64, nullable: false, filterable: false, sortable: false },
        ColumnSpec {
            name: "text",
            field: "text",
            kind: Kind::Text,
            nullable: false,
            filterable: false,
            sortable: false,
        },
    ],
    key: &["id"],
    key_fields: &["id"],
    allotted: true,
    hidden: 0,
    version: None,
    updated_at: None,
    soft_delete: false,
    events: false,
    audit: false,
    select: "SELECT id, text FROM notes",
    insert: "INSERT INTO notes (id, text) VALUES (?, ?)",
    update: "UPDATE notes SET text = ? WHERE id = ?",
    delete: "DELETE FROM notes WHERE id = ?",
    owner: None,
    tenant: None,
    unique: &[],
    references: &[],
    expandable: &[],
    words: None,
    referenced_by: &[],
    access: AccessSpec { list: NOBODY, get: NOBODY, create: NOBODY, update: NOBODY, delete: NOBODY },
    limits: &[],
};

static NOTE: EntitySpec = SHAPE;

/// The same with an optimistic lock.
static COUNTED: EntitySpec = EntitySpec { version: Some("version"), ..SHAPE };

/// An insert whose statement never ends.
static ENDLESS: EntitySpec = EntitySpec {
    insert: "INSERT INTO notes (id, text) WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n) \
             SELECT max(i), ? FROM n",
    ..SHAPE
};

const STEPS: &[Migration] = &[
    Migration {
        version: 1,
        name: "notes",
        up: "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1) STRICT;",
        down: "DROP TABLE notes;",
        sealed: true,
    },
    Migration {
        version: 2,
        name: "more",
        up: "CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;",
        down: "DROP TABLE more;",
        sealed: false,
    },
];

const MIGRATIONS: Migrations = only(STEPS);

const fn only(sqlite: &'static [Migration]) -> Migrations {
    Migrations { sqlite, postgres: &[], mysql: &[] }
}

fn open(folder: &tempfile::TempDir) -> Db {
    let mut config = DbConfig::from_url(&format!("sqlite://{}/test.db", folder.path().display())).unwrap();
    config.statement_timeout = Duration::from_millis(200);
    Db::open(&config).unwrap()
}

async fn database(folder: &tempfile::TempDir) -> Db {
    let db = open(folder);
    db.migrate_up(MIGRATIONS).await.unwrap();
    db
}

fn insert(spec: &'static EntitySpec, id: i64) -> Changes {
    let mut changes = Changes::new(&Context::system());
    let values = vec![Value::I64(id), Value::Text(format!("note {id}"))];
    changes.writes.push(Write::Insert { spec, key: vec![Value::I64(id)], values, children: Vec::new() });
    changes
}

async fn ids(db: &Db) -> Vec<i64> {
    db.fetch(&Context::system(), "SELECT id FROM notes ORDER BY id", &[], |row| row.get(0)).await.unwrap()
}

#[tokio::test]
async fn of_a_group_only_the_one_that_fails_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (db, cx) = (database(&folder).await, Context::system());
    let commits = (0..40).map(|n| db.commit(&cx, insert(&NOTE, n % 30)));
    let outcomes = futures::future::join_all(commits).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 30);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(Error::Conflict { .. }))));
    assert_eq!(ids(&db).await, (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_commit_that_is_cut_off_takes_no_other_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (db, cx) = (database(&folder).await, Context::system());
    let commits = (0..9).map(|n| db.commit(&cx, insert(if n == 4 { &ENDLESS } else { &NOTE }, n)));
    let outcomes = futures::future::join_all(commits).await;
    let failed: Vec<usize> = (0..9).filter(|n| outcomes[*n].is_err()).collect();
    assert_eq!(failed, [4]);
    assert!(matches!(outcomes[4], Err(Error::Unavailable(_))));
    assert_eq!(ids(&db).await, [0, 1, 2, 3, 5, 6, 7, 8]);
}

#[tokio::test]
async fn a_commit_depends_on_the_version_that_it_expects() {
    let folder = tempfile::tempdir().unwrap();
    let (db, cx) = (database(&folder).await, Context::system());
    db.commit(&cx, insert(&NOTE, 1)).await.unwrap();
    let expecting = |version, id| {
        let mut changes = insert(&NOTE, id);
        changes.writes.push(Write::Expect { spec: &COUNTED, key: vec![Value::I64(1)], version });
        changes
    };
    db.commit(&cx, expecting(1, 2)).await.unwrap();
    assert!(matches!(db.commit(&cx, expecting(2, 3)).await, Err(Error::ConcurrentUpdate(_))));
    assert_eq!(ids(&db).await, [1, 2]);
}

#[tokio::test]
async fn a_guard_holds_for_the_row_as_it_will_be() {
    let folder = tempfile::tempdir().unwrap();
    let (db, cx) = (database(&folder).await, Context::system());
    db.commit(&cx, insert(&NOTE, 1)).await.unwrap();
    let adding = |check, bound| {
        let mut changes = Changes::new(&cx);
        let guard = Guard { field: "version", column: "version", check, value: Value::I64(bound) };
        let sets = vec![Set::Add("version", Value::I64(4))];
        changes.writes.push(Write::Adjust { spec: &NOTE, key: vec![Value::I64(1)], sets, guards: vec![guard] });
        db.commit(&cx, changes)
    };
    let broken =
        |outcome| matches!(outcome, Err(Error::FailedPrecondition { field: Some(field), .. }) if field == "version");
    assert!(broken(adding(GuardCheck::AtMost, 4).await));
    assert!(broken(adding(GuardCheck::Was, 2).await));
    adding(GuardCheck::AtMost, 5).await.unwrap();
    assert!(broken(adding(GuardCheck::AtLeast, 10).await));
    adding(GuardCheck::Was, 5).await.unwrap();
}

#[tokio::test]
async fn a_read_that_runs_too_long_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let outcome = db.fetch(&Context::system(), endless, &[], |row| row.get::<i64>(0)).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn readers_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    assert!(db.fetch(&Context::system(), "DELETE FROM notes", &[], |_| Ok(())).await.is_err());
}

#[tokio::test]
async fn a_closed_database_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..50 {
        let db = database(&folder).await;
        ids(&db).await;
        db.close();
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        std::fs::remove_file(folder.path().join(&files[0])).unwrap();
    }
}

#[tokio::test]
async fn allotted_numbers_are_never_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (db, cx) = (database(&folder).await, Context::system());
    let other = open(&folder);
    let mut numbers = Vec::new();
    for n in 0..250 {
        numbers.push(if n % 2 == 0 { &db } else { &other }.allot(&cx, "notes").await.unwrap());
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 250);
}

#[tokio::test]
async fn migrations_go_up_and_down_and_say_how_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    assert!(db.migrate_up(MIGRATIONS).await.unwrap().is_empty());
    assert_eq!(db.migrate_down(MIGRATIONS).await.unwrap().unwrap().name, "more");
    let states: Vec<_> = db.migrate_status(MIGRATIONS).await.unwrap().into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [MigrationState::Applied, MigrationState::Pending]);
}

#[tokio::test]
async fn refuses_a_migration_that_was_applied_with_another_text() {
    static CHANGED: &[Migration] = &[Migration { up: "SELECT 1;", ..STEPS[0] }, STEPS[1]];
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    assert!(db.migrate_up(only(CHANGED)).await.is_err());
    assert!(db.migrate_up(only(&STEPS[..1])).await.is_err(), "the database has a migration that the binary lacks");
}

#[tokio::test]
async fn entries_of_a_former_version_are_read_by_their_numbers() {
    static WITH_OUTBOX: &[Migration] = &[Migration {
        up: "CREATE TABLE arcana_outbox (sequence INTEGER PRIMARY KEY AUTOINCREMENT, position INTEGER, kind TEXT, type TEXT, \
             entity TEXT, \"key\" TEXT, payload TEXT, request_id TEXT, principal TEXT, created_at INTEGER) STRICT;",
        ..STEPS[0]
    }];
    let folder = tempfile::tempdir().unwrap();
    let (db, cx) = (open(&folder), Context::system());
    db.migrate_up(only(WITH_OUTBOX)).await.unwrap();
    for columns in ["", ", position", ""] {
        let position = if columns.is_empty() { "" } else { ", 2" };
        let mut changes = Changes::new(&cx);
        changes.own(
            format!(
                "INSERT INTO arcana_outbox (kind, type, payload, request_id, created_at{columns}) \
                 VALUES ('EVENT', 'a', '{{}}', 'b', 1{position})"
            ),
            Vec::new(),
        );
        db.commit(&cx, changes).await.unwrap();
    }
    assert!(db.give_positions().await.unwrap());
    let positions = db.outbox_behind(&cx, 0, 10).await.unwrap().into_iter().map(|entry| entry.position);
    assert_eq!(positions.collect::<Vec<_>>(), [1, 2, 3]);
    assert!(!db.give_positions().await.unwrap());
}
