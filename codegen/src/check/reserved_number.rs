//! What the schema reserved stays unused.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Field, Model, Reserved};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        fields(&resource.fields, &resource.reserved, found);
    }
    for message in &model.messages {
        fields(&message.fields, &message.reserved, found);
    }
    for enumeration in &model.enums {
        for value in &enumeration.values {
            if is_reserved(&enumeration.reserved, value.number, &value.name) {
                found.push(
                    Diagnostic::at(
                        "arcana::reserved_number",
                        &enumeration.span,
                        format!("`{} = {}` is reserved", value.name, value.number),
                    )
                    .help("take a number and a name that were never used")
                    .word(value.name.clone()),
                );
            }
        }
    }
}

fn fields(fields: &[Field], reserved: &Reserved, found: &mut Diagnostics) {
    for field in fields {
        let number = i32::try_from(field.number).unwrap_or(i32::MAX);
        if is_reserved(reserved, number, &field.name) {
            found.push(
                Diagnostic::at(
                    "arcana::reserved_number",
                    &field.span,
                    format!("`{} = {number}` is reserved", field.name),
                )
                .help("take a number and a name that were never used: old clients still know the former meaning"),
            );
        }
    }
}

fn is_reserved(reserved: &Reserved, number: i32, name: &str) -> bool {
    reserved.ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
        || reserved.names.iter().any(|other| other == name)
}

#[cfg(test)]
mod tests {
    use super::is_reserved;
    use crate::model::Reserved;

    #[test]
    fn knows_ranges_and_names() {
        let reserved = Reserved { ranges: vec![(3, 5)], names: vec!["old".to_owned()] };
        assert!(is_reserved(&reserved, 5, "new"));
        assert!(is_reserved(&reserved, 6, "old"));
        assert!(!is_reserved(&reserved, 6, "new"));
    }
}
