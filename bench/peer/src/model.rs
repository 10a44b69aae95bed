//! The row of a customer, and its JSON.

use serde::{Serialize, Serializer};
use uuid::Uuid;

/// Someone who buys in the shop.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Customer {
    /// Key of the row.
    pub id: Uuid,
    /// Name as it stands on invoices.
    pub name: String,
    /// Address for order confirmations.
    pub email: String,
    /// Country as an ISO 3166-1 alpha-2 code.
    pub country: String,
    /// Phone number for the carrier.
    pub phone: Option<String>,
    /// Account that may see and change this customer.
    pub user_id: Option<Uuid>,
    /// Counts the writes of the row, from 1.
    pub version: i64,
    /// Microseconds since the epoch.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: i64,
    /// Microseconds since the epoch.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: i64,
}

/// A page of customers.
#[derive(Debug, Serialize)]
pub struct Page {
    /// Rows of the page.
    pub data: Vec<Customer>,
    /// Number of the page, from 0.
    pub page: i64,
    /// Most rows that a page holds.
    pub size: i64,
    /// Rows on all pages.
    pub total: Option<i64>,
    /// Asks for the page behind this one; empty on the last page.
    pub next_page_token: String,
}

impl Customer {
    /// Members that clients may set and that differ.
    pub fn changed_since(&self, before: &Self) -> Vec<&'static str> {
        let members = [
            ("name", self.name != before.name),
            ("email", self.email != before.email),
            ("country", self.country != before.country),
            ("phone", self.phone != before.phone),
            ("user_id", self.user_id != before.user_id),
        ];
        members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// The ETag: the version in quotes.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

/// Microseconds since the epoch, now.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

fn rfc3339<S: Serializer>(micros: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    let time = jiff::Timestamp::from_microsecond(*micros).map_err(serde::ser::Error::custom)?;
    serializer.collect_str(&format_args!("{time:.6}"))
}
