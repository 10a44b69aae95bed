//! Fields: those that come, go or move, and what differs about one that stays.

use super::bounds;
use super::diff::{Diff, Stored, covers};
use super::types;
use super::{Change, Verdict};
use crate::contract::{Cardinality, Field, Message, Numbers};
use crate::migrate::Aspect;
use Verdict::{Breaking, Ok};

/// Where a field is told of, and who knows it.
pub(super) struct Place<'p> {
    message: &'p str,
    group: &'p str,
    rank: u8,
    number: u32,
    /// Requests over REST are heard on it, before and after.
    read: bool,
    /// Answers over REST show it, before and after.
    shown: bool,
    /// Its name is no more than that of a variable in a path of REST.
    in_path: bool,
}

const KEEP_BOTH: &str = "add a field with a new number for it, serve both, and remove this one once nobody uses it";

impl Diff<'_> {
    pub(super) fn fields(&mut self, message: &str, old: &Message, new: &Message, (group, rank): (&str, u8)) {
        let (read, shown) = (self.old.reads(message), self.old.shows(message));
        let (were, are) = (self.old.in_path(message), self.new.in_path(message));
        let place = |number, before: &Field, after: &Field| Place {
            message,
            group,
            rank,
            number,
            read: read && self_reads(before) && self_reads(after),
            shown: shown && !before.input_only && !after.input_only,
            in_path: were.contains(before.name.as_str()) && are.contains(after.name.as_str()),
        };
        for (number, field) in &old.fields {
            if let Some(same) = new.fields.get(number) {
                if field != same {
                    self.member(&place(*number, field, same), field, same);
                    self.heard(&place(*number, field, same), (read, shown), field, same);
                }
            } else if let Some((other, moved)) = new.fields.iter().find(|(_, other)| other.name == field.name) {
                self.renumbered(&place(*other, field, moved), *number, moved);
            } else {
                let known = (read && !field.output_only) || (shown && !field.input_only);
                self.removed(&place(*number, field, field), field, new, known);
            }
        }
        for (number, field) in &new.fields {
            if !old.fields.contains_key(number) && !old.fields.values().any(|other| other.name == field.name) {
                let needed = read && field.required;
                let what = if field.required { "added, required" } else { "added" };
                let change = Change::new(format!("{message}.{}", field.name), group, what)
                    .verdicts(Ok, Verdict::breaking_if(needed))
                    .because(
                        "requests of clients that do not know it are refused",
                        "let requests leave it out: `optional`, or a `default`; require it once all clients send it",
                    );
                self.push(change, rank, Some(Stored::field(message, *number, Aspect::Existence)));
            }
        }
    }

    fn removed(&mut self, place: &Place<'_>, field: &Field, new: &Message, over_rest: bool) {
        let number = i32::try_from(place.number).unwrap_or(i32::MAX);
        let reserved = covers(&new.reserved_numbers, Numbers { from: number, to: number })
            && new.reserved_names.contains(&field.name);
        let mut reason = Vec::new();
        if !reserved {
            reason.push("number and name may not be used again, and that is not said");
        }
        if over_rest {
            reason.push("requests that send it are refused, and answers do not show it");
        }
        let mut help = "mark it `deprecated = true` first, and remove it once nobody uses it".to_owned();
        if !reserved {
            help = format!("{help}, with `reserved {number}; reserved \"{}\";`", field.name);
        }
        let what = if reserved { "removed and reserved" } else { "removed" };
        let change = Change::new(format!("{}.{}", place.message, field.name), place.group, what)
            .verdicts(Verdict::breaking_if(!reserved), Verdict::breaking_if(over_rest))
            .because(reason.join("; "), help);
        self.push(change, place.rank, Some(Stored::field(place.message, place.number, Aspect::Existence)));
    }

    fn renumbered(&mut self, place: &Place<'_>, before: u32, field: &Field) {
        let change = Change::new(
            format!("{}.{}", place.message, field.name),
            place.group,
            format!("number {before} → {}", place.number),
        )
        .verdicts(Breaking, Ok)
        .because("protobuf sends numbers, and rows follow them", format!("give it the number {before} again"));
        let mut stored = Stored::field(place.message, place.number, Aspect::Existence);
        stored.places.push((place.message.to_owned(), Some(before)));
        self.push(change, place.rank, Some(stored));
    }

    /// What differs about a field that stays.
    fn member(&mut self, place: &Place<'_>, old: &Field, new: &Field) {
        let mut all = vec![
            named(place, old, new),
            self.typed(place, old, new),
            present(place, old, new),
            referring(place, old, new),
            unique(place, old, new),
            default(place, old, new),
        ];
        all.extend(listed(place, old, new).into_iter().map(Some));
        all.extend(bounds::narrowings(old, new).into_iter().map(|bound| {
            let aspect = if bound.is_length { Aspect::Length } else { Aspect::Type };
            let change =
                place.change(new, bound.what).verdicts(Ok, Verdict::breaking_if(bound.narrower && place.read)).because(
                    "requests with values that were taken are refused",
                    "keep the wider bound until all clients know the narrower one; look first how many rows do not fit",
                );
            Some((change, Some(aspect).filter(|_| bound.is_length)))
        }));
        for (change, aspect) in all.into_iter().flatten() {
            self.push(change, place.rank, aspect.map(|aspect| Stored::field(place.message, place.number, aspect)));
        }
    }

    fn typed(&self, place: &Place<'_>, old: &Field, new: &Field) -> Option<(Change, Option<Aspect>)> {
        let (before, after) = (types::shown(old), types::shown(new));
        let oneof = old.oneof != new.oneof;
        if before == after && old.ty == new.ty && !oneof {
            return None;
        }
        if before == after && oneof {
            let said = |field: &Field| field.oneof.clone().unwrap_or_else(|| "none".to_owned());
            let change = place.change(new, format!("oneof {} → {}", said(old), said(new))).verdicts(Breaking, Breaking);
            return Some((change.because("setting one field of a oneof clears the others", KEEP_BOTH), None));
        }
        let wire = types::wire_compatible(&self.old, &self.new, old, new);
        let rest = types::over_rest(&self.old, &self.new, old, new);
        let verdict = if place.read { rest.read } else { Ok }.max(if place.shown { rest.shown } else { Ok });
        let what = if before == after { format!("{} → {}", old.ty, new.ty) } else { format!("{before} → {after}") };
        let change = place
            .change(new, what)
            .verdicts(Verdict::breaking_if(!wire), verdict)
            .because("clients send and read it as it was", KEEP_BOTH);
        Some((change, Some(Aspect::Type)))
    }

    /// Who is heard on it and who sees it.
    fn heard(&mut self, place: &Place<'_>, (read, shown): (bool, bool), old: &Field, new: &Field) {
        let mut say = |what: &str, breaking: bool, reason: &str, help: &str| {
            let change = place.change(new, what).verdicts(Ok, Verdict::breaking_if(breaking)).because(reason, help);
            self.push(change, place.rank, None);
        };
        match (old.output_only, new.output_only) {
            (false, true) => say(
                "becomes output only",
                read,
                "what clients send in it is no longer heard",
                "let clients stop sending it first; or keep it, and compute another field",
            ),
            (true, false) => say(
                "no longer output only",
                read && new.required,
                "requests that leave it out are refused",
                "let requests leave it out",
            ),
            _ => {}
        }
        match (old.input_only, new.input_only) {
            (false, true) => {
                say("becomes input only", shown, "answers no longer show it", "keep showing it until nobody reads it");
            }
            (true, false) => say("no longer input only", false, "", ""),
            _ => {}
        }
        match (old.immutable, new.immutable) {
            (false, true) if !new.output_only => say(
                "becomes immutable",
                read,
                "updates that change it are refused",
                "refuse in the logic what must not change, until clients know",
            ),
            (true, false) if !old.output_only => say("no longer immutable", false, "", ""),
            _ => {}
        }
    }
}

