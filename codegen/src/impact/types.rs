//! Types: which changes both sides of the wire still understand, and which those of REST do.

use super::Verdict;
use super::fields::is_alike;
use super::view::View;
use crate::contract::{Cardinality, Field};

/// Types that are the same on the wire and in the JSON of protobuf.
const SAME_ON_THE_WIRE: [[&str; 2]; 4] =
    [["int32", "uint32"], ["int64", "uint64"], ["fixed32", "sfixed32"], ["fixed64", "sfixed64"]];

/// What a change of type does to values that clients send, and to those that they are shown.
pub(super) struct OverRest {
    pub(super) read: Verdict,
    pub(super) shown: Verdict,
}

/// The JSON of a value.
#[derive(Debug, PartialEq)]
enum Shape<'a> {
    /// A whole number of so many bits, or the text of one.
    Whole {
        signed: bool,
        bits: u8,
        quoted: bool,
    },
    Float {
        bits: u8,
    },
    Text,
    Uuid,
    Decimal {
        whole: u32,
        scale: u32,
    },
    Enum(&'a str),
    /// Any other: bool, bytes, times, messages.
    Other(&'a str),
}

/// The type for people.
pub(super) fn shown(field: &Field) -> String {
    let bare = match field.format.as_deref() {
        Some("text") => format!("{} as text", field.ty),
        Some(format) if field.cardinality != Cardinality::Map => format.to_owned(),
        Some(format) => format!("{} of {format}", field.ty),
        None => field.ty.clone(),
    };
    if field.cardinality == Cardinality::Repeated { format!("repeated {bare}") } else { bare }
}

/// Whether old and new programs understand each other's bytes and JSON over gRPC.
pub(super) fn wire_compatible(old: &View<'_>, new: &View<'_>, before: &Field, after: &Field) -> bool {
    is_alike(before.cardinality, after.cardinality) && same_on_the_wire(old, new, &before.ty, &after.ty)
}

fn same_on_the_wire(old: &View<'_>, new: &View<'_>, before: &str, after: &str) -> bool {
    if before == after {
        return true;
    }
    if let (Some(before), Some(after)) = (map_parts(before), map_parts(after)) {
        return same_on_the_wire(old, new, before.0, after.0) && same_on_the_wire(old, new, before.1, after.1);
    }
    if let (Some(before_values), Some(after_values)) = (old.enums.get(before), new.enums.get(after)) {
        let last = |name: &str| name.rsplit('.').next().map(str::to_owned);
        let known = |(number, name): (&i32, &String)| after_values.values.get(number) == Some(name);
        return last(before) == last(after) && before_values.values.iter().all(known);
    }
    SAME_ON_THE_WIRE.iter().any(|group| group.contains(&before) && group.contains(&after))
}

fn map_parts(ty: &str) -> Option<(&str, &str)> {
    ty.strip_prefix("map<")?.strip_suffix('>')?.split_once(", ")
}

/// What the change does over REST.
pub(super) fn over_rest(old: &View<'_>, new: &View<'_>, before: &Field, after: &Field) -> OverRest {
    use Verdict::{Breaking, Notice, Ok};
    let broken = OverRest { read: Breaking, shown: Breaking };
    if !is_alike(before.cardinality, after.cardinality) {
        return broken;
    }
    let values = |field: &Field| map_parts(&field.ty).map_or(field.ty.clone(), |(_, value)| value.to_owned());
    if map_parts(&before.ty).map(|parts| parts.0) != map_parts(&after.ty).map(|parts| parts.0) {
        return broken;
    }
    let (was, is) = (values(before), values(after));
    let (was, is) = (shape(old, &was, before), shape(new, &is, after));
    let wider = OverRest { read: Ok, shown: Notice };
    let narrower = OverRest { read: Breaking, shown: Ok };
    match (&was, &is) {
        (was, is) if was == is => OverRest { read: Ok, shown: Ok },
        (Shape::Whole { quoted: a, .. }, Shape::Whole { quoted: b, .. }) if a != b => broken,
        (Shape::Whole { .. }, Shape::Whole { .. }) => {
            if contains(&is, &was) {
                wider
            } else if contains(&was, &is) {
                narrower
            } else {
                OverRest { read: Breaking, shown: Notice }
            }
        }
        (Shape::Whole { quoted: false, .. }, Shape::Float { .. }) => OverRest { read: Ok, shown: Breaking },
        (Shape::Float { .. }, Shape::Float { .. }) => OverRest { read: Notice, shown: Notice },
        (Shape::Uuid | Shape::Decimal { .. } | Shape::Enum(_), Shape::Text) => wider,
        (Shape::Text, Shape::Uuid | Shape::Decimal { .. } | Shape::Enum(_)) => narrower,
        (Shape::Decimal { whole: a, scale: s }, Shape::Decimal { whole: b, scale: t }) => {
            let read = if b < a || t < s { Breaking } else { Ok };
            OverRest { read, shown: if s == t && b <= a { Ok } else { Notice } }
        }
        (Shape::Enum(a), Shape::Enum(b)) => match (old.enums.get(*a), new.enums.get(*b)) {
            (Some(a), Some(b)) => {
                let missing =
                    |from: &crate::contract::Enum, name: &String| from.values.values().all(|other| other != name);
                OverRest {
                    read: Verdict::breaking_if(a.values.values().any(|name| missing(b, name))),
                    shown: Verdict::notice_if(b.values.values().any(|name| missing(a, name))),
                }
            }
            _ => broken,
        },
        _ => broken,
    }
}

fn shape<'t>(view: &View<'_>, ty: &'t str, field: &Field) -> Shape<'t> {
    let whole = |signed, bits| Shape::Whole { signed, bits, quoted: field.format.as_deref() == Some("text") };
    match (ty, field.format.as_deref()) {
        ("int32" | "sint32" | "sfixed32", _) => whole(true, 32),
        ("uint32" | "fixed32", _) => whole(false, 32),
        ("int64" | "sint64" | "sfixed64", _) => whole(true, 64),
        // Stored up to 2^63 - 1.
        ("uint64" | "fixed64", _) => whole(false, 63),
        ("float", _) => Shape::Float { bits: 32 },
        ("double", _) => Shape::Float { bits: 64 },
        ("string", Some("uuid")) => Shape::Uuid,
        ("string", Some(format)) => decimal(format).unwrap_or(Shape::Text),
        ("string", None) => Shape::Text,
        (name, _) if view.enums.contains_key(name) => Shape::Enum(name),
        (name, _) => Shape::Other(name),
    }
}

/// `decimal(12, 2)`.
fn decimal(format: &str) -> Option<Shape<'static>> {
    let (precision, scale) = format.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(", ")?;
    let (precision, scale): (u32, u32) = (precision.parse().ok()?, scale.parse().ok()?);
    Some(Shape::Decimal { whole: precision.saturating_sub(scale), scale })
}

