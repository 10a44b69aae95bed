//! Lists come in one order on every database: by value, NULL before all values, texts by their bytes, ties by the key.

use arcana_runtime::types::{Duration, Timestamp};
use conformance_generated::conformance::v1::kind::{Colour, Kind};

use crate::cases::{Case, case, named};
use crate::rows;
use crate::stage::Stage;
use crate::values::{day, number, span, time};

/// A field, and its values from the smallest up.
type Ladder = (&'static str, &'static [fn(&mut Kind)]);

pub fn cases() -> Vec<Case> {
    let ways = [false, true];
    let table =
        [REQUIRED, OPTIONAL].concat().into_iter().flat_map(|ladder| ways.map(|descending| (ladder, descending)));
    let table = table.map(|((field, values), descending)| {
        let name = format!("order::{field}_{}", if descending { "descending" } else { "ascending" });
        named(name, move |stage| comes_in_order(stage, field, values, descending))
    });
    let own = [
        case(two_fields_in_opposite_directions),
        case(the_newest_come_first_by_default),
        case(without_a_time_the_key_is_the_order),
    ];
    table.chain(own).collect()
}

const REQUIRED: &[Ladder] = &[
    ("a_bool", &[|row| row.a_bool = false, |row| row.a_bool = true]),
    (
        "an_int32",
        &[
            |row| row.an_int32 = i32::MIN,
            |row| row.an_int32 = -10,
            |row| row.an_int32 = -9,
            |row| row.an_int32 = 0,
            |row| row.an_int32 = 9,
            |row| row.an_int32 = 10,
            |row| row.an_int32 = i32::MAX,
        ],
    ),
    (
        "an_int64",
        &[
            |row| row.an_int64 = i64::MIN,
            |row| row.an_int64 = -1,
            |row| row.an_int64 = 9_007_199_254_740_992,
            |row| row.an_int64 = 9_007_199_254_740_993,
            |row| row.an_int64 = i64::MAX,
        ],
    ),
    (
        "a_uint32",
        &[|row| row.a_uint32 = 0, |row| row.a_uint32 = 9, |row| row.a_uint32 = 1 << 31, |row| row.a_uint32 = u32::MAX],
    ),
    (
        "a_uint64",
        &[
            |row| row.a_uint64 = 0,
            |row| row.a_uint64 = 10,
            |row| row.a_uint64 = i64::MAX.unsigned_abs() - 1,
            |row| row.a_uint64 = i64::MAX.unsigned_abs(),
        ],
    ),
    (
        "a_float",
        &[
            |row| row.a_float = f32::MIN,
            |row| row.a_float = -0.1,
            |row| row.a_float = 0.0,
            |row| row.a_float = f32::MIN_POSITIVE,
            |row| row.a_float = 0.1,
            |row| row.a_float = 0.2,
            |row| row.a_float = f32::MAX,
        ],
    ),
    (
        "a_double",
        &[
            |row| row.a_double = f64::MIN,
            |row| row.a_double = -0.1,
            |row| row.a_double = 0.0,
            |row| row.a_double = f64::from_bits(1),
            |row| row.a_double = 0.1,
            |row| row.a_double = 0.1 + f64::EPSILON,
            |row| row.a_double = f64::MAX,
        ],
    ),
    (
        "a_string",
        &[
            |row| row.a_string = String::new(),
            |row| row.a_string = " ".to_owned(),
            |row| row.a_string = "-b".to_owned(),
            |row| row.a_string = "10".to_owned(),
            |row| row.a_string = "9".to_owned(),
            |row| row.a_string = "B".to_owned(),
            |row| row.a_string = "a".to_owned(),
            |row| row.a_string = "a\t".to_owned(),
            |row| row.a_string = "a ".to_owned(),
            |row| row.a_string = "aa".to_owned(),
            |row| row.a_string = "b".to_owned(),
            |row| row.a_string = "e\u{301}".to_owned(),
            |row| row.a_string = "f".to_owned(),
            |row| row.a_string = "ß".to_owned(),
            |row| row.a_string = "ä".to_owned(),
            |row| row.a_string = "é".to_owned(),
            |row| row.a_string = "я".to_owned(),
            |row| row.a_string = "日".to_owned(),
            |row| row.a_string = "\u{ff5e}".to_owned(),
            |row| row.a_string = "😀".to_owned(),
        ],
    ),
    (
        "a_decimal",
        &[
            |row| row.a_decimal = number("-999999999999.999999"),
            |row| row.a_decimal = number("-10"),
            |row| row.a_decimal = number("-9.5"),
            |row| row.a_decimal = number("0"),
            |row| row.a_decimal = number("0.000001"),
            |row| row.a_decimal = number("9.999999"),
            |row| row.a_decimal = number("10"),
            |row| row.a_decimal = number("999999999999.999999"),
        ],
    ),
    (
        "a_timestamp",
        &[
            |row| row.a_timestamp = Timestamp::MIN,
            |row| row.a_timestamp = time("0999-12-31T23:59:59Z"),
            |row| row.a_timestamp = time("1969-12-31T23:59:59.999999Z"),
            |row| row.a_timestamp = time("1970-01-01T00:00:00Z"),
            |row| row.a_timestamp = time("2025-10-26T00:30:00Z"),
            |row| row.a_timestamp = time("2025-10-26T01:15:00Z"),
            |row| row.a_timestamp = time("2025-10-26T01:15:00.000001Z"),
            |row| row.a_timestamp = Timestamp::MAX,
        ],
    ),
    (
        "a_duration",
        &[
            |row| row.a_duration = span("-315576000000s"),
            |row| row.a_duration = span("-10s"),
            |row| row.a_duration = span("-9s"),
            |row| row.a_duration = Duration::default(),
            |row| row.a_duration = span("0.000001s"),
            |row| row.a_duration = span("9s"),
            |row| row.a_duration = span("10s"),
            |row| row.a_duration = span("315576000000s"),
        ],
    ),
    (
        "a_date",
        &[
            |row| row.a_date = day("0001-01-01"),
            |row| row.a_date = day("0999-12-31"),
            |row| row.a_date = day("1000-01-01"),
            |row| row.a_date = day("2024-02-29"),
            |row| row.a_date = day("2024-03-01"),
            |row| row.a_date = day("9999-12-31"),
        ],
    ),
    // By name: the order of the numbers is another.
    (
        "a_colour",
        &[
            |row| row.a_colour = Colour::Blue,
            |row| row.a_colour = Colour::Green,
            |row| row.a_colour = Colour::Red,
            |row| row.a_colour = Colour::Unspecified,
        ],
    ),
];

