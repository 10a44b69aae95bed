//! The servers themselves: they start, answer, keep what was committed, and go.

#![allow(clippy::unwrap_used, clippy::panic, reason = "allowed in test functions, not in helpers")]

use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use arcana_testing::{Mariadb, Postgres, Server};

/// A table with a row in a database, by the client of the server.
fn write(server: &Server, database: &str) {
    server.sql(database, "CREATE TABLE kept (word VARCHAR(20))");
    server.sql(database, "INSERT INTO kept VALUES ('so')");
}

fn keeps_rows_through_kill9_and_restart(server: &Server, database: &str) {
    write(server, database);
    server.kill9();
    assert!(TcpStream::connect(server.address()).is_err());
    server.restart();
    assert_eq!(server.sql(database, "SELECT word FROM kept").trim(), "so");
    // One that runs is shut down in order.
    server.restart();
    assert_eq!(server.sql(database, "SELECT word FROM kept").trim(), "so");
}

fn stands_still_and_goes_on(server: &Server, database: &str) {
    let pause = server.pause();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| server.sql(database, "SELECT 7"));
        // The client would need a few milliseconds.
        let deadline = Instant::now() + Duration::from_millis(300);
        while Instant::now() < deadline {
            assert!(!asked.is_finished(), "a server that stands still answers");
            std::thread::yield_now();
        }
        drop(pause);
        assert_eq!(asked.join().unwrap().trim(), "7");
    });
}

#[test]
fn postgres_keeps_rows_through_kill9_and_restart() {
    let server = Postgres::start();
    assert_eq!(server.create_database("shop"), format!("postgres://postgres@{}/shop", server.address()));
    keeps_rows_through_kill9_and_restart(&server, "shop");
}

#[test]
fn mariadb_keeps_rows_through_kill9_and_restart() {
    let server = Mariadb::start();
    assert_eq!(server.create_database("shop"), format!("mysql://root@{}/shop", server.address()));
    keeps_rows_through_kill9_and_restart(&server, "shop");
}

#[test]
fn a_durable_server_forces_commits_to_the_disk() {
    let postgres = Postgres::durable();
    assert_eq!(postgres.sql("postgres", "SHOW fsync").trim(), "on");
    let mariadb = Mariadb::durable();
    assert_eq!(mariadb.sql("mysql", "SELECT @@innodb_flush_log_at_trx_commit").trim(), "1");
}

#[test]
fn a_paused_server_stands_still_and_goes_on() {
    let (postgres, mariadb) = (Postgres::start(), Mariadb::start());
    stands_still_and_goes_on(&postgres, "postgres");
    stands_still_and_goes_on(&mariadb, "mysql");
}

#[test]
fn two_servers_know_nothing_of_each_other() {
    let (one, other) = (Postgres::start(), Postgres::start());
    assert_ne!(one.address(), other.address());
    one.create_database("mine");
    write(&one, "mine");
    assert_eq!(other.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'mine'").trim(), "0");
    let (address, url) = (other.address(), other.url());
    drop(other);
    assert!(TcpStream::connect(address).is_err(), "{url} still answers");
    assert_eq!(one.sql("mine", "SELECT word FROM kept").trim(), "so");
}

#[test]
fn the_shared_server_is_one() {
    assert_eq!(Mariadb::shared().address(), Mariadb::shared().address());
    let urls = [Postgres::shared().create_database("a_first"), Postgres::shared().create_database("a_second")];
    assert_ne!(urls[0], urls[1]);
    Postgres::shared().drop_database("a_first");
    Postgres::shared().create_database("a_first");
    Mariadb::shared().create_database("a_first");
    Mariadb::shared().drop_database("a_first");
    Mariadb::shared().create_database("a_first");
}

/// Not a test of its own: the process that the next one kills, with a server that stands still.
#[test]
#[ignore = "is run by a_server_goes_with_a_process_that_is_killed"]
fn holds_a_server_until_it_is_killed() {
    let (postgres, mariadb) = (Postgres::start(), Mariadb::start());
    let _paused = mariadb.pause();
    println!("holds {} {}", postgres.address(), mariadb.address());
    std::thread::park();
}

#[test]
fn a_server_goes_with_a_process_that_is_killed() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_a_server_until_it_is_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let line = lines.map(Result::unwrap).find(|line| line.contains("holds 127")).unwrap();
    let addresses: Vec<&str> = line.rsplit("holds ").next().unwrap().split(' ').collect();
    assert_eq!(addresses.len(), 2);
    assert!(addresses.iter().all(|address| TcpStream::connect(address).is_ok()));
    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while addresses.iter().any(|address| TcpStream::connect(address).is_ok()) {
        assert!(Instant::now() < deadline, "{addresses:?} still answer");
        std::thread::sleep(Duration::from_millis(10));
    }
}
