//! Transactions that others were in the way of, tried again.

use std::time::Duration;

use crate::context::Context;
use crate::error::{Cause, Result};

/// Times that a commit is tried in all.
const ATTEMPTS: u32 = 5;

/// The tries of one commit.
#[derive(Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Counts one, and says whether another may follow.
    pub(super) fn again(&mut self) -> bool {
        self.0 += 1;
        self.0 < ATTEMPTS
    }

    /// Waits up to 2, 4, 8 … milliseconds, by chance, so that two who met do not meet again.
    pub(super) async fn pause(&self, cx: &Context, cause: &Cause) -> Result<()> {
        tracing::debug!(%cause, attempt = self.0, "others were in the way of a commit; it is tried again");
        let most = 1_000_u128 << self.0.min(7);
        let micros = u64::try_from(cx.uuid().as_u128() % most).unwrap_or_default();
        tokio::time::sleep(Duration::from_micros(micros)).await;
        cx.check_deadline()
    }
}
