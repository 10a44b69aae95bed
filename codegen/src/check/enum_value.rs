//! Values of an enumeration stay different in Rust.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Enum, EnumValue, Model};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for enumeration in &model.enums {
        collisions(enumeration, |value| value.variant.clone(), found);
        collisions(enumeration, |value| on_the_wire(enumeration, value), found);
    }
}

fn collisions(enumeration: &Enum, name_of: impl Fn(&EnumValue) -> String, found: &mut Diagnostics) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for value in &enumeration.values {
        let name = name_of(value);
        let message = if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            format!("nothing is left of `{}` in Rust", value.name)
        } else if let Some(other) = seen.insert(name, &value.name) {
            format!("`{}` and `{other}` become one name in Rust", value.name)
        } else {
            continue;
        };
        found.push(
            Diagnostic::at("arcana::enum_value", &enumeration.span, message)
                .help("rename it: the name of the enum, `_`, and a word of its own, in capitals")
                .word(value.name.clone()),
        );
    }
}

/// The name as prost makes it.
fn on_the_wire(enumeration: &Enum, value: &EnumValue) -> String {
    let outer = enumeration.name.rsplit('.').next().unwrap_or_default().to_upper_camel_case();
    let name = value.name.to_upper_camel_case();
    let stripped = name.strip_prefix(&outer).filter(|rest| rest.starts_with(char::is_uppercase));
    stripped.map(str::to_owned).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    fn found(values: &str) -> usize {
        codes(super::check, &format!("enum Kind {{ KIND_UNSPECIFIED = 0; {values} }}")).len()
    }

    #[test]
    fn refuses_values_that_become_one_name_or_none() {
        assert_ne!(found("KIND_A_B = 1; KIND_AB = 2; KIND_a_b = 3;"), 0);
        assert_ne!(found("KIND_2 = 1; KIND_V2 = 2;"), 0);
        assert_ne!(found("KIND_ = 1;"), 0);
        assert_ne!(found("_ = 1;"), 0);
        assert_ne!(found("Open = 1; KIND_OPEN = 2;"), 0);
        assert_eq!(found("KIND_OPEN = 1; KIND_2 = 2; KIND_SELF = 3; TEAPOT = 4;"), 0);
    }
}
