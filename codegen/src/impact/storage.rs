//! The operations of the open migration beside the changes of the contract that they belong to.

use std::collections::BTreeMap;

use super::Change;
use super::diff::Found;
use crate::migrate::{Class, Operation};
use crate::model::Span;

/// The changes with the classes of their operations, the operations that belong to none behind them, in order.
pub(super) fn join(found: Vec<Found>, operations: &[Operation], places: &BTreeMap<String, Span>) -> Vec<Change> {
    // By entity, number of the first field, and aspect.
    let mut known: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        let key = (operation.entity.as_str(), operation.fields.first().copied(), operation.aspect);
        known.entry(key).or_default().push(index);
    }
    let mut told = vec![false; operations.len()];
    let mut all: Vec<(u8, Change)> = Vec::with_capacity(found.len());
    for Found { mut change, rank, stored } in found {
        if let Some(stored) = stored {
            let keys = stored.places.iter().flat_map(|(entity, number)| {
                stored.aspects.iter().map(move |aspect| (entity.as_str(), *number, *aspect))
            });
            for index in keys.filter_map(|key| known.get(&key)).flatten() {
                let Some(operation) = operations.get(*index) else { continue };
                change.sql = change.sql.max(Some(operation.class.min(stored.at_most)));
                if let Some(told) = told.get_mut(*index) {
                    *told = true;
                }
            }
        }
        all.push((rank, change));
    }
    let untold = operations.iter().zip(told).filter(|(_, told)| !told);
    all.extend(untold.map(|(operation, _)| (0, alone(operation))));
    for (_, change) in &mut all {
        change.span = place(&change.subject, places).or_else(|| places.get(&change.group).cloned());
    }
    all.sort_by(|(a, one), (b, other)| (&one.group, a).cmp(&(&other.group, b)));
    all.into_iter().map(|(_, change)| change).collect()
}

/// An operation that no client sees.
fn alone(operation: &Operation) -> Change {
    let what = format!("{}: {}", operation.kind.words(), operation.words);
    let mut change = Change::new(&operation.subject, &operation.entity, what);
    change.sql = Some(operation.class);
    if operation.class == Class::NeedsBackfill {
        change.help = Some("look first how many rows do not fit, and mend them in a version of its own".to_owned());
    }
    change
}

/// Where something stands, or what it stood in.
fn place(subject: &str, places: &BTreeMap<String, Span>) -> Option<Span> {
    let outer = subject.match_indices('.').rev().filter_map(|(at, _)| subject.get(..at));
    std::iter::once(subject).chain(outer).find_map(|name| places.get(name)).cloned()
}
