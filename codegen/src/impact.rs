//! The impact of a change: what differs between the sealed state and the schema, and what that does to clients over
//! gRPC, to clients over REST, and to rows that exist.
//!
//! The rules for the wire are those of buf's category WIRE_JSON, and a few that it leaves out: a message, an enum, an rpc
//! or a service that is gone breaks its callers, too. The rules for REST are ours: what was taken is still taken, and
//! what was answered is still answered. How rows fare is the class of the migration's operation.

mod access;
mod bounds;
mod diff;
mod enums;
mod fields;
mod page;
pub(crate) mod publish;
mod rpcs;
mod storage;
#[cfg(test)]
mod tests;
mod types;
mod view;

use serde::{Deserialize, Serialize};

pub use page::page;
pub use publish::{contract_of, publish};

use crate::contract::Contract;
use crate::migrate::{Class, Operation};
use crate::model::Span;
use crate::plan::split;
use diff::Diff;

/// One thing that differs, and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Full name: `shop.v1.Order.number`, `shop.v1.OrderStatus.ORDER_STATUS_OPEN`, `shop.v1.OrderService.CancelOrder`.
    pub subject: String,
    /// Full name of the entity, or else of the message, enum or service, that it is told under.
    pub group: String,
    /// What differs, such as `max_len 32 → 16`.
    pub what: String,
    /// For clients over gRPC, in binary and in JSON.
    pub wire: Verdict,
    /// For clients over REST.
    pub rest: Verdict,
    /// For rows that exist; nothing if the storage stays as it is.
    pub sql: Option<Class>,
    /// Where it stands in the schema, if it still does; else what it stood in.
    pub span: Option<Span>,
    /// Why it breaks, or what there is to know.
    pub reason: Option<String>,
    /// The safe path.
    pub help: Option<String>,
}

/// What a change does to clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Clients notice nothing.
    #[default]
    Ok,
    /// Clients may notice, and go on.
    Notice,
    /// Clients break.
    Breaking,
}

/// What differs from the sealed contract, with the operations of the open migration: in the order of packages and
/// names. What is new breaks nothing.
pub fn changes(old: &Contract, new: &Contract, operations: &[Operation]) -> Vec<Change> {
    let mut diff = Diff::of(old, new);
    diff.run();
    storage::join(diff.found, operations, &new.places)
}

impl Change {
    /// Breaks clients over gRPC or REST.
    pub fn breaks(&self) -> bool {
        self.wire == Verdict::Breaking || self.rest == Verdict::Breaking
    }

    /// The subject in few words: without its package.
    pub fn short(&self) -> &str {
        name_in_package(&self.subject).unwrap_or(&self.subject)
    }

    /// The verdicts in a line: `wire ok · REST BREAKING · SQL lossy`.
    pub fn verdict(&self) -> String {
        let sql = self.sql.map_or("none", Class::words);
        format!("wire {} · REST {} · SQL {sql}", self.wire.words(), self.rest.words())
    }
}

/// The name of a type, or of something in it, inside its package; none for a package, whose parts are in lower case.
fn name_in_package(full_name: &str) -> Option<&str> {
    Some(split(full_name).1).filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
}

/// Full name of the type that stands at the top of its file, which the others of that name are inside of.
fn outermost(full_name: &str) -> &str {
    let Some(name) = name_in_package(full_name) else { return full_name };
    let behind = name.find('.').map_or(0, |at| name.len() - at);
    full_name.get(..full_name.len() - behind).unwrap_or(full_name)
}

impl Verdict {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Notice => "notice",
            Self::Breaking => "BREAKING",
        }
    }

    /// Breaking where that holds.
    fn breaking_if(holds: bool) -> Self {
        if holds { Self::Breaking } else { Self::Ok }
    }

    /// A notice where that holds.
    fn notice_if(holds: bool) -> Self {
        if holds { Self::Notice } else { Self::Ok }
    }
}
