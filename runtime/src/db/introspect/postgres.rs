//! The catalogue of PostgreSQL, for the first schema of the search path.

use super::super::{Db, Dialect, Row};
use super::text::{bare, group, normal, parts, print, tokens};
use super::{Check, Column, ForeignKey, Index, Live, Table, names, rows};
use crate::error::Result;

/// Tables of the schema that belong to no extension and are no part of another table.
const TABLES: &str = "SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS \
    (SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e')";

pub(super) async fn read(db: &Db) -> Result<Live> {
    let mut live = Live::empty(Dialect::Postgres);
    for name in rows(db, &format!("SELECT t.relname::text FROM ({TABLES}) t"), |row| row.get::<String>(0)).await? {
        live.tables.insert(name, Table::default());
    }
    columns(db, &mut live).await?;
    constraints(db, &mut live).await?;
    indexes(db, &mut live).await?;
    let others = "SELECT CASE c.relkind WHEN 'v' THEN 'view ' ELSE 'materialized view ' END || c.relname \
                    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE n.nspname = current_schema() AND c.relkind IN ('v', 'm') AND NOT EXISTS \
                         (SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid \
                          AND x.deptype = 'e') \
                  UNION ALL SELECT 'trigger ' || g.tgname || ' of ' || c.relname \
                    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE n.nspname = current_schema() AND NOT g.tgisinternal";
    live.others = rows(db, others, |row| row.get(0)).await?.into_iter().collect();
    Ok(live)
}

async fn columns(db: &Db, live: &mut Live) -> Result<()> {
    let sql = format!(
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
                pg_get_expr(d.adbin, d.adrelid), CASE WHEN a.attcollation <> t.typcollation THEN o.collname::text END, \
                a.attidentity::text, a.attgenerated::text, \
                (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)::text FROM pg_enum e WHERE e.enumtypid = t.oid) \
           FROM ({TABLES}) c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
           JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation o ON o.oid = a.attcollation \
           LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
          ORDER BY c.relname, a.attnum"
    );
    let read = |row: &Row<'_>| {
        let expression = row.get::<Option<String>>(4)?.map(|expression| normal(&expression));
        let computed = !row.get::<String>(7)?.is_empty();
        let column = Column {
            name: row.get(1)?,
            ty: row.get(2)?,
            values: row.get::<Option<String>>(8)?.map_or(Ok(Vec::new()), |labels| names(&labels))?,
            nullable: !row.get::<bool>(3)?,
            default: expression.clone().filter(|_| !computed),
            collation: row.get(5)?,
            generated: expression.filter(|_| computed),
            numbered: !row.get::<String>(6)?.is_empty(),
        };
        Ok((row.get::<String>(0)?, column))
    };
    for (table, column) in rows(db, &sql, read).await? {
        live.table(&table).into_iter().for_each(|table| table.columns.push(column.clone()));
    }
    Ok(())
}

/// A constraint as it stands in the catalogue.
struct Constraint {
    table: String,
    name: String,
    kind: String,
    columns: Vec<String>,
    target: Option<String>,
    key_columns: Vec<String>,
    on_delete: String,
    on_update: String,
    deferred: bool,
    text: String,
}

