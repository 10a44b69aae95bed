//! Filters: every comparison on every kind gives the same rows everywhere, NULL included.

use std::collections::BTreeSet;

use arcana_runtime::access::Scope;
use arcana_runtime::error::Error;
use arcana_runtime::types::{Duration, Timestamp};
use conformance_generated::conformance::v1::kind::{Colour, Kind};

use crate::cases::{Case, case, named};
use crate::rows;
use crate::stage::Stage;
use crate::values::{day, number, span, time};

/// Rows 0 to 4: 0 has the smallest values and no optional one, 4 the largest.
fn row(n: usize) -> Kind {
    let rank = i32::try_from(n).unwrap() - 2;
    let none = n == 0;
    let text = ["", "Tea 100%_\\", "tea", "tea ", "thé 😀"][n];
    let colour = [Colour::Unspecified, Colour::Red, Colour::Blue, Colour::Green, Colour::Red][n];
    let when = [
        Timestamp::MIN,
        time("1969-12-31T23:59:59.999999Z"),
        time("1970-01-01T00:00:00Z"),
        time("2025-06-01T12:00:00.000001Z"),
        Timestamp::MAX,
    ][n];
    let on = ["0001-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31"][n];
    let decimal = ["-999999999999.999999", "-0.000001", "0", "0.100000", "999999999999.999999"][n];
    let large = [i64::MIN, -1, 0, 9_007_199_254_740_993, i64::MAX][n];
    let positive = u32::try_from(n).unwrap();
    Kind {
        a_bool: n >= 2,
        an_int32: rank,
        an_int64: large,
        a_uint32: positive * 1_000_000_000,
        a_uint64: u64::from(positive) * 2_000_000_000_000_000_000,
        a_float: [-1.5, 0.0, 0.1, 0.5, 2.0][n],
        a_double: [-1e300, 0.0, 0.1, 0.5, 1e300][n],
        a_string: text.to_owned(),
        a_decimal: number(decimal),
        a_timestamp: when,
        a_duration: [
            span("-315576000000s"),
            span("-0.000001s"),
            Duration::default(),
            span("1.5s"),
            span("315576000000s"),
        ][n],
        a_date: day(on),
        a_colour: colour,
        maybe_bool: (!none).then_some(n >= 3),
        maybe_int32: (!none).then_some(rank),
        maybe_string: (!none).then(|| text.to_owned()),
        maybe_decimal: (!none).then(|| number(["", "-10.50", "0.00", "10", "99999999.99"][n])),
        maybe_timestamp: (!none).then_some(when),
        maybe_colour: (!none).then_some(colour),
        maybe_double: (!none).then_some(f64::from(rank)),
        ..rows::kind(n)
    }
}

