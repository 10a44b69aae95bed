//! How often somebody may call: so many calls in a window, for each caller, by GCRA (what is spent comes back evenly).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use crate::context::Context;
use crate::error::{Error, Result};

/// Calls between two looks for callers that are forgotten, because all that they spent has come back.
const TIDY_EVERY: usize = 4096;

/// So many calls in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls, at once or spread.
    pub calls: u32,
    /// Length of the window.
    pub seconds: u32,
}

/// A rate, and who has spent how much of it. The count is that of this process.
#[derive(Debug)]
pub struct Limit {
    rate: Rate,
    spent: OnceLock<DefaultKeyedRateLimiter<Caller>>,
    checks: AtomicUsize,
}

/// Whose calls are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Caller {
    Account(Uuid),
    Address(IpAddr),
    /// Without a connection: the service itself.
    Nobody,
}

impl Rate {
    /// From `100/min`: a number that is not zero, and `s`, `min` or `h`.
    pub fn parse(text: &str) -> Option<Self> {
        let (calls, window) = text.split_once('/')?;
        let seconds = match window {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            _ => return None,
        };
        let calls = calls.parse().ok().filter(|calls| *calls > 0)?;
        Some(Self { calls, seconds })
    }
}

impl Limit {
    /// Nobody has called yet.
    pub const fn new(rate: Rate) -> Self {
        Self { rate, spent: OnceLock::new(), checks: AtomicUsize::new(0) }
    }

    /// Counts a call of the account that calls; of nobody in particular, by where it comes from.
    pub fn spend(&self, cx: &Context) -> Result<()> {
        self.count(cx.principal.id.map_or_else(|| by_address(cx), Caller::Account))
    }

    /// Counts a call by where it comes from, whoever calls.
    pub fn spend_by_address(&self, cx: &Context) -> Result<()> {
        self.count(by_address(cx))
    }

    fn count(&self, caller: Caller) -> Result<()> {
        let spent = self.spent.get_or_init(|| RateLimiter::keyed(quota(self.rate)));
        if self.checks.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            spent.retain_recent();
        }
        spent.check_key(&caller).map_err(|not_yet| {
            let wait = not_yet.wait_time_from(DefaultClock::default().now());
            Error::RateLimited { retry_after_seconds: wait.as_secs() + 1, rate: Some(self.rate) }
        })
    }
}

/// All addresses of one IPv6 network are one caller: whoever has one has the others (RFC 6177).
fn by_address(cx: &Context) -> Caller {
    match cx.address {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Caller::Address(IpAddr::from([a, b, c, d, 0, 0, 0, 0]))
        }
        Some(address) => Caller::Address(address),
        None => Caller::Nobody,
    }
}

fn quota(rate: Rate) -> Quota {
    let calls = NonZeroU32::new(rate.calls).unwrap_or(NonZeroU32::MIN);
    let pause = Duration::from_secs(rate.seconds.into()) / calls.get();
    Quota::with_period(pause).unwrap_or_else(|| Quota::per_second(calls)).allow_burst(calls)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::context::{Principal, Sources};

    fn from(address: &str) -> Context {
        let mut cx = Context::new(Arc::new(Principal::anonymous()), "test".into(), Sources::system());
        cx.address = Some(address.parse().unwrap());
        cx
    }

    #[test]
    fn each_caller_has_its_own_count() {
        let limit = Limit::new(Rate { calls: 2, seconds: 3600 });
        for address in ["203.0.113.1", "203.0.113.2"] {
            assert!(limit.spend(&from(address)).is_ok() && limit.spend(&from(address)).is_ok());
            let refused = limit.spend(&from(address)).unwrap_err();
            let Error::RateLimited { retry_after_seconds, rate } = refused else { panic!("{refused:?}") };
            assert!((1700..=1801).contains(&retry_after_seconds), "{retry_after_seconds}");
            assert_eq!(rate, Some(Rate { calls: 2, seconds: 3600 }));
        }
    }

    #[test]
    fn an_account_is_counted_wherever_it_calls_from() {
        let limit = Limit::new(Rate { calls: 1, seconds: 60 });
        let ada = Uuid::now_v7();
        let call = |address: &str, id: Uuid| {
            let mut cx = from(address);
            cx.principal = Arc::new(Principal::account(id, "user"));
            limit.spend(&cx)
        };
        assert!(call("203.0.113.1", ada).is_ok());
        assert!(call("203.0.113.2", ada).is_err());
        assert!(call("203.0.113.1", Uuid::now_v7()).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let limit = Limit::new(Rate { calls: 1, seconds: 60 });
        assert!(limit.spend(&from("2001:db8:1:2::1")).is_ok());
        assert!(limit.spend(&from("2001:db8:1:2:ffff::9")).is_err());
        assert!(limit.spend(&from("2001:db8:1:3::1")).is_ok());
    }

    #[test]
    fn rates_are_read_as_they_are_written() {
        assert_eq!(Rate::parse("100/min"), Some(Rate { calls: 100, seconds: 60 }));
        assert_eq!(Rate::parse("1/s"), Some(Rate { calls: 1, seconds: 1 }));
        for text in ["", "100", "0/s", "-1/s", "x/min", "5/day", "5 /s"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }
}
