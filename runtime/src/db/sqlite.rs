//! The embedded engine: reads run in the thread of the request, writes in one thread that groups them.
//!
//! Handing every row from one thread to another costs more than most queries, so each worker thread has a reading
//! connection of its own. Writers would only wait for each other; one thread takes all commits that are waiting into
//! one transaction, a savepoint each, so that a failure fails only its own.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::ready;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::runtime::RuntimeFlavor;
use tokio::sync::oneshot;

use self::cell::bind;
pub(super) use self::lent::Lent;
use super::commit;
use super::row::Source;
use super::sequences::Sequences;
use super::session::{Answer, Each, Fault, Session};
use super::{DbConfig, Dialect, Row, Synchronous, Value};
use crate::changes::Changes;
use crate::context::Context;
use crate::error::{Error, Result};

pub(super) mod cell;
mod lent;

/// Statements that a connection keeps prepared.
const STATEMENT_CACHE: usize = 256;
/// Virtual machine steps between two looks at the clock.
const PROGRESS_STEPS: i32 = 10_000;

thread_local! {
    /// Reading connections of this thread, by the id of the database.
    static READERS: RefCell<Vec<(u64, Rc<Connection>)>> = const { RefCell::new(Vec::new()) };
    /// When the statement that runs in this thread must stop.
    static STOP_AT: Cell<Option<Instant>> = const { Cell::new(None) };
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

pub(super) struct Sqlite {
    id: u64,
    path: PathBuf,
    statement_timeout: Duration,
    writer: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
    /// Jobs that were sent to the writer and not taken yet.
    waiting: Arc<AtomicUsize>,
    sequences: Sequences,
}

enum Job {
    Commit(Pending),
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
    Lend(oneshot::Sender<Result<Lent>>),
}

impl Sqlite {
    pub(super) fn open(config: &DbConfig) -> Result<Self> {
        let path = config.path().unwrap_or_default();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|cause| {
                Error::unavailable(format!("cannot create the folder {} of the database: {cause}", folder.display()))
            })?;
        }
        let connection = open_writer(&path, config.synchronous)?;
        let (writer, jobs) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn({
                let inbox = Inbox { jobs, waiting: waiting.clone() };
                let group_max = config.commits_per_transaction;
                move || write_loop(connection, &inbox, group_max)
            })
            .map_err(Error::unavailable)?;
        Ok(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            path: path.clone(),
            statement_timeout: config.statement_timeout,
            writer,
            thread,
            waiting,
            sequences: Sequences::default(),
        })
    }

    pub(super) fn fetch<T>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        cx.check_deadline()?;
        let connection = self.reader()?;
        STOP_AT.set(Some(self.stop_at(cx)));
        let mut statement = connection.prepare_cached(sql).map_err(error)?;
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(error)? {
            found.push(read(&Row::new(Source::Sqlite(row)))?);
        }
        Ok(found)
    }

    /// The same for what may take its time.
    pub(super) fn scan<T>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match tokio::runtime::Handle::current().runtime_flavor() {
            RuntimeFlavor::CurrentThread => self.fetch(cx, sql, values, read),
            // The thread hands its other calls over before it starts.
            _ => tokio::task::block_in_place(|| self.fetch(cx, sql, values, read)),
        }
    }

    pub(super) fn columns_of(&self, sql: &str) -> Result<Vec<String>> {
        let connection = self.reader()?;
        let statement = connection.prepare(sql).map_err(error)?;
        Ok(statement.column_names().map(str::to_owned).collect())
    }

    pub(super) fn reading(&self, bounded: bool) -> Result<Reading<'_>> {
        execute(&*self.reader()?, "BEGIN").map_err(error)?;
        Ok(Reading { sqlite: self, bounded })
    }

    pub(super) async fn commit(&self, cx: &Context, changes: Changes) -> Result<()> {
        cx.check_deadline()?;
        let (reply, answer) = oneshot::channel();
        self.send(Job::Commit(Pending { changes, stop_at: self.stop_at(cx), reply }))?;
        answer.await.map_err(|_| Error::unavailable("the writer of the database has stopped"))?
    }

    /// Runs work on the writing connection, outside any transaction.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Run(Box::new(move |connection| {
            STOP_AT.set(None);
            // Nobody listens when the caller went away; the work is done all the same.
            let _ = reply.send(work(connection));
        })))?;
        answer.await.map_err(|_| Error::unavailable("the writer of the database has stopped"))?
    }

    /// The writing connection with a transaction open on it, until the answer is dropped: everybody else who writes waits.
    pub(super) async fn lend(&self, cx: &Context) -> Result<Lent> {
        let (borrower, answer) = oneshot::channel();
        self.send(Job::Lend(borrower))?;
        let mut lent = answer.await.map_err(|_| Error::unavailable("the writer of the database has stopped"))??;
        lent.stop_at = Some(self.stop_at(cx));
        Ok(lent)
    }

    /// Ends the writer and the reader of this thread, and returns when their connections are closed. The last of a database
    /// takes its `-wal` and `-shm` away.
    pub(super) fn close(self) {
        READERS.with_borrow_mut(|readers| readers.retain(|(id, _)| *id != self.id));
        drop(self.writer);
        if self.thread.join().is_err() {
            tracing::error!("the writer of the database had panicked");
        }
    }

    pub(super) fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    pub(super) async fn allot(&self, _cx: &Context, sequence: &'static str) -> Result<i64> {
        let reserve = |count| self.run(move |connection| allot(connection, sequence, count));
        self.sequences.next(sequence, reserve).await
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn send(&self, job: Job) -> Result<()> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.writer.send(job).map_err(|_| Error::unavailable("the writer of the database has stopped"))
    }

    fn stop_at(&self, cx: &Context) -> Instant {
        let limit = Instant::now() + self.statement_timeout;
        cx.deadline.map_or(limit, |deadline| deadline.min(limit))
    }

    fn reader(&self) -> Result<Rc<Connection>> {
        READERS.with_borrow_mut(|readers| {
            if let Some((_, connection)) = readers.iter().find(|(id, _)| *id == self.id) {
                return Ok(connection.clone());
            }
            let connection = Rc::new(open_reader(&self.path)?);
            readers.push((self.id, connection.clone()));
            Ok(connection)
        })
    }
}

