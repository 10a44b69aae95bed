//! The walk over two contracts: packages, messages, and what comes or goes as a whole.

use std::collections::BTreeSet;

use super::view::View;
use super::{Change, Verdict};
use crate::contract::{Contract, Message, Numbers};
use crate::migrate::{Aspect, Class};

/// Two contracts, and what was found so far.
pub(super) struct Diff<'a> {
    pub(super) old: View<'a>,
    pub(super) new: View<'a>,
    pub(super) found: Vec<Found>,
}

/// A change, and the operations of the storage that belong to it.
pub(super) struct Found {
    pub(super) change: Change,
    /// Place in its group: the entity itself, what is derived from it, its service.
    pub(super) rank: u8,
    pub(super) stored: Option<Stored>,
}

/// Which operations belong to a change.
pub(super) struct Stored {
    /// Entity and number of a field; none for the entity itself.
    pub(super) places: Vec<(String, Option<u32>)>,
    pub(super) aspects: Vec<Aspect>,
    /// The change does not do more than that, whatever else the operation does.
    pub(super) at_most: Class,
}

impl Stored {
    pub(super) fn field(entity: &str, number: u32, aspect: Aspect) -> Self {
        // A column that comes or goes takes its references and indexes along.
        let aspects = match aspect {
            Aspect::Existence => vec![aspect, Aspect::Reference, Aspect::Index],
            _ => vec![aspect],
        };
        Self { places: vec![(entity.to_owned(), Some(number))], aspects, at_most: Class::Refused }
    }

    fn table(entity: &str) -> Self {
        Self { places: vec![(entity.to_owned(), None)], aspects: vec![Aspect::Existence], at_most: Class::Refused }
    }
}

impl Change {
    /// A change that does nothing to anyone yet.
    pub(super) fn new(subject: impl Into<String>, group: &str, what: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            group: super::outermost(group).to_owned(),
            what: what.into(),
            wire: Verdict::Ok,
            rest: Verdict::Ok,
            sql: None,
            span: None,
            reason: None,
            help: None,
        }
    }

    pub(super) fn verdicts(mut self, wire: Verdict, rest: Verdict) -> Self {
        (self.wire, self.rest) = (wire, rest);
        self
    }

    /// Why, and the safe path; said only where someone notices.
    pub(super) fn because(mut self, reason: impl Into<String>, help: impl Into<String>) -> Self {
        if self.wire.max(self.rest) > Verdict::Ok {
            self.reason = Some(reason.into());
            self.help = Some(help.into()).filter(|help: &String| !help.is_empty());
        }
        self
    }
}

impl<'a> Diff<'a> {
    pub(super) fn of(old: &'a Contract, new: &'a Contract) -> Self {
        Self { old: View::of(old), new: View::of(new), found: Vec::new() }
    }

    pub(super) fn run(&mut self) {
        for (name, package) in &self.old.contract.packages {
            if !self.new.contract.packages.contains_key(name) {
                let [messages, enums, services] = [package.messages.len(), package.enums.len(), package.services.len()];
                let what = format!("package removed: {messages} messages, {enums} enums, {services} services");
                let change = Change::new(name, name, what).verdicts(Verdict::Breaking, Verdict::Breaking).because(
                    "all that clients called in it is gone",
                    "keep the package until nobody calls it, and add the new one, such as shop.v2, beside it",
                );
                self.push(change, 0, None);
            }
        }
        self.messages();
        self.enums();
        self.services();
    }

    pub(super) fn push(&mut self, change: Change, rank: u8, stored: Option<Stored>) {
        self.found.push(Found { change, rank, stored });
    }

    /// Whether the package of something of the old contract is gone as a whole, which was said.
    pub(super) fn is_in_removed_package(&self, full_name: &str) -> bool {
        let mut outer = full_name.match_indices('.').rev().filter_map(|(at, _)| full_name.get(..at));
        let known = |contract: &Contract, name: &str| contract.packages.contains_key(name);
        // The longest package that the name is in.
        let package = outer.find(|name| known(self.old.contract, name));
        package.is_some_and(|name| !known(self.new.contract, name))
    }

    fn messages(&mut self) {
        let names: BTreeSet<String> = self.old.messages.keys().chain(self.new.messages.keys()).cloned().collect();
        for name in &names {
            match (self.old.messages.get(name).copied(), self.new.messages.get(name).copied()) {
                (Some(old), Some(new)) => self.message(name, old, new),
                // A derived message comes and goes with its rpc.
                (Some(old), None) if old.derived_from.is_none() && !self.is_in_removed_package(name) => {
                    self.gone(name, "message", Some(Stored::table(name)));
                }
                (None, Some(new)) if new.derived_from.is_none() => {
                    self.push(Change::new(name, name, "added"), 0, Some(Stored::table(name)));
                }
                _ => {}
            }
        }
    }

    /// A message or an enum that is no longer published.
    pub(super) fn gone(&mut self, name: &str, kind: &str, stored: Option<Stored>) {
        let over_rest = self.old.reads(name) || self.old.shows(name);
        let change =
            Change::new(name, name, "removed").verdicts(Verdict::Breaking, Verdict::breaking_if(over_rest)).because(
                format!("clients that were built with the {kind} send or expect it"),
                "leave it until nobody uses it: mark what uses it as deprecated, watch the calls, then remove it",
            );
        self.push(change, 0, stored);
    }

    fn message(&mut self, name: &str, old: &Message, new: &Message) {
        let group = new.derived_from.as_deref().unwrap_or(name);
        let rank = u8::from(new.derived_from.is_some());
        self.fields(name, old, new, (group, rank));
        self.reserved(
            (name, group, rank),
            (&old.reserved_numbers, &old.reserved_names),
            (&new.reserved_numbers, &new.reserved_names),
        );
    }

    /// What was reserved stays so.
    pub(super) fn reserved(
        &mut self,
        (name, group, rank): (&str, &str, u8),
        (old_numbers, old_names): (&[Numbers], &[String]),
        (new_numbers, new_names): (&[Numbers], &[String]),
    ) {
        let ranges = old_numbers.iter().filter(|range| !covers(new_numbers, **range));
        let numbers: Vec<String> = ranges.map(|range| format!("number {range}")).collect();
        let names = old_names.iter().filter(|name| !new_names.contains(name)).map(|name| format!("name {name}"));
        for what in numbers.into_iter().chain(names) {
            let change = Change::new(name, group, format!("{what} no longer reserved"))
                .verdicts(Verdict::Breaking, Verdict::Ok)
                .because(
                    "old clients may still send it, and it would be read as what takes its place",
                    "reserve it again: it is never used for something else",
                );
            self.push(change, rank, None);
        }
    }
}

/// Whether all numbers of a range are in others.
pub(super) fn covers(ranges: &[Numbers], range: Numbers) -> bool {
    let mut ranges: Vec<Numbers> = ranges.to_vec();
    ranges.sort();
    let mut next = i64::from(range.from);
    for known in ranges {
        if i64::from(known.from) <= next {
            next = next.max(i64::from(known.to) + 1);
        }
    }
    next > i64::from(range.to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_may_be_covered_by_several() {
        let range = |from, to| Numbers { from, to };
        assert!(covers(&[range(7, 9), range(4, 6)], range(4, 9)));
        assert!(!covers(&[range(4, 6), range(8, 9)], range(4, 9)));
        assert!(!covers(&[], range(4, 4)));
        assert!(covers(&[range(1, i32::MAX)], range(4, i32::MAX)));
    }
}
