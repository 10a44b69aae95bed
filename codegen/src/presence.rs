//! Which fields of the published contract tell "absent" from "zero".

use crate::model::{Field, Type};

/// A message that has not set this field can be told from one that set it to its zero value, on the wire and in the
/// generated Rust types (`Option<…>`).
#[must_use]
pub fn has_presence(field: &Field) -> bool {
    match field.ty {
        Type::List(_) | Type::Map(..) => false,
        _ => is_message(&field.ty) || published_optional(field),
    }
}

/// The published contract writes `optional` in front of this field.
///
/// Beside what the schema calls `optional`, that is every scalar the client must or may leave to a default: with
/// explicit presence "absent" means the same over gRPC as it does in JSON. The wire format stays as it was.
#[must_use]
pub fn published_optional(field: &Field) -> bool {
    let scalar = !is_message(&field.ty) && !matches!(field.ty, Type::List(_) | Type::Map(..));
    field.optional || (scalar && !field.output_only && (field.required || field.default.is_some()))
}

/// Message typed on the wire, where presence is explicit without a word.
fn is_message(ty: &Type) -> bool {
    matches!(ty, Type::Timestamp | Type::Duration | Type::Date | Type::Struct | Type::Message(_) | Type::Resource(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_required_scalar_has_presence() {
        let field = Field { required: true, ..Field::default() };
        assert!(published_optional(&field) && has_presence(&field));
    }

    #[test]
    fn what_only_the_service_writes_has_none() {
        let field = Field { default: Some("x".into()), output_only: true, ..Field::default() };
        assert!(!has_presence(&field));
    }

    #[test]
    fn messages_have_presence_without_a_word_and_lists_never() {
        let time = Field { ty: Type::Timestamp, required: true, ..Field::default() };
        assert!(has_presence(&time) && !published_optional(&time));
        let list = Field { ty: Type::List(Box::new(Type::String)), required: true, ..Field::default() };
        assert!(!has_presence(&list) && !published_optional(&list));
    }
}