fn self_reads(field: &Field) -> bool {
    !field.output_only
}

impl Place<'_> {
    fn change(&self, field: &Field, what: impl Into<String>) -> Change {
        Change::new(format!("{}.{}", self.message, field.name), self.group, what)
    }
}

type Said = Option<(Change, Option<Aspect>)>;

fn named(place: &Place<'_>, old: &Field, new: &Field) -> Said {
    if old.name == new.name && old.json_name == new.json_name {
        return None;
    }
    let renamed = old.name != new.name;
    let said = |field: &Field| field.json_name.clone().unwrap_or_else(|| "its own".to_owned());
    let what = match renamed {
        true => format!("renamed from {}", old.name),
        false => format!("JSON name {} → {}", said(old), said(new)),
    };
    let change = place
        .change(new, what)
        .verdicts(Breaking, Verdict::breaking_if(renamed && !place.in_path && (place.read || place.shown)))
        .because(
            "JSON shows fields by their names, over gRPC and over REST",
            format!(
                "keep the name; to rename only the column: (arcana.field) = {{ column: \"{}\" }}; or {KEEP_BOTH}",
                new.name
            ),
        );
    Some((change, Some(Aspect::Name)))
}

/// Whether it must be given, and whether it may be null.
fn present(place: &Place<'_>, old: &Field, new: &Field) -> Said {
    let words = |field: &Field| match (field.required, field.nullable) {
        (true, true) => "required, may be null",
        (true, false) => "required",
        (false, true) => "optional",
        (false, false) => "plain",
    };
    let (before, after) = (words(old), words(new));
    if before == after {
        return None;
    }
    let needed = new.required && !old.required && place.read;
    let null = new.nullable && !old.nullable && place.shown;
    let forgotten = old.nullable && !new.nullable && place.read;
    let (reason, help) = match (needed, null) {
        (true, _) => (
            "requests that leave it out are refused",
            "give it a `default`, or fill it in the logic; require it once all clients send it",
        ),
        (false, true) => (
            "answers may hold null, which clients did not have to expect",
            "keep it `plain`, and let its zero value mean that there is none; or add an optional field beside it",
        ),
        (false, false) => ("null in requests stands for the default now", ""),
    };
    let rest = Verdict::breaking_if(needed || null).max(Verdict::notice_if(forgotten));
    let change = place.change(new, format!("{before} → {after}")).verdicts(Ok, rest).because(reason, help);
    Some((change, Some(Aspect::Null)))
}

