//! Indexes: declared ones, and those that options of fields bring along.

use std::collections::BTreeSet;

use crate::lower::Lowering;
use crate::lower::entity::{DELETED_AT, POSITION, column_name};
use crate::lower::field::Lowered;
use crate::lower::seed::Seed;
use crate::model::{Entity, Field, FieldRole, Index, short_name};
use crate::sql::condition::exact;

impl Lowering<'_> {
    pub(super) fn indexes(&self, seed: &Seed, entity: &Entity, fields: &[Lowered]) -> Vec<Index> {
        let mut list = IndexList { entity, indexes: Vec::new() };
        if let Some(parent) = &entity.parent {
            list.add(vec![parent.column.clone(), POSITION.to_owned()], false, None);
        }
        for (field, options) in fields.iter().filter(|(field, _)| field.unique) {
            list.add(list.per_tenant(vec![column_name(field, options)]), true, None);
        }
        let names: Vec<&str> = entity.columns.iter().map(|column| column.name.as_str()).collect();
        for index in &seed.options.indexes {
            let columns: Vec<String> =
                index.fields.iter().map(|field| self.column_name(&seed.message, field)).collect();
            let condition = (!index.condition.is_empty()).then(|| exact(&index.condition, &names));
            list.add(if index.unique { list.per_tenant(columns) } else { columns }, index.unique, condition);
        }
        let created_at = fields.iter().find(|(field, _)| field.role == FieldRole::CreatedAt);
        let created_at = created_at.map(|(field, options)| column_name(field, options));
        for (field, options) in fields.iter().filter(|(_, options)| !options.references.is_empty()) {
            let column = column_name(field, options);
            let owner = entity.owner.as_ref().is_some_and(|owner| owner.steps.is_empty() && owner.column == column);
            if (field.filterable || owner) && entity.parent.is_none() {
                list.add_listed(&column, created_at.as_deref());
            } else if !list.covers(&column) {
                list.add(vec![column], false, None);
            }
        }
        // Lists that ask for no order are ordered by creation, whether or not they may ask for it.
        let ordered = |field: &Field| field.sortable || (field.role == FieldRole::CreatedAt && entity.parent.is_none());
        for (field, options) in fields.iter().filter(|(field, _)| ordered(field)) {
            list.add_order(field, &column_name(field, options));
        }
        list.indexes
    }
}

/// Shortens names that are too long, and numbers those that would mean two things: indexes of one database share their names with its tables, and case makes
/// no difference.
pub(super) fn number_twins(mut entities: Vec<&mut Entity>) {
    let mut taken: BTreeSet<String> = entities.iter().map(|entity| entity.table.to_lowercase()).collect();
    for index in entities.iter_mut().flat_map(|entity| &mut entity.indexes) {
        let name = short_name(&index.name);
        index.name.clone_from(&name);
        let mut number = 2;
        while !taken.insert(index.name.to_lowercase()) {
            index.name = short_name(&format!("{name}_{number}"));
            number += 1;
        }
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
        let index = Index { name, columns, unique, condition };
        if !self.indexes.contains(&index) {
            self.indexes.push(index);
        }
    }

    /// An index that a page in this order is read from without sorting: the key makes the order total. With
    /// `deleted_at` in it, the index alone counts the live rows.
    fn add_order(&mut self, field: &Field, column: &str) {
        let mut columns = self.before_the_key(vec![column.to_owned()]);
        let live = self.entity.soft_delete.then(|| format!("{DELETED_AT} IS NULL"));
        // What is unique and always there is an order of its own.
        let total = |index: &Index| index.unique && !field.optional && index.columns == [column];
        let known = |index: &Index| total(index) || index.columns.starts_with(&columns);
        let whole = |index: &Index| index.condition.is_none() || index.condition == live;
        if self.entity.key.columns.starts_with(&columns)
            || self.indexes.iter().any(|index| known(index) && whole(index))
        {
            return;
        }
        columns.extend(live.iter().map(|_| DELETED_AT.to_owned()));
        let name = self.free_name(&[column]);
        self.indexes.push(Index { name, columns, unique: false, condition: live });
    }

    /// An index from which the rows that refer to one row are listed, in the order that lists have by themselves.
    fn add_listed(&mut self, column: &str, created_at: Option<&str>) {
        let leading: Vec<&str> = std::iter::once(column).chain(created_at).collect();
        let mut columns = self.before_the_key(leading.iter().map(|&column| column.to_owned()).collect());
        let known = |index: &Index| index.condition.is_none() && index.columns.starts_with(&columns);
        let single = |index: &Index| index.unique && index.columns == [column];
        if self.entity.key.columns.starts_with(&columns)
            || self.indexes.iter().any(|index| known(index) || single(index))
        {
            return;
        }
        // Deleted rows too: they refer as well, and a row that is removed for good looks for them.
        columns.extend(self.entity.soft_delete.then(|| DELETED_AT.to_owned()));
        let name = self.free_name(&leading);
        self.indexes.push(Index { name, columns, unique: false, condition: None });
    }

    /// These columns, and those of the key that are not among them.
    fn before_the_key(&self, mut columns: Vec<String>) -> Vec<String> {
        let key = self.entity.key.columns.iter().filter(|key| !columns.contains(key)).cloned().collect::<Vec<_>>();
        columns.extend(key);
        columns
    }

    /// A name by the leading columns, unless a declared index has it.
    fn free_name(&self, leading: &[&str]) -> String {
        let name = format!("{}_{}_idx", self.entity.table, leading.join("_"));
        match self.indexes.iter().any(|index| index.name == name) {
            true => format!("{}_{}_order_idx", self.entity.table, leading.join("_")),
            false => name,
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
