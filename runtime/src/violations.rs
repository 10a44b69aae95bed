//! Collects every broken rule of an input, with the path of the field that broke it.

use std::fmt::{Display, Write};

use crate::error::{Error, Result, Violation, path_below};

/// The broken rules found so far.
#[derive(Debug, Default)]
pub struct Violations {
    list: Vec<Violation>,
    path: String,
}

impl Violations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a broken rule of `field`, relative to the place that is being looked at.
    pub fn add(&mut self, field: &str, rule: &str, message: impl Into<String>) {
        let violation = Violation::new(self.path_of(field), rule, message);
        self.list.push(violation);
    }

    /// Adds a broken rule with a parameter that a client can put into its own words.
    pub fn add_with(
        &mut self,
        field: &str,
        rule: &str,
        message: impl Into<String>,
        name: &'static str,
        value: impl Display,
    ) {
        let violation = Violation::new(self.path_of(field), rule, message).with(name, value);
        self.list.push(violation);
    }

    /// Adds violations that were found elsewhere, below the place that is being looked at.
    pub fn extend(&mut self, violations: impl IntoIterator<Item = Violation>) {
        for violation in violations {
            let field = self.path_of(&violation.field);
            self.list.push(Violation { field, ..violation });
        }
    }

    /// Looks into a member: what `look` finds stands below it.
    pub fn within<T>(&mut self, member: &str, look: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.step_into(member);
        let result = look(self);
        self.path.truncate(length);
        result
    }

    /// Looks into an item of a list.
    pub fn item<T>(&mut self, member: &str, index: usize, look: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.step_into(member);
        // Writing to a text cannot fail.
        let _ = write!(self.path, "[{index}]");
        let result = look(self);
        self.path.truncate(length);
        result
    }

    /// Lengthens the path, and answers how long it was.
    fn step_into(&mut self, member: &str) -> usize {
        let length = self.path.len();
        if length > 0 && !member.is_empty() && !member.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(member);
        length
    }

    /// Adds what `look` finds about fields of which nothing is known yet: once a value could not be read, its rules
    /// would only repeat it.
    pub fn and_unread(&mut self, look: impl FnOnce(&mut Self)) {
        let mut more = Self::new();
        look(&mut more);
        let known: Vec<String> = self.list.iter().map(|violation| violation.field.clone()).collect();
        let is_known = |field: &str| {
            known.iter().any(|name| {
                field == name || field.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
            })
        };
        self.list.extend(more.list.into_iter().filter(|violation| !is_known(&violation.field)));
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The value, unless something was found.
    pub fn into_result<T>(self, value: T) -> Result<T> {
        if self.list.is_empty() { Ok(value) } else { Err(Error::Validation(self.list)) }
    }

    /// Nothing, unless something was found.
    pub fn finish(self) -> Result<()> {
        self.into_result(())
    }

    fn path_of(&self, field: &str) -> String {
        path_below(&self.path, field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_members_and_items() {
        let mut found = Violations::new();
        found.item("lines", 2, |found| found.add("quantity", "int32.gte", "must be at least 1"));
        found.within("address", |found| found.within("city", |found| found.add("", "required", "must be there")));
        let Err(Error::Validation(list)) = found.finish() else { panic!("nothing found") };
        assert_eq!(list[0].field, "lines[2].quantity");
        assert_eq!(list[1].field, "address.city");
    }
    #[test]
    fn rules_of_fields_that_could_not_be_read_are_passed_over() {
        let mut found = Violations::new();
        found.add("lines[0].quantity", "required", "must be there");
        found.add("price", "decimal", "must be a decimal number");
        found.and_unread(|found| {
            found.add("price", "decimal.precision", "must have at most 2 digits");
            found.add("lines[0].quantity", "int32.gte", "must be at least 1");
            found.add("name", "string.min_len", "must have at least 1 character");
        });
        let Err(Error::Validation(list)) = found.finish() else { panic!("nothing found") };
        assert_eq!(
            list.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(),
            ["lines[0].quantity", "price", "name"]
        );
    }
}
