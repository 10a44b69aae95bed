//! Enumerations: values that come, go, or are called otherwise.

use std::collections::BTreeSet;

use super::diff::{Diff, Stored, covers};
use super::view::named;
use super::{Change, Verdict};
use crate::contract::{Enum, Numbers};
use crate::migrate::{Aspect, Class};

impl Diff<'_> {
    pub(super) fn enums(&mut self) {
        let names: BTreeSet<String> = self.old.enums.keys().chain(self.new.enums.keys()).cloned().collect();
        for name in &names {
            match (self.old.enums.get(name).copied(), self.new.enums.get(name).copied()) {
                (Some(old), Some(new)) => self.enumeration(name, old, new),
                (Some(_), None) if !self.is_in_removed_package(name) => self.gone(name, "enum", None),
                (None, Some(_)) => self.push(Change::new(name, name, "added"), 0, None),
                _ => {}
            }
        }
    }

    fn enumeration(&mut self, name: &str, old: &Enum, new: &Enum) {
        let (read, shown) = (self.old.reads(name), self.old.shows(name));
        for (number, value) in &old.values {
            let change = match new.values.get(number) {
                Some(same) if same == value => continue,
                Some(other) => renamed(name, value, other, read || shown),
                None => match new.values.iter().find(|(_, other)| *other == value) {
                    Some((other, _)) => renumbered(name, value, *number, *other),
                    None => removed(name, value, *number, new, read),
                },
            };
            let stored = self.stored(name, Class::Refused);
            self.push(change, 0, stored);
        }
        for (number, value) in &new.values {
            if !old.values.contains_key(number) && !old.values.values().any(|other| other == value) {
                let change = Change::new(format!("{name}.{value}"), name, "value added")
                    .verdicts(Verdict::Ok, Verdict::notice_if(shown))
                    .because("clients that know the values by heart meet one that they do not know", "");
                let stored = self.stored(name, Class::Safe);
                self.push(change, 0, stored);
            }
        }
        self.reserved(
            (name, name, 0),
            (&old.reserved_numbers, &old.reserved_names),
            (&new.reserved_numbers, &new.reserved_names),
        );
    }

    /// The columns that hold values of an enum.
    fn stored(&self, name: &str, at_most: Class) -> Option<Stored> {
        let of = |(message, number, ty): (&String, &u32, &String)| {
            (named(ty) == Some(name)).then(|| (message.clone(), Some(*number)))
        };
        let fields =
            self.new.messages.iter().flat_map(|(message, found)| {
                found.fields.iter().map(move |(number, field)| (message, number, &field.ty))
            });
        Some(Stored { places: fields.filter_map(of).collect(), aspects: vec![Aspect::Type], at_most })
    }
}

fn renamed(name: &str, old: &str, new: &str, over_rest: bool) -> Change {
    Change::new(format!("{name}.{new}"), name, format!("value renamed from {old}"))
        .verdicts(Verdict::Breaking, Verdict::breaking_if(over_rest))
        .because(
            "JSON shows values by their names, over gRPC and over REST, and rows hold them so",
            "keep the name; or add a value with a new number, take both, and remove the old one once nobody sends it",
        )
}

fn renumbered(name: &str, value: &str, old: i32, new: i32) -> Change {
    Change::new(format!("{name}.{value}"), name, format!("number {old} → {new}"))
        .verdicts(Verdict::Breaking, Verdict::Ok)
        .because("protobuf sends numbers", format!("give it the number {old} again"))
}

fn removed(name: &str, value: &str, number: i32, new: &Enum, read: bool) -> Change {
    let reserved = covers(&new.reserved_numbers, Numbers { from: number, to: number })
        && new.reserved_names.iter().any(|other| other == value);
    let mut reason = Vec::new();
    if !reserved {
        reason.push("neither number nor name may be used again, and that is not said");
    }
    if read {
        reason.push("requests that send it are refused");
    }
    let mut help = "stop storing it, move the rows that hold it, then remove it".to_owned();
    if !reserved {
        help = format!("{help} with `reserved {number}; reserved \"{value}\";`");
    }
    let what = if reserved { "value removed and reserved" } else { "value removed" };
    Change::new(format!("{name}.{value}"), name, what)
        .verdicts(Verdict::breaking_if(!reserved), Verdict::breaking_if(read))
        .because(reason.join("; "), help)
}
