//! A database that was there before becomes a project: its tables are read, said as entities, planned as the first
//! migration, and adopted with their rows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "allowed in test functions, not in their helpers")]

mod legacy;

use std::collections::BTreeMap;
use std::path::Path;

use arcana_codegen::import::{Imported, Live, import};
use arcana_codegen::migrate::{Disk, plan};
use arcana_codegen::{Colour, Project, Sources, read_model};
use arcana_runtime::context::Context;
use arcana_runtime::db::adopt::adoption;
use arcana_runtime::db::introspect::differences;
use arcana_runtime::db::{Db, DbConfig, Migration, MigrationState, Migrations, on_scratch};
use arcana_testing::{Mariadb, Postgres};

const NONE: Migrations = Migrations { sqlite: &[], postgres: &[], mysql: &[] };

/// A database that somebody else made.
struct Legacy {
    db: Db,
    config: DbConfig,
    dialect: &'static str,
}

impl Legacy {
    async fn new(dialect: &'static str, url: &str, make: &str) -> Self {
        let config = DbConfig::from_url(url).unwrap();
        let db = Db::open(&config).unwrap();
        db.administer(make).await.unwrap_or_else(|error| panic!("{error:?}"));
        Self { db, config, dialect }
    }

    async fn import(&self) -> Imported {
        // As the program prints it, and the generator reads it.
        let live = serde_json::to_string(&self.db.introspect().await.unwrap()).unwrap();
        let live: Live = serde_json::from_str(&live).unwrap();
        import(&live, "legacy.v1", &[])
    }

    /// The first migration of the entities, which `check` has let pass.
    fn first(&self, files: &BTreeMap<String, String>) -> (Migration, Migrations) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let sources = Sources::of(files.clone(), root).unwrap();
        let model = read_model(&sources).unwrap_or_else(|found| panic!("{}", found.render(files, Colour::Never)));
        let project = Project::parse(root, &format!("name = \"legacy\"\ndialects = [\"{}\"]", self.dialect)).unwrap();
        let planned = plan(&project, &Disk::default(), &model, &[]).unwrap();
        let text = |way: &str| {
            let mut found = planned.files.iter().filter(|(path, _)| path.ends_with(&format!(".{way}.sql")));
            let text: &'static str = found.next().unwrap().1.clone().leak();
            text
        };
        let first = Migration { version: 1, name: "initial", up: text("up"), down: text("down"), sealed: true };
        let all: &'static [Migration] = vec![first].leak();
        (first, Migrations { sqlite: all, postgres: all, mysql: all })
    }

    async fn rows(&self) -> Vec<i64> {
        let mut counts = Vec::new();
        for table in legacy::TABLES {
            let (cx, sql) = (Context::system(), format!("SELECT count(*) FROM {table}"));
            counts.extend(self.db.fetch(&cx, &sql, &[], |row| row.get::<i64>(0)).await.unwrap());
        }
        counts
    }

    /// Imports, adopts, and looks that the database is what the first migration makes, with all its rows.
    async fn is_adopted(&self) {
        let imported = self.import().await;
        let (first, migrations) = self.first(&imported.files);
        let before = self.rows().await;
        let wanted = on_scratch(&self.config, async |scratch| {
            scratch.migrate_up(migrations).await?;
            scratch.introspect().await
        });
        let wanted = wanted.await.unwrap();
        let plan = adoption(&self.db.introspect().await.unwrap(), &wanted, &first);
        assert_eq!(plan.refused, Vec::<String>::new());
        self.db.migrate_up(NONE).await.unwrap();
        let script = plan.script(self.db.dialect());
        self.db.administer(&script).await.unwrap_or_else(|error| panic!("{error:?}\n{script}"));
        assert_eq!(differences(&self.db.introspect().await.unwrap(), &wanted), legacy::LEFT_ALONE);
        assert_eq!(self.rows().await, before);
        assert!(before.iter().all(|count| *count > 0));
        self.db.note_adopted(&first).await.unwrap();
        let states = self.db.migrate_status(migrations).await.unwrap();
        assert!(states.iter().all(|(_, state)| *state == MigrationState::Applied), "{states:?}");
        // What the service allots begins behind what rows have.
        assert!(self.db.allot(&Context::system(), "customers").await.unwrap() > 7);
    }
}

async fn all() -> Vec<Legacy> {
    let folder = tempfile::tempdir().unwrap().keep();
    let sqlite = format!("sqlite://{}", folder.join("legacy.db").display());
    let name =
        format!("legacy_{}", folder.file_name().unwrap().to_string_lossy().trim_start_matches('.').to_lowercase());
    vec![
        Legacy::new("sqlite", &sqlite, legacy::SQLITE).await,
        Legacy::new("postgres", &Postgres::shared().create_database(&name), legacy::POSTGRES).await,
        Legacy::new("mysql", &Mariadb::shared().create_database(&name), legacy::MARIADB).await,
    ]
}

#[tokio::test]
async fn a_database_that_was_there_before_is_adopted_with_its_rows() {
    for legacy in all().await {
        legacy.is_adopted().await;
    }
}

#[tokio::test]
async fn entities_say_what_the_tables_are_and_what_they_leave_out() {
    for legacy in all().await {
        let imported = legacy.import().await;
        let mut text: String = imported.files.iter().map(|(path, text)| format!("==> {path}\n{text}\n")).collect();
        text.push_str(&imported.left.join("\n"));
        insta::assert_snapshot!(format!("import_{}", legacy.dialect), text);
    }
}

#[tokio::test]
async fn tables_that_are_something_else_are_refused_and_named() {
    for legacy in all().await {
        let imported = legacy.import().await;
        let (first, migrations) = legacy.first(&imported.files);
        legacy.db.administer("ALTER TABLE customers ADD COLUMN surprise INTEGER").await.unwrap();
        let wanted = on_scratch(&legacy.config, async |scratch| {
            scratch.migrate_up(migrations).await?;
            scratch.introspect().await
        });
        let plan = adoption(&legacy.db.introspect().await.unwrap(), &wanted.await.unwrap(), &first);
        assert_eq!(plan.refused, ["table customers, column surprise: not expected"]);
        assert!(plan.statements.is_empty());
    }
}
