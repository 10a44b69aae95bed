//! Sample rows: realistic, varied, related, and the same in every run. Row `n` of one entity refers to row `n` of another.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::changes::Changes;
use crate::context::Context;
use crate::db::Db;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::types::{Date, Decimal, Duration, Timestamp};

/// Rows that each table gets by default.
pub const ROWS: usize = 8;

/// An entity with sample rows.
pub trait Fixture: Entity {
    /// Sample row `n`, from 0.
    fn fixture(n: usize) -> Self;
}

/// What was inserted into one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeded {
    /// Table.
    pub table: &'static str,
    /// Rows that were inserted.
    pub rows: usize,
    /// Why not all of them were.
    pub skipped: Option<Skipped>,
}

/// Why sample rows were not inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// The table has rows.
    HasRows,
    /// Samples that they refer to are not there: theirs is a table that had rows of its own.
    NoReference,
}

/// Inserts sample rows, table by table.
pub struct Seeder<'d> {
    db: &'d Db,
    cx: Context,
    rows: usize,
    done: Vec<Seeded>,
}

impl<'d> Seeder<'d> {
    /// For so many rows in each table.
    pub fn new(db: &'d Db, rows: usize) -> Self {
        Self { db, cx: Context::system(), rows, done: Vec::new() }
    }

    /// Inserts the sample rows of one entity, unless its table has rows already.
    pub async fn seed<E: Fixture>(&mut self) -> Result<()> {
        let table = E::SPEC.table;
        let sql = format!("SELECT 1 FROM {table} LIMIT 1");
        let empty = self.db.fetch(&self.cx, &sql, &[], |_| Ok(())).await?.is_empty();
        let mut skipped = (!empty).then_some(Skipped::HasRows);
        let mut rows = 0;
        while skipped.is_none() && rows < self.rows {
            let end = self.rows.min(rows + 100);
            let mut changes = Changes::new(&self.cx);
            for n in rows..end {
                changes.insert_as_it_is(&E::fixture(n));
            }
            match self.db.commit(&self.cx, changes).await {
                Ok(()) => rows = end,
                // Another process was faster.
                Err(Error::Conflict { .. }) => skipped = Some(Skipped::HasRows),
                Err(Error::FailedPrecondition { .. }) => skipped = Some(Skipped::NoReference),
                Err(other) => return Err(other),
            }
        }
        if E::SPEC.allotted && rows > 0 {
            // Numbers that samples took are taken.
            while self.db.allot(&self.cx, table).await? <= i64::try_from(rows).unwrap_or(i64::MAX) {}
        }
        self.done.push(Seeded { table, rows, skipped });
        Ok(())
    }

    /// What was inserted.
    pub fn done(self) -> Vec<Seeded> {
        self.done
    }
}

/// Key of row `n`: shaped like a UUID of version 7.
pub fn uuid(entity: &str, n: usize) -> Uuid {
    let digest = Sha256::digest(entity.as_bytes());
    let n = n as u128;
    let hash = u128::from(digest[0]) << 8 | u128::from(digest[1]);
    Uuid::from_u128(0x0190 << 112 | (n & 0xffff) << 96 | hash << 80 | 0x7 << 76 | 0x8 << 60 | (n & 0xffff_ffff_ffff))
}

/// Row that row `n` of another entity refers to: any of the first but the last, which is left alone, so that there is
/// one that can be deleted.
pub fn referred(n: usize) -> usize {
    n % (ROWS - 1)
}

/// Row that the other part of the composite key of row `n` refers to: together they differ in the first 49 rows.
pub fn paired(n: usize) -> usize {
    (n + n / (ROWS - 1)) % (ROWS - 1)
}

/// Number of row `n`, from 1.
pub fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX - 1) + 1
}

/// The example of the documentation in row 0, what `other` says in all others.
pub fn example<T>(n: usize, example: T, other: impl FnOnce() -> T) -> T {
    if n == 0 { example } else { other() }
}

