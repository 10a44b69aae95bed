//! Orders in which statements can run: referenced tables first, and no name taken twice.

use std::collections::BTreeSet;

use crate::lock::Lock;
use crate::model::short_name;

const SWAP_SUFFIX: &str = "__old";

/// Entities that the table of an entity references.
pub(super) fn references<'a>(lock: &'a Lock, entity: &str) -> Vec<&'a str> {
    let keys = lock.tables.get(entity).map(|table| table.foreign_keys.as_slice()).unwrap_or_default();
    keys.iter().map(|key| key.entity.as_str()).collect()
}

/// Depth first along the references; a cycle is cut where it closes.
pub(super) fn parents_first<'a>(lock: &'a Lock, wanted: &BTreeSet<&'a str>) -> Vec<&'a str> {
    fn visit<'a>(
        lock: &'a Lock,
        entity: &'a str,
        wanted: &BTreeSet<&'a str>,
        seen: &mut BTreeSet<&'a str>,
        out: &mut Vec<&'a str>,
    ) {
        if !seen.insert(entity) {
            return;
        }
        for parent in references(lock, entity) {
            visit(lock, parent, wanted, seen, out);
        }
        if wanted.contains(entity) {
            out.push(entity);
        }
    }
    let (mut seen, mut out) = (BTreeSet::new(), Vec::new());
    for entity in wanted {
        visit(lock, entity, wanted, &mut seen, &mut out);
    }
    out
}

/// Renames in an order in which no name is taken; a circle goes through a name of its own.
pub(super) fn in_order(mut renames: Vec<(String, String)>) -> Vec<(String, String)> {
    renames.retain(|(from, to)| from != to);
    let mut ordered = Vec::new();
    while !renames.is_empty() {
        let free = renames.iter().position(|(_, to)| renames.iter().all(|(from, _)| from != to));
        if let Some(index) = free {
            ordered.push(renames.remove(index));
        } else {
            let (from, to) = renames.remove(0);
            let aside = short_name(&format!("{from}{SWAP_SUFFIX}"));
            ordered.push((from, aside.clone()));
            renames.push((aside, to));
        }
    }
    ordered
}
