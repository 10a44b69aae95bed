//! Points and spans of time, exact to the microsecond.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use serde::{Serialize, Serializer};

/// A point in time: microseconds since 1970-01-01T00:00:00Z, between the years 0001 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A span of time in microseconds, at most ±10,000 years (315,576,000,000 s, the bound of google.protobuf.Duration).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(i64);

/// A day of the calendar, between the years 0001 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

const MICROS: i64 = 1_000_000;
const MIN_SECONDS: i64 = -62_135_596_800;
const MAX_SECONDS: i64 = 253_402_300_799;
const MAX_DURATION_SECONDS: i64 = 315_576_000_000;

impl Timestamp {
    /// The earliest: 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(MIN_SECONDS * MICROS);
    /// The latest: 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(MAX_SECONDS * MICROS + MICROS - 1);

    /// Now.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }

    /// From microseconds since the epoch, if in range.
    pub fn from_micros(micros: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// From seconds and nanoseconds as google.protobuf.Timestamp has them; what is finer than a microsecond is cut.
    pub fn from_parts(seconds: i64, nanos: i32) -> Option<Self> {
        if !(MIN_SECONDS..=MAX_SECONDS).contains(&seconds) || !(0..1_000_000_000).contains(&nanos) {
            return None;
        }
        Some(Self(seconds * MICROS + i64::from(nanos / 1000)))
    }

    /// Seconds and nanoseconds as google.protobuf.Timestamp has them.
    pub fn parts(self) -> (i64, i32) {
        let nanos = i32::try_from(self.0.rem_euclid(MICROS) * 1000).unwrap_or_default();
        (self.0.div_euclid(MICROS), nanos)
    }
}

impl Timestamp {
    /// RFC 3339 in UTC with microseconds, such as `2026-01-31T09:30:00.000000Z`. Rows have several of them and lists
    /// many rows, so the digits are set in place and not formatted one by one.
    fn text(self) -> [u8; 27] {
        let (seconds, nanos) = self.parts();
        let days = i32::try_from(seconds.div_euclid(86_400)).unwrap_or_default();
        let second_of_day = u32::try_from(seconds.rem_euclid(86_400)).unwrap_or_default();
        let (year, month, day) = civil_from_days(days);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        set_digits(&mut text[0..4], year.unsigned_abs());
        set_digits(&mut text[5..7], month);
        set_digits(&mut text[8..10], day);
        set_digits(&mut text[11..13], second_of_day / 3600);
        set_digits(&mut text[14..16], second_of_day / 60 % 60);
        set_digits(&mut text[17..19], second_of_day % 60);
        set_digits(&mut text[20..26], nanos.unsigned_abs() / 1000);
        text
    }
}

/// The last digits of a number, as many as there are places.
fn set_digits(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// RFC 3339 in UTC with microseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil_from_days(days: i32) -> (i32, u32, u32) {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        i32::try_from(year).unwrap_or_default(),
        u32::try_from(month).unwrap_or_default(),
        u32::try_from(day).unwrap_or_default(),
    )
}

impl FromStr for Timestamp {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_rfc3339(text).ok_or("must be a time as in RFC 3339, such as 2026-01-31T09:30:00Z")
    }
}

/// `date T time offset`. The libraries for it end some hours before the year 9999 does.
fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let (year, month, day) = date.parse::<Date>().ok()?.parts();
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let number = |text: &str| -> Option<i64> {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    let (hour, minute, second) = (number(rest.get(..2)?)?, number(rest.get(3..5)?)?, number(rest.get(6..8)?)?);
    if rest.get(2..3)? != ":" || rest.get(5..6)? != ":" || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let behind = rest.get(8..)?;
    let (fraction, offset) = match behind.strip_prefix('.') {
        Some(digits) => digits.split_at(digits.find(|c: char| !c.is_ascii_digit())?),
        None => ("0", behind),
    };
    let micros = if fraction.is_empty() { return None } else { number(format!("{fraction:0<6}").get(..6)?)? };
    let offset_minutes = match offset.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), .., _] if offset.len() == 6 && offset.get(3..4)? == ":" => {
            let (hours, minutes) = (number(offset.get(1..3)?)?, number(offset.get(4..6)?)?);
            let total = hours * 60 + minutes;
            if hours > 23 || minutes > 59 {
                return None;
            }
            if *sign == b'-' { -total } else { total }
        }
        _ => return None,
    };
    let days = i64::from(days_from_civil(year, month, day));
    let seconds = days * 86_400 + hour * 3600 + (minute - offset_minutes) * 60 + second;
    Timestamp::from_micros(seconds * MICROS + micros)
}

