//! As fast as it goes with the same durability: reads in the thread of the request, writes grouped in one thread.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use peer::model::Customer;
use peer::problem::{Problem, Result};
use peer::serve;
use peer::store::{COUNT, Entry, GET, INSERT, OUTBOX, Query, Rows, Store, UPDATE};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Params, Row, params};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Writes that one transaction takes at most.
const GROUP_MAX: usize = 256;

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

struct Limit {
    path: PathBuf,
    writer: mpsc::Sender<Write>,
}

/// A row to write: a new one has version 1.
struct Write {
    row: Customer,
    entry: Entry,
    reply: oneshot::Sender<Result<Customer>>,
}

fn main() -> ExitCode {
    serve::main::<Limit>()
}

impl Store for Limit {
    async fn open(database: String) -> Result<Self> {
        let path = PathBuf::from(database);
        let connection = open(&path).map_err(Problem::internal)?;
        let (writer, writes) = mpsc::channel();
        std::thread::spawn(move || write_loop(&connection, &writes));
        Ok(Self { path, writer })
    }

    async fn get(&self, id: Uuid) -> Result<Option<Customer>> {
        self.read(|reader| reader.prepare_cached(GET)?.query_row([id.as_bytes()], customer).optional())
    }

    async fn list(&self, query: Query) -> Result<Rows> {
        self.read(|reader| {
            let sql = query.sql();
            let rows = match query.after {
                None => rows(reader, &sql, [])?,
                Some((time, id)) => rows(reader, &sql, params![time, time, id.as_bytes()])?,
            };
            let count = || reader.prepare_cached(COUNT)?.query_row([], |row| row.get(0));
            Ok((rows, query.total.then(count).transpose()?))
        })
    }

    async fn insert(&self, row: Customer) -> Result<Customer> {
        let entry = Entry::created(&row);
        self.write(row, entry).await
    }

    async fn update(&self, row: Customer, changed: Vec<&'static str>) -> Result<Customer> {
        let entry = Entry::updated(&row, &changed);
        self.write(row, entry).await
    }
}

impl Limit {
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        READER.with_borrow_mut(|reader| {
            if reader.is_none() {
                *reader = Some(open(&self.path).map_err(Problem::internal)?);
            }
            let reader = reader.as_ref().ok_or_else(|| Problem::internal("no connection"))?;
            read(reader).map_err(Problem::internal)
        })
    }

    async fn write(&self, row: Customer, entry: Entry) -> Result<Customer> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(Write { row, entry, reply }).map_err(|_| Problem::internal("the writer has stopped"))?;
        answer.await.map_err(Problem::internal)?
    }
}

fn open(path: &PathBuf) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; \
         PRAGMA mmap_size=268435456; PRAGMA cache_size=-16384;",
    )?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

fn rows(reader: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<Vec<Customer>> {
    reader.prepare_cached(sql)?.query_map(values, customer)?.collect()
}

fn customer(row: &Row<'_>) -> rusqlite::Result<Customer> {
    Ok(Customer {
        id: Uuid::from_bytes(row.get(0)?),
        name: row.get(1)?,
        email: row.get(2)?,
        country: row.get(3)?,
        phone: row.get(4)?,
        user_id: row.get::<_, Option<[u8; 16]>>(5)?.map(Uuid::from_bytes),
        version: row.get(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
    })
}

fn write_loop(connection: &Connection, writes: &mpsc::Receiver<Write>) {
    while let Ok(first) = writes.recv() {
        let group: Vec<Write> = std::iter::once(first).chain(writes.try_iter().take(GROUP_MAX - 1)).collect();
        let outcomes = write_group(connection, &group);
        for (write, outcome) in group.into_iter().zip(outcomes) {
            // Nobody listens when the caller went away.
            let _ = write.reply.send(outcome.map(|()| write.row));
        }
    }
}

/// One transaction. A row that is refused undoes itself, and has no entry, so that none of them needs a savepoint.
fn write_group(connection: &Connection, group: &[Write]) -> Vec<Result<()>> {
    let run = |sql| connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    let all = |cause: rusqlite::Error| group.iter().map(|_| Err(Problem::internal(cause.to_string()))).collect();
    if let Err(cause) = run("BEGIN IMMEDIATE") {
        return all(cause);
    }
    let outcomes = group.iter().map(|write| write_both(connection, write)).collect();
    match run("COMMIT") {
        Ok(_) => outcomes,
        Err(cause) => {
            let _ = run("ROLLBACK");
            all(cause)
        }
    }
}

fn write_both(connection: &Connection, write: &Write) -> Result<()> {
    write_row(connection, &write.row)?;
    let Entry { r#type, key, payload, request_id } = &write.entry;
    let at = write.row.updated_at;
    let values = params![Entry::KIND, r#type, Entry::ENTITY, key, payload, request_id, at];
    let outbox = connection.prepare_cached(OUTBOX).and_then(|mut outbox| outbox.execute(values));
    outbox.map(drop).map_err(Problem::internal)
}

fn write_row(connection: &Connection, row: &Customer) -> Result<()> {
    let (id, user) = (row.id.as_bytes(), row.user_id.as_ref().map(Uuid::as_bytes));
    let written = if row.version == 1 {
        let (version, at) = (row.version, row.created_at);
        let values = params![id, row.name, row.email, row.country, row.phone, user, version, at, row.updated_at];
        connection.prepare_cached(INSERT).and_then(|mut insert| insert.execute(values))
    } else {
        let (version, before, at) = (row.version, row.version - 1, row.created_at);
        let values =
            params![row.name, row.email, row.country, row.phone, user, version, at, row.updated_at, id, before];
        connection.prepare_cached(UPDATE).and_then(|mut update| update.execute(values))
    };
    match written {
        Ok(1) => Ok(()),
        Ok(_) => Err(Problem::Concurrent),
        Err(cause) => Err(refused(cause)),
    }
}

fn refused(cause: rusqlite::Error) -> Problem {
    match cause.sqlite_error() {
        Some(error) if error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE => Problem::Taken("email"),
        Some(error) if error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => {
            Problem::Dangling("user_id")
        }
        Some(error) if error.code == ErrorCode::DatabaseBusy => Problem::Concurrent,
        _ => Problem::internal(cause),
    }
}
