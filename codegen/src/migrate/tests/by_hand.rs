//! Migrations that people write, and services that were built before a migration.

use super::*;

const COMPATIBLE: &str = "\n-- Compatible with services that were built before it.\n";

fn write(project: &Project, files: &[(String, String)]) {
    for (path, text) in files {
        fs::write(project.root.join(path), text).unwrap();
    }
}

fn begin(project: &Project, name: &str) -> MigrationName {
    let (name, files) = by_hand(project, &Disk::read(project).unwrap(), name).unwrap();
    write(project, &files);
    name
}

fn sealed(dir: &Path) -> (Project, Model) {
    let (project, model) = (project(dir), model(&[(2, "number")]));
    generate(&project, &model, &[]).unwrap();
    seal_now(&project, &model);
    (project, model)
}

#[test]
fn what_is_written_by_hand_stays_before_the_open_migration_and_is_sealed_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (project, _) = sealed(dir.path());
    let more = model(&[(2, "number"), (3, "note")]);
    generate(&project, &more, &[]).unwrap();
    assert_eq!(begin(&project, "fill_notes").stem(), "0002_fill_notes");
    assert_eq!(begin(&project, "more").stem(), "0003_more");
    let path = dir.path().join("migrations/sqlite/0002_fill_notes.up.sql");
    let text = fs::read_to_string(&path).unwrap() + "UPDATE orders SET number = 'x';\n";
    fs::write(&path, &text).unwrap();
    let planned = generate(&project, &more, &[]).unwrap();
    assert_eq!(planned.open.unwrap().stem(), "0004_change_orders");
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "the generator leaves it alone");
    let place = |name: &str| planned.embedded.find(&format!("\"{name}\"")).unwrap();
    assert!(place("fill_notes") < place("more") && place("more") < place("change_orders"));
    assert_eq!(planned.embedded.matches("sealed: false").count(), 3);
    let stems: Vec<String> = seal_now(&project, &more).migrations.iter().map(MigrationName::stem).collect();
    assert_eq!(stems, ["0002_fill_notes", "0003_more", "0004_change_orders"]);
    assert_eq!(generate(&project, &more, &[]).unwrap().embedded.matches("sealed: true").count(), 4);
    fs::write(&path, "-- 0002_fill_notes, up. Written by hand\nSELECT 1;\n").unwrap();
    assert!(words(&Disk::read(&project).unwrap_err()).contains("0002_fill_notes was edited"));
}

#[test]
fn a_migration_by_hand_has_the_next_number_and_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let (project, model) = sealed(dir.path());
    for name in ["", "Fill", "1_more", "a b", "a/b"] {
        let found = by_hand(&project, &Disk::read(&project).unwrap(), name).unwrap_err();
        assert!(words(&found).contains("fill_notes"), "{name}");
    }
    begin(&project, "fill");
    let folder = dir.path().join("migrations/sqlite");
    fs::rename(folder.join("0002_fill.up.sql"), folder.join("0005_fill.up.sql")).unwrap();
    fs::remove_file(folder.join("0002_fill.down.sql")).unwrap();
    let found = words(&generate(&project, &model, &[]).unwrap_err());
    for part in
        ["0005_fill is not the next migration", "call its files 0002_fill", "has no file sqlite/0005_fill.down.sql"]
    {
        assert!(found.contains(part), "{part}: {found}");
    }
}

#[test]
fn says_beside_what_older_services_go_on_working() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    let first = generate(&project, &model(&[(2, "number")]), &[]).unwrap();
    assert!(!first.files[0].1.contains(COMPATIBLE), "before the first there are none");
    seal_now(&project, &model(&[(2, "number")]));
    let mut wider = model(&[(2, "number")]);
    wider.entities[0].columns.iter_mut().for_each(|column| column.max_len = column.max_len.map(|bound| bound + 1));
    let planned = generate(&project, &wider, &[]).unwrap();
    assert_eq!(planned.obstacles, [""; 0], "{:?}", planned.operations);
    let planned = generate(&project, &model(&[(2, "label")]), &[]).unwrap();
    assert_eq!(planned.obstacles, ["shop.v1.Order.label: has another name"]);
    assert!(!planned.files[0].1.contains(COMPATIBLE));
}

/// The obstacles between two states, by what changes.
fn obstacles_of(change: impl FnOnce(&mut Lock)) -> Vec<String> {
    let (old, mut new) = (shop(), shop());
    change(&mut new);
    compatible::obstacles(&Transition::between(&old, &new))
}

#[test]
fn tells_what_older_services_cannot_work_with() {
    fn order(lock: &mut Lock) -> &mut Table {
        lock.tables.get_mut("Order").unwrap()
    }
    fn nothing(change: impl FnOnce(&mut Lock)) {
        assert_eq!(obstacles_of(change), [""; 0]);
    }
    nothing(|_| {});
    nothing(|lock| order(lock).columns.push(Column { nullable: true, ..column(7, "note", Storage::String) }));
    nothing(|lock| order(lock).columns[1].max_len = Some(40));
    nothing(|lock| order(lock).indexes.clear());
    nothing(|lock| order(lock).indexes.push(Index { unique: false, ..index("orders_total_idx", &["total"]) }));
    nothing(|lock| drop(lock.tables.insert("New".to_owned(), table("news", vec![column(1, "id", Storage::I64)]))));
    fn tells(change: impl FnOnce(&mut Lock), what: &str) {
        let found = obstacles_of(change);
        assert_eq!(found.len(), 1, "{what}: {found:?}");
        assert!(found[0].contains(what), "{what}: {found:?}");
    }
    tells(
        |lock| order(lock).columns.push(column(7, "note", Storage::String)),
        "Order.note: older services give no value",
    );
    tells(|lock| drop(order(lock).columns.remove(4)), "Order.group: goes");
    let hidden = Column { nullable: true, ..column(0, "deleted_at", Storage::Timestamp) };
    tells(|lock| order(lock).columns.push(hidden), "Order.deleted_at: older services do not heed it");
    let words = Table { derived: true, ..table("orders_words", vec![column(1, "id", Storage::I64)]) };
    tells(
        |lock| drop(lock.tables.insert("Order.words".to_owned(), words)),
        "Order.words: older services do not write it",
    );
    let outbox =
        ("arcana.store.v1.OutboxEntry".to_owned(), table("arcana_outbox", vec![column(1, "id", Storage::I64)]));
    tells(|lock| drop(lock.tables.insert(outbox.0, outbox.1)), "OutboxEntry: older services do not write it");
    tells(|lock| order(lock).columns[1].name = "label".to_owned(), "Order.label: has another name");
    tells(|lock| order(lock).columns[1].max_len = Some(8), "Order.number: takes less");
    tells(|lock| order(lock).columns[1].nullable = true, "Order.number: may be NULL");
    tells(|lock| order(lock).columns[4].nullable = false, "Order.group: must have a value");
    tells(|lock| order(lock).columns[2].storage = Storage::F64, "Order.total: is stored in another way");
    tells(|lock| order(lock).indexes.push(index("orders_total_key", &["total"])), "Order: (total) is unique");
    tells(|lock| order(lock).name = "sales".to_owned(), "Order: its table has another name");
    tells(
        |lock| order(lock).foreign_keys[0].on_delete = Action::SetNull,
        "Order: parent_id refers to Order in a new way",
    );
    tells(|lock| drop(lock.tables.remove("Remark")), "Remark: its table goes");
}
