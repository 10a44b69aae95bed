//! A contract as it is looked at: by full names, and with what clients send and what they are sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::{Contract, Enum, Field, Message, Rpc, Service};

/// A contract by full names.
pub(super) struct View<'a> {
    pub(super) contract: &'a Contract,
    pub(super) messages: BTreeMap<String, &'a Message>,
    pub(super) enums: BTreeMap<String, &'a Enum>,
    pub(super) services: BTreeMap<String, &'a Service>,
    /// Messages and enums that REST reads from clients.
    read: BTreeSet<&'a str>,
    /// Messages and enums that REST shows to clients.
    shown: BTreeSet<&'a str>,
    /// Fields of requests that REST reads from the path alone, by message: what they are called, no client sees.
    in_path: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> View<'a> {
    pub(super) fn of(contract: &'a Contract) -> Self {
        let mut view = Self {
            contract,
            messages: BTreeMap::new(),
            enums: BTreeMap::new(),
            services: BTreeMap::new(),
            read: BTreeSet::new(),
            shown: BTreeSet::new(),
            in_path: BTreeMap::new(),
        };
        for (package, inside) in &contract.packages {
            let full = |name: &String| format!("{package}.{name}");
            view.messages.extend(inside.messages.iter().map(|(name, message)| (full(name), message)));
            view.enums.extend(inside.enums.iter().map(|(name, found)| (full(name), found)));
            view.services.extend(inside.services.iter().map(|(name, service)| (full(name), service)));
        }
        let services = contract.packages.values().flat_map(|package| package.services.values());
        let routed: Vec<_> =
            services.flat_map(|service| service.rpcs.values()).filter(|rpc| !rpc.routes.is_empty()).collect();
        let requests = routed.iter().map(|rpc| rpc.request.as_str()).collect();
        view.read = view.reach(requests, |field| !field.output_only);
        let responses = routed.iter().map(|rpc| rpc.response.as_str()).collect();
        view.shown = view.reach(responses, |field| !field.input_only);
        view.in_path = view.paths(&routed);
        view
    }

    /// What is reached from some messages through such fields.
    fn reach(&self, mut open: Vec<&'a str>, through: fn(&Field) -> bool) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        while let Some(name) = open.pop() {
            if found.insert(name)
                && let Some(message) = self.messages.get(name)
            {
                open.extend(
                    message.fields.values().filter(|field| through(field)).filter_map(|field| named(&field.ty)),
                );
            }
        }
        found
    }

    /// Variables that all routes of a request name, of messages that are nothing but requests.
    fn paths(&self, routed: &[&'a Rpc]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
        let messages = self.contract.packages.values().flat_map(|package| package.messages.values());
        let inside: BTreeSet<&str> =
            messages.flat_map(|message| message.fields.values()).filter_map(|field| named(&field.ty)).collect();
        let mut paths: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (rpc, route) in routed.iter().flat_map(|rpc| rpc.routes.iter().map(move |route| (rpc, route))) {
            let variables: BTreeSet<&str> =
                route.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
            let known = paths.entry(&rpc.request).or_insert_with(|| variables.clone());
            known.retain(|name| variables.contains(name));
        }
        paths.retain(|message, _| !inside.contains(message) && !self.shown.contains(message));
        paths
    }

    /// Fields of a message that REST reads from the path alone.
    pub(super) fn in_path(&self, message: &str) -> BTreeSet<&'a str> {
        self.in_path.get(message).cloned().unwrap_or_default()
    }

    /// Whether REST reads a message or an enum from clients.
    pub(super) fn reads(&self, full_name: &str) -> bool {
        self.read.contains(full_name)
    }

    /// Whether REST shows a message or an enum to clients.
    pub(super) fn shows(&self, full_name: &str) -> bool {
        self.shown.contains(full_name)
    }
}

/// The message or enum that a type names.
pub(super) fn named(ty: &str) -> Option<&str> {
    let value = ty.strip_prefix("map<").and_then(|rest| rest.strip_suffix('>')).and_then(|rest| rest.split_once(", "));
    Some(value.map_or(ty, |(_, value)| value)).filter(|name| name.contains('.'))
}
