//! The context of a call: who calls, under which id, until when, and where time and ids come from.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::HeaderValue;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::peer::PeerIdentity;
use crate::types::Timestamp;

/// Passed explicitly, first, through every layer. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Who calls.
    pub principal: Arc<Principal>,
    /// Id of the call, in logs and errors and in the `x-request-id` header.
    pub request_id: Arc<str>,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Key under which a call is carried out once, and answered with the first answer when it is repeated.
    pub idempotency_key: Option<Arc<str>>,
    /// Where the call comes from: behind trusted proxies, what they say.
    pub address: Option<IpAddr>,
    /// What the program that calls calls itself.
    pub user_agent: Option<HeaderValue>,
    now: Timestamp,
    sources: Arc<Sources>,
}

/// Where time and ids come from; tests fix both.
pub struct Sources {
    /// The clock.
    pub clock: Box<dyn Clock>,
    /// The maker of ids.
    pub ids: Box<dyn IdSource>,
}

/// A clock.
pub trait Clock: Send + Sync {
    /// Now, in microseconds.
    fn now(&self) -> Timestamp;
}

/// A maker of ids.
pub trait IdSource: Send + Sync {
    /// A new UUID of version 7 (RFC 9562): ordered by the time of its making.
    fn uuid(&self) -> Uuid;
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Account, if one is signed in.
    pub id: Option<Uuid>,
    /// Roles that were granted.
    pub roles: Vec<String>,
    /// Tenant that the account belongs to.
    pub tenant: Option<String>,
    /// The session that the access token belongs to.
    pub session: Option<Uuid>,
    /// A peer of this deployment, known by its certificate.
    pub internal: bool,
}

/// The machine's clock.
pub struct SystemClock;

/// Random UUIDs of version 7.
pub struct SystemIds;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl IdSource for SystemIds {
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

impl Sources {
    /// The machine's clock and random ids.
    pub fn system() -> Arc<Self> {
        Arc::new(Self { clock: Box::new(SystemClock), ids: Box::new(SystemIds) })
    }
}

impl Principal {
    /// Nobody.
    pub fn anonymous() -> Self {
        Self { id: None, roles: Vec::new(), tenant: None, session: None, internal: false }
    }

    /// The principal of `security.mode: development`: may do everything, on loopback only.
    pub fn development() -> Self {
        Self { id: None, roles: vec!["super_admin".to_owned()], tenant: None, session: None, internal: true }
    }

    /// An account with one role.
    pub fn account(id: Uuid, role: &str) -> Self {
        Self { id: Some(id), roles: vec![role.to_owned()], tenant: None, session: None, internal: false }
    }
}

impl Context {
    /// A context for a call.
    pub fn new(principal: Arc<Principal>, request_id: Arc<str>, sources: Arc<Sources>) -> Self {
        let now = sources.clock.now();
        Self {
            principal,
            request_id,
            deadline: None,
            idempotency_key: None,
            address: None,
            user_agent: None,
            now,
            sources,
        }
    }

    /// The service itself: migrations, seeds, tests.
    pub fn system() -> Self {
        Self::new(Arc::new(Principal::development()), "system".into(), Sources::system())
    }

    /// Notes whether a peer of the deployment calls, as its connection says.
    pub(crate) fn note_peer(&mut self, extensions: &http::Extensions) {
        if extensions.get::<PeerIdentity>().is_some() && !self.principal.internal {
            Arc::make_mut(&mut self.principal).internal = true;
        }
    }

    /// The same, with a deadline that is no later than this.
    #[must_use]
    pub fn until(&self, stop_at: Instant) -> Self {
        let deadline = Some(self.deadline.map_or(stop_at, |deadline| deadline.min(stop_at)));
        Self { deadline, ..self.clone() }
    }

    /// When the call began: the same throughout the call, so that all it writes has one time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id.
    pub fn uuid(&self) -> Uuid {
        self.sources.ids.uuid()
    }

    /// Fails once the caller has stopped waiting.
    pub fn check_deadline(&self) -> Result<()> {
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Error::Timeout),
            _ => Ok(()),
        }
    }
}
