//! The contract lock: what clients saw when the migrations were last sealed, to compare the schema with.
//!
//! It is the published contract of gRPC and REST as plain facts: fields and enum values by number, so that a new name is
//! seen as such. What is sensitive or internal is not part of it. The text is sorted, with a fact in each line, so that
//! two branches merge where they do not contradict each other.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Span;

/// Version of the file format.
const FORMAT: u32 = 1;

/// What clients see of a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Version of the file format.
    pub format: u32,
    /// What each package publishes, by its name.
    pub packages: BTreeMap<String, Package>,
    /// Where things stand in the schema, by full name; only of a contract that was read from one.
    #[serde(skip)]
    pub places: BTreeMap<String, Span>,
}

/// What a package publishes, by names inside of it, such as `Thing.Shape`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Messages, those that are derived from entities included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub messages: BTreeMap<String, Message>,
    /// Enumerations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub enums: BTreeMap<String, Enum>,
    /// Services.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, Service>,
}

/// A message.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Full name of the entity whose standard methods it was derived for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived_from: Option<String>,
    /// Fields by number.
    pub fields: BTreeMap<u32, Field>,
    /// Numbers that are never used again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserved_numbers: Vec<Numbers>,
    /// Names that are never used again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserved_names: Vec<String>,
}

/// A field: what protobuf says of it, and what REST does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Name, in protobuf and in the JSON of REST.
    pub name: String,
    /// Name in the JSON of protobuf, where it is not the one that follows from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_name: Option<String>,
    /// Type on the wire, of an item if there are several: `string`, `shop.v1.OrderStatus`, `map<string, int32>`.
    #[serde(rename = "type")]
    pub ty: String,
    /// How REST shows it, where the type does not say it: `uuid`, `decimal(12, 2)`, `text` for a number in quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// How many there are, and whether absent is told from zero.
    #[serde(default, skip_serializing_if = "Cardinality::is_singular")]
    pub cardinality: Cardinality,
    /// The oneof it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oneof: Option<String>,
    /// May be null.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nullable: bool,
    /// Requests must give it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Requests are not heard on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub output_only: bool,
    /// Answers do not show it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub input_only: bool,
    /// Never changes once it is set.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub immutable: bool,
    /// What stands for absent, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Full name of the entity whose row it must name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
    /// No two rows share its value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// Lists may be filtered by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub filterable: bool,
    /// Lists may be ordered by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sortable: bool,
    /// Searches of lists look into it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub searchable: bool,
    /// Rules for its value by their name in `buf.validate`, those of items behind `items.`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, String>,
}

/// How many values a field has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cardinality {
    /// One; absent is zero.
    #[default]
    Singular,
    /// One or none.
    Optional,
    /// A list.
    Repeated,
    /// A map.
    Map,
}

/// An enumeration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enum {
    /// Names by number.
    pub values: BTreeMap<i32, String>,
    /// Numbers that are never used again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserved_numbers: Vec<Numbers>,
    /// Names that are never used again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserved_names: Vec<String>,
}

/// A service.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Full name of the entity whose standard methods it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Methods by name.
    pub rpcs: BTreeMap<String, Rpc>,
}

/// A method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rpc {
    /// Full name of what it takes.
    pub request: String,
    /// Full name of what it answers.
    pub response: String,
    /// Takes many.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_streaming: bool,
    /// Answers many.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub server_streaming: bool,
    /// May be repeated without a further effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idempotent: bool,
    /// HTTP method, path, and the field that is the body, such as `PATCH /api/v1/orders/{order.id} order`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
    /// Who may call it, such as `owner|admin`.
    pub access: String,
    /// Order of a list whose caller names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

/// Inclusive range of numbers, as text `4` or `40 to 42`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Numbers {
    /// First.
    pub from: i32,
    /// Last.
    pub to: i32,
}

impl Default for Contract {
    fn default() -> Self {
        Self { format: FORMAT, packages: BTreeMap::new(), places: BTreeMap::new() }
    }
}

impl Contract {
    /// Reads the text of a lock.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let contract: Self = serde_json::from_str(text)?;
        if contract.format == FORMAT {
            Ok(contract)
        } else {
            Err(serde::de::Error::custom(format!(
                "format {} is not known to this version of arcana-codegen, which knows {FORMAT}; raise its version",
                contract.format
            )))
        }
    }

    /// Its text: the same for the same contract.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists always serialise.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Cardinality {
    fn is_singular(&self) -> bool {
        *self == Self::Singular
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{} to {}", self.from, self.to) }
    }
}

impl From<Numbers> for String {
    fn from(numbers: Numbers) -> Self {
        numbers.to_string()
    }
}

impl TryFrom<String> for Numbers {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |part: &str| part.parse::<i32>().map_err(|_| format!("`{text}` is no number and no `4 to 9`"));
        let (from, to) = text.split_once(" to ").unwrap_or((&text, &text));
        Ok(Self { from: number(from)?, to: number(to)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_its_text() {
        let field = Field { name: "note".to_owned(), ty: "string".to_owned(), ..Field::default() };
        let numbers = vec![Numbers { from: 4, to: 4 }, Numbers { from: 40, to: 42 }];
        let message = Message { fields: BTreeMap::from([(2, field)]), reserved_numbers: numbers, ..Message::default() };
        let package = Package { messages: BTreeMap::from([("Order".to_owned(), message)]), ..Package::default() };
        let contract = Contract { packages: BTreeMap::from([("shop.v1".to_owned(), package)]), ..Contract::default() };
        let text = contract.to_json();
        assert!(text.contains("\"40 to 42\"") && text.contains("\"2\": {"), "{text}");
        assert_eq!(Contract::parse(&text).unwrap().to_json(), text);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let text = Contract::default().to_json();
        assert!(Contract::parse(&text.replace("\"format\": 1", "\"format\": 9")).is_err());
        assert!(Contract::parse(&text.replace("packages", "bundles")).is_err());
        assert!(Numbers::try_from("4 until 9".to_owned()).is_err());
    }
}