/// One of some values, in turn.
pub fn pick<T: Copy>(values: &[T], n: usize) -> T {
    values[n % values.len()]
}

/// A number within bounds, scattered.
pub fn between(n: usize, least: i64, most: i64) -> i64 {
    let span = i128::from(most) - i128::from(least) + 1;
    let step = (n as i128 * 37 + 11).rem_euclid(span.max(1));
    i64::try_from(i128::from(least) + step).unwrap_or(least)
}

/// A decimal below `below`, with `scale` digits behind the point.
pub fn decimal(n: usize, below: i64, scale: u32) -> Decimal {
    let unit = 10_i64.saturating_pow(scale.min(9));
    let cents = between(n, unit / 2, below.saturating_mul(unit).saturating_sub(1).max(unit / 2));
    Decimal::new(cents, scale.min(9))
}

/// A decimal from its text.
pub fn parsed(text: &str) -> Decimal {
    text.parse().unwrap_or_default()
}

/// A number with a fraction.
pub fn float(n: usize) -> f64 {
    f64::from(u32::try_from(n % 1000).unwrap_or_default()) * 1.25 + 0.5
}

/// A point in time: each row some hours after the one before, in the year 2026.
pub fn time(n: usize) -> Timestamp {
    const FIRST_MICROS: i64 = 1_767_261_600_000_000;
    const STEP_MICROS: i64 = 5 * 3600 * 1_000_000 + 420_000_000;
    Timestamp::from_micros(FIRST_MICROS + i64::try_from(n).unwrap_or_default() * STEP_MICROS).unwrap_or_default()
}

/// A day.
pub fn date(n: usize) -> Date {
    let part = |n: usize| i32::try_from(n).unwrap_or_default();
    Date::new(1960 + part(n * 7 % 45), 1 + part(n * 5 % 12), 1 + part(n * 11 % 28)).unwrap_or_default()
}

/// A span of time.
pub fn duration(n: usize) -> Duration {
    Duration::from_micros(between(n, 30, 5400) * 1_000_000).unwrap_or_default()
}

/// Bytes.
pub fn bytes(n: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((n * 31 + at * 17) % 256).unwrap_or_default()).collect()
}

/// A text, cut to so many characters.
pub fn within(text: String, most: usize) -> String {
    if text.chars().count() <= most { text } else { text.chars().take(most).collect() }
}

/// The example with the digits at its end counted up by `n`, as long as before.
pub fn vary(example: &str, n: usize) -> String {
    let digits = example.chars().rev().take_while(char::is_ascii_digit).take(9).count();
    if digits == 0 {
        return example.to_owned();
    }
    let (head, tail) = example.split_at(example.len() - digits);
    let counted = tail.parse::<usize>().unwrap_or_default() + n;
    let text = format!("{counted:0digits$}");
    format!("{head}{}", text.get(text.len() - digits..).unwrap_or(&text))
}

const FIRST: [&str; 16] = [
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Margaret",
    "Dennis",
    "Radia",
    "Ken",
    "Frances",
    "Niklaus",
    "Hedy",
    "Tim",
    "Katherine",
    "John",
    "Adele",
];
const LAST: [&str; 17] = [
    "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Hamilton", "Ritchie", "Perlman", "Thompson", "Allen", "Wirth",
    "Lamarr", "Lee", "Johnson", "Backus", "Goldberg", "Lovelace",
];
const ADJECTIVES: [&str; 11] =
    ["Warm", "Folding", "Quiet", "Sturdy", "Blue", "Light", "Round", "Slim", "Solid", "Bright", "Northern"];
const THINGS: [&str; 13] = [
    "desk lamp",
    "notebook",
    "chair",
    "kettle",
    "backpack",
    "keyboard",
    "mug",
    "clock",
    "radio",
    "shelf",
    "blanket",
    "bicycle bell",
    "umbrella",
];
const CITIES: [&str; 9] =
    ["London", "Zürich", "São Paulo", "Kyoto", "Oslo", "Montréal", "Nairobi", "Porto", "Wellington"];
