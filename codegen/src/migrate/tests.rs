//! Migrations against a real SQLite, in a transaction with foreign keys on, as the runner runs them.

mod branches;
mod by_hand;
mod joining;
mod narrow;
mod needs;
mod servers;
mod walks;

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::operation::operations;
use super::transition::Transition;
use super::*;
use crate::contract::Contract;
use crate::diagnostic::{Colour, Diagnostics};
use crate::fileset::{Edits, FileSet, Mode};
use crate::lock::{Action, Column, ForeignKey, Index, Lock, Storage, Table};
use crate::model::{self, Entity, Key, KeyKind, Model, Type};
use crate::project::Project;

fn column(number: u32, name: &str, storage: Storage) -> Column {
    let (nullable, default, max_len, storage_type) = (false, None, None, None);
    Column { number, name: name.to_owned(), storage, nullable, default, max_len, storage_type, sequence: false }
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn table(name: &str, columns: Vec<Column>) -> Table {
    Table { name: name.to_owned(), columns, key: strings(&["id"]), ..Table::default() }
}

fn reference(column: &str, entity: &str, on_delete: Action) -> ForeignKey {
    ForeignKey { columns: strings(&[column]), entity: entity.to_owned(), key_columns: strings(&["id"]), on_delete }
}

fn index(name: &str, columns: &[&str]) -> Index {
    Index { name: name.to_owned(), columns: strings(columns), unique: true, condition: None }
}

fn lock(tables: Vec<(&str, Table)>) -> Lock {
    Lock { tables: tables.into_iter().map(|(name, table)| (name.to_owned(), table)).collect(), ..Lock::default() }
}

/// Parents, children that cascade, grandchildren that restrict, and a reference to itself.
fn shop() -> Lock {
    let status = Storage::Enum { name: "Status".to_owned(), values: strings(&["OPEN", "DONE"]) };
    let mut order = table(
        "orders",
        vec![
            column(1, "id", Storage::Uuid),
            Column { max_len: Some(32), ..column(2, "number", Storage::String) },
            column(3, "total", Storage::Decimal { precision: 18, scale: 2 }),
            column(4, "status", status),
            Column { nullable: true, ..column(5, "group", Storage::String) },
            Column { nullable: true, ..column(6, "parent_id", Storage::Uuid) },
        ],
    );
    order.indexes = vec![index("orders_number_key", &["number"])];
    order.foreign_keys = vec![reference("parent_id", "Order", Action::Restrict)];
    let mut line = table(
        "order_lines",
        vec![
            column(0, "order_id", Storage::Uuid),
            column(0, "position", Storage::I32),
            column(1, "id", Storage::I64),
            column(2, "tags", Storage::JsonArray),
        ],
    );
    line.foreign_keys = vec![reference("order_id", "Order", Action::Cascade)];
    let mut remark = table("remarks", vec![column(1, "id", Storage::I64), column(2, "line_id", Storage::I64)]);
    remark.foreign_keys = vec![reference("line_id", "Line", Action::Restrict)];
    lock(vec![("Order", order), ("Line", line), ("Remark", remark)])
}

const ROWS: &str = "
INSERT INTO orders (id, number, total, status, \"group\", parent_id)
VALUES (zeroblob(16), 'A', 1050, 'OPEN', NULL, NULL), (x'00112233445566778899aabbccddeeff', 'B', 5, 'DONE', 'g', zeroblob(16));
INSERT INTO order_lines (order_id, position, id, tags) VALUES (zeroblob(16), 0, 1, '[]'), (zeroblob(16), 1, 2, '[1]');
INSERT INTO remarks (id, line_id) VALUES (1, 1), (2, 2);";

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("PRAGMA foreign_keys = ON;").unwrap();
    connection
}

fn try_run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let done = connection.execute_batch(&format!("BEGIN IMMEDIATE;{sql}\nCOMMIT;"));
    if done.is_err() {
        connection.execute_batch("ROLLBACK;").unwrap();
    }
    done
}

