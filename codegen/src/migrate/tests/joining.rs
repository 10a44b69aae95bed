//! Dialects that join a project, or leave it, when migrations are sealed already.

use super::*;

fn with(root: &Path, dialects: &str) -> Project {
    Project::parse(root, &format!("name = \"shop\"\ndialects = [{dialects}]")).unwrap()
}

fn read(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join("migrations").join(path)).unwrap()
}

#[test]
fn a_dialect_that_joins_starts_from_nothing_in_the_open_migration() {
    let dir = tempfile::tempdir().unwrap();
    let only = with(dir.path(), "\"sqlite\"");
    let first = model(&[(2, "number")]);
    generate(&only, &first, &[]).unwrap();
    seal_now(&only, &first);
    let both = with(dir.path(), "\"sqlite\", \"postgres\"");

    // Nothing else changes.
    let planned = generate(&both, &first, &[]).unwrap();
    assert_eq!(planned.open.unwrap().stem(), "0002_add_postgres");
    assert!(read(dir.path(), "postgres/0002_add_postgres.up.sql").contains("CREATE TABLE orders"));
    assert!(read(dir.path(), "postgres/0002_add_postgres.down.sql").contains("DROP TABLE orders"));
    let lines = read(dir.path(), "sqlite/0002_add_postgres.up.sql");
    assert!(lines.lines().all(|line| line.starts_with("--")), "{lines}");

    // Or something does.
    let second = model(&[(2, "number"), (3, "note")]);
    generate(&both, &second, &[]).unwrap();
    assert!(read(dir.path(), "sqlite/0002_change_orders.up.sql").contains("ADD COLUMN note"));
    let up = read(dir.path(), "postgres/0002_change_orders.up.sql");
    assert!(up.contains("CREATE TABLE orders") && up.contains("  note TEXT"), "{up}");
    seal_now(&both, &second);

    // From then on it goes with the others.
    let planned = generate(&both, &second, &[]).unwrap();
    assert!(planned.open.is_none());
    assert_eq!(planned.embedded.matches("version: 1,").count(), 1, "{}", planned.embedded);
    assert_eq!(planned.embedded.matches("version: 2,").count(), 2, "{}", planned.embedded);
    generate(&both, &model(&[(2, "number"), (3, "note"), (4, "more")]), &[]).unwrap();
    assert!(read(dir.path(), "postgres/0003_change_orders.up.sql").contains("ADD COLUMN more"));
}

#[test]
fn what_was_sealed_for_a_dialect_stays_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let both = with(dir.path(), "\"postgres\", \"sqlite\"");
    generate(&both, &model(&[]), &[]).unwrap();
    seal_now(&both, &model(&[]));
    let only = with(dir.path(), "\"sqlite\"");
    assert!(generate(&only, &model(&[]), &[]).unwrap().open.is_none(), "nothing changes when a dialect leaves");
    assert!(generate(&both, &model(&[]), &[]).unwrap().open.is_none(), "nor when it comes back");
    fs::remove_file(dir.path().join("migrations/postgres/0001_initial.up.sql")).unwrap();
    assert_eq!(Disk::read(&only).unwrap_err().codes(), ["arcana::sealed_changed"]);
}

#[test]
fn refuses_a_dialect_that_comes_back_to_what_was_sealed_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let both = with(dir.path(), "\"sqlite\", \"postgres\"");
    generate(&both, &model(&[]), &[]).unwrap();
    seal_now(&both, &model(&[]));
    let (only, second) = (with(dir.path(), "\"sqlite\""), model(&[(2, "number")]));
    generate(&only, &second, &[]).unwrap();
    seal_now(&only, &second);
    let found = Disk::read(&both).unwrap_err();
    assert_eq!(found.codes(), ["arcana::dialect_gap"]);
    let found = words(&found);
    assert!(found.contains("0002_change_orders") && found.contains("take postgres out"), "{found}");
}