const OPTIONAL: &[Ladder] = &[
    (
        "maybe_bool",
        &[|row| row.maybe_bool = None, |row| row.maybe_bool = Some(false), |row| row.maybe_bool = Some(true)],
    ),
    (
        "maybe_int32",
        &[
            |row| row.maybe_int32 = None,
            |row| row.maybe_int32 = Some(i32::MIN),
            |row| row.maybe_int32 = Some(0),
            |row| row.maybe_int32 = Some(i32::MAX),
        ],
    ),
    (
        "maybe_int64",
        &[
            |row| row.maybe_int64 = None,
            |row| row.maybe_int64 = Some(i64::MIN),
            |row| row.maybe_int64 = Some(-1),
            |row| row.maybe_int64 = Some(i64::MAX),
        ],
    ),
    (
        "maybe_uint32",
        &[|row| row.maybe_uint32 = None, |row| row.maybe_uint32 = Some(0), |row| row.maybe_uint32 = Some(u32::MAX)],
    ),
    (
        "maybe_uint64",
        &[
            |row| row.maybe_uint64 = None,
            |row| row.maybe_uint64 = Some(0),
            |row| row.maybe_uint64 = Some(i64::MAX.unsigned_abs()),
        ],
    ),
    (
        "maybe_float",
        &[
            |row| row.maybe_float = None,
            |row| row.maybe_float = Some(f32::MIN),
            |row| row.maybe_float = Some(0.1),
            |row| row.maybe_float = Some(0.2),
        ],
    ),
    (
        "maybe_double",
        &[
            |row| row.maybe_double = None,
            |row| row.maybe_double = Some(-1e300),
            |row| row.maybe_double = Some(0.1),
            |row| row.maybe_double = Some(1e300),
        ],
    ),
    (
        "maybe_string",
        &[
            |row| row.maybe_string = None,
            |row| row.maybe_string = Some(String::new()),
            |row| row.maybe_string = Some("B".to_owned()),
            |row| row.maybe_string = Some("a".to_owned()),
            |row| row.maybe_string = Some("a ".to_owned()),
            |row| row.maybe_string = Some("ä".to_owned()),
            |row| row.maybe_string = Some("😀".to_owned()),
        ],
    ),
    (
        "maybe_decimal",
        &[
            |row| row.maybe_decimal = None,
            |row| row.maybe_decimal = Some(number("-99999999.99")),
            |row| row.maybe_decimal = Some(number("9.99")),
            |row| row.maybe_decimal = Some(number("10")),
        ],
    ),
    (
        "maybe_timestamp",
        &[
            |row| row.maybe_timestamp = None,
            |row| row.maybe_timestamp = Some(Timestamp::MIN),
            |row| row.maybe_timestamp = Some(time("2025-10-26T01:15:00.000001Z")),
            |row| row.maybe_timestamp = Some(Timestamp::MAX),
        ],
    ),
    (
        "maybe_duration",
        &[
            |row| row.maybe_duration = None,
            |row| row.maybe_duration = Some(span("-10s")),
            |row| row.maybe_duration = Some(span("-9s")),
            |row| row.maybe_duration = Some(span("9s")),
        ],
    ),
    (
        "maybe_date",
        &[
            |row| row.maybe_date = None,
            |row| row.maybe_date = Some(day("0001-01-01")),
            |row| row.maybe_date = Some(day("9999-12-31")),
        ],
    ),
    (
        "maybe_colour",
        &[
            |row| row.maybe_colour = None,
            |row| row.maybe_colour = Some(Colour::Blue),
            |row| row.maybe_colour = Some(Colour::Red),
        ],
    ),
];

