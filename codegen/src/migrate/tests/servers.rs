//! Migrations against real servers, with rows: whatever way leads to a state, it is that of a fresh database.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use arcana_testing::{Mariadb, Postgres, Server};

use super::walks::{Back, server_shop, walks};
use super::*;
use crate::migrate::{mysql, postgres};

/// A server, and how it is spoken to.
pub(super) struct Engine {
    server: &'static Server,
    pub(super) render: fn(&Transition<'_>) -> String,
    create: &'static str,
    /// What a session begins with.
    session: &'static str,
    state: &'static str,
    rows: &'static str,
}

const ORDERS: &str = "SELECT id, number, total, status, \"group\", parent_id, country, paid_at FROM orders ORDER BY id;
SELECT order_id, position, id, tags FROM order_lines ORDER BY id; SELECT id, line_id FROM remarks ORDER BY id;";

pub(super) fn postgres() -> Engine {
    Engine {
        server: Postgres::shared(),
        render: postgres::render,
        create: "CREATE DATABASE \"{}\"",
        session: "",
        state: "
            SELECT 'column ' || a.attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' '
                || attnotnull || ' ' || coalesce(collname, '') || ' ' || coalesce(pg_get_expr(adbin, adrelid), '') AS line
              FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_collation o ON o.oid = attcollation
              LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum
             WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
            UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
              FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        rows: "
            INSERT INTO countries VALUES ('ch');
            INSERT INTO orders (id, number, total, status, \"group\", parent_id, country) VALUES
              ('00000000-0000-0000-0000-000000000000', 'A', 10.50, 'OPEN', NULL, NULL, 'ch'),
              ('00112233-4455-6677-8899-aabbccddeeff', 'B', 0.05, 'DONE', 'g', '00000000-0000-0000-0000-000000000000', NULL);
            INSERT INTO order_lines (order_id, position, id, tags) VALUES
              ('00000000-0000-0000-0000-000000000000', 0, 1, '[]'), ('00000000-0000-0000-0000-000000000000', 1, 2, '[1]');
            INSERT INTO remarks (id, line_id) VALUES (1, 1), (2, 2);",
    }
}

pub(super) fn mariadb() -> Engine {
    Engine {
        server: Mariadb::shared(),
        render: mysql::render,
        create: "CREATE DATABASE `{}` CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
        session: "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ENGINE_SUBSTITUTION'; \
                  SET NAMES utf8mb4; ",
        state: "
            SELECT concat_ws(' ', 'column', table_name, column_name, column_type, is_nullable, collation_name,
                             column_default, generation_expression, extra) AS line
              FROM information_schema.columns WHERE table_schema = database()
            UNION ALL SELECT concat_ws(' ', 'index', table_name, index_name, seq_in_index, column_name, non_unique)
              FROM information_schema.statistics WHERE table_schema = database()
            UNION ALL SELECT concat_ws(' ', 'reference', k.table_name, k.constraint_name, k.ordinal_position, k.column_name,
                                       k.referenced_table_name, k.referenced_column_name, r.delete_rule)
              FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
                ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
             WHERE k.table_schema = database() AND k.referenced_table_name IS NOT NULL
            UNION ALL SELECT concat_ws(' ', 'check', table_name, constraint_name, check_clause)
              FROM information_schema.check_constraints WHERE constraint_schema = database() ORDER BY 1",
        rows: "
            INSERT INTO countries VALUES ('ch');
            INSERT INTO orders (id, number, total, status, \"group\", parent_id, country) VALUES
              (repeat(x'00', 16), 'A', 10.50, 'OPEN', NULL, NULL, 'ch'),
              (x'00112233445566778899aabbccddeeff', 'B', 0.05, 'DONE', 'g', repeat(x'00', 16), NULL);
            INSERT INTO order_lines (order_id, position, id, tags) VALUES
              (repeat(x'00', 16), 0, 1, '[]'), (repeat(x'00', 16), 1, 2, '[1]');
            INSERT INTO remarks (id, line_id) VALUES (1, 1), (2, 2);",
    }
}

impl Engine {
    /// An empty database.
    pub(super) fn fresh(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("walk_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let always = if self.session.is_empty() { "postgres" } else { "mysql" };
        self.server.sql(always, &self.create.replace("{}", &name));
        name
    }

    pub(super) fn run(&self, database: &str, sql: &str) -> String {
        self.server.sql(database, &format!("{}{sql}", self.session))
    }

    pub(super) fn fails(&self, database: &str, sql: &str) -> String {
        let told = catch_unwind(AssertUnwindSafe(|| self.run(database, sql))).unwrap_err();
        told.downcast_ref::<String>().cloned().unwrap_or_default()
    }

    pub(super) fn migrate(&self, database: &str, transition: &Transition<'_>) {
        let sql = (self.render)(transition);
        if !sql.is_empty() {
            self.run(database, &sql);
        }
    }

    fn state(&self, database: &str) -> String {
        self.run(database, self.state)
    }

    /// The state of a database that is made for a lock at once.
    fn fresh_state(&self, lock: &Lock) -> String {
        let database = self.fresh();
        self.migrate(&database, &Transition::between(&Lock::default(), lock));
        self.state(&database)
    }

    fn walk_all(&self) {
        let nothing = Lock::default();
        for walk in walks() {
            let (name, database) = (walk.name, self.fresh());
            self.migrate(&database, &Transition::between(&nothing, &walk.old));
            self.run(&database, self.rows);
            let (state, rows) = (self.state(&database), self.run(&database, ORDERS));
            let transition = Transition::between(&walk.old, &walk.new);
            self.migrate(&database, &transition);
            same(name, "up", &self.state(&database), &self.fresh_state(&walk.new));
            if walk.back == Back::Refused {
                self.run(&database, "DELETE FROM remarks; DELETE FROM order_lines;");
            }
            self.migrate(&database, &transition.back());
            same(name, "down", &self.state(&database), &state);
            if walk.back == Back::Kept {
                same(name, "rows", &self.run(&database, ORDERS), &rows);
            }
            self.migrate(&database, &transition);
            self.migrate(&database, &Transition::between(&walk.new, &nothing));
            same(name, "nothing", &self.state(&database), "");
        }
    }

    /// Up, down and up again what a project has on disk.
    fn runs_the_migrations_of(&self, dialect: &str, project: &str) {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(project).join("migrations").join(dialect);
        let texts = |way: &str| {
            let paths = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            let mut paths: Vec<_> =
                paths.filter(|path| path.to_string_lossy().ends_with(&format!(".{way}.sql"))).collect();
            paths.sort();
            assert!(!paths.is_empty(), "{}", folder.display());
            paths.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>()
        };
        let database = self.fresh();
        let up = || texts("up").iter().for_each(|text| drop(self.run(&database, text)));
        up();
        let state = self.state(&database);
        texts("down").iter().rev().for_each(|text| drop(self.run(&database, text)));
        same(project, "down", &self.state(&database), "");
        up();
        same(project, "up again", &self.state(&database), &state);
    }
}

fn same(walk: &str, way: &str, found: &str, wanted: &str) {
    let missing = wanted.lines().filter(|line| !found.lines().any(|other| other == *line));
    let surplus = found.lines().filter(|line| !wanted.lines().any(|other| other == *line));
    let differences: Vec<String> =
        missing.map(|line| format!("- {line}")).chain(surplus.map(|line| format!("+ {line}"))).collect();
    assert!(
        differences.is_empty() && found.lines().count() == wanted.lines().count(),
        "{walk}, {way}:\n{}",
        differences.join("\n")
    );
}

const PROJECTS: [&str; 3] = [".", "tests/cases/chinook", "tests/cases/torture"];

#[test]
fn every_way_leads_postgres_to_what_a_fresh_database_is() {
    postgres().walk_all();
}

#[test]
fn every_way_leads_mariadb_to_what_a_fresh_database_is() {
    mariadb().walk_all();
}

#[test]
fn all_projects_migrate_up_and_down_on_postgres() {
    PROJECTS.iter().for_each(|project| postgres().runs_the_migrations_of("postgres", project));
}

#[test]
fn all_projects_migrate_up_and_down_on_mariadb() {
    PROJECTS.iter().for_each(|project| mariadb().runs_the_migrations_of("mysql", project));
}

#[test]
fn servers_fail_on_rows_where_a_required_column_has_no_default() {
    let (old, mut new) = (server_shop(), server_shop());
    of(&mut new, "Order").columns.push(column(11, "customer_id", Storage::Uuid));
    for engine in [postgres(), mariadb()] {
        let database = engine.fresh();
        engine.migrate(&database, &Transition::between(&Lock::default(), &old));
        engine.run(&database, engine.rows);
        let told = engine.fails(&database, &(engine.render)(&Transition::between(&old, &new)));
        assert!(told.contains("customer_id"), "{told}");
    }
}

#[test]
fn servers_fail_on_rows_that_hold_an_enum_value_which_goes() {
    let (old, mut new) = (server_shop(), server_shop());
    let values = strings(&["OPEN"]);
    of(&mut new, "Order").columns[3].storage = Storage::Enum { name: "Status".to_owned(), values };
    for engine in [postgres(), mariadb()] {
        let database = engine.fresh();
        engine.migrate(&database, &Transition::between(&Lock::default(), &old));
        engine.run(&database, engine.rows);
        let told = engine.fails(&database, &(engine.render)(&Transition::between(&old, &new)));
        assert!(told.contains("orders_status_check"), "{told}");
    }
}

#[test]
fn indexes_of_postgres_serve_the_order_of_lists_both_ways() {
    let (engine, mut lock) = (postgres(), server_shop());
    of(&mut lock, "Order").indexes = vec![Index { unique: false, ..index("orders_paid_at_idx", &["paid_at", "id"]) }];
    let database = engine.fresh();
    engine.migrate(&database, &Transition::between(&Lock::default(), &lock));
    engine.run(&database, engine.rows);
    for order in ["paid_at NULLS FIRST, id", "paid_at DESC NULLS LAST, id DESC"] {
        let sql = format!("SET enable_seqscan = off; EXPLAIN SELECT id FROM orders ORDER BY {order} LIMIT 20");
        let plan = engine.run(&database, &sql);
        assert!(plan.contains("orders_paid_at_idx") && !plan.contains("Sort"), "{plan}");
    }
}

#[test]
fn servers_tell_living_twins_from_dead_ones() {
    let mut lock = server_shop();
    of(&mut lock, "Order").indexes.remove(0);
    for engine in [postgres(), mariadb()] {
        let database = engine.fresh();
        engine.migrate(&database, &Transition::between(&Lock::default(), &lock));
        engine.run(&database, engine.rows);
        engine.run(
            &database,
            "UPDATE orders SET country = 'ch', number = 'A', paid_at = '2026-01-31 00:00:00' WHERE number = 'B'",
        );
        let told = engine.fails(&database, "UPDATE orders SET paid_at = NULL WHERE status = 'DONE'");
        assert!(told.contains("orders_country_key"), "{told}");
    }
}

#[test]
fn writes_the_sql_for_servers_that_people_would() {
    for (dialect, render) in [("postgres", postgres::render as fn(&Transition<'_>) -> String), ("mysql", mysql::render)]
    {
        let mut text = render(&Transition::between(&Lock::default(), &server_shop()));
        for walk in walks() {
            let transition = Transition::between(&walk.old, &walk.new);
            text.push_str(&format!("\n-- {}, up\n{}", walk.name, render(&transition)));
            text.push_str(&format!("\n-- {}, down\n{}", walk.name, render(&transition.back())));
        }
        insta::assert_snapshot!(format!("walks_{dialect}"), text);
    }
}