/// Reads of one state. They follow each other without a pause, so they stay on one thread and its connection.
pub(crate) struct Reading<'d> {
    sqlite: &'d Sqlite,
    bounded: bool,
}

impl Reading<'_> {
    pub(super) fn fetch<T>(
        &self,
        cx: &Context,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match self.bounded {
            true => self.sqlite.fetch(cx, sql, values, read),
            false => self.sqlite.scan(cx, sql, values, read),
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let ended = self.sqlite.reader().map(|connection| execute(&connection, "COMMIT"));
        if !matches!(ended, Ok(Ok(()))) {
            tracing::error!("a read could not be ended");
        }
    }
}

fn open_writer(path: &Path, synchronous: Synchronous) -> Result<Connection> {
    let mut connection = Connection::open(path)
        .map_err(|cause| Error::unavailable(format!("cannot open the database {}: {cause}", path.display())))?;
    let synchronous = match synchronous {
        Synchronous::Normal => "NORMAL",
        Synchronous::Full => "FULL",
    };
    connection.execute_batch(&format!("PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};")).map_err(error)?;
    prepare(&mut connection)?;
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(error)?;
    prepare(&mut connection)?;
    connection.execute_batch("PRAGMA query_only=ON;").map_err(error)?;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> Result<()> {
    connection
        .execute_batch(
            "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=268435456; PRAGMA cache_size=-16384;",
        )
        .map_err(error)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(error)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    let late = || STOP_AT.get().is_some_and(|stop_at| Instant::now() >= stop_at);
    connection.progress_handler(PROGRESS_STEPS, Some(late)).map_err(error)
}

/// A commit that waits for its turn.
struct Pending {
    changes: Changes,
    stop_at: Instant,
    reply: oneshot::Sender<Result<()>>,
}

/// Where the writer finds its jobs.
struct Inbox {
    jobs: mpsc::Receiver<Job>,
    waiting: Arc<AtomicUsize>,
}

impl Inbox {
    /// The next job, whenever it comes; none when the database is closed.
    fn wait(&self) -> Option<Job> {
        self.taken(self.jobs.recv().ok())
    }

    /// The next job, if it is there.
    fn look(&self) -> Option<Job> {
        self.taken(self.jobs.try_recv().ok())
    }

    fn taken(&self, job: Option<Job>) -> Option<Job> {
        if job.is_some() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        job
    }
}

/// Takes no more than `group_max` commits into one transaction: beyond it, the first would wait too long for the last.
fn write_loop(mut connection: Connection, inbox: &Inbox, group_max: usize) {
    let mut waiting = None;
    while let Some(job) = waiting.take().or_else(|| inbox.wait()) {
        match job {
            Job::Run(work) => work(&mut connection),
            Job::Lend(borrower) => match lent::lend(connection, borrower) {
                Some(returned) => connection = returned,
                None => return,
            },
            Job::Commit(first) => {
                let mut group = vec![first];
                while group.len() < group_max {
                    match inbox.look() {
                        Some(Job::Commit(pending)) => group.push(pending),
                        other => {
                            waiting = other;
                            break;
                        }
                    }
                }
                write_all(&mut connection, group);
            }
        }
    }
}

/// How one transaction for a group ended.
enum Ended {
    /// Committed: the outcome of each.
    Committed(Vec<Result<()>>),
    /// The engine gave the whole transaction up because of one of them (a time limit, a full disk).
    GivenUp(usize, Error),
    /// Nothing was written.
    Failed(rusqlite::Error),
}

/// Writes a group; each caller learns its own outcome only after the commit.
fn write_all(connection: &mut Connection, mut group: Vec<Pending>) {
    while !group.is_empty() {
        match write_group(connection, &group) {
            Ended::Committed(outcomes) => {
                return group.into_iter().zip(outcomes).for_each(|(pending, outcome)| answer(pending, outcome));
            }
            // The others have done nothing wrong: they are written again without it.
            Ended::GivenUp(at, cause) => answer(group.remove(at), Err(cause)),
            Ended::Failed(cause) => {
                let message = cause.to_string();
                return group.into_iter().for_each(|pending| answer(pending, Err(Error::unavailable(message.clone()))));
            }
        }
    }
}

/// A caller that went away does not learn that its write was kept.
fn answer(pending: Pending, outcome: Result<()>) {
    let _ = pending.reply.send(outcome);
}

/// One transaction for a whole group, a savepoint for each of several.
fn write_group(connection: &mut Connection, group: &[Pending]) -> Ended {
    STOP_AT.set(None);
    if let Err(cause) = execute(connection, "BEGIN IMMEDIATE") {
        return Ended::Failed(cause);
    }
    let mut outcomes = Vec::with_capacity(group.len());
    for (at, pending) in group.iter().enumerate() {
        let outcome = write_one(connection, pending, group.len() == 1);
        STOP_AT.set(None);
        match outcome {
            Err(cause) if connection.is_autocommit() => return Ended::GivenUp(at, cause),
            outcome => outcomes.push(outcome),
        }
    }
    let end = if outcomes.iter().all(Result::is_err) { "ROLLBACK" } else { "COMMIT" };
    match execute(connection, end) {
        Ok(()) => Ended::Committed(outcomes),
        Err(cause) => {
            if !connection.is_autocommit() {
                let _ = execute(connection, "ROLLBACK");
            }
            Ended::Failed(cause)
        }
    }
}

fn write_one(connection: &mut Connection, pending: &Pending, alone: bool) -> Result<()> {
    STOP_AT.set(Some(pending.stop_at));
    if alone {
        return carry_out(connection, &pending.changes);
    }
    execute(connection, "SAVEPOINT one").map_err(error)?;
    let outcome = carry_out(connection, &pending.changes);
    STOP_AT.set(None);
    if connection.is_autocommit() {
        return outcome.and(Err(Error::unavailable("the transaction was given up")));
    }
    if outcome.is_err() {
        execute(connection, "ROLLBACK TO one").map_err(error)?;
    }
    execute(connection, "RELEASE one").map_err(error)?;
    outcome
}

pub(super) fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// The writes of one commit, by the same steps as on any engine: none of them waits here.
fn carry_out(connection: &mut Connection, changes: &Changes) -> Result<()> {
    let outcome = commit::apply(&mut Embedded(connection), changes).now_or_never();
    outcome.unwrap_or_else(|| Err(Error::internal("the embedded engine was waited for").into())).map_err(Error::from)
}

/// The transaction that is open on a connection.
struct Embedded<'c>(&'c mut Connection);

