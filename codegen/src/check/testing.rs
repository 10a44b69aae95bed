//! Runs one rule over a schema, for the tests of the rules.

use std::collections::BTreeMap;
use std::path::Path;

use super::Rule;
use crate::diagnostic::Diagnostics;
use crate::load::{Sources, load};
use crate::lower::lower;

const HEAD: &str = "syntax = \"proto3\"; package t.v1; import \"arcana/annotations.proto\"; \
    import \"buf/validate/validate.proto\"; import \"google/api/annotations.proto\"; \
    import \"google/api/field_behavior.proto\"; import \"google/protobuf/timestamp.proto\";\n";

/// Option that makes a message an entity, with its key as field 1.
pub(super) const ENTITY: &str =
    "option (arcana.entity) = {}; string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];";

/// Codes that a rule reports for some declarations.
pub(super) fn codes(rule: Rule, declarations: &str) -> Vec<&'static str> {
    let files = BTreeMap::from([("t/v1/t.proto".to_owned(), format!("{HEAD}{declarations}"))]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let loaded = load(&Sources::of(files, root).unwrap()).unwrap();
    let (model, _) = lower(&loaded);
    let mut found = Diagnostics::default();
    rule(&model, &mut found);
    found.codes()
}

/// Codes for an entity with these fields beside its key.
pub(super) fn entity_codes(rule: Rule, fields: &str) -> Vec<&'static str> {
    codes(rule, &format!("message Thing {{ {ENTITY} {fields} }}"))
}
