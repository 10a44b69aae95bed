//! The catalogue of SQLite: its pragmas, and the text of each table for what no pragma says.

use std::collections::BTreeSet;

use super::super::{Db, Dialect, Row};
use super::text::{Token, group, normal, parts, print, tokens};
use super::{Check, Column, ForeignKey, Index, Live, Table, rows};
use crate::error::Result;

pub(super) async fn read(db: &Db) -> Result<Live> {
    let mut live = Live::empty(Dialect::Sqlite);
    tables(db, &mut live).await?;
    columns(db, &mut live).await?;
    foreign_keys(db, &mut live).await?;
    indexes(db, &mut live).await?;
    let others = "SELECT type || ' ' || name || CASE type WHEN 'trigger' THEN ' of ' || tbl_name ELSE '' END \
                  FROM sqlite_schema WHERE type IN ('view', 'trigger')";
    live.others = rows(db, others, |row| row.get(0)).await?.into_iter().collect();
    written(db, &mut live).await?;
    Ok(live)
}

async fn tables(db: &Db, live: &mut Live) -> Result<()> {
    let sql = "SELECT name, wr, strict FROM pragma_table_list \
               WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    for (name, without_rowid, strict) in
        rows(db, sql, |row| Ok((row.get::<String>(0)?, row.get::<bool>(1)?, row.get::<bool>(2)?))).await?
    {
        let options = [(strict, "STRICT"), (without_rowid, "WITHOUT ROWID")];
        let options = options.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()).collect();
        live.tables.insert(name, Table { options, ..Table::default() });
    }
    Ok(())
}

async fn columns(db: &Db, live: &mut Live) -> Result<()> {
    let sql = "SELECT t.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk \
               FROM pragma_table_list t, pragma_table_xinfo(t.name) c \
               WHERE t.schema = 'main' AND t.type = 'table' ORDER BY t.name, c.cid";
    let read = |row: &Row<'_>| {
        let default: Option<String> = row.get(4)?;
        let column = Column {
            name: row.get(1)?,
            ty: row.get::<String>(2)?.to_uppercase().split_whitespace().collect::<Vec<_>>().join(" "),
            nullable: !row.get::<bool>(3)?,
            default: default.map(|default| normal(&default)),
            ..Column::default()
        };
        Ok((row.get::<String>(0)?, column, row.get::<i64>(5)?))
    };
    let mut keys: Vec<(String, i64, String)> = Vec::new();
    for (table, mut column, place) in rows(db, sql, read).await? {
        let Some(found) = live.table(&table) else { continue };
        if place > 0 {
            // The rowid is never NULL, whatever stands there.
            column.nullable &= column.ty != "INTEGER";
            keys.push((table, place, column.name.clone()));
        }
        found.columns.push(column);
    }
    keys.sort();
    for (table, _, column) in keys {
        live.table(&table).into_iter().for_each(|table| table.key.push(column.clone()));
    }
    Ok(())
}

async fn foreign_keys(db: &Db, live: &mut Live) -> Result<()> {
    let sql = "SELECT t.name, f.id, f.\"from\", f.\"table\", f.\"to\", f.on_delete, f.on_update \
               FROM pragma_table_list t, pragma_foreign_key_list(t.name) f \
               WHERE t.schema = 'main' AND t.type = 'table' ORDER BY t.name, f.id, f.seq";
    let read = |row: &Row<'_>| {
        let key = ForeignKey {
            name: None,
            columns: vec![row.get(2)?],
            table: row.get(3)?,
            key_columns: row.get::<Option<String>>(4)?.into_iter().collect(),
            on_delete: row.get(5)?,
            on_update: row.get(6)?,
            deferred: false,
        };
        Ok((row.get::<String>(0)?, row.get::<i64>(1)?, key))
    };
    let mut last = None;
    for (table, id, mut key) in rows(db, sql, read).await? {
        // Without columns, a reference is to the primary key.
        let target = live.tables.get(&key.table).map(|target| target.key.clone()).unwrap_or_default();
        let Some(found) = live.table(&table) else { continue };
        let again = last.replace((table, id)) == last;
        match found.foreign_keys.last_mut().filter(|_| again) {
            Some(known) => {
                known.columns.append(&mut key.columns);
                known.key_columns.append(&mut key.key_columns);
            }
            None => {
                if key.key_columns.is_empty() {
                    key.key_columns = target;
                }
                found.foreign_keys.push(key);
            }
        }
    }
    Ok(())
}