fn run(connection: &Connection, sql: &str) {
    try_run(connection, sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let broken: i64 =
        connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
    assert_eq!(broken, 0);
}

/// What the database holds: columns, keys, references and indexes, as SQLite sees them.
fn state(connection: &Connection) -> Vec<String> {
    let sql = "
        SELECT 'column ' || m.name || '.' || p.name || ' ' || p.type || ' ' || p.\"notnull\" || ' ' || p.pk
          FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name <> 'sqlite_sequence'
        UNION ALL SELECT 'key ' || m.name || '.' || f.\"from\" || ' ' || f.\"table\" || '.' || f.\"to\" || ' ' || f.on_delete
          FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND m.name <> 'sqlite_sequence'
        UNION ALL SELECT 'index ' || sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
        ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect()
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// Migrates rows from one state to another and back; looks that each state is what a fresh database would have.
fn there_and_back(old: &Lock, new: &Lock) -> Connection {
    let connection = database();
    let empty = Lock::default();
    run(&connection, &sqlite::render(&Transition::between(&empty, old)));
    run(&connection, ROWS);
    let before = state(&connection);
    let transition = Transition::between(old, new);
    run(&connection, &sqlite::render(&transition));
    let fresh = database();
    run(&fresh, &sqlite::render(&Transition::between(&empty, new)));
    assert_eq!(state(&connection), state(&fresh), "after the way up");
    run(&connection, &sqlite::render(&transition.back()));
    assert_eq!(state(&connection), before, "after the way down");
    assert_eq!(
        (count(&connection, "orders"), count(&connection, "order_lines"), count(&connection, "remarks")),
        (2, 2, 2)
    );
    run(&connection, &sqlite::render(&transition));
    connection
}

fn of<'a>(lock: &'a mut Lock, entity: &str) -> &'a mut Table {
    lock.tables.get_mut(entity).unwrap()
}

fn classes(old: &Lock, new: &Lock) -> Vec<(OperationKind, String, Class)> {
    operations(&Transition::between(old, new)).into_iter().map(|o| (o.kind, o.subject, o.class)).collect()
}

const SHOP_SQL: &str = r#"
CREATE TABLE orders (
  id BLOB NOT NULL CHECK (length(id) = 16),
  number TEXT NOT NULL CHECK (length(number) <= 32),
  total INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('OPEN', 'DONE')),
  "group" TEXT,
  parent_id BLOB CHECK (length(parent_id) = 16),
  PRIMARY KEY (id),
  FOREIGN KEY (parent_id) REFERENCES orders (id) ON DELETE RESTRICT
) STRICT;

CREATE TABLE order_lines (
  order_id BLOB NOT NULL CHECK (length(order_id) = 16),
  position INTEGER NOT NULL,
  id INTEGER PRIMARY KEY,
  tags TEXT NOT NULL CHECK (json_valid(tags)),
  FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE
) STRICT;

CREATE TABLE remarks (
  id INTEGER PRIMARY KEY,
  line_id INTEGER NOT NULL,
  FOREIGN KEY (line_id) REFERENCES order_lines (id) ON DELETE RESTRICT
) STRICT;

CREATE UNIQUE INDEX orders_number_key ON orders (number);
"#;

#[test]
fn creates_and_drops_everything() {
    let connection = database();
    let (empty, shop) = (Lock::default(), shop());
    let transition = Transition::between(&empty, &shop);
    run(&connection, &sqlite::render(&transition));
    run(&connection, ROWS);
    run(&connection, &sqlite::render(&transition.back()));
    assert!(state(&connection).is_empty());
}

#[test]
fn writes_the_sql_that_people_would() {
    let sql = sqlite::render(&Transition::between(&Lock::default(), &shop()));
    assert_eq!(sql, SHOP_SQL);
}

#[test]
fn finds_nothing_between_equal_states() {
    let (old, new) = (shop(), shop());
    let transition = Transition::between(&old, &new);
    assert_eq!(sqlite::render(&transition), "");
    assert!(operations(&transition).is_empty());
}

#[test]
fn checks_values_in_the_database() {
    let connection = database();
    run(&connection, &sqlite::render(&Transition::between(&Lock::default(), &shop())));
    for bad in ["x'00', 'A', 1, 'OPEN'", "zeroblob(16), 'A', 1, 'LOST'", "zeroblob(16), printf('%033d', 1), 1, 'OPEN'"]
    {
        let sql = format!("INSERT INTO orders (id, number, total, status) VALUES ({bad})");
        assert!(connection.execute(&sql, []).is_err(), "{bad}");
    }
}

