//! Rules that a model must keep: one a file, each with its own tests.

use crate::diagnostic::Diagnostics;
use crate::model::Model;

/// A rule: reports what breaks it.
type Rule = fn(&Model, &mut Diagnostics);

const RULES: &[Rule] = &[];

/// Applies every rule.
pub fn check(model: &Model, found: &mut Diagnostics) {
    for rule in RULES {
        rule(model, found);
    }
}
