//! What a peer must do with its database, and the statements, which are those of the generated service.

use serde_json::json;
use uuid::Uuid;

use crate::model::Customer;
use crate::problem::Result;

/// One row.
pub const GET: &str = "SELECT id, name, email, country, phone, user_id, version, created_at, updated_at \
     FROM customers WHERE id = ?";
/// All rows.
pub const COUNT: &str = "SELECT count(*) FROM customers";
/// A new row.
pub const INSERT: &str = "INSERT INTO customers \
     (id, name, email, country, phone, user_id, version, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
/// A row in a new state, if it still has its version.
pub const UPDATE: &str = "UPDATE customers SET name = ?, email = ?, country = ?, phone = ?, user_id = ?, version = ?, \
     created_at = ?, updated_at = ? WHERE id = ? AND version = ?";

/// What happened to a row, for those who listen.
pub const OUTBOX: &str = "INSERT INTO arcana_outbox \
     (kind, type, entity, \"key\", payload, request_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// An entry of the outbox, written in the transaction of its row.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What happened.
    pub r#type: &'static str,
    /// Key of the row.
    pub key: String,
    /// The row, and what changed of it, as JSON.
    pub payload: String,
    /// Which call did it.
    pub request_id: String,
}

impl Entry {
    /// What the outbox calls its events.
    pub const KIND: &str = "EVENT";
    /// Whose rows it tells of.
    pub const ENTITY: &str = "shop.v1.Customer";

    /// A new row.
    pub fn created(row: &Customer) -> Self {
        Self::of(row, "shop.v1.Customer.created", &json!({ "row": row }))
    }

    /// A row in its new state.
    pub fn updated(row: &Customer, changed: &[&str]) -> Self {
        Self::of(row, "shop.v1.Customer.updated", &json!({ "row": row, "changed": changed }))
    }

    fn of(row: &Customer, r#type: &'static str, payload: &serde_json::Value) -> Self {
        let request_id = Uuid::now_v7().to_string();
        Self { r#type, key: row.id.to_string(), payload: payload.to_string(), request_id }
    }
}

/// Which page.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// Most rows.
    pub size: i64,
    /// Time and key of the row before the page.
    pub after: Option<(i64, Uuid)>,
    /// Count all rows, too.
    pub total: bool,
}

impl Query {
    /// The statement, whose values are time, time and key of the row before the page, if there is one. The limit
    /// stands in the text, because SQLite plans better for one that it knows.
    pub fn sql(&self) -> String {
        let behind = match self.after {
            None => "",
            Some(_) => "WHERE (created_at < ? OR (created_at IS ? AND id < ?)) ",
        };
        let limit = self.size + 1;
        format!(
            "SELECT id, name, email, country, phone, user_id, version, created_at, updated_at \
             FROM customers {behind}ORDER BY created_at DESC, id DESC LIMIT {limit} OFFSET 0"
        )
    }
}

/// The rows of a page, with one more if there is another page, and the number of all rows.
pub type Rows = (Vec<Customer>, Option<i64>);

/// A database of customers.
pub trait Store: Send + Sync + Sized + 'static {
    /// Opens an existing database: a file, or the URL of a server.
    fn open(database: String) -> impl Future<Output = Result<Self>> + Send;
    /// One row.
    fn get(&self, id: Uuid) -> impl Future<Output = Result<Option<Customer>>> + Send;
    /// One page, the newest first.
    fn list(&self, query: Query) -> impl Future<Output = Result<Rows>> + Send;
    /// A new row, with its entry in the outbox.
    fn insert(&self, row: Customer) -> impl Future<Output = Result<Customer>> + Send;
    /// A row in its new state, which has one version more than the old one, with its entry in the outbox.
    fn update(&self, row: Customer, changed: Vec<&'static str>) -> impl Future<Output = Result<Customer>> + Send;
}