/// Days from 1970-01-01 to a day, in the proleptic Gregorian calendar.
fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl Duration {
    /// The longest; the longest backwards is its negative.
    pub const MAX: Self = Self(MAX_DURATION_SECONDS * MICROS);

    /// From microseconds, if in range.
    pub fn from_micros(micros: i64) -> Option<Self> {
        let bound = MAX_DURATION_SECONDS * MICROS;
        (-bound..=bound).contains(&micros).then_some(Self(micros))
    }

    /// Microseconds.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// From seconds and nanoseconds as google.protobuf.Duration has them.
    pub fn from_parts(seconds: i64, nanos: i32) -> Option<Self> {
        let mixed = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
        if mixed || nanos.abs() >= 1_000_000_000 {
            return None;
        }
        Self::from_micros(seconds.checked_mul(MICROS)?.checked_add(i64::from(nanos / 1000))?)
    }

    /// Seconds and nanoseconds as google.protobuf.Duration has them.
    pub fn parts(self) -> (i64, i32) {
        (self.0 / MICROS, i32::try_from(self.0 % MICROS * 1000).unwrap_or_default())
    }
}

/// Seconds with as many decimals as are needed, and `s`: the form of ProtoJSON, such as `1.5s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (seconds, micros) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        if micros == 0 {
            return write!(f, "{sign}{seconds}s");
        }
        let fraction = format!("{micros:06}");
        write!(f, "{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
    }
}

impl FromStr for Duration {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MESSAGE: &str = "must be seconds with an s behind, such as 1.5s";
        let number = text.strip_suffix('s').ok_or(MESSAGE)?;
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 12 || !digits(whole) || fraction.len() > 9 || !digits(fraction) {
            return Err(MESSAGE);
        }
        let whole: i64 = whole.parse().map_err(|_| MESSAGE)?;
        let fraction: i64 = format!("{fraction:0<6}")[..6].parse().map_err(|_| MESSAGE)?;
        let micros = whole * MICROS + fraction;
        Self::from_micros(if negative { -micros } else { micros }).ok_or(MESSAGE)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Date {
    /// From year, month and day, if there is such a day.
    pub fn new(year: i32, month: i32, day: i32) -> Option<Self> {
        let (year, month, day) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        let date = civil::Date::new(year, month, day).ok()?;
        (date.year() >= 1).then_some(Self(date))
    }

    /// From days since 1970-01-01, if years are written with four digits then.
    pub fn from_days(days: i64) -> Option<Self> {
        let (year, month, day) = civil_from_days(i32::try_from(days).ok()?);
        Self::new(year, i32::try_from(month).ok()?, i32::try_from(day).ok()?)
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        // Both days are in range, so the span is too.
        civil::date(1970, 1, 1).until(self.0).map(|span| i64::from(span.get_days())).unwrap_or_default()
    }

    /// Year, month and day.
    pub fn parts(self) -> (i32, i32, i32) {
        (i32::from(self.0.year()), i32::from(self.0.month()), i32::from(self.0.day()))
    }
}

/// 1970-01-01.
impl Default for Date {
    fn default() -> Self {
        Self(civil::date(1970, 1, 1))
    }
}

/// As in RFC 3339: `2026-01-31`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Date {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MESSAGE: &str = "must be a day, such as 2026-01-31";
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shape {
            return Err(MESSAGE);
        }
        let part = |range: std::ops::Range<usize>| text[range].parse().map_err(|_| MESSAGE);
        Self::new(part(0..4)?, part(5..7)?, part(8..10)?).ok_or(MESSAGE)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_round_trip_through_text() {
        for text in [
            "0001-01-01T00:00:00.000000Z",
            "1969-12-31T23:59:59.999999Z",
            "2024-02-29T12:00:00.000001Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn timestamps_outside_the_calendar_are_refused() {
        assert!("0000-12-31T23:59:59Z".parse::<Timestamp>().is_err());
        assert!("yesterday".parse::<Timestamp>().is_err());
        assert_eq!(Timestamp::from_parts(MAX_SECONDS + 1, 0), None);
        assert_eq!(Timestamp::from_parts(0, -1), None);
    }

    #[test]
    fn durations_round_trip_through_text() {
        for text in ["0s", "1.5s", "-0.000001s", "315576000000s"] {
            assert_eq!(text.parse::<Duration>().unwrap().to_string(), text);
        }
        assert!("315576000001s".parse::<Duration>().is_err());
        assert!("1".parse::<Duration>().is_err());
    }

    #[test]
    fn dates_know_the_calendar() {
        assert_eq!("2024-02-29".parse::<Date>().unwrap().to_string(), "2024-02-29");
        assert!("2023-02-29".parse::<Date>().is_err());
        for text in ["0001-01-01", "1969-12-31", "1970-01-01", "2000-02-29", "9999-12-31"] {
            let date: Date = text.parse().unwrap();
            assert_eq!(Date::from_days(date.days()), Some(date), "{text}");
        }
        assert_eq!(Date::default().days(), 0);
        assert!("0000-01-01".parse::<Date>().is_err());
        assert!("2023-2-9".parse::<Date>().is_err());
    }
}