/// Whether all whole numbers of the second fit the first.
fn contains(outer: &Shape<'_>, inner: &Shape<'_>) -> bool {
    let range = |shape: &Shape<'_>| match shape {
        Shape::Whole { signed: true, bits, .. } => Some((-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)),
        Shape::Whole { signed: false, bits, .. } => Some((0, (1_i128 << bits) - 1)),
        _ => None,
    };
    matches!((range(outer), range(inner)), (Some(outer), Some(inner)) if outer.0 <= inner.0 && inner.1 <= outer.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;

    fn verdicts(before: (&str, Option<&str>), after: (&str, Option<&str>)) -> (Verdict, Verdict) {
        let contract = Contract::default();
        let view = View::of(&contract);
        let field = |(ty, format): (&str, Option<&str>)| Field {
            ty: ty.to_owned(),
            format: format.map(str::to_owned),
            ..Field::default()
        };
        let rest = over_rest(&view, &view, &field(before), &field(after));
        (rest.read, rest.shown)
    }

    #[test]
    fn wider_is_taken_and_narrower_is_not() {
        use Verdict::{Breaking, Notice, Ok};
        assert_eq!(verdicts(("int32", None), ("int64", None)), (Ok, Notice));
        assert_eq!(verdicts(("int64", None), ("int32", None)), (Breaking, Ok));
        assert_eq!(verdicts(("int32", None), ("uint32", None)), (Breaking, Notice));
        assert_eq!(verdicts(("int64", None), ("int64", Some("text"))), (Breaking, Breaking));
        assert_eq!(verdicts(("string", Some("uuid")), ("string", None)), (Ok, Notice));
        assert_eq!(verdicts(("string", None), ("string", Some("uuid"))), (Breaking, Ok));
        let decimal = |text| ("string", Some(text));
        assert_eq!(verdicts(decimal("decimal(12, 2)"), decimal("decimal(10, 2)")), (Breaking, Ok));
        assert_eq!(verdicts(decimal("decimal(12, 2)"), decimal("decimal(14, 4)")), (Ok, Notice));
        assert_eq!(verdicts(("string", None), ("bytes", None)), (Breaking, Breaking));
    }
}