/// Each value in two rows, whose keys are in another order than the values. Rows are named by the number of their key.
async fn comes_in_order(stage: Stage, field: &str, values: &[fn(&mut Kind)], descending: bool) {
    let count = values.len();
    // Against the order of the keys, and shifted in the second round.
    let rank_of = |n: usize| (count - n % count + n / count) % count;
    let mut meant: Vec<usize> = (0..2 * count).collect();
    let mut kinds = Vec::new();
    for n in &meant {
        let mut row = rows::kind(*n);
        values[rank_of(*n)](&mut row);
        kinds.push(stage.insert(row).await);
    }
    meant.sort_by_key(|n| (rank_of(*n), *n));
    if descending {
        meant.reverse();
    }
    let place = |row: &Kind| kinds.iter().position(|kind| kind.id == row.id).unwrap();
    let direction = if descending { "desc" } else { "asc" };
    let whole = stage.list::<Kind>(&[("sort", field), ("order", direction), ("size", "100")]).await;
    assert_eq!(whole.data.iter().map(place).collect::<Vec<_>>(), meant, "on one page");
    assert_eq!((whole.total, whole.next_page_token.as_str()), (Some(2 * count as i64), ""));

    for size in ["1", "3"] {
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page = [("sort", field), ("order", direction), ("size", size), ("page_token", token.as_str())];
            let page = stage.list::<Kind>(&page).await;
            assert!(page.data.len() <= size.parse().unwrap());
            found.extend(page.data.iter().map(place));
            assert!(found.len() <= meant.len(), "rows come again: {found:?}");
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(found, meant, "by token, {size} at a time");
    }

    let mut found = Vec::new();
    for page in 0..=2 * count / 3 {
        let page = page.to_string();
        let page =
            stage.list::<Kind>(&[("sort", field), ("order", direction), ("size", "3"), ("page", page.as_str())]).await;
        found.extend(page.data.iter().map(place));
    }
    assert_eq!(found, meant, "by number of the page");
}

async fn two_fields_in_opposite_directions(stage: Stage) {
    let mut meant = Vec::new();
    for n in 0..12 {
        let row = Kind {
            maybe_int32: (n % 3 != 0).then_some(n % 3),
            a_string: format!("{}", n % 2),
            ..rows::kind(n as usize)
        };
        meant.push(stage.insert(row).await);
    }
    // The key goes the way of the last field.
    meant.sort_by(|a, b| {
        b.maybe_int32.cmp(&a.maybe_int32).then_with(|| a.a_string.cmp(&b.a_string)).then_with(|| a.id.cmp(&b.id))
    });
    let (mut found, mut token) = (Vec::new(), String::new());
    while found.is_empty() || !token.is_empty() {
        let page =
            [("sort", "maybe_int32,a_string"), ("order", "desc,asc"), ("size", "5"), ("page_token", token.as_str())];
        let page = stage.list::<Kind>(&page).await;
        found.extend(page.data);
        token = page.next_page_token;
    }
    assert_eq!(found, meant);
}

async fn the_newest_come_first_by_default(stage: Stage) {
    let first = stage.insert(rows::kind(2)).await;
    let stage = stage.later();
    // Of one time: the key decides, the largest first.
    let (second, third) = (stage.insert(rows::kind(0)).await, stage.insert(rows::kind(1)).await);
    let page = stage.list::<Kind>(&[]).await;
    assert_eq!(page.data, [third, second, first]);
}

async fn without_a_time_the_key_is_the_order(stage: Stage) {
    for code in ["ä", "B", "a ", "a", "😀"] {
        stage.insert(rows::coded(code)).await;
    }
    let page = stage.list::<conformance_generated::conformance::v1::coded::Coded>(&[]).await;
    let codes: Vec<_> = page.data.iter().map(|row| row.code.0.as_str()).collect();
    assert_eq!(codes, ["B", "a", "a ", "ä", "😀"]);
}