impl Session for Embedded<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, u64> {
        ready(execute_bound(self.0, sql, values)).boxed()
    }

    fn exists<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, bool> {
        ready(exists(self.0, sql, values).map_err(Fault::from)).boxed()
    }

    fn read<'a>(&'a mut self, sql: &'a str, values: &'a [Value], each: Each<'a>) -> Answer<'a, ()> {
        ready(read(self.0, sql, values, each).map_err(Fault::from)).boxed()
    }
}

pub(super) fn execute_bound(connection: &Connection, sql: &str, values: &[Value]) -> Result<u64, Fault> {
    let mut statement = connection.prepare_cached(sql).map_err(error)?;
    bind(&mut statement, values)?;
    match statement.raw_execute() {
        Ok(touched) => Ok(touched as u64),
        Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(Fault::Constraint { name: None, cause: cause.into() })
        }
        Err(cause) => Err(error(cause).into()),
    }
}

fn exists(connection: &Connection, sql: &str, values: &[Value]) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql).map_err(error)?;
    bind(&mut statement, values)?;
    Ok(statement.raw_query().next().map_err(error)?.is_some())
}

fn read(connection: &Connection, sql: &str, values: &[Value], each: Each<'_>) -> Result<()> {
    let mut statement = connection.prepare_cached(sql).map_err(error)?;
    bind(&mut statement, values)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(error)? {
        each(&Row::new(Source::Sqlite(row)))?;
    }
    Ok(())
}

/// Takes `count` numbers from a sequence and answers the first.
fn allot(connection: &Connection, sequence: &str, count: i64) -> Result<i64> {
    connection
        .query_row(
            "INSERT INTO arcana_sequences (name, next) VALUES (?1, 1 + ?2) \
             ON CONFLICT (name) DO UPDATE SET next = next + ?2 RETURNING next - ?2",
            (sequence, count),
            |row| row.get(0),
        )
        .map_err(error)
}

/// What a failure of the engine means for the caller, by its kind.
pub(super) fn error(cause: rusqlite::Error) -> Error {
    match cause.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Error::unavailable("a statement ran longer than it may"),
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase,
        ) => Error::unavailable(cause),
        _ => Error::internal(cause),
    }
}

#[cfg(test)]
pub(super) mod tests;
