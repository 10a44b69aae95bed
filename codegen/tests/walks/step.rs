//! One change of a schema, as somebody would write it.

use super::draw::Draw;
use super::shape::{FIELD_NAMES, Field, Kind, Shape, VALUES, default};

/// The schema after a change, and what the change is called; none if there is nothing to change in that way.
pub fn step(shape: &Shape, draw: &mut Draw<'_>) -> Option<(Shape, String)> {
    let mut after = shape.clone();
    // A move is over once it is sealed.
    after.entities.iter_mut().for_each(|entity| entity.moved_from = None);
    let what = change(&mut after, draw)?;
    Some((after, what))
}

fn change(shape: &mut Shape, draw: &mut Draw<'_>) -> Option<String> {
    let which = draw.below(24);
    if which < 5 {
        return whole(shape, which, draw);
    }
    let at = draw.below(shape.entities.len());
    if which < 10 {
        return of_entity(shape, at, which, draw);
    }
    let place = draw.below(shape.entities.get(at)?.fields.len());
    let snapshot = shape.clone();
    let entity = shape.entities.get_mut(at)?;
    let owned = entity.owner.is_some();
    let name = entity.name.clone();
    let indexed = |number: u32| entity.indexes.iter().any(|(numbers, _)| numbers.contains(&number));
    let held = entity.fields.get(place).is_some_and(|field| indexed(field.number));
    let field = entity.fields.get_mut(place)?;
    let subject = format!("{name}.{}", field.name);
    of_field(field, which, draw, &snapshot, (owned, held)).map(|what| format!("{subject} {what}"))
}

/// Entities come, go and move; enums change.
fn whole(shape: &mut Shape, which: usize, draw: &mut Draw<'_>) -> Option<String> {
    match which {
        0 => {
            shape.add_entity(draw);
            Some("another entity".to_owned())
        }
        1 => {
            let gone = shape.entities.get(draw.below(shape.entities.len()))?.name.clone();
            let owns = shape.entities.iter().any(|entity| entity.owner.as_ref() == Some(&gone));
            if shape.entities.len() < 2 || owns {
                return None;
            }
            shape.entities.retain(|entity| entity.name != gone);
            for entity in &mut shape.entities {
                let points = |field: &Field| matches!(&field.kind, Kind::Reference(target, _) if *target == gone);
                let numbers: Vec<u32> =
                    entity.fields.iter().filter(|field| points(field)).map(|field| field.number).collect();
                numbers.into_iter().for_each(|number| remove(entity, number));
            }
            Some(format!("{gone} goes"))
        }
        2 => {
            let at = draw.below(shape.entities.len());
            let from = shape.entities.get(at)?.name.clone();
            let to = format!("Moved{}", shape.named);
            shape.named += 1;
            shape.entities[at].name.clone_from(&to);
            shape.entities[at].moved_from = Some(from.clone());
            for entity in &mut shape.entities {
                if entity.owner.as_ref() == Some(&from) {
                    entity.owner = Some(to.clone());
                }
                for field in &mut entity.fields {
                    if let Kind::Reference(target, _) = &mut field.kind
                        && *target == from
                    {
                        target.clone_from(&to);
                    }
                }
            }
            Some(format!("{from} becomes {to}"))
        }
        3 => {
            let at = draw.below(shape.enums.len());
            let values = shape.enums.get_mut(at)?;
            let new = VALUES.iter().find(|value| !values.iter().any(|known| known == *value))?;
            values.insert(0, (*new).to_owned());
            Some(format!("Hue{at} gets {new}"))
        }
        _ => {
            let at = draw.below(shape.enums.len());
            let values = shape.enums.get_mut(at)?;
            if values.len() < 2 {
                return None;
            }
            let gone = values.remove(draw.below(values.len()));
            let value = format!("HUE{at}_{gone}");
            for field in shape.entities.iter_mut().flat_map(|entity| &mut entity.fields) {
                if field.default.as_ref() == Some(&value) {
                    field.default = None;
                }
            }
            Some(format!("Hue{at} loses {gone}"))
        }
    }
}

/// Fields come and go, indexes too.
fn of_entity(shape: &mut Shape, at: usize, which: usize, draw: &mut Draw<'_>) -> Option<String> {
    let snapshot = shape.clone();
    let entity = shape.entities.get_mut(at)?;
    let name = entity.name.clone();
    match which {
        5 | 6 => {
            let field = snapshot.field(entity, draw);
            let what = format!("{name} gets {} ({:?})", field.name, field.kind);
            entity.next += 1;
            entity.fields.push(field);
            Some(what)
        }
        7 => {
            let number = entity.fields.get(draw.below(entity.fields.len()))?.number;
            if entity.fields.len() < 2 {
                return None;
            }
            remove(entity, number);
            Some(format!("{name} loses field {number}"))
        }
        8 if entity.owner.is_none() => {
            entity.soft_delete = !entity.soft_delete;
            Some(format!("{name} is marked when deleted: {}", entity.soft_delete))
        }
        _ => {
            if entity.indexes.pop().is_some() {
                return Some(format!("{name} loses an index"));
            }
            let fits = |field: &&Field| {
                let short = field.kind == Kind::Text && field.max_len.is_some();
                short || matches!(field.kind, Kind::I32 | Kind::I64 | Kind::Date | Kind::Enum(_) | Kind::Timestamp)
            };
            let numbers: Vec<u32> = entity.fields.iter().filter(fits).map(|field| field.number).take(2).collect();
            if numbers.is_empty() {
                return None;
            }
            let unique = draw.below(2) == 1;
            entity.indexes.push((numbers, unique));
            Some(format!("{name} gets an index, unique: {unique}"))
        }
    }
}

