//! What the plans of all homes look up, gathered once: a look at every entity for every entity would be quadratic.

use std::collections::{BTreeMap, BTreeSet};

use super::service::{VariableNames, variable_names};
use crate::emit::contract;
use crate::model::{Entity, ForeignKey, Model, Type};

/// A model, and what follows from all of it.
pub struct Overview<'m> {
    /// The model.
    pub model: &'m Model,
    /// Names of all path variables.
    pub variables: VariableNames,
    /// Full names of what the contract holds.
    pub published: BTreeSet<String>,
    requests: BTreeSet<&'m str>,
    stored: BTreeSet<&'m str>,
    referrers: BTreeMap<&'m str, Vec<(&'m Entity, &'m ForeignKey)>>,
}

impl<'m> Overview<'m> {
    /// Of a model.
    pub fn new(model: &'m Model) -> Self {
        let mut referrers: BTreeMap<&str, Vec<(&Entity, &ForeignKey)>> = BTreeMap::new();
        for entity in &model.entities {
            for key in &entity.foreign_keys {
                referrers.entry(&key.entity).or_default().push((entity, key));
            }
        }
        let rpcs = model.services.iter().flat_map(|service| &service.rpcs);
        Self {
            model,
            variables: variable_names(model),
            published: contract::published(model),
            requests: rpcs.map(|rpc| rpc.request.as_str()).collect(),
            stored: stored(model),
            referrers,
        }
    }

    /// Whether the message is kept in a column, by itself or inside others.
    pub fn is_stored(&self, message: &str) -> bool {
        self.stored.contains(message)
    }

    /// Whether some rpc takes the message.
    pub fn is_request(&self, message: &str) -> bool {
        self.requests.contains(message)
    }

    /// The references to an entity, with the entities that hold them, in the order of the model.
    pub fn referrers(&self, entity: &str) -> &[(&'m Entity, &'m ForeignKey)] {
        self.referrers.get(entity).map(Vec::as_slice).unwrap_or_default()
    }
}

fn stored(model: &Model) -> BTreeSet<&str> {
    fn of<'m>(model: &'m Model, ty: &'m Type, found: &mut BTreeSet<&'m str>) {
        match ty {
            Type::List(item) => of(model, item, found),
            Type::Map(_, value) => of(model, value, found),
            Type::Message(name) if found.insert(name) => {
                let fields = model.message(name).map(|message| message.fields.as_slice()).unwrap_or_default();
                fields.iter().for_each(|field| of(model, &field.ty, found));
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    let fields = model.resources.iter().flat_map(|resource| &resource.fields);
    fields.for_each(|field| of(model, &field.ty, &mut found));
    found
}
