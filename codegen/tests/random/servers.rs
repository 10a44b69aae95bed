//! Real servers, on which migrations go up, down and up again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use arcana_testing::{Mariadb, Postgres, Server};

const SESSION: &str =
    "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'; SET NAMES utf8mb4; ";

/// Runs both ways in a database of their own, which is empty in between.
pub fn judge(dialect: &str, up: &str, down: &str) -> Result<(), String> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let name = format!("random_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (server, always, create, session, tables): (&Server, _, _, _, _) = if dialect == "postgres" {
        let tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        (Postgres::shared(), "postgres", format!("CREATE DATABASE {name}"), "", tables)
    } else {
        let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
        (Mariadb::shared(), "mysql", create, SESSION, "SHOW TABLES")
    };
    let run = |database: &str, what: &str, text: &str| {
        let told = catch_unwind(AssertUnwindSafe(|| server.sql(database, &format!("{session}{text}"))));
        told.map_err(|told| {
            format!("{dialect}, {what}: {}\n{text}", told.downcast_ref::<String>().cloned().unwrap_or_default())
        })
    };
    run(always, "create", &create)?;
    run(&name, "up", up)?;
    run(&name, "down", down)?;
    let left = run(&name, "look", tables)?;
    if !left.trim().is_empty() {
        return Err(format!("{dialect}: {left} is left when all is down:\n{down}"));
    }
    run(&name, "up again", up)?;
    run(always, "drop", &format!("DROP DATABASE {name}")).map(drop)
}
