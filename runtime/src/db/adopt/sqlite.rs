//! SQLite alters nothing of what a table says about references and constraints: such a table is copied, row by row as it is.

use super::{Adoption, go_on, quoted, statements_of, table_of};
use crate::db::introspect::{Live, differences};
use crate::db::migrate::Migration;

const SUFFIX: &str = "__adopted";

/// The statements run with references and the renaming of what refers to tables off, and are looked at behind.
pub(super) fn bring(live: &Live, wanted: &Live, first: &Migration, plan: &mut Adoption) {
    let statements = statements_of(first);
    for (name, table) in &wanted.tables {
        let Some(own) = live.tables.get(name) else { continue };
        let alone = |of: &Live| {
            let mut one = of.clone();
            one.tables.retain(|other, _| other == name);
            one.others.clear();
            one
        };
        go_on(name, own, first, plan);
        let told = differences(&alone(live), &alone(wanted));
        if told.is_empty() {
            continue;
        }
        if live.others.iter().any(|other| other.starts_with("trigger ") && other.ends_with(&format!(" of {name}"))) {
            plan.refused.push(format!(
                "table {name}: has a trigger, which would go with the copy; drop it first, and make it again"
            ));
            continue;
        }
        plan.words.push(format!("copy the table {name}, because SQLite does not alter this:"));
        plan.words.extend(told.iter().map(|line| format!("  {line}")));
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let columns = super::list(&columns);
        let (copy, name_) = (quoted(&format!("{name}{SUFFIX}")), quoted(name));
        let own: Vec<&String> =
            statements.iter().filter(|statement| table_of(statement).as_ref() == Some(name)).collect();
        for statement in &own {
            match statement.split_once('(').filter(|_| statement.starts_with("CREATE TABLE")) {
                Some((_, body)) => plan.statements.extend([
                    format!("CREATE TABLE {copy} ({body}"),
                    format!("INSERT INTO {copy} ({columns}) SELECT {columns} FROM {name_}"),
                    format!("DROP TABLE {name_}"),
                    format!("ALTER TABLE {copy} RENAME TO {name_}"),
                ]),
                None => plan.statements.push((*statement).clone()),
            }
        }
    }
}