async fn constraints(db: &Db, live: &mut Live) -> Result<()> {
    let list = |keys: &str, of: &str| {
        format!(
            "(SELECT json_agg(a.attname ORDER BY u.place)::text FROM unnest({keys}) WITH ORDINALITY AS u(number, place) \
              JOIN pg_attribute a ON a.attrelid = {of} AND a.attnum = u.number)"
        )
    };
    let sql = format!(
        "SELECT c.relname::text, k.conname::text, k.contype::text, {}, \
                CASE WHEN f.relnamespace = k.connamespace THEN f.relname::text ELSE f.oid::regclass::text END, {}, \
                k.confdeltype::text, k.confupdtype::text, k.condeferred, pg_get_constraintdef(k.oid) \
           FROM ({TABLES}) c JOIN pg_constraint k ON k.conrelid = c.oid LEFT JOIN pg_class f ON f.oid = k.confrelid \
          WHERE k.contype IN ('c', 'f', 'p', 'x')",
        list("k.conkey", "k.conrelid"),
        list("k.confkey", "k.confrelid")
    );
    let read = |row: &Row<'_>| {
        let list = |at| row.get::<Option<String>>(at)?.map_or(Ok(Vec::new()), |list| names(&list));
        Ok(Constraint {
            table: row.get(0)?,
            name: row.get(1)?,
            kind: row.get(2)?,
            columns: list(3)?,
            target: row.get(4)?,
            key_columns: list(5)?,
            on_delete: action(&row.get::<String>(6)?),
            on_update: action(&row.get::<String>(7)?),
            deferred: row.get(8)?,
            text: row.get(9)?,
        })
    };
    for found in rows(db, &sql, read).await? {
        let Some(table) = live.table(&found.table) else { continue };
        match (found.kind.as_str(), found.target) {
            ("p", _) => (table.key, table.key_name) = (found.columns, Some(found.name)),
            ("f", Some(target)) => table.foreign_keys.push(ForeignKey {
                name: Some(found.name),
                columns: found.columns,
                table: target,
                key_columns: found.key_columns,
                on_delete: found.on_delete,
                on_update: found.on_update,
                deferred: found.deferred,
            }),
            _ => {
                let condition = normal(found.text.strip_prefix("CHECK ").unwrap_or(&found.text));
                table.checks.push(Check { name: Some(found.name), condition });
            }
        }
    }
    Ok(())
}

fn action(letter: &str) -> String {
    let word = match letter {
        "r" => "RESTRICT",
        "c" => "CASCADE",
        "n" => "SET NULL",
        "d" => "SET DEFAULT",
        _ => "NO ACTION",
    };
    word.to_owned()
}

async fn indexes(db: &Db, live: &mut Live) -> Result<()> {
    let sql = format!(
        "SELECT c.relname::text, i.relname::text, x.indisunique, pg_get_indexdef(x.indexrelid), x.indisvalid, \
                EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype = 'u') \
           FROM ({TABLES}) c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid \
          WHERE NOT x.indisprimary AND NOT x.indisexclusion"
    );
    let read = |row: &Row<'_>| {
        let name: Option<String> = row.get(1)?;
        let mut index = Index {
            name,
            columns: Vec::new(),
            unique: row.get(2)?,
            condition: None,
            method: None,
            constraint: row.get(5)?,
        };
        as_written(&row.get::<String>(3)?, &mut index);
        if !row.get::<bool>(4)? {
            index.method = Some("invalid".to_owned());
        }
        Ok((row.get::<String>(0)?, index))
    };
    for (table, index) in rows(db, &sql, read).await? {
        live.table(&table).into_iter().for_each(|table| table.indexes.push(index.clone()));
    }
    Ok(())
}

/// Columns, condition and method of an index: `… USING btree (paid_at NULLS FIRST, id) WHERE (paid_at IS NULL)`.
fn as_written(sql: &str, index: &mut Index) {
    let all = tokens(sql);
    let Some(using) = all.iter().position(|token| token.is("USING")) else { return };
    let Some(open) = all.iter().skip(using).position(|token| token.is_sign("(")).map(|at| at + using) else { return };
    let (inner, end) = group(&all, open);
    index.columns = parts(inner).into_iter().map(print).collect();
    let behind = all.get(end + 1..).unwrap_or_default();
    let place = behind.iter().position(|token| token.is("WHERE")).unwrap_or(behind.len());
    let (more, condition) = behind.split_at(place);
    index.condition = condition.split_first().map(|(_, condition)| print(bare(condition)));
    let method = all.get(using + 1..open).unwrap_or_default();
    let method = print(&[method, more].concat());
    index.method = Some(method).filter(|method| method != "btree");
}
