//! Messages do not contain themselves, except through a list or a map.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Type};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for message in &model.messages {
        for field in &message.fields {
            if let Type::Message(inner) = &field.ty
                && reaches(model, inner, &message.full_name, &mut Vec::new())
            {
                found.push(
                    Diagnostic::at(
                        "arcana::message_cycle",
                        &field.span,
                        format!("`{}` contains itself", message.full_name),
                    )
                    .help("make the field `repeated`, or hold a key instead"),
                );
            }
        }
    }
}

fn reaches<'a>(model: &'a Model, from: &'a str, to: &str, seen: &mut Vec<&'a str>) -> bool {
    if from == to {
        return true;
    }
    if seen.contains(&from) {
        return false;
    }
    seen.push(from);
    let fields = model.message(from).map(|message| message.fields.as_slice()).unwrap_or_default();
    fields.iter().any(|field| matches!(&field.ty, Type::Message(inner) if reaches(model, inner, to, seen)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_messages_that_contain_themselves() {
        let text = "message A { B b = 1; } message B { A a = 1; } message C { repeated C c = 1; }";
        assert_eq!(codes(super::check, text), ["arcana::message_cycle", "arcana::message_cycle"]);
    }
}
