//! Enumerations start with a zero value that means nothing, and have no aliases.

use std::collections::BTreeSet;

use heck::ToShoutySnakeCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for enumeration in &model.enums {
        let name = enumeration.name.rsplit('.').next().unwrap_or_default();
        let zero = format!("{}_UNSPECIFIED", name.to_shouty_snake_case());
        if !enumeration.values.iter().any(|value| value.number == 0 && value.name == zero) {
            found.push(
                Diagnostic::at("arcana::enum_zero", &enumeration.span, format!("`{name}` has no value `{zero} = 0`"))
                    .help(format!("start the enum with `{zero} = 0;`, so that unset and set can be told apart")),
            );
        }
        let mut numbers = BTreeSet::new();
        for value in enumeration.values.iter().filter(|value| !numbers.insert(value.number)) {
            found.push(
                Diagnostic::at("arcana::enum_alias", &enumeration.span, format!("`{}` is an alias", value.name))
                    .help("give each value a number of its own: values are stored by name")
                    .word(value.name.clone()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_a_zero_value_with_a_meaning() {
        assert_eq!(codes(super::check, "enum OrderStatus { OPEN = 0; }"), ["arcana::enum_zero"]);
        assert!(codes(super::check, "enum OrderStatus { ORDER_STATUS_UNSPECIFIED = 0; }").is_empty());
    }

    #[test]
    fn refuses_aliases() {
        let text = "enum E { option allow_alias = true; E_UNSPECIFIED = 0; E_A = 1; E_B = 1; }";
        assert_eq!(codes(super::check, text), ["arcana::enum_alias"]);
    }
}
