//! Random walks: whatever way a schema takes, with rows, its migrations lead all databases to where a fresh one is, keep
//! what they promise to keep, and find their way back.
//!
//! `ARCANA_WALKS` says how many (few if unset), `ARCANA_WALKS_SEED` which ones. A walk that fails is made shorter, and shown
//! with its schemas.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]

#[path = "../random/draw.rs"]
mod draw;
mod engine;
mod rows;
mod shape;
mod step;
mod walk;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

/// Bytes of choices for a walk.
const CHOICES: usize = 1500;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn every_way_leads_to_a_fresh_database_and_back() {
    let (walks, seed) = (number("ARCANA_WALKS", 2), number("ARCANA_WALKS_SEED", 1));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let counts: RefCell<BTreeMap<&str, usize>> = RefCell::default();
    let config = Config {
        cases: u32::try_from(walks).unwrap(),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: u32::try_from(number("ARCANA_WALKS_SHRINK", 40)).unwrap(),
        ..Config::default()
    };
    let choices = proptest::collection::vec(proptest::num::u8::ANY, CHOICES / 3..CHOICES);
    let result = TestRunner::new(config).run(&choices, |bytes| {
        let outcome = runtime.block_on(walk::walk(&bytes, &mut counts.borrow_mut()));
        outcome.map_err(TestCaseError::fail)
    });
    eprintln!("seed {seed}, {walks} walks: {:?}", counts.borrow());
    match result {
        Ok(()) => {}
        // The bytes say nothing to anybody.
        Err(TestError::Fail(wrong, _)) => panic!("seed {seed}: {wrong}"),
        Err(other) => panic!("seed {seed}: {other}"),
    }
    let counts = counts.borrow();
    let of = |what: &str| counts.get(what).copied().unwrap_or_default();
    assert!(of("taken") as u64 >= walks, "too few steps were taken");
}