async fn indexes(db: &Db, live: &mut Live) -> Result<()> {
    let sql = "SELECT t.name, i.name, i.\"unique\", i.origin, s.sql, \
               (SELECT json_group_array(x.name || CASE WHEN x.coll <> 'BINARY' THEN ' COLLATE ' || x.coll ELSE '' END \
                                        || CASE x.desc WHEN 1 THEN ' DESC' ELSE '' END) \
                  FROM (SELECT * FROM pragma_index_xinfo(i.name) WHERE key = 1 ORDER BY seqno) x) \
               FROM pragma_table_list t, pragma_index_list(t.name) i \
               LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = i.name \
               WHERE t.schema = 'main' AND t.type = 'table' AND i.origin <> 'pk'";
    let read = |row: &Row<'_>| {
        let columns = super::names(&row.get::<String>(5)?).unwrap_or_default();
        let (name, unique, own) = (row.get(1)?, row.get(2)?, row.get::<String>(3)? == "u");
        let mut index = Index { name: Some(name), columns, unique, condition: None, method: None, constraint: own };
        if own {
            index.name = None;
        }
        if let Some(sql) = row.get::<Option<String>>(4)? {
            as_written(&sql, &mut index);
        }
        Ok((row.get::<String>(0)?, index))
    };
    for (table, index) in rows(db, sql, read).await? {
        live.table(&table).into_iter().for_each(|table| table.indexes.push(index.clone()));
    }
    Ok(())
}

/// Columns and condition of an index from its text, which alone knows expressions.
fn as_written(sql: &str, index: &mut Index) {
    let all = tokens(sql);
    let Some(open) = all.iter().position(|token| token.is_sign("(")) else { return };
    let (inner, end) = group(&all, open);
    index.columns = parts(inner).into_iter().map(print).collect();
    let condition = all.get(end + 1..).unwrap_or_default();
    if let Some((_, condition)) = condition.split_first().filter(|(first, _)| first.is("WHERE")) {
        index.condition = Some(print(super::text::bare(condition)));
    }
}

/// What only the text of a table says: checks, collations, computed columns, numbering, and which references wait.
async fn written(db: &Db, live: &mut Live) -> Result<()> {
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL";
    for (name, sql) in rows(db, sql, |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?))).await? {
        let Some(table) = live.table(&name) else { continue };
        let all = tokens(&sql);
        let Some(open) = all.iter().position(|token| token.is_sign("(")) else { continue };
        for part in parts(group(&all, open).0) {
            clauses(part, table);
        }
    }
    Ok(())
}

/// Reads one column or one constraint of a table.
fn clauses(part: &[Token], table: &mut Table) {
    let constraints = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
    let of_table = part.first().is_some_and(|first| constraints.iter().any(|word| first.is(word)));
    let own = part.first().filter(|_| !of_table).map(|first| first.name().to_owned());
    let mut column = own.and_then(|own| table.columns.iter_mut().find(|column| column.name == own));
    let mut referring: BTreeSet<String> = column.iter().map(|column| column.name.clone()).collect();
    let (mut name, mut at) = (None, usize::from(!of_table));
    while let Some(token) = part.get(at) {
        let next = part.get(at + 1);
        let inner = next.filter(|next| next.is_sign("(")).map(|_| group(part, at + 1));
        match (token, inner) {
            (token, _) if token.is("CONSTRAINT") => name = next.map(|next| next.name().to_owned()),
            (token, Some((inner, _))) if token.is("CHECK") => {
                let condition = print(super::text::bare(inner));
                table.checks.push(Check { name: name.take(), condition });
            }
            (token, Some((inner, _))) if token.is("AS") => {
                column.iter_mut().for_each(|column| column.generated = Some(print(inner)));
            }
            (token, Some((inner, _))) if token.is("KEY") && part.iter().any(|token| token.is("FOREIGN")) => {
                referring = parts(inner).into_iter().flatten().map(|token| token.name().to_owned()).collect();
            }
            (token, _) if token.is("COLLATE") => {
                column.iter_mut().for_each(|column| column.collation = next.map(|next| next.name().to_uppercase()));
            }
            (token, _) if token.is("AUTOINCREMENT") => column.iter_mut().for_each(|column| column.numbered = true),
            (token, _) if token.is("DEFERRED") => {
                let same = |key: &&mut ForeignKey| key.columns.iter().cloned().collect::<BTreeSet<_>>() == referring;
                table.foreign_keys.iter_mut().filter(same).for_each(|key| key.deferred = true);
            }
            _ => {}
        }
        at = inner.map_or(at, |(_, end)| end) + 1;
    }
}