#[test]
fn renames_by_number_even_in_a_circle() {
    let old = shop();
    let mut new = shop();
    of(&mut new, "Order").columns[1].name = "group".to_owned();
    of(&mut new, "Order").columns[4].name = "number".to_owned();
    of(&mut new, "Order").indexes = vec![index("orders_group_key", &["group"])];
    of(&mut new, "Line").name = "lines".to_owned();
    let mut sql = String::new();
    let transition = Transition::between(&old, &new);
    sql.push_str(&sqlite::render(&transition));
    assert!(!sql.contains("CREATE TABLE"), "no copy for a rename:\n{sql}");
    let connection = database();
    run(&connection, &sqlite::render(&Transition::between(&Lock::default(), &old)));
    run(&connection, ROWS);
    run(&connection, &sql);
    let group: String = connection.query_row("SELECT \"group\" FROM orders ORDER BY id", [], |row| row.get(0)).unwrap();
    assert_eq!(group, "A");
    run(&connection, &sqlite::render(&transition.back()));
    assert_eq!(count(&connection, "order_lines"), 2);
}

#[test]
fn adds_and_drops_columns_in_place() {
    let old = shop();
    let mut new = shop();
    of(&mut new, "Line").columns.remove(3);
    let stock = Column { default: Some("7".to_owned()), ..column(7, "stock", Storage::I32) };
    let tags = Column { nullable: true, ..column(8, "tags", Storage::JsonObject) };
    of(&mut new, "Line").columns.extend([stock, tags]);
    let sql = sqlite::render(&Transition::between(&old, &new));
    assert!(!sql.contains("CREATE TABLE"), "{sql}");
    assert!(classes(&old, &new).contains(&(OperationKind::DropColumn, "Line.tags".to_owned(), Class::Lossy)));
    let connection = database();
    run(&connection, &sqlite::render(&Transition::between(&Lock::default(), &old)));
    run(&connection, ROWS);
    run(&connection, &sql);
    let stock: i64 = connection.query_row("SELECT sum(stock) FROM order_lines", [], |row| row.get(0)).unwrap();
    assert_eq!(stock, 14);
}

#[test]
fn copies_a_table_without_losing_its_children() {
    let old = shop();
    let mut new = shop();
    of(&mut new, "Order").columns[1].max_len = Some(64);
    of(&mut new, "Order").columns[2].storage = Storage::Decimal { precision: 20, scale: 4 };
    of(&mut new, "Order").columns[4] =
        Column { default: Some("none".to_owned()), nullable: false, ..column(5, "category", Storage::String) };
    let connection = there_and_back(&old, &new);
    let row = connection.query_row("SELECT total, category FROM orders WHERE number = 'A'", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    });
    assert_eq!(row.unwrap(), (105_000, "none".to_owned()));
    assert_eq!(count(&connection, "remarks"), 2);
}

#[test]
fn adds_and_moves_tables_next_to_a_copy() {
    let old = shop();
    let mut new = shop();
    let customer = table("customers", vec![column(1, "id", Storage::Uuid)]);
    new.tables.insert("Customer".to_owned(), customer);
    let customer_id = Column { nullable: true, ..column(7, "customer_id", Storage::Uuid) };
    of(&mut new, "Order").columns.push(customer_id);
    of(&mut new, "Order").foreign_keys.push(reference("customer_id", "Customer", Action::SetNull));
    let mut line = new.tables.remove("Line").unwrap();
    line.moved_from = Some("Line".to_owned());
    line.name = "items".to_owned();
    new.tables.insert("Item".to_owned(), line);
    of(&mut new, "Remark").foreign_keys[0].entity = "Item".to_owned();
    let connection = there_and_back(&old, &new);
    assert_eq!(count(&connection, "items"), 2);
}

#[test]
fn drops_a_table_that_others_reference() {
    let old = shop();
    let mut new = shop();
    new.tables.remove("Order");
    of(&mut new, "Line").foreign_keys.clear();
    of(&mut new, "Line").columns.remove(0);
    let connection = database();
    run(&connection, &sqlite::render(&Transition::between(&Lock::default(), &old)));
    run(&connection, ROWS);
    run(&connection, &sqlite::render(&Transition::between(&old, &new)));
    assert_eq!((count(&connection, "order_lines"), count(&connection, "remarks")), (2, 2));
}

#[test]
fn copies_tables_that_reference_each_other() {
    let mut old = shop();
    let line_id = Column { nullable: true, ..column(7, "line_id", Storage::I64) };
    of(&mut old, "Order").columns.push(line_id);
    of(&mut old, "Order").foreign_keys.push(reference("line_id", "Line", Action::Restrict));
    let mut new = old.clone();
    of(&mut new, "Order").columns[1].max_len = None;
    there_and_back(&old, &new);
}

