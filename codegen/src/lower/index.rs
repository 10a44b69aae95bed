//! Indexes: declared ones, and those that options of fields bring along.

use crate::lower::Lowering;
use crate::lower::entity::{DELETED_AT, POSITION, column_name};
use crate::lower::field::Lowered;
use crate::lower::seed::Seed;
use crate::model::{Entity, Index};

impl Lowering<'_> {
    pub(super) fn indexes(&self, seed: &Seed, entity: &Entity, fields: &[Lowered]) -> Vec<Index> {
        let mut list = IndexList { entity, indexes: Vec::new() };
        if let Some(parent) = &entity.parent {
            list.add(vec![parent.column.clone(), POSITION.to_owned()], false, None);
        }
        for (field, options) in fields.iter().filter(|(field, _)| field.unique) {
            list.add(list.per_tenant(vec![column_name(field, options)]), true, None);
        }
        for index in &seed.options.indexes {
            let columns: Vec<String> =
                index.fields.iter().map(|field| self.column_name(&seed.message, field)).collect();
            let condition = (!index.condition.is_empty()).then(|| index.condition.clone());
            list.add(if index.unique { list.per_tenant(columns) } else { columns }, index.unique, condition);
        }
        let references = fields.iter().filter(|(_, options)| !options.references.is_empty());
        for (field, options) in references.chain(fields.iter().filter(|(field, _)| field.sortable)) {
            let column = column_name(field, options);
            if !list.covers(&column) {
                list.add(vec![column], false, None);
            }
        }
        list.indexes
    }
}

struct IndexList<'a> {
    entity: &'a Entity,
    indexes: Vec<Index>,
}

impl IndexList<'_> {
    /// Rows of different tenants do not compete.
    fn per_tenant(&self, mut columns: Vec<String>) -> Vec<String> {
        if let Some(tenant) = &self.entity.tenant
            && !columns.contains(tenant)
        {
            columns.insert(0, tenant.clone());
        }
        columns
    }

    fn add(&mut self, columns: Vec<String>, unique: bool, condition: Option<String>) {
        let ending = if unique { "key" } else { "idx" };
        let name = format!("{}_{}_{ending}", self.entity.table, columns.join("_"));
        let live = (unique && self.entity.soft_delete).then(|| format!("{DELETED_AT} IS NULL"));
        let condition = match (condition, live) {
            (Some(condition), Some(live)) => Some(format!("({condition}) AND {live}")),
            (condition, live) => condition.or(live),
        };
        if !self.indexes.iter().any(|index| index.name == name) {
            self.indexes.push(Index { name, columns, unique, condition });
        }
    }

    /// Whether the key or an index over all live rows starts with the column.
    fn covers(&self, column: &str) -> bool {
        let live = format!("{DELETED_AT} IS NULL");
        let starts = |columns: &[String]| columns.first().is_some_and(|first| first == column);
        starts(&self.entity.key.columns)
            || self.indexes.iter().any(|index| {
                starts(&index.columns) && index.condition.as_ref().is_none_or(|condition| *condition == live)
            })
    }
}