const COUNTRIES: [&str; 9] = ["GB", "CH", "BR", "JP", "NO", "CA", "KE", "PT", "NZ"];
const STREETS: [&str; 7] =
    ["Mill Lane", "High Street", "Station Road", "Park Avenue", "Church Row", "Quay Side", "Hill View"];

/// First name.
pub fn first_name(n: usize) -> &'static str {
    pick(&FIRST, n)
}

/// Last name.
pub fn last_name(n: usize) -> &'static str {
    pick(&LAST, n)
}

/// Full name; the two lists have lengths that make it repeat late.
pub fn person(n: usize) -> String {
    format!("{} {}", first_name(n), last_name(n))
}

/// E-mail address, different in each row.
pub fn email(n: usize) -> String {
    let name = first_name(n).to_lowercase();
    if n < FIRST.len() { format!("{name}@example.com") } else { format!("{name}.{n}@example.com") }
}

/// Name of a thing.
pub fn thing(n: usize) -> String {
    format!("{} {}", pick(&ADJECTIVES, n), pick(&THINGS, n))
}

/// City.
pub fn city(n: usize) -> &'static str {
    pick(&CITIES, n)
}

/// Country, as in ISO 3166-1 alpha-2.
pub fn country(n: usize) -> &'static str {
    pick(&COUNTRIES, n)
}

/// Street and number.
pub fn street(n: usize) -> String {
    format!("{} {}", 3 + n * 7 % 120, pick(&STREETS, n))
}

/// Phone number, from the range that is kept for fiction.
pub fn phone(n: usize) -> String {
    format!("+44 20 7946 0{:03}", n * 37 % 1000)
}

/// Host name.
pub fn hostname(n: usize) -> String {
    format!("host-{n}.example.com")
}

/// URI.
pub fn uri(n: usize) -> String {
    format!("https://example.com/items/{n}")
}

/// IP address, from the range that is kept for documentation.
pub fn ip(n: usize) -> String {
    format!("192.0.2.{}", n % 256)
}

/// Short code, different in each row.
pub fn code(n: usize) -> String {
    format!("C-{:05}", n + 1)
}

/// A few words.
pub fn phrase(n: usize) -> String {
    thing(n * 3 + 1).to_lowercase()
}

/// A sentence.
pub fn sentence(n: usize) -> String {
    format!("A {} for {}.", phrase(n), city(n))
}

/// Words to find something by.
pub fn words(n: usize) -> Vec<String> {
    vec![pick(&ADJECTIVES, n).to_lowercase(), pick(&THINGS, n).replace(' ', "-")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shaped_like_uuids_of_version_7() {
        let id = uuid("shop.v1.Order", 10);
        assert_eq!(id.get_version_num(), 7);
        assert!(id.to_string().ends_with("-7000-8000-00000000000a"), "{id}");
    }

    #[test]
    fn pairs_of_rows_differ_and_leave_the_last_alone() {
        let pairs: std::collections::BTreeSet<_> = (0..49).map(|n| (referred(n), paired(n))).collect();
        assert_eq!(pairs.len(), 49);
        assert!(pairs.iter().all(|(first, second)| first.max(second) < &(ROWS - 1)));
    }

    #[test]
    fn examples_vary_in_their_digits_only() {
        assert_eq!(vary("LAMP-0042", 0), "LAMP-0042");
        assert_eq!(vary("LAMP-0042", 9), "LAMP-0051");
        assert_eq!(vary("none", 3), "none");
    }

    #[test]
    fn numbers_stay_within_bounds() {
        for n in 0..1000 {
            assert!((1..=9).contains(&between(n, 1, 9)));
            assert!(decimal(n, 10, 2) < Decimal::from(10));
        }
    }
}