#[test]
fn fails_on_rows_when_a_required_column_has_no_default() {
    let old = shop();
    let mut new = shop();
    of(&mut new, "Order").columns.push(column(7, "customer_id", Storage::Uuid));
    assert_eq!(classes(&old, &new), [(OperationKind::AddColumn, "Order.customer_id".to_owned(), Class::NeedsBackfill)]);
    let connection = database();
    run(&connection, &sqlite::render(&Transition::between(&Lock::default(), &old)));
    run(&connection, ROWS);
    let sql = sqlite::render(&Transition::between(&old, &new));
    assert!(try_run(&connection, &sql).is_err());
    assert_eq!(count(&connection, "orders"), 2);
}

#[test]
fn classes_tell_narrowing_from_widening() {
    let old = shop();
    let change = |edit: fn(&mut Table)| {
        let mut new = shop();
        edit(of(&mut new, "Order"));
        classes(&old, &new).into_iter().map(|(_, _, class)| class).max()
    };
    assert_eq!(change(|table| table.columns[1].max_len = Some(64)), Some(Class::Safe));
    assert_eq!(change(|table| table.columns[1].max_len = Some(16)), Some(Class::Lossy));
    assert_eq!(change(|table| table.columns[1].nullable = true), Some(Class::Safe));
    assert_eq!(change(|table| table.columns[4].nullable = false), Some(Class::NeedsBackfill));
    assert_eq!(change(|table| table.columns[1].storage = Storage::I64), Some(Class::Refused));
    assert_eq!(change(|table| table.key = strings(&["id", "number"])), Some(Class::Refused));
    assert_eq!(change(|table| table.columns[3].default = Some("OPEN".to_owned())), None);
}

// The folder of a project.

fn model(columns: &[(u32, &str)]) -> Model {
    let id = Type::Id { entity: "shop.v1.Order".to_owned(), kind: KeyKind::UuidV7 };
    let mut all =
        vec![model::Column { name: "id".to_owned(), field: "id".to_owned(), number: 1, ty: id, ..Default::default() }];
    for (number, name) in columns {
        let (name, field) = ((*name).to_owned(), (*name).to_owned());
        all.push(model::Column { name, field, number: *number, default: Some(String::new()), ..Default::default() });
    }
    let key = Key { kind: KeyKind::UuidV7, fields: strings(&["id"]), columns: strings(&["id"]) };
    let (full_name, table) = ("shop.v1.Order".to_owned(), "orders".to_owned());
    Model { entities: vec![Entity { full_name, table, columns: all, key, ..Default::default() }], ..Default::default() }
}

fn project(root: &Path) -> Project {
    Project::parse(root, "name = \"shop\"").unwrap()
}

fn generate(project: &Project, model: &Model, allow: &[&str]) -> Result<Planned, Diagnostics> {
    let planned = plan(project, &Disk::read(project)?, model, &strings(allow))?;
    let mut files = FileSet::new("generated");
    planned.add_to(&mut files, project);
    files.apply(&project.root, Mode::Write, Edits::Refuse).unwrap();
    Ok(planned)
}

fn seal_now(project: &Project, model: &Model) -> Sealed {
    let sealed = seal(project, &Disk::read(project).unwrap(), model, &Contract::default()).unwrap();
    for (path, text) in &sealed.files {
        fs::write(project.root.join(path), text).unwrap();
    }
    sealed
}

fn words(found: &Diagnostics) -> String {
    found.render(&Default::default(), Colour::Never)
}

#[test]
fn rewrites_the_open_migration_until_it_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    let up = |stem: &str| dir.path().join(format!("migrations/sqlite/{stem}.up.sql"));
    generate(&project, &model(&[(2, "number")]), &[]).unwrap();
    generate(&project, &model(&[(2, "number"), (3, "note")]), &[]).unwrap();
    assert!(fs::read_to_string(up("0001_initial")).unwrap().contains("note TEXT NOT NULL"));
    let sealed = seal_now(&project, &model(&[(2, "number"), (3, "note")]));
    assert_eq!(sealed.migrations[0].stem(), "0001_initial");
    let planned = generate(&project, &model(&[(2, "number"), (3, "note")]), &[]).unwrap();
    assert!(planned.open.is_none() && planned.embedded.contains("sealed: true"));
    assert!(up("0001_initial").exists(), "a sealed file is not deleted");

    let planned = generate(&project, &model(&[(2, "label"), (3, "note")]), &[]).unwrap();
    assert_eq!(planned.open.unwrap().stem(), "0002_change_orders");
    assert!(planned.embedded.contains("version: 2") && planned.embedded.contains("sealed: false"));
    generate(&project, &model(&[(2, "number"), (3, "note")]), &[]).unwrap();
    assert!(!up("0002_change_orders").exists(), "no difference, no open migration");
}