/// A filter and the rows that it lets through.
const TABLE: &[(&str, &str, &[usize])] = &[
    ("bool_equal", "a_bool = true", &[2, 3, 4]),
    ("bool_not_equal", "a_bool != true", &[0, 1]),
    ("bool_less", "a_bool < true", &[0, 1]),
    ("int32_equal", "an_int32 = -2", &[0]),
    ("int32_not_equal", "an_int32 != 0", &[0, 1, 3, 4]),
    ("int32_less", "an_int32 < 0", &[0, 1]),
    ("int32_less_or_equal", "an_int32 <= 0", &[0, 1, 2]),
    ("int32_greater", "an_int32 > 0", &[3, 4]),
    ("int32_greater_or_equal", "an_int32 >= 0", &[2, 3, 4]),
    ("int32_contains_is_equal", "an_int32:1", &[3]),
    ("int64_beyond_doubles", "an_int64 = 9007199254740993", &[3]),
    ("int64_next_to_it", "an_int64 = 9007199254740992", &[]),
    ("int64_extremes", "an_int64 = -9223372036854775808 OR an_int64 = 9223372036854775807", &[0, 4]),
    ("uint32_above_int32", "a_uint32 > 2147483647", &[3, 4]),
    ("uint64_large", "a_uint64 >= 8000000000000000000", &[4]),
    ("float_as_it_is_shown", "a_float = 0.1", &[2]),
    ("float_between", "a_float > -1 AND a_float < 1", &[1, 2, 3]),
    ("double_equal", "a_double = 0.1", &[2]),
    ("double_with_exponent", "a_double >= 1e300", &[4]),
    ("double_negative_zero", "a_double = -0.0", &[1]),
    ("string_equal_is_case_sensitive", "a_string = \"Tea\"", &[]),
    ("string_equal_knows_trailing_spaces", "a_string = \"tea\"", &[2]),
    ("string_equal_with_trailing_space", "a_string = \"tea \"", &[3]),
    ("string_empty", "a_string = \"\"", &[0]),
    ("string_order_is_that_of_bytes", "a_string > \"Z\"", &[2, 3, 4]),
    ("string_not_equal", "a_string != \"tea\"", &[0, 1, 3, 4]),
    ("string_contains", "a_string:\"ea\"", &[1, 2, 3]),
    ("string_contains_is_case_sensitive", "a_string:\"T\"", &[1]),
    ("string_contains_percent", "a_string:\"%\"", &[1]),
    ("string_contains_underscore", "a_string:\"_\"", &[1]),
    ("string_contains_backslash", "a_string:\"\\\\\"", &[1]),
    ("string_contains_four_bytes", "a_string:\"😀\"", &[4]),
    ("string_contains_no_other_accent", "a_string:\"the\"", &[]),
    ("string_contains_nothing_is_all", "a_string:\"\"", &[0, 1, 2, 3, 4]),
    ("string_word_null_is_a_text_in_quotes", "maybe_string = \"null\"", &[]),
    ("string_injection", "a_string = \"' OR 1=1 --\"", &[]),
    ("decimal_equal", "a_decimal = 0.1", &[3]),
    ("decimal_with_more_zeros", "a_decimal = \"0.10\"", &[3]),
    ("decimal_full_precision", "a_decimal = 999999999999.999999", &[4]),
    ("decimal_less", "a_decimal < 0", &[0, 1]),
    ("timestamp_equal", "a_timestamp = \"2025-06-01T12:00:00.000001Z\"", &[3]),
    ("timestamp_with_an_offset", "a_timestamp = \"2025-06-01T14:00:00.000001+02:00\"", &[3]),
    (
        "timestamp_a_microsecond_apart",
        "a_timestamp > \"2025-06-01T12:00:00Z\" AND a_timestamp < \"2025-06-01T12:00:00.000002Z\"",
        &[3],
    ),
    (
        "timestamp_extremes",
        "a_timestamp = \"0001-01-01T00:00:00Z\" OR a_timestamp = \"9999-12-31T23:59:59.999999Z\"",
        &[0, 4],
    ),
    ("duration_equal", "a_duration = 1.5s", &[3]),
    ("duration_negative", "a_duration < 0s", &[0, 1]),
    ("date_equal", "a_date = 2024-02-29", &[3]),
    ("date_range", "a_date >= 1969-12-31 AND a_date <= 1970-01-01", &[1, 2]),
    ("enum_equal", "a_colour = COLOUR_RED", &[1, 4]),
    ("enum_not_equal", "a_colour != COLOUR_RED", &[0, 2, 3]),
    ("null_equal", "maybe_int32 = null", &[0]),
    ("null_not_equal", "maybe_int32 != null", &[1, 2, 3, 4]),
    ("null_present", "maybe_string:*", &[1, 2, 3, 4]),
    ("null_not_present", "NOT maybe_string:*", &[0]),
    // NULL is not 0, and so differs from it; it is neither more nor less.
    ("null_differs_from_values", "maybe_int32 != 0", &[0, 1, 3, 4]),
    ("null_is_not_less", "maybe_int32 < 100", &[1, 2, 3, 4]),
    ("null_is_not_greater", "maybe_int32 >= -100", &[1, 2, 3, 4]),
    ("not_of_equal_takes_null", "NOT maybe_int32 = 0", &[0, 1, 3, 4]),
    ("not_of_less_takes_null", "NOT maybe_int32 < 100", &[0]),
    ("not_of_contains_takes_null", "NOT maybe_string:\"ea\"", &[0, 4]),
    ("not_of_not", "NOT NOT maybe_int32 = 0", &[2]),
    ("not_of_and_with_null", "NOT (maybe_int32 > -100 AND a_bool = true)", &[0, 1]),
    ("not_of_or_with_null", "NOT (maybe_int32 > 0 OR maybe_double > 0)", &[0, 1, 2]),
    ("null_bool", "maybe_bool = false", &[1, 2]),
    ("null_bool_not", "NOT maybe_bool = false", &[0, 3, 4]),
    ("null_decimal", "maybe_decimal <= 10", &[1, 2, 3]),
    ("null_enum", "maybe_colour != COLOUR_RED", &[0, 2, 3]),
    ("null_timestamp", "NOT maybe_timestamp > \"1970-01-01T00:00:00Z\"", &[0, 1, 2]),
    ("and_binds_tighter_than_or", "an_int32 = 2 OR an_int32 = 1 AND a_bool = false", &[4]),
    ("parentheses", "(an_int32 = 2 OR an_int32 = 1) AND a_bool = true", &[3, 4]),
    ("contradiction", "an_int32 = 1 AND an_int32 = 2", &[]),
    ("tautology", "an_int32 = 1 OR NOT an_int32 = 1", &[0, 1, 2, 3, 4]),
];

