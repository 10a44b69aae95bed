//! Housekeeping of the tables that the runtime itself writes: entries of the outbox get the order in which they became
//! visible, and what nobody needs any more goes.
//!
//! Whoever reads the outbox of a server by `sequence` misses entries: a number is taken when an entry is inserted, and a
//! commit that takes longer shows its entries behind those that were already read. So one process at a time, whoever holds
//! the row of the counter, gives what is visible the next positions; readers go by those. On SQLite, where one writes at a
//! time, entries are inserted with theirs.

use std::time::Duration;

use tokio::task::AbortHandle;

use super::beside::oldest_answer;
use super::{Db, Dialect, Row, Value};
use crate::changes::Changes;
use crate::context::Context;
use crate::error::Result;
use crate::types::Timestamp;

/// Entries that get their position in one transaction.
const AT_ONCE: i64 = 1000;
/// How long entries are gathered before they get their positions: to give each its own at once would cost as much as the
/// commits that they tell of. Who cannot wait calls [`Db::give_positions`].
const GATHER: Duration = Duration::from_millis(200);
/// Longest that the entries of other processes wait for their position.
const POLL: Duration = Duration::from_millis(500);
/// Turns of the relay between two looks for what is too old.
const TURNS_UNTIL_TIDY: u32 = 120;

/// Name of the counter of positions.
const COUNTER: &str = "arcana_outbox";

/// Tables of the runtime that the migrations of a project make.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stores {
    /// Events and jobs on their way.
    pub outbox: bool,
    /// Answers to calls with an `Idempotency-Key`.
    pub idempotency: bool,
}

/// An entry of the outbox that has its position.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxEntry {
    /// Where it stands among all, from 1; gaps are never filled later.
    pub position: i64,
    /// `EVENT` or `JOB`.
    pub kind: String,
    /// What happened or is to be done.
    pub type_name: String,
    /// Full name of the entity whose row it is about.
    pub entity: Option<String>,
    /// Key of that row.
    pub key: Option<String>,
    /// The event or job.
    pub payload: serde_json::Value,
    /// Call that made it.
    pub request_id: String,
    /// Account that called.
    pub principal: Option<String>,
    /// When the call began.
    pub created_at: Timestamp,
}

/// Ends the housekeeping when it is dropped.
pub(crate) struct Housekeeping(AbortHandle);

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps house until the answer is dropped; none where there is nothing to keep. Events go when they are older than `keep`.
/// What a former version left without a position on SQLite has it before this process commits anything; on a server, all that
/// waits is given its own in the background, however much it is.
pub(crate) async fn start(db: &Db, stores: Stores, keep: Duration) -> Result<Option<Housekeeping>> {
    if stores.outbox && db.dialect() == Dialect::Sqlite {
        db.give_positions().await?;
    }
    let db = db.clone();
    let kept = stores.outbox || stores.idempotency;
    Ok(kept.then(|| Housekeeping(tokio::spawn(run(db, stores, keep)).abort_handle())))
}