#[test]
fn refuses_losses_until_they_are_allowed_by_name_and_remembers_them() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    let full = model(&[(2, "number"), (3, "note")]);
    generate(&project, &full, &[]).unwrap();
    seal_now(&project, &full);
    let less = model(&[(2, "number")]);
    let found = generate(&project, &less, &[]).unwrap_err();
    assert!(words(&found).contains("--allow-lossy shop.v1.Order.note"), "{}", words(&found));
    generate(&project, &less, &["shop.v1.Order.note"]).unwrap();
    let planned = generate(&project, &less, &[]).unwrap();
    assert!(planned.files[0].1.contains("-- Lossy, allowed by name: shop.v1.Order.note"));
    assert!(planned.files[1].1.contains("Does not bring back"));
    seal_now(&project, &less);
    let found = generate(&project, &model(&[(2, "number"), (3, "other")]), &[]).unwrap_err();
    assert_eq!(found.codes(), ["arcana::number_reuse"]);
    let found = words(&found);
    assert!(found.contains("note"), "{found}");
}

#[test]
fn refuses_sealed_files_that_changed() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    generate(&project, &model(&[]), &[]).unwrap();
    seal_now(&project, &model(&[]));
    fs::write(dir.path().join("migrations/sqlite/0001_initial.down.sql"), "edited").unwrap();
    let found = Disk::read(&project).unwrap_err();
    assert_eq!(found.codes(), ["arcana::sealed_changed"]);
    fs::remove_file(dir.path().join("migrations/sqlite/0001_initial.up.sql")).unwrap();
    assert!(words(&Disk::read(&project).unwrap_err()).contains("misses"));
}

#[test]
fn refuses_to_seal_what_is_stale() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    generate(&project, &model(&[]), &[]).unwrap();
    let found =
        seal(&project, &Disk::read(&project).unwrap(), &model(&[(2, "number")]), &Contract::default()).unwrap_err();
    assert_eq!(found.codes(), ["arcana::stale_migration"]);
}

#[test]
fn sealing_keeps_what_clients_see_even_where_no_migration_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    generate(&project, &model(&[]), &[]).unwrap();
    assert!(Disk::read(&project).unwrap().contract.is_none(), "nothing was sealed yet");
    seal_now(&project, &model(&[]));
    assert!(Disk::read(&project).unwrap().contract.unwrap().packages.is_empty());

    let packages = std::collections::BTreeMap::from([("shop.v1".to_owned(), Default::default())]);
    let contract = Contract { packages, ..Contract::default() };
    let sealed = seal(&project, &Disk::read(&project).unwrap(), &model(&[]), &contract).unwrap();
    assert!(sealed.migrations.is_empty());
    assert!(
        sealed
            .files
            .iter()
            .any(|(path, text)| { path == "migrations/contract.lock.json" && text.contains("\"shop.v1\"") })
    );
}

#[test]
fn a_project_that_was_sealed_without_its_contract_keeps_working() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    generate(&project, &model(&[]), &[]).unwrap();
    seal_now(&project, &model(&[]));
    fs::remove_file(dir.path().join("migrations/contract.lock.json")).unwrap();
    let disk = Disk::read(&project).unwrap();
    assert!(disk.contract.is_none() && disk.sealed.len() == 1);
    assert!(generate(&project, &model(&[]), &[]).unwrap().open.is_none());
}

#[test]
fn refuses_a_contract_that_is_none_with_the_mend() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    fs::create_dir_all(dir.path().join("migrations")).unwrap();
    fs::write(dir.path().join("migrations/contract.lock.json"), "{}").unwrap();
    let found = Disk::read(&project).unwrap_err();
    assert_eq!(found.codes(), ["arcana::migrations_broken"]);
    assert!(words(&found).contains("cargo xtask migrate seal"), "{}", words(&found));
}

