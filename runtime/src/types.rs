//! Value types that proto, Rust, SQL and JSON share.

mod id;
mod time;

pub use id::{Key, Name, Num, Uid};
pub use rust_decimal::Decimal;
pub use time::{Date, Duration, Timestamp};
