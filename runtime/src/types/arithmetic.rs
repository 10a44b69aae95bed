//! Sums and differences of times. What would leave the range of a type stays at its end: times of clients are in range, and a
//! service that adds a day to the last one must not fall over it.

use std::ops::{Add, Neg, Sub};

use super::{Date, Duration, Timestamp};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Duration {
    /// So many microseconds, or as many as fit.
    fn clamped(micros: i64) -> Self {
        let most = Self::MAX.micros();
        Self::from_micros(micros.clamp(-most, most)).unwrap_or(Self::MAX)
    }

    /// So many seconds.
    pub fn seconds(count: i64) -> Self {
        Self::clamped(count.saturating_mul(SECOND))
    }

    /// So many minutes.
    pub fn minutes(count: i64) -> Self {
        Self::clamped(count.saturating_mul(MINUTE))
    }

    /// So many hours.
    pub fn hours(count: i64) -> Self {
        Self::clamped(count.saturating_mul(HOUR))
    }

    /// So many times 24 hours.
    pub fn days(count: i64) -> Self {
        Self::clamped(count.saturating_mul(DAY))
    }
}

impl Timestamp {
    fn clamped(micros: i64) -> Self {
        Self::from_micros(micros.clamp(Self::MIN.micros(), Self::MAX.micros())).unwrap_or(Self::MAX)
    }

    /// The day, in UTC.
    pub fn date(self) -> Date {
        // Every time that there is falls on a day that there is.
        Date::from_days(self.micros().div_euclid(DAY)).unwrap_or_default()
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self::clamped(self.micros().saturating_add(span.micros()))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self::clamped(self.micros().saturating_sub(span.micros()))
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        Duration::clamped(self.micros().saturating_sub(earlier.micros()))
    }
}

impl Add for Duration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::clamped(self.micros().saturating_add(other.micros()))
    }
}

impl Sub for Duration {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::clamped(self.micros().saturating_sub(other.micros()))
    }
}

impl Neg for Duration {
    type Output = Self;

    fn neg(self) -> Self {
        Self::clamped(-self.micros())
    }
}

impl Date {
    /// The day so many days after 1970-01-01, or the first or last that there is.
    fn clamped(days: i64) -> Self {
        let (first, last) = (Timestamp::MIN.date(), Timestamp::MAX.date());
        Self::from_days(days.clamp(first.days(), last.days())).unwrap_or(last)
    }
}

/// So many days later.
impl Add<i64> for Date {
    type Output = Self;

    fn add(self, days: i64) -> Self {
        Self::clamped(self.days().saturating_add(days))
    }
}

/// So many days earlier.
impl Sub<i64> for Date {
    type Output = Self;

    fn sub(self, days: i64) -> Self {
        Self::clamped(self.days().saturating_sub(days))
    }
}

/// The days between two.
impl Sub for Date {
    type Output = i64;

    fn sub(self, earlier: Self) -> i64 {
        self.days() - earlier.days()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn times_and_spans_add_up() {
        let noon = time("2026-02-28T12:00:00Z");
        assert_eq!(noon + Duration::hours(12), time("2026-03-01T00:00:00Z"));
        assert_eq!(noon - Duration::days(59), time("2025-12-31T12:00:00Z"));
        assert_eq!(noon - time("2026-02-28T11:58:30Z"), Duration::seconds(90));
        assert_eq!(Duration::minutes(2) - Duration::seconds(150), -Duration::seconds(30));
        assert_eq!(time("1969-12-31T23:59:59Z").date(), date("1969-12-31"));
    }

    #[test]
    fn days_follow_the_calendar() {
        assert_eq!(date("2024-02-28") + 1, date("2024-02-29"));
        assert_eq!(date("2026-01-01") - 1, date("2025-12-31"));
        assert_eq!(date("2026-03-01") - date("2026-02-01"), 28);
    }

    #[test]
    fn what_would_leave_the_range_stays_at_its_end() {
        assert_eq!(Timestamp::MAX + Duration::seconds(1), Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Duration::MAX, Timestamp::MIN);
        assert_eq!(Duration::days(i64::MAX), Duration::MAX);
        assert_eq!(Duration::MAX + Duration::MAX, Duration::MAX);
        assert_eq!(date("9999-12-31") + i64::MAX, date("9999-12-31"));
        assert_eq!(date("0001-01-01") - i64::MAX, date("0001-01-01"));
    }
}