fn remove(entity: &mut super::shape::Entity, number: u32) {
    entity.indexes.retain(|(numbers, _)| !numbers.contains(&number));
    let Some(at) = entity.fields.iter().position(|field| field.number == number) else { return };
    let field = entity.fields.remove(at);
    entity.reserved.push((field.number, field.name));
}

/// One field changes; `held` says that an index needs it as it is.
fn of_field(
    field: &mut Field,
    which: usize,
    draw: &mut Draw<'_>,
    shape: &Shape,
    (owned, held): (bool, bool),
) -> Option<String> {
    let sortable = matches!(field.kind, Kind::I32 | Kind::I64 | Kind::U32 | Kind::U64 | Kind::Decimal(..))
        || field.kind == Kind::Text && field.max_len.is_some();
    match which {
        10 => {
            let new = FIELD_NAMES[draw.below(FIELD_NAMES.len())];
            field.name = format!("{new}_{}", field.number);
            Some(format!("becomes {}", field.name))
        }
        11 | 12 if !matches!(field.kind, Kind::List | Kind::Map) => {
            if matches!(field.kind, Kind::Reference(_, "SET_NULL")) && field.optional {
                return None;
            }
            field.optional = !field.optional;
            field.default = if field.optional { None } else { default(&field.kind, draw, shape) };
            Some(format!("optional: {}, default: {:?}", field.optional, field.default))
        }
        13..=15 if field.kind == Kind::Text => {
            let bounds = [None, Some(1), Some(20), Some(30), Some(64), Some(200)];
            field.max_len = bounds[draw.below(6)];
            if field.max_len.is_none() && (field.unique || field.sortable || held) {
                return None;
            }
            Some(format!("max_len: {:?}", field.max_len))
        }
        13..=17 => {
            let new = conversion(&field.kind, draw, shape)?;
            if (field.unique || field.sortable || held) && new == Kind::Text && field.max_len.is_none() {
                field.max_len = Some(40);
            }
            let plain = matches!(new, Kind::I32 | Kind::I64 | Kind::U32 | Kind::U64 | Kind::Text | Kind::Decimal(..));
            if !plain && (field.unique || field.sortable || held) {
                return None;
            }
            if new != Kind::Text {
                field.max_len = None;
                field.searchable = false;
            }
            let what = format!("{:?} becomes {new:?}", field.kind);
            field.kind = new;
            field.default = if field.optional { None } else { default(&field.kind, draw, shape) };
            Some(what)
        }
        18 if sortable => {
            field.unique = !field.unique;
            Some(format!("unique: {}", field.unique))
        }
        19 if sortable && !owned => {
            field.sortable = !field.sortable;
            Some(format!("sortable: {}", field.sortable))
        }
        20 if field.kind == Kind::Text && !owned => {
            field.searchable = !field.searchable;
            Some(format!("searchable: {}", field.searchable))
        }
        _ => on_delete(field, draw),
    }
}

fn on_delete(field: &mut Field, draw: &mut Draw<'_>) -> Option<String> {
    let Kind::Reference(target, on_delete) = &field.kind else { return None };
    let next = ["RESTRICT", "CASCADE", "SET_NULL"][draw.below(3)];
    if next == *on_delete || next == "SET_NULL" && !field.optional {
        return None;
    }
    field.kind = Kind::Reference(target.clone(), next);
    Some(format!("on delete {next}"))
}

/// Another kind, mostly one that there is a way to.
fn conversion(kind: &Kind, draw: &mut Draw<'_>, shape: &Shape) -> Option<Kind> {
    let whole = [Kind::I32, Kind::I64, Kind::U32, Kind::U64];
    let new = match kind {
        Kind::I32 | Kind::I64 | Kind::U32 | Kind::U64 => match draw.below(7) {
            at @ 0..=3 => whole[at].clone(),
            4 => Kind::Text,
            5 => Kind::F64,
            _ => Kind::F32,
        },
        Kind::F32 => Kind::F64,
        Kind::F64 => Kind::F32,
        Kind::Decimal(precision, scale) => match draw.below(4) {
            0 => Kind::Decimal((precision + 2).min(18), *scale),
            1 => Kind::Decimal((precision + 2).min(18), (scale + 1).min(4)),
            2 => Kind::Decimal((*precision).max(5) - 1, scale.saturating_sub(1)),
            _ => Kind::Decimal(*precision, scale + 1),
        },
        Kind::Enum(_) => Kind::Text,
        Kind::Text => Kind::Enum(draw.below(shape.enums.len())),
        // To a plain member of the same type, or back.
        Kind::Reference(target, _) => {
            let key = shape.entities.iter().find(|entity| entity.name == *target)?.key;
            match key {
                super::shape::Key::Int64 | super::shape::Key::Client => Kind::I64,
                _ => Kind::Text,
            }
        }
        // Refused, with a reason.
        _ => Kind::Bool,
    };
    (new != *kind).then_some(new)
}
