//! The catalogue of MySQL and MariaDB, for the database of the connection.

use super::super::{Db, Dialect, Row};
use super::text::normal;
use super::{Check, Column, ForeignKey, Index, Live, Table, rows};
use crate::error::Result;

pub(super) async fn read(db: &Db) -> Result<Live> {
    let mut live = Live::empty(Dialect::Mysql);
    let version = rows(db, "SELECT CAST(version() AS CHAR)", |row| row.get::<String>(0)).await?;
    let mariadb = version.iter().any(|version| version.contains("MariaDB"));
    let tables = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
                  WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'";
    for name in rows(db, tables, |row| row.get::<String>(0)).await? {
        live.tables.insert(name, Table::default());
    }
    columns(db, &mut live).await?;
    foreign_keys(db, &mut live).await?;
    indexes(db, mariadb, &mut live).await?;
    checks(db, mariadb, &mut live).await?;
    let others = "SELECT CAST(CONCAT('view ', table_name) AS CHAR) FROM information_schema.views \
                   WHERE table_schema = DATABASE() \
                  UNION ALL SELECT CAST(CONCAT('trigger ', trigger_name, ' of ', event_object_table) AS CHAR) \
                    FROM information_schema.triggers WHERE trigger_schema = DATABASE()";
    live.others = rows(db, others, |row| row.get(0)).await?.into_iter().collect();
    Ok(live)
}

async fn columns(db: &Db, live: &mut Live) -> Result<()> {
    let sql = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(column_type AS CHAR), \
               is_nullable = 'YES', CAST(column_default AS CHAR), CAST(collation_name AS CHAR), \
               CAST(generation_expression AS CHAR), CAST(extra AS CHAR) \
               FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position";
    let read = |row: &Row<'_>| {
        let extra = row.get::<Option<String>>(7)?.unwrap_or_default();
        let follows = extra.to_lowercase().find("on update").and_then(|at| extra.get(at..)).map(str::to_owned);
        // MariaDB writes out that there is none.
        let default = row.get::<Option<String>>(4)?.filter(|default| default != "NULL");
        let default = match (default, follows) {
            (default, None) => default,
            (None, Some(follows)) => Some(follows),
            (Some(default), Some(follows)) => Some(format!("{default} {follows}")),
        };
        let column = Column {
            name: row.get(1)?,
            ty: without_width(&row.get::<String>(2)?),
            nullable: row.get(3)?,
            default,
            collation: row.get(5)?,
            generated: row
                .get::<Option<String>>(6)?
                .filter(|expression| !expression.is_empty())
                .map(|expression| normal(&expression)),
            numbered: extra.contains("auto_increment"),
            values: Vec::new(),
        };
        Ok((row.get::<String>(0)?, column))
    };
    for (table, column) in rows(db, sql, read).await? {
        live.table(&table).into_iter().for_each(|table| table.columns.push(column.clone()));
    }
    Ok(())
}

/// How wide a whole number is shown says nothing of its values, and newer servers no longer tell it; but `tinyint(1)` is
/// what a truth value is.
fn without_width(ty: &str) -> String {
    let lower = ty.to_lowercase();
    for word in ["tinyint", "smallint", "mediumint", "int", "bigint"] {
        if lower != "tinyint(1)"
            && let Some(rest) = lower.strip_prefix(word).and_then(|rest| rest.strip_prefix('('))
            && let Some((_, rest)) = rest.split_once(')')
        {
            return format!("{word}{rest}");
        }
    }
    // Names of an ENUM keep their case.
    match ty.split_once('(') {
        Some((word, rest)) => format!("{}({rest}", word.to_lowercase()),
        None => lower,
    }
}