pub fn cases() -> Vec<Case> {
    let table = TABLE
        .iter()
        .map(|(name, filter, meant)| named(format!("filter::{name}"), move |stage| lets_through(stage, filter, meant)));
    let own = [
        case(deep_nesting_and_many_members),
        case(equality_by_parameter_stands_beside_a_filter),
        case(a_key_is_compared),
        case(a_value_of_another_kind_is_refused_before_the_database),
    ];
    table.chain(own).collect()
}

async fn filled(stage: &Stage) -> Vec<Kind> {
    let rows = (0..5).map(row).collect::<Vec<_>>();
    stage.write(|changes| rows.into_iter().map(|row| changes.insert(row)).collect()).await.unwrap()
}

async fn lets_through(stage: Stage, filter: &str, meant: &[usize]) {
    let rows = filled(&stage).await;
    let found = numbers(&stage, &rows, &[("filter", filter)]).await;
    assert_eq!(found, meant.iter().copied().collect(), "{filter}");
    // Whatever does not match a filter matches its opposite: there is no third way, not even with NULL.
    let others = numbers(&stage, &rows, &[("filter", &format!("NOT ({filter})"))]).await;
    assert_eq!(others, (0..5).filter(|n| !meant.contains(n)).collect(), "NOT ({filter})");
}

async fn numbers(stage: &Stage, rows: &[Kind], parameters: &[(&str, &str)]) -> BTreeSet<usize> {
    let page = stage.list::<Kind>(parameters).await;
    assert_eq!(page.total, i64::try_from(page.data.len()).ok(), "{parameters:?}");
    page.data.iter().map(|found| rows.iter().position(|row| row.id == found.id).unwrap()).collect()
}

async fn deep_nesting_and_many_members(stage: Stage) {
    let rows = filled(&stage).await;
    let deep = format!("{}an_int32 = 1{}", "NOT (".repeat(8), ")".repeat(8));
    assert_eq!(numbers(&stage, &rows, &[("filter", &deep)]).await, [3].into());
    let many: Vec<_> = (0..180).map(|n| format!("an_int32 = {}", n % 2)).collect();
    assert_eq!(numbers(&stage, &rows, &[("filter", &many.join(" OR "))]).await, [2, 3].into());
    let too_deep = format!("{}an_int32 = 1{}", "(".repeat(30), ")".repeat(30));
    let refused = stage.list_in::<Kind>(&Scope::Unrestricted, &[("filter", &too_deep)]).await;
    assert!(matches!(refused, Err(Error::Validation(_))), "{refused:?}");
}

async fn equality_by_parameter_stands_beside_a_filter(stage: Stage) {
    let rows = filled(&stage).await;
    let parameters = [("a_colour", "COLOUR_RED"), ("filter", "an_int32 > 0 OR an_int32 < -1"), ("a_bool", "true")];
    assert_eq!(numbers(&stage, &rows, &parameters).await, [4].into());
}

async fn a_key_is_compared(stage: Stage) {
    let rows = filled(&stage).await;
    let filter = format!("id = \"{}\" OR id > \"{}\"", rows[1].id, rows[3].id);
    assert_eq!(numbers(&stage, &rows, &[("filter", &filter)]).await, [1, 4].into());
}

async fn a_value_of_another_kind_is_refused_before_the_database(stage: Stage) {
    for filter in [
        "an_int32 = 2147483648",
        "a_uint32 = -1",
        "an_int64 = 9223372036854775808",
        "a_double = NaN",
        "a_double = inf",
        "a_decimal = 0.0000001",
        "a_date = 2023-02-29",
        "a_timestamp = \"0000-12-31T23:59:59Z\"",
        "a_colour = COLOUR_PINK",
        "a_bool = 1",
        "id = 7",
        "maybe_int32 < null",
    ] {
        let refused = stage.list_in::<Kind>(&Scope::Unrestricted, &[("filter", filter)]).await;
        assert!(matches!(refused, Err(Error::Validation(_))), "{filter}: {refused:?}");
    }
}
