//! The name of a migration, from what it does.

use std::collections::BTreeSet;

use super::operation::{Operation, OperationKind};

const NAMES_MAX: usize = 3;

/// `initial`, `add_invoices`, `drop_invoices`, `change_orders`, or several tables joined by `_and_`.
pub(super) fn name_of(operations: &[Operation], is_first: bool) -> String {
    if is_first {
        return "initial".to_owned();
    }
    let tables = |kind: OperationKind| -> BTreeSet<&str> {
        operations.iter().filter(|operation| operation.kind == kind).map(|operation| operation.table.as_str()).collect()
    };
    let (added, dropped) = (tables(OperationKind::CreateTable), tables(OperationKind::DropTable));
    let changed = operations.iter().map(|operation| operation.table.as_str());
    let changed: BTreeSet<&str> = changed.filter(|table| !added.contains(table) && !dropped.contains(table)).collect();
    let parts = [("add", added), ("drop", dropped), ("change", changed)];
    let mut parts = parts.iter().filter(|(_, tables)| !tables.is_empty());
    match (parts.next(), parts.next()) {
        (Some((verb, tables)), None) if tables.len() <= NAMES_MAX => {
            format!("{verb}_{}", tables.iter().copied().collect::<Vec<_>>().join("_and_"))
        }
        (Some((verb, _)), None) => format!("{verb}_tables"),
        (Some((verb, tables)), Some(_)) if tables.len() == 1 => {
            format!("{verb}_{}_and_more", tables.first().copied().unwrap_or_default())
        }
        _ => "change_tables".to_owned(),
    }
}
