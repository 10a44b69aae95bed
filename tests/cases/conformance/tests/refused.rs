//! Values that the schema has no place for are refused, and never changed in silence, whoever hands them in.

use arcana_runtime::access::Scope;
use arcana_runtime::error::Error;
use arcana_runtime::json::FromJson;
use arcana_runtime::repository::Repository;
use arcana_runtime::types::Bytes;
use arcana_runtime::violations::Violations;
use conformance_generated::conformance::v1::kind::{Kind, Place};
use conformance_generated::conformance::v1::plain::Plain;

use crate::cases::{Case, case, named};
use crate::rows;
use crate::stage::Stage;
use crate::values::{Setting, number};

/// What logic might hand in, past all rules of clients.
const UNFIT: &[Setting] = &[
    ("nul_in_a_string", |row| row.a_string = "a\0b".to_owned()),
    ("nul_in_an_optional_string", |row| row.maybe_string = Some("\0".to_owned())),
    ("nul_in_a_list", |row| row.strings = vec!["a\0".to_owned()]),
    ("nul_in_a_struct", |row| {
        row.a_struct.insert("a\0".to_owned(), "b".into());
    }),
    ("nan_in_a_double", |row| row.a_double = f64::NAN),
    ("nan_in_an_optional_double", |row| row.maybe_double = Some(f64::NAN)),
    ("nan_in_a_float", |row| row.a_float = f32::NAN),
    ("infinity_in_a_double", |row| row.a_double = f64::INFINITY),
    ("infinity_in_an_optional_float", |row| row.maybe_float = Some(f32::NEG_INFINITY)),
    ("nan_in_a_list", |row| row.doubles = vec![1.0, f64::NAN]),
    ("nan_in_a_message", |row| row.a_place.height_m = f64::NAN),
    ("infinity_in_a_list_of_messages", |row| row.places = vec![Place { height_m: f64::INFINITY, ..Place::default() }]),
    ("infinity_in_a_map", |row| row.doubles_by_number = [(1, f64::INFINITY)].into()),
    ("uint64_above_what_is_stored", |row| row.a_uint64 = u64::MAX),
    ("uint64_above_what_is_stored_when_optional", |row| row.maybe_uint64 = Some(1 << 63)),
    ("uint64_above_what_is_stored_in_a_list", |row| row.uint64s = vec![u64::MAX]),
    ("uint64_above_what_is_stored_in_a_list_of_texts", |row| row.numbers_as_text = vec![u64::MAX]),
    ("decimal_with_more_digits_behind_the_point", |row| row.a_decimal = number("0.0000001")),
    ("decimal_with_more_digits_before_the_point", |row| row.maybe_decimal = Some(number("100000000.00"))),
    ("string_beyond_max_len", |row| row.a_string = "x".repeat(101)),
    ("optional_string_beyond_max_len", |row| row.maybe_string = Some("🦀".repeat(101))),
];

pub fn cases() -> Vec<Case> {
    let table =
        UNFIT.iter().map(|(name, set)| named(format!("refused::{name}"), move |stage| is_not_stored(stage, *set)));
    let own = [
        case(an_update_beyond_a_bound_is_no_conflict),
        case(bytes_may_hold_nul),
        case(clients_cannot_send_nul_or_numbers_without_end),
        case(nul_in_a_filter),
    ];
    table.chain(own).collect()
}

/// Refused, with nothing of it left; or else it would have to come back as it is, which the types do not allow.
async fn is_not_stored(stage: Stage, set: fn(&mut Kind)) {
    let mut row = rows::kind(0);
    set(&mut row);
    let id = row.id;
    let outcome = stage.try_insert(row.clone()).await;
    let found = stage.repository::<Kind>().find_by_id(&stage.cx, &Scope::Unrestricted, &id).await;
    assert!(outcome.is_err(), "it is stored as {found:?}");
    assert!(matches!(found, Ok(None)), "{found:?}");
}

/// A bound that logic breaks is a defect of logic: not a value that somebody else has taken.
async fn an_update_beyond_a_bound_is_no_conflict(stage: Stage) {
    let before = stage.insert(rows::kind(0)).await;
    let after = Kind { a_string: "x".repeat(101), ..before.clone() };
    let outcome = stage.write(|changes| changes.update(&before, after)).await;
    assert!(matches!(outcome, Err(Error::Internal(_) | Error::Validation(_))), "{outcome:?}");
    assert_eq!(stage.stored(&before).await, before);
}

async fn bytes_may_hold_nul(stage: Stage) {
    let row = stage.insert(Kind { some_bytes: Bytes(vec![0, 1, 0]), ..rows::kind(0) }).await;
    assert_eq!(stage.stored(&row).await.some_bytes, Bytes(vec![0, 1, 0]));
}

async fn clients_cannot_send_nul_or_numbers_without_end(_stage: Stage) {
    let mut found = Violations::new();
    let _ = String::from_json("a\0b".into(), &mut found);
    assert!(matches!(found.finish(), Err(Error::Validation(_))));
    for text in ["1e999", "-1e999"] {
        // A number that JSON can write and a double cannot hold.
        assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
    }
}

async fn nul_in_a_filter(stage: Stage) {
    let page = stage.list_in::<Plain>(&Scope::Unrestricted, &[("text", "a\0")]).await;
    assert!(matches!(page, Err(Error::Validation(_))), "{page:?}");
}