async fn foreign_keys(db: &Db, live: &mut Live) -> Result<()> {
    let sql = "SELECT CAST(k.table_name AS CHAR), CAST(k.constraint_name AS CHAR), CAST(k.column_name AS CHAR), \
               CAST(k.referenced_table_name AS CHAR), CAST(k.referenced_column_name AS CHAR), \
               CAST(r.delete_rule AS CHAR), CAST(r.update_rule AS CHAR) \
               FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
                 ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
                AND r.table_name = k.table_name \
               WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL \
               ORDER BY k.table_name, k.constraint_name, k.ordinal_position";
    // Both words mean the same to this engine.
    let action = |word: String| if word == "NO ACTION" { "RESTRICT".to_owned() } else { word };
    let read = |row: &Row<'_>| {
        let key = ForeignKey {
            name: row.get(1)?,
            columns: vec![row.get(2)?],
            table: row.get(3)?,
            key_columns: vec![row.get(4)?],
            on_delete: action(row.get(5)?),
            on_update: action(row.get(6)?),
            deferred: false,
        };
        Ok((row.get::<String>(0)?, key))
    };
    for (table, mut key) in rows(db, sql, read).await? {
        let Some(table) = live.table(&table) else { continue };
        match table.foreign_keys.last_mut().filter(|known| known.name == key.name) {
            Some(known) => {
                known.columns.append(&mut key.columns);
                known.key_columns.append(&mut key.key_columns);
            }
            None => table.foreign_keys.push(key),
        }
    }
    Ok(())
}

async fn indexes(db: &Db, mariadb: bool, live: &mut Live) -> Result<()> {
    let expression = if mariadb { "NULL" } else { "expression" };
    let sql = format!(
        "SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR), non_unique, CAST(column_name AS CHAR), \
         CAST(sub_part AS CHAR), CAST(collation AS CHAR), CAST(index_type AS CHAR), CAST({expression} AS CHAR) \
         FROM information_schema.statistics WHERE table_schema = DATABASE() \
         ORDER BY table_name, index_name, seq_in_index"
    );
    let read = |row: &Row<'_>| {
        let expression = row.get::<Option<String>>(7)?.map(|expression| format!("({})", normal(&expression)));
        let mut column = row.get::<Option<String>>(3)?.or(expression).unwrap_or_default();
        if let Some(length) = row.get::<Option<String>>(4)? {
            column.push_str(&format!("({length})"));
        }
        if row.get::<Option<String>>(5)?.as_deref() == Some("D") {
            column.push_str(" DESC");
        }
        let index = Index {
            name: row.get(1)?,
            columns: vec![column],
            unique: !row.get::<bool>(2)?,
            condition: None,
            method: row
                .get::<Option<String>>(6)?
                .map(|method| method.to_lowercase())
                .filter(|method| method != "btree"),
            constraint: false,
        };
        Ok((row.get::<String>(0)?, index))
    };
    for (table, mut index) in rows(db, &sql, read).await? {
        let Some(table) = live.table(&table) else { continue };
        if index.name.as_deref() == Some("PRIMARY") {
            table.key.append(&mut index.columns);
            continue;
        }
        match table.indexes.last_mut().filter(|known| known.name == index.name) {
            Some(known) => known.columns.append(&mut index.columns),
            None => table.indexes.push(index),
        }
    }
    Ok(())
}

async fn checks(db: &Db, mariadb: bool, live: &mut Live) -> Result<()> {
    // MariaDB names checks within a table, MySQL within a database and without saying the table.
    let sql = match mariadb {
        true => {
            "SELECT CAST(table_name AS CHAR), CAST(constraint_name AS CHAR), CAST(check_clause AS CHAR) \
             FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()"
        }
        false => {
            "SELECT CAST(t.table_name AS CHAR), CAST(t.constraint_name AS CHAR), CAST(c.check_clause AS CHAR) \
             FROM information_schema.check_constraints c JOIN information_schema.table_constraints t \
               ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name \
             WHERE t.table_schema = DATABASE() AND t.constraint_type = 'CHECK'"
        }
    };
    let read = |row: &Row<'_>| {
        let check = Check { name: row.get(1)?, condition: normal(&row.get::<String>(2)?) };
        Ok((row.get::<String>(0)?, check))
    };
    for (table, check) in rows(db, sql, read).await? {
        live.table(&table).into_iter().for_each(|table| table.checks.push(check.clone()));
    }
    Ok(())
}
