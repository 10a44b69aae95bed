//! Value types that proto, Rust, SQL and JSON share.

mod arithmetic;
mod enumeration;
mod id;
mod time;
mod wrap;

pub use enumeration::Enumeration;
pub use id::{Key, Name, Num, Uid, key_part, key_parts};
pub use rust_decimal::Decimal;
pub use time::{Date, Duration, Timestamp};
pub use wrap::{Bytes, Fixed, Kept, Redacted, Stringed};

/// A JSON object of any shape.
pub type Struct = serde_json::Map<String, serde_json::Value>;