async fn run(db: Db, stores: Stores, keep: Duration) {
    let mut turn = 0_u32;
    loop {
        let tidied = match turn.is_multiple_of(TURNS_UNTIL_TIDY) {
            true => tidy(&db, stores, keep).await,
            false => Ok(()),
        };
        let relayed = if stores.outbox { db.give_positions().await.map(drop) } else { Ok(()) };
        if let Err(error) = tidied.and(relayed) {
            // The database may be away; commits that depend on it say so themselves.
            tracing::warn!(%error, "housekeeping failed and is tried again");
        }
        turn = turn.wrapping_add(1);
        tokio::select! {
            () = db.told.notified() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

async fn tidy(db: &Db, stores: Stores, keep: Duration) -> Result<()> {
    let cx = Context::system();
    if stores.idempotency {
        db.forget_answers(&cx).await?;
    }
    if stores.outbox {
        db.forget_events(&cx, keep).await?;
    }
    Ok(())
}

impl Db {
    /// Gives all entries of the outbox that are visible their positions, in the order of their inserts, and says whether
    /// there were any.
    pub async fn give_positions(&self) -> Result<bool> {
        let cx = Context::system();
        let mut given = false;
        loop {
            // What one look sees, it sees as of one moment: whoever saw an entry sees all that were committed before it. A
            // statement that writes looks, on MySQL, at each row as of the moment it comes to it.
            let mut waiting = self.fetch(&cx, WAITING, &[Value::I64(AT_ONCE)], |row| row.get::<i64>(0)).await?;
            let Some(last) = waiting.last().copied() else { return Ok(given) };
            waiting.resize(waiting.len().next_power_of_two(), last);
            self.commit(&cx, positions(&cx, self.dialect(), &waiting)).await?;
            given = true;
        }
    }

    /// Entries of the outbox behind a position, at most `most`, in their order. Whoever goes on behind the last of them
    /// misses none.
    pub async fn outbox_behind(&self, cx: &Context, position: i64, most: i64) -> Result<Vec<OutboxEntry>> {
        let sql = "SELECT \"position\", kind, \"type\", entity, \"key\", payload, request_id, principal, created_at \
                   FROM arcana_outbox WHERE \"position\" > ? ORDER BY \"position\" LIMIT ?";
        self.fetch(cx, sql, &[Value::I64(position), Value::I64(most)], read).await
    }

    /// Removes events that have their position and are older than `keep`. Jobs stay until they are taken.
    pub async fn forget_events(&self, cx: &Context, keep: Duration) -> Result<()> {
        let micros = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
        let oldest = Timestamp::from_micros(cx.now().micros().saturating_sub(micros)).unwrap_or(cx.now());
        let old = "DELETE FROM arcana_outbox WHERE \"position\" IS NOT NULL AND kind = 'EVENT' AND created_at < ?";
        let mut changes = Changes::new(cx);
        changes.own(old, vec![Value::Timestamp(oldest)]);
        self.commit(cx, changes).await
    }

    /// Removes answers that are given no more.
    async fn forget_answers(&self, cx: &Context) -> Result<()> {
        let mut changes = Changes::new(cx);
        let old = "DELETE FROM arcana_idempotency WHERE created_at < ?";
        changes.own(old, vec![Value::Timestamp(oldest_answer(cx.now()))]);
        self.commit(cx, changes).await
    }
}

fn read(row: &Row<'_>) -> Result<OutboxEntry> {
    Ok(OutboxEntry {
        position: row.get(0)?,
        kind: row.get(1)?,
        type_name: row.get(2)?,
        entity: row.get(3)?,
        key: row.get(4)?,
        payload: serde_json::Value::Object(row.json(5)?),
        request_id: row.get(6)?,
        principal: row.get(7)?,
        created_at: row.get(8)?,
    })
}

/// Entries without a position. The first of them is looked for alone: PostgreSQL steps over what the index still holds of
/// entries that have theirs by now, and remembers it only where it reads the index in its order.
const WAITING: &str = "SELECT sequence FROM arcana_outbox WHERE \"position\" IS NULL AND sequence >= \
                       (SELECT sequence FROM arcana_outbox WHERE \"position\" IS NULL ORDER BY \"position\", sequence LIMIT 1) \
                       ORDER BY sequence LIMIT ?";

/// Whoever holds the counter is the only one that gives positions, until its commit.
const HOLD: &str = "UPDATE arcana_sequences SET next = next + 0 WHERE name = ?";

/// Behind the highest position; where all entries are gone, where it was.
const NEXT: &str = "UPDATE arcana_sequences SET next = (SELECT CASE WHEN COALESCE(MAX(\"position\"), 0) >= arcana_sequences.next \
                    THEN MAX(\"position\") + 1 ELSE arcana_sequences.next END FROM arcana_outbox) WHERE name = ?";

/// Gives these entries the next positions, but those that another relay gave one meanwhile.
fn positions(cx: &Context, dialect: Dialect, waiting: &[i64]) -> Changes {
    let mut changes = Changes::new(cx);
    let counter = || Value::Text(COUNTER.to_owned());
    let places = vec!["?"; waiting.len()].join(", ");
    let ranked = format!(
        "(SELECT sequence, row_number() OVER (ORDER BY sequence) AS place FROM arcana_outbox \
         WHERE sequence IN ({places}) AND \"position\" IS NULL) AS waiting"
    );
    let next = "waiting.place + (SELECT next FROM arcana_sequences WHERE name = ?) - 1";
    let ids = waiting.iter().map(|sequence| Value::I64(*sequence));
    let (make, give, bound): (_, _, Vec<Value>) = match dialect {
        Dialect::Sqlite => {
            // Only entries of a former version wait here.
            changes.own("UPDATE arcana_outbox SET \"position\" = sequence WHERE \"position\" IS NULL", Vec::new());
            return changes;
        }
        Dialect::Postgres => (
            "INSERT INTO arcana_sequences (name, next) VALUES (?, 1) ON CONFLICT (name) DO NOTHING",
            format!(
                "UPDATE arcana_outbox SET \"position\" = {next} FROM {ranked} \
                 WHERE arcana_outbox.sequence = waiting.sequence"
            ),
            [counter()].into_iter().chain(ids).collect(),
        ),
        Dialect::Mysql => (
            "INSERT IGNORE INTO arcana_sequences (name, next) VALUES (?, 1)",
            format!(
                "UPDATE arcana_outbox JOIN {ranked} ON arcana_outbox.sequence = waiting.sequence SET \"position\" = {next}"
            ),
            ids.chain([counter()]).collect(),
        ),
    };
    changes.own(make, vec![counter()]);
    changes.own(HOLD, vec![counter()]);
    changes.own(give, bound);
    changes.own(NEXT, vec![counter()]);
    changes
}
