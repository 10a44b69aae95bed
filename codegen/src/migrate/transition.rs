//! The difference between two storage states: which table became which, under which names.
//!
//! The same type goes both ways: the down of a migration is the transition back.

use std::collections::BTreeMap;

use crate::lock::{Column, ForeignKey, Index, Lock, Table};

/// The way from one state to another.
#[derive(Debug, Clone)]
pub(crate) struct Transition<'a> {
    pub old: &'a Lock,
    pub new: &'a Lock,
    /// Former full name by present full name.
    former: BTreeMap<&'a str, &'a str>,
}

/// A table that exists in both states.
#[derive(Debug, Clone)]
pub(crate) struct Pair<'a> {
    /// Full name of the entity in the new state.
    pub entity: &'a str,
    /// Full name of the entity in the old state.
    pub former: &'a str,
    pub old: &'a Table,
    pub new: &'a Table,
    /// The old table in the words of the new state: every name replaced by what it became.
    pub carried: Table,
}

impl<'a> Transition<'a> {
    pub fn between(old: &'a Lock, new: &'a Lock) -> Self {
        let mut former = BTreeMap::new();
        for (entity, table) in &new.tables {
            if let Some((name, _)) = old.tables.get_key_value(entity) {
                former.insert(entity.as_str(), name.as_str());
            } else if let Some(name) = &table.moved_from
                && let Some((name, _)) = old.tables.get_key_value(name)
                && !new.tables.contains_key(name)
            {
                former.insert(entity.as_str(), name.as_str());
            }
        }
        Self { old, new, former }
    }

    pub fn back(&self) -> Self {
        let former = self.former.iter().map(|(entity, former)| (*former, *entity)).collect();
        Self { old: self.new, new: self.old, former }
    }

    /// Tables of both states, by the full name of the entity in the new one.
    pub fn pairs(&self) -> Vec<Pair<'a>> {
        let pairs = self.former.iter().filter_map(|(entity, former)| {
            let (old, new) = (self.old.tables.get(*former)?, self.new.tables.get(*entity)?);
            Some(Pair { entity, former, old, new, carried: self.carry(old, new) })
        });
        pairs.collect()
    }

    /// Entities that only the new state has.
    pub fn created(&self) -> Vec<(&'a str, &'a Table)> {
        let all = self.new.tables.iter().map(|(entity, table)| (entity.as_str(), table));
        all.filter(|(entity, _)| !self.former.contains_key(entity)).collect()
    }

    /// Entities that only the old state has.
    pub fn dropped(&self) -> Vec<(&'a str, &'a Table)> {
        let all = self.old.tables.iter().map(|(entity, table)| (entity.as_str(), table));
        all.filter(|(entity, _)| self.former.values().all(|former| former != entity)).collect()
    }

    fn carry(&self, old: &Table, new: &Table) -> Table {
        let rename = |name: &String| renamed(old, new, name);
        let columns = old.columns.iter().map(|column| Column { name: rename(&column.name), ..column.clone() });
        let indexes = old
            .indexes
            .iter()
            .map(|index| Index { columns: index.columns.iter().map(rename).collect(), ..index.clone() });
        let foreign_keys = old.foreign_keys.iter().map(|key| {
            let present = self.former.iter().find(|(_, former)| **former == key.entity).map(|(entity, _)| *entity);
            let tables =
                present.and_then(|entity| Some((self.old.tables.get(&key.entity)?, self.new.tables.get(entity)?)));
            ForeignKey {
                columns: key.columns.iter().map(rename).collect(),
                entity: present.map_or_else(|| key.entity.clone(), str::to_owned),
                key_columns: match tables {
                    Some((old, new)) => key.key_columns.iter().map(|name| renamed(old, new, name)).collect(),
                    None => key.key_columns.clone(),
                },
                on_delete: key.on_delete,
            }
        });
        Table {
            name: new.name.clone(),
            columns: columns.collect(),
            key: old.key.iter().map(rename).collect(),
            foreign_keys: foreign_keys.collect(),
            indexes: indexes.collect(),
            ..old.clone()
        }
    }
}

impl<'a> Pair<'a> {
    /// Columns of both states: old, carried, new.
    pub fn kept(&self) -> Vec<(&'a Column, Column, &'a Column)> {
        let kept = self.old.columns.iter().filter_map(|old| {
            let new = self.new.same(old)?;
            Some((old, Column { name: new.name.clone(), ..old.clone() }, new))
        });
        kept.collect()
    }

    pub fn added(&self) -> Vec<&'a Column> {
        self.new.columns.iter().filter(|column| self.old.same(column).is_none()).collect()
    }

    pub fn removed(&self) -> Vec<&'a Column> {
        self.old.columns.iter().filter(|column| self.new.same(column).is_none()).collect()
    }

    pub fn indexes_added(&self) -> Vec<&'a Index> {
        self.new.indexes.iter().filter(|index| !self.carried.indexes.contains(index)).collect()
    }

    pub fn indexes_removed(&self) -> Vec<&'a Index> {
        let both = self.old.indexes.iter().zip(&self.carried.indexes);
        both.filter(|(_, carried)| !self.new.indexes.contains(carried)).map(|(old, _)| old).collect()
    }

    /// What a column of the old table is called now, or was if it is gone.
    pub fn carried_name(&self, name: &str) -> String {
        renamed(self.old, self.new, name)
    }

    pub fn foreign_keys_differ(&self) -> bool {
        let (old, new) = (&self.carried.foreign_keys, &self.new.foreign_keys);
        old.len() != new.len() || old.iter().any(|key| !new.contains(key))
    }
}

fn renamed(old: &Table, new: &Table, name: &str) -> String {
    old.column(name).and_then(|column| new.same(column)).map_or_else(|| name.to_owned(), |column| column.name.clone())
}
