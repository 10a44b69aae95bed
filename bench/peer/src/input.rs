//! What clients may say of a customer, and the rules for it.

use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use crate::model::{Customer, now};
use crate::problem::{Problem, Result, Violation};

/// A new customer.
#[derive(Debug, Deserialize)]
pub struct NewCustomer {
    name: String,
    email: String,
    #[serde(default = "home")]
    country: String,
    phone: Option<String>,
    user_id: Option<Uuid>,
}

/// A change of a customer (RFC 7396): what is not there stays, null clears.
#[derive(Debug, Clone, Deserialize)]
pub struct CustomerPatch {
    name: Option<String>,
    email: Option<String>,
    country: Option<String>,
    #[serde(default, deserialize_with = "given")]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    user_id: Option<Option<Uuid>>,
}

fn home() -> String {
    "GB".to_owned()
}

fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl NewCustomer {
    /// The row, if all rules hold.
    pub fn row(self) -> Result<Customer> {
        let Self { name, email, country, phone, user_id } = self;
        let now = now();
        let id = Uuid::now_v7();
        check(Customer { id, name, email, country, phone, user_id, version: 1, created_at: now, updated_at: now })
    }
}

impl CustomerPatch {
    /// The row in its new state, if all rules hold.
    pub fn apply(self, mut row: Customer) -> Result<Customer> {
        row.name = self.name.unwrap_or(row.name);
        row.email = self.email.unwrap_or(row.email);
        row.country = self.country.unwrap_or(row.country);
        row.phone = self.phone.unwrap_or(row.phone);
        row.user_id = self.user_id.unwrap_or(row.user_id);
        row.version += 1;
        row.updated_at = now();
        check(row)
    }
}

fn check(row: Customer) -> Result<Customer> {
    let mut found = Vec::new();
    let mut rule = |holds: bool, field: &'static str, message: &str| {
        if !holds {
            found.push(Violation { field, message: message.to_owned() });
        }
    };
    let within = |text: &str, least: usize, most: usize| (least..=most).contains(&text.chars().count());
    rule(within(&row.name, 1, 120), "name", "must have 1 to 120 characters");
    rule(within(&row.email, 0, 254) && is_email(&row.email), "email", "must be an e-mail address");
    let code = row.country.len() == 2 && row.country.bytes().all(|byte| byte.is_ascii_uppercase());
    rule(code, "country", "must be two capital letters");
    rule(row.phone.as_deref().is_none_or(|phone| within(phone, 0, 32)), "phone", "must have at most 32 characters");
    if found.is_empty() { Ok(row) } else { Err(Problem::Invalid(found)) }
}

fn is_email(text: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let label = |label: &str| {
        let bytes = label.as_bytes();
        (1..=63).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.split_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len()) && local.bytes().all(atom) && domain.split('.').all(label)
    })
}
