//! A former name is former: no entity has it now, and none else had it.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    let mut seen = BTreeSet::new();
    for entity in &model.entities {
        let Some(former) = &entity.moved_from else { continue };
        let message = if model.entity(former).is_some() {
            format!("`{former}` still exists")
        } else if !seen.insert(former) {
            format!("another entity was `{former}` too")
        } else {
            continue;
        };
        found.push(
            Diagnostic::at("arcana::moved_from", &entity.span, message)
                .help("name the former full name of this message, or remove `moved_from`")
                .word(former.clone()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_names_that_are_in_use() {
        let text = "message A { option (arcana.entity) = {}; } \
                    message B { option (arcana.entity) = { moved_from: \"t.v1.A\" }; }";
        assert_eq!(codes(super::check, text), ["arcana::moved_from"]);
    }
}