fn referring(place: &Place<'_>, old: &Field, new: &Field) -> Said {
    if old.references == new.references {
        return None;
    }
    let said = |field: &Field| field.references.clone().unwrap_or_else(|| "none".to_owned());
    let change = place
        .change(new, format!("references {} → {}", said(old), said(new)))
        .verdicts(Ok, Verdict::breaking_if(new.references.is_some() && place.read))
        .because(
            "requests that name no row of it are refused",
            "look first that all rows name one; add the reference once clients send such keys only",
        );
    Some((change, Some(Aspect::Reference)))
}

fn unique(place: &Place<'_>, old: &Field, new: &Field) -> Said {
    let what = match (old.unique, new.unique) {
        (false, true) => "becomes unique",
        (true, false) => "no longer unique",
        _ => return None,
    };
    let change = place.change(new, what).verdicts(Ok, Verdict::breaking_if(new.unique && place.read)).because(
        "requests with a value that another row has are refused",
        "mend the rows that share a value first, and tell clients that 409 is an answer now",
    );
    Some((change, Some(Aspect::Index)))
}

fn default(place: &Place<'_>, old: &Field, new: &Field) -> Said {
    if old.default == new.default {
        return None;
    }
    let said = |field: &Field| field.default.clone().map_or_else(|| "none".to_owned(), |text| format!("{text:?}"));
    let change = place
        .change(new, format!("default {} → {}", said(old), said(new)))
        .verdicts(Ok, Verdict::notice_if(place.read))
        .because("requests that leave it out mean something else now", "");
    Some((change, None))
}

/// What lists can do with it.
fn listed(place: &Place<'_>, old: &Field, new: &Field) -> Vec<(Change, Option<Aspect>)> {
    let facts = [
        ("filterable", old.filterable, new.filterable, "lists that are filtered by it are refused"),
        ("sortable", old.sortable, new.sortable, "lists that are ordered by it are refused"),
        ("searchable", old.searchable, new.searchable, "searches no longer look into it"),
    ];
    let changed = facts.into_iter().filter(|(_, before, after, _)| before != after);
    changed
        .map(|(word, before, _, reason)| {
            let rest = match word {
                "searchable" => Verdict::notice_if(before && place.shown),
                _ => Verdict::breaking_if(before && place.shown),
            };
            let what = if before { format!("no longer {word}") } else { format!("becomes {word}") };
            let change = place.change(new, what).verdicts(Ok, rest).because(reason, "keep it until nobody asks for it");
            (change, Some(Aspect::Index).filter(|_| word != "searchable"))
        })
        .collect()
}

/// Several values, one, or a map: what never becomes another without breaking.
pub(super) fn is_alike(old: Cardinality, new: Cardinality) -> bool {
    let one = |cardinality| matches!(cardinality, Cardinality::Singular | Cardinality::Optional);
    old == new || (one(old) && one(new))
}
