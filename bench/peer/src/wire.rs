//! Messages of gRPC, as the published contract has them.

use crate::model::Customer;

/// Which customer to get.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GetCustomerRequest {
    /// Key of the customer.
    #[prost(string, tag = "1")]
    pub id: String,
}

/// Someone who buys in the shop.
#[derive(Clone, PartialEq, prost::Message)]
#[allow(missing_docs)]
pub struct CustomerMessage {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, optional, tag = "2")]
    pub name: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub email: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub country: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub phone: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub user_id: Option<String>,
    #[prost(int64, tag = "7")]
    pub version: i64,
    #[prost(message, optional, tag = "8")]
    pub created_at: Option<prost_types::Timestamp>,
    #[prost(message, optional, tag = "9")]
    pub updated_at: Option<prost_types::Timestamp>,
}

impl From<Customer> for CustomerMessage {
    fn from(row: Customer) -> Self {
        Self {
            id: row.id.to_string(),
            name: Some(row.name),
            email: Some(row.email),
            country: Some(row.country),
            phone: row.phone,
            user_id: row.user_id.map(|id| id.to_string()),
            version: row.version,
            created_at: Some(timestamp(row.created_at)),
            updated_at: Some(timestamp(row.updated_at)),
        }
    }
}

fn timestamp(micros: i64) -> prost_types::Timestamp {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default();
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}