#[test]
fn refuses_foreign_open_migrations() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    fs::create_dir_all(dir.path().join("migrations/sqlite")).unwrap();
    fs::write(dir.path().join("migrations/sqlite/0007_mine.up.sql"), "SELECT 1;").unwrap();
    let planned = plan(&project, &Disk::read(&project).unwrap(), &model(&[]), &[]).unwrap();
    let mut files = FileSet::new("generated");
    planned.add_to(&mut files, &project);
    let error = files.apply(dir.path(), Mode::Write, Edits::Refuse).unwrap_err().to_string();
    assert!(error.contains("0007_mine.up.sql"), "{error}");
}

#[test]
fn locks_survive_their_text() {
    let lock = shop();
    assert_eq!(Lock::parse(&lock.to_json()).unwrap(), lock);
    assert!(Lock::parse(&lock.to_json().replace("\"format\": 1", "\"format\": 9")).is_err());
}

#[test]
fn migrates_the_schema_of_this_repository_up_and_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let sources = crate::Sources::read(&Project::read(root).unwrap()).unwrap();
    let lock = Lock::of(&crate::read_model(&sources).unwrap());
    assert!(lock.tables.len() > 3);
    let connection = database();
    let (empty, transition) = (Lock::default(), Transition::between(&lock, &lock));
    assert_eq!(sqlite::render(&transition), "");
    let transition = Transition::between(&empty, &lock);
    run(&connection, &sqlite::render(&transition));
    run(&connection, &sqlite::render(&transition.back()));
    assert!(state(&connection).is_empty());
}

/// The storage of a schema with one entity of these fields.
fn storage_of(fields: &str) -> Lock {
    let text = format!(
        "syntax = \"proto3\"; package t.v1; import \"arcana/annotations.proto\";\n\
         message Thing {{ option (arcana.entity) = {{}}; {fields} }}"
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let files = std::collections::BTreeMap::from([("t/v1/t.proto".to_owned(), text)]);
    Lock::of(&crate::read_model(&crate::Sources::of(files, root).unwrap()).unwrap())
}

#[test]
fn a_table_of_words_comes_and_goes_with_searchable_fields() {
    let key = |column: &str| {
        format!("string id = 1 [(arcana.field) = {{ primary_key: UUID_V7 column: \"{column}\" }}]; string a = 2")
    };
    let plain = storage_of(&format!("{};", key("id")));
    let searched = storage_of(&format!("{} [(arcana.field).searchable = true];", key("id")));
    let renamed = storage_of(&format!("{} [(arcana.field).searchable = true];", key("nr")));
    let connection = database();
    let empty = Lock::default();
    run(&connection, &sqlite::render(&Transition::between(&empty, &plain)));
    run(&connection, "INSERT INTO things (id, a) VALUES (x'00112233445566778899aabbccddeeff', 'red lamp');");
    let before = state(&connection);

    let transition = Transition::between(&plain, &searched);
    let all: Vec<_> = operations(&transition).into_iter().map(|one| (one.kind, one.table, one.class)).collect();
    assert_eq!(all, [(OperationKind::CreateTable, "things_words".to_owned(), Class::Safe)]);
    run(&connection, &sqlite::render(&transition));
    run(
        &connection,
        "INSERT INTO things_words (word, id, field) SELECT 'lamp', id, 2 FROM things;
         INSERT INTO things_words (word, id, field) SELECT 'red', id, 2 FROM things;",
    );
    let count = |connection: &Connection| {
        connection.query_row("SELECT count(*) FROM things_words", [], |row| row.get::<_, i64>(0)).unwrap()
    };

    // Words follow a key that is called otherwise, and stay where they are.
    let transition = Transition::between(&searched, &renamed);
    assert!(operations(&transition).iter().all(|one| one.class == Class::Safe), "{:?}", operations(&transition));
    run(&connection, &sqlite::render(&transition));
    assert_eq!(count(&connection), 2);
    run(&connection, &sqlite::render(&transition.back()));
    assert_eq!(count(&connection), 2);

    // Nothing is lost with them that the rows do not have.
    let transition = Transition::between(&searched, &plain);
    let all: Vec<_> = operations(&transition).into_iter().map(|one| (one.kind, one.table, one.class)).collect();
    assert_eq!(all, [(OperationKind::DropTable, "things_words".to_owned(), Class::Safe)]);
    run(&connection, &sqlite::render(&transition));
    assert_eq!(state(&connection), before);
    run(&connection, &sqlite::render(&transition.back()));
    assert_eq!(count(&connection), 0);

    // Words go with their row.
    run(&connection, "INSERT INTO things_words (word, id, field) SELECT 'red', id, 2 FROM things; DELETE FROM things;");
    assert_eq!(count(&connection), 0);
}
