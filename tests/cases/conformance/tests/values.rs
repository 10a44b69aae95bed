//! Values come back as they went in, to the last bit: by key, in a list, and after an update.

use arcana_runtime::entity::Entity;
use arcana_runtime::json::FromJson;
use arcana_runtime::rest::Resource;
use arcana_runtime::types::{Bytes, Date, Decimal, Duration, Struct, Timestamp};
use arcana_runtime::violations::Violations;
use conformance_generated::conformance::v1::kind::{Colour, Kind, NewKind, Place};
use serde_json::json;

use crate::cases::{Case, case, named};
use crate::rows;
use crate::stage::Stage;

/// What a value is set to, by name.
pub type Setting = (&'static str, fn(&mut Kind));

pub fn cases() -> Vec<Case> {
    let settings = [NUMBERS, TEXTS, DECIMALS, TIMES, SHAPES].concat();
    let table =
        settings.into_iter().map(|(name, set)| named(format!("values::{name}"), move |stage| comes_back(stage, set)));
    let own = [
        case(absent_members_are_null),
        case(a_whole_row_of_extremes),
        case(a_value_is_replaced_by_null_and_back),
        case(zero_has_no_sign),
        case(what_json_shows_can_be_sent_back),
    ];
    table.chain(own).collect()
}

const NUMBERS: &[Setting] = &[
    ("bool_true", |row| (row.a_bool, row.maybe_bool) = (true, Some(false))),
    ("bool_false", |row| (row.a_bool, row.maybe_bool) = (false, Some(true))),
    ("int32_min", |row| (row.an_int32, row.a_sint32, row.maybe_int32) = (i32::MIN, i32::MIN, Some(i32::MIN))),
    ("int32_max", |row| (row.an_int32, row.a_sfixed32, row.maybe_int32) = (i32::MAX, i32::MAX, Some(i32::MAX))),
    ("int32_zero", |row| (row.an_int32, row.maybe_int32) = (0, Some(0))),
    ("int64_min", |row| (row.an_int64, row.a_sint64, row.maybe_int64) = (i64::MIN, i64::MIN, Some(i64::MIN))),
    ("int64_max", |row| (row.an_int64, row.a_sfixed64, row.maybe_int64) = (i64::MAX, i64::MAX, Some(i64::MAX))),
    ("int64_beyond_doubles", |row| row.an_int64 = 9_007_199_254_740_993),
    ("uint32_zero", |row| (row.a_uint32, row.maybe_uint32) = (0, Some(0))),
    ("uint32_max", |row| (row.a_uint32, row.a_fixed32, row.maybe_uint32) = (u32::MAX, u32::MAX, Some(u32::MAX))),
    ("uint64_zero", |row| (row.a_uint64, row.maybe_uint64) = (0, Some(0))),
    ("uint64_largest_that_is_stored", |row| {
        let most = i64::MAX.unsigned_abs();
        (row.a_uint64, row.a_fixed64, row.maybe_uint64) = (most, most, Some(most));
    }),
    ("float_tenth", |row| (row.a_float, row.maybe_float) = (0.1, Some(-0.1))),
    ("float_extremes", |row| (row.a_float, row.maybe_float) = (f32::MAX, Some(f32::MIN))),
    ("float_smallest", |row| (row.a_float, row.maybe_float) = (f32::MIN_POSITIVE, Some(f32::from_bits(1)))),
    ("double_tenth", |row| (row.a_double, row.maybe_double) = (0.1, Some(1.0 / 3.0))),
    ("double_extremes", |row| (row.a_double, row.maybe_double) = (f64::MAX, Some(f64::MIN))),
    ("double_smallest", |row| (row.a_double, row.maybe_double) = (f64::MIN_POSITIVE, Some(f64::from_bits(1)))),
    ("double_next_to_one", |row| row.a_double = 1.0 + f64::EPSILON),
    ("double_whole_and_large", |row| row.a_double = 1e300),
];

const TEXTS: &[Setting] = &[
    ("string_empty", |row| (row.a_string, row.maybe_string) = (String::new(), Some(String::new()))),
    ("string_of_max_len", |row| row.a_string = "x".repeat(100)),
    ("string_of_max_len_in_four_bytes", |row| row.a_string = "🦀".repeat(100)),
    ("string_of_max_len_in_combining_marks", |row| row.a_string = "e\u{301}".repeat(50)),
    ("string_spaces_before_and_behind", |row| row.a_string = "  two  ".to_owned()),
    ("string_of_spaces", |row| (row.a_string, row.maybe_string) = (" ".to_owned(), Some("   ".to_owned()))),
    ("string_line_ends_and_tabs", |row| row.a_string = "a\r\nb\tc\n".to_owned()),
    ("string_control_characters", |row| row.a_string = "\u{1}\u{7f}\u{85}\u{2028}".to_owned()),
    ("string_not_normalised", |row| (row.a_string, row.maybe_string) = ("é".to_owned(), Some("e\u{301}".to_owned()))),
    ("string_outside_the_basic_plane", |row| row.a_string = "𝄞 👩‍👩‍👧 𠜎 \u{10ffff}".to_owned()),
    ("string_right_to_left", |row| row.a_string = "שלום \u{202e}abc".to_owned()),
    ("string_quotes_and_backslashes", |row| row.a_string = r#"'"`\%_$1?;--/*"#.to_owned()),
    ("string_byte_order_mark", |row| row.a_string = "\u{feff}a\u{feff}".to_owned()),
    ("string_like_null", |row| (row.a_string, row.maybe_string) = ("null".to_owned(), Some("NULL".to_owned()))),
    ("string_long", |row| row.a_long_string = "ä😀".repeat(100_000)),
    ("bytes_empty", |row| (row.some_bytes, row.maybe_bytes) = (Bytes(Vec::new()), Some(Bytes(Vec::new())))),
    ("bytes_of_every_value", |row| row.some_bytes = Bytes((0..=255).collect())),
    ("bytes_of_zeros", |row| (row.some_bytes, row.maybe_bytes) = (Bytes(vec![0]), Some(Bytes(vec![0; 16])))),
    ("bytes_that_are_no_text", |row| row.some_bytes = Bytes(vec![0xff, 0xfe, 0x80, 0xc0])),
    ("bytes_large", |row| row.some_bytes = Bytes((0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect())),
];

const DECIMALS: &[Setting] = &[
    ("decimal_full_precision", |row| row.a_decimal = number("999999999999.999999")),
    ("decimal_full_precision_negative", |row| row.a_decimal = number("-999999999999.999999")),
    ("decimal_smallest_step", |row| row.a_decimal = number("-0.000001")),
    ("decimal_zero", |row| (row.a_decimal, row.maybe_decimal) = (number("0"), Some(number("0.00")))),
    ("decimal_trailing_zeros", |row| (row.a_decimal, row.maybe_decimal) = (number("1.500000"), Some(number("99.80")))),
    ("decimal_fewer_digits_than_the_scale", |row| row.maybe_decimal = Some(number("7"))),
    ("decimal_not_a_double", |row| row.a_decimal = number("0.100001")),
    ("decimal_whole", |row| row.a_whole_decimal = number("-999999999999999999")),
    ("decimal_fraction_only", |row| row.a_fraction = number("0.999999999999999999")),
    ("decimal_fraction_smallest", |row| row.a_fraction = number("-0.000000000000000001")),
    ("decimal_one_digit", |row| row.a_short_decimal = number("-9")),
    ("decimal_optional_extremes", |row| row.maybe_decimal = Some(number("-99999999.99"))),
];

const TIMES: &[Setting] = &[
    ("timestamp_first", |row| (row.a_timestamp, row.maybe_timestamp) = (Timestamp::MIN, Some(Timestamp::MIN))),
    ("timestamp_last", |row| (row.a_timestamp, row.maybe_timestamp) = (Timestamp::MAX, Some(Timestamp::MAX))),
    ("timestamp_of_the_epoch", |row| row.a_timestamp = time("1970-01-01T00:00:00Z")),
    ("timestamp_a_microsecond_before_the_epoch", |row| row.a_timestamp = time("1969-12-31T23:59:59.999999Z")),
    ("timestamp_a_microsecond_behind_the_epoch", |row| row.a_timestamp = time("1970-01-01T00:00:00.000001Z")),
    ("timestamp_of_a_leap_day", |row| row.a_timestamp = time("2024-02-29T12:34:56.789012Z")),
    // Clocks there were put forward or back; the time is in UTC and knows nothing of it.
    ("timestamp_in_an_hour_that_clocks_leave_out", |row| row.a_timestamp = time("2025-03-30T02:30:00.123456Z")),
    ("timestamp_in_an_hour_that_clocks_repeat", |row| row.a_timestamp = time("2025-11-02T01:30:00.654321Z")),
    ("timestamp_before_gregory", |row| row.a_timestamp = time("1582-10-10T00:00:00Z")),
    ("timestamp_behind_2038", |row| row.a_timestamp = time("2038-01-19T03:14:08Z")),
    ("duration_zero", |row| (row.a_duration, row.maybe_duration) = (span("0s"), Some(span("0s")))),
    ("duration_a_microsecond", |row| {
        (row.a_duration, row.maybe_duration) = (span("0.000001s"), Some(span("-0.000001s")))
    }),
    ("duration_negative", |row| row.a_duration = span("-90061.5s")),
    ("duration_longest", |row| row.a_duration = span("315576000000s")),
    ("duration_longest_negative", |row| row.a_duration = span("-315576000000s")),
    ("date_first", |row| (row.a_date, row.maybe_date) = (day("0001-01-01"), Some(day("0001-01-01")))),
    ("date_last", |row| (row.a_date, row.maybe_date) = (day("9999-12-31"), Some(day("9999-12-31")))),
    ("date_of_a_leap_day", |row| row.a_date = day("2000-02-29")),
    ("date_before_gregory", |row| row.a_date = day("1582-10-10")),
    ("enum_unspecified", |row| (row.a_colour, row.maybe_colour) = (Colour::Unspecified, Some(Colour::Unspecified))),
    ("enum_value", |row| (row.a_colour, row.maybe_colour) = (Colour::Green, Some(Colour::Blue))),
];

const SHAPES: &[Setting] = &[
    ("struct_empty", |row| (row.a_struct, row.maybe_struct) = (Struct::new(), Some(Struct::new()))),
    ("struct_of_every_kind", |row| {
        row.a_struct = object(
            json!({ "null": null, "true": true, "text": "ä", "number": -1.5, "list": [1, [], {}], "object": { "a": { "b": [] } } }),
        );
    }),
    ("struct_of_large_numbers", |row| {
        row.a_struct = object(
            json!({ "max": i64::MAX, "min": i64::MIN, "unsigned": u64::MAX, "double": f64::MAX, "tiny": 5e-324 }),
        );
    }),
    ("struct_of_odd_names", |row| {
        row.a_struct =
            object(json!({ "": 1, " ": 2, "ключ": 3, "😀": 4, "a.b": 5, "a\"b\\": 6, "$x": 7, "é": 8, "e\u{301}": 9 }));
    }),
    ("struct_names_keep_their_order", |row| row.a_struct = object(json!({ "z": 1, "a": 2, "m": 3, "aa": 4 }))),
    ("struct_deep", |row| {
        let deep = (0..60).fold(json!("end"), |inner, _| json!({ "in": [inner] }));
        row.a_struct = object(deep);
    }),
    ("struct_of_escapes", |row| row.a_struct = object(json!({ "text": "line\nend\ttab \"quoted\" \\ / \u{1} 𝄞" }))),
    ("message_empty", |row| (row.a_place, row.maybe_place) = (Place::default(), Some(Place::default()))),
    ("message_full", |row| (row.a_place, row.maybe_place) = (place(), Some(place()))),
    ("lists_empty", |row| {
        (row.bools, row.int64s, row.strings, row.places) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    }),
    ("list_of_bools", |row| row.bools = vec![true, false, true]),
    ("list_of_int64s", |row| row.int64s = vec![i64::MIN, -1, 0, 9_007_199_254_740_993, i64::MAX]),
    ("list_of_uint64s", |row| row.uint64s = vec![0, 9_007_199_254_740_993, i64::MAX.unsigned_abs()]),
    ("list_of_uint64s_as_text", |row| row.numbers_as_text = vec![0, i64::MAX.unsigned_abs()]),
    ("list_of_doubles", |row| row.doubles = vec![0.1, f64::MAX, f64::from_bits(1), -1e-300, 3.0]),
    ("list_of_strings", |row| row.strings = ["", " ", "b", "a", "a", "🦀\u{301}", "\"\\"].map(str::to_owned).to_vec()),
    ("list_of_bytes", |row| row.bytes_list = vec![Bytes(Vec::new()), Bytes(vec![0, 255])]),
    ("list_of_decimals", |row| row.decimals = ["999999999.999", "-0.001", "1.500"].map(number).to_vec()),
    ("list_of_timestamps", |row| {
        row.timestamps = vec![Timestamp::MIN, Timestamp::MAX, time("1969-12-31T23:59:59.999999Z")]
    }),
    ("list_of_durations", |row| row.durations = ["-315576000000s", "0.000001s"].map(span).to_vec()),
    ("list_of_dates", |row| row.dates = ["9999-12-31", "0001-01-01"].map(day).to_vec()),
    ("list_of_structs", |row| row.structs = vec![Struct::new(), object(json!({ "a": [null] }))]),
    ("list_of_enums", |row| row.colours = vec![Colour::Green, Colour::Unspecified, Colour::Green]),
    ("list_of_messages", |row| row.places = vec![place(), Place::default()]),
    ("map_of_texts", |row| {
        row.texts_by_text = [("", ""), (" ", "b"), ("ключ", "😀"), ("a\"", "\\")]
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .into();
    }),
    ("map_by_numbers", |row| row.doubles_by_number = [(i64::MIN, 0.1), (0, -1.0), (i64::MAX, f64::MAX)].into()),
    ("map_of_messages", |row| row.places_by_bool = [(false, place()), (true, Place::default())].into()),
];

pub fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn span(text: &str) -> Duration {
    text.parse().unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn object(value: serde_json::Value) -> Struct {
    value.as_object().unwrap().clone()
}

fn place() -> Place {
    Place {
        name: "København".to_owned(),
        note: Some("by the \"sea\"".to_owned()),
        height_m: -0.1,
        aliases: vec!["Copenhagen".to_owned(), String::new()],
        visitors_by_year: [("2025".to_owned(), 9_007_199_254_740_993)].into(),
        colour: Colour::Red,
        seen_at: Timestamp::MAX,
    }
}

/// Compares what equality of numbers does not tell apart, such as zeros of both signs.
#[track_caller]
fn same(found: &Kind, meant: &Kind) {
    assert_eq!(found, meant);
    assert_eq!(format!("{:?}", found.a_double), format!("{:?}", meant.a_double));
    assert_eq!(format!("{:?}", found.maybe_double), format!("{:?}", meant.maybe_double));
    assert_eq!(format!("{:?}", found.a_float), format!("{:?}", meant.a_float));
    assert_eq!(format!("{:?}", found.a_struct), format!("{:?}", meant.a_struct), "names keep their order");
}

async fn comes_back(stage: Stage, set: fn(&mut Kind)) {
    let mut row = rows::kind(1);
    set(&mut row);
    let row = stage.insert(row).await;
    same(&stage.stored(&row).await, &row);
    same(&stage.list(&[]).await.data[0], &row);
    // Into a row that had other values.
    let before = stage.insert(rows::kind(2)).await;
    let mut after = before.clone();
    set(&mut after);
    let after = stage.write(|changes| changes.update(&before, after)).await.unwrap();
    same(&stage.stored(&after).await, &after);
}

fn forget(row: &mut Kind) {
    (row.maybe_bool, row.maybe_int32, row.maybe_int64, row.maybe_uint32, row.maybe_uint64) =
        (None, None, None, None, None);
    (row.maybe_float, row.maybe_double, row.maybe_string, row.maybe_bytes) = (None, None, None, None);
    (row.maybe_decimal, row.maybe_timestamp, row.maybe_duration, row.maybe_date) = (None, None, None, None);
    (row.maybe_struct, row.maybe_colour, row.maybe_place) = (None, None, None);
}

/// SQLite keeps no sign of a zero, so no database may: what one shows as `-0` would be `0` on another.
async fn zero_has_no_sign(stage: Stage) {
    let zero =
        Kind { a_double: -0.0, maybe_double: Some(-0.0), a_float: -0.0, maybe_float: Some(-0.0), ..rows::kind(0) };
    let stored = stage.stored(&stage.insert(zero).await).await;
    assert_eq!(stored.a_double.to_bits(), 0);
    assert_eq!(stored.maybe_double.map(f64::to_bits), Some(0));
    assert_eq!(stored.a_float.to_bits(), 0);
    assert_eq!(stored.maybe_float.map(f32::to_bits), Some(0));
}

async fn what_json_shows_can_be_sent_back(stage: Stage) {
    let mut row = rows::kind(3);
    for (_, set) in [NUMBERS, TEXTS, DECIMALS, TIMES, SHAPES].concat() {
        set(&mut row);
    }
    let mut found = Violations::new();
    let new = NewKind::from_json(serde_json::to_value(row.dto()).unwrap(), &mut found).unwrap();
    found.finish().unwrap();
    let sent = Kind::create(new, &stage.cx, 0);
    same(
        &Kind { id: row.id, version: row.version, created_at: row.created_at, updated_at: row.updated_at, ..sent },
        &row,
    );
}

async fn absent_members_are_null(stage: Stage) {
    let mut row = rows::kind(0);
    forget(&mut row);
    let row = stage.insert(row).await;
    assert_eq!(stage.stored(&row).await, row);
}

async fn a_value_is_replaced_by_null_and_back(stage: Stage) {
    let first = stage.insert(rows::kind(0)).await;
    let mut without = first.clone();
    forget(&mut without);
    let without = stage.write(|changes| changes.update(&first, without)).await.unwrap();
    assert_eq!(stage.stored(&first).await, without);
    let back = stage.write(|changes| changes.update(&without, first.clone())).await.unwrap();
    assert_eq!(stage.stored(&first).await, back);
}

async fn a_whole_row_of_extremes(stage: Stage) {
    let mut row = rows::kind(3);
    for (_, set) in [NUMBERS, TEXTS, DECIMALS, TIMES, SHAPES].concat() {
        set(&mut row);
    }
    let row = stage.insert(row).await;
    same(&stage.stored(&row).await, &row);
}
