//! Secrets that a database keeps for all who use it: made at random by whoever needs one first, and never again.

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::error::{Error, Result};

/// Bytes of a secret.
const BYTES: usize = 32;
/// The secret that page tokens are sealed with.
const PAGE_TOKEN: &str = "page_token";

/// What was read from the database, so that it is asked once.
#[derive(Clone, Default)]
pub(super) struct Keys {
    page_token: Arc<OnceCell<Vec<u8>>>,
}

impl Keys {
    /// The secret of page tokens; `keep` stores a new one unless there is one, and answers the one that is stored.
    pub(super) async fn page_token<F: Future<Output = Result<Vec<u8>>>>(
        &self,
        keep: impl FnOnce(&'static str, Vec<u8>) -> F,
    ) -> Result<&[u8]> {
        let stored = self.page_token.get_or_try_init(|| async {
            let mut fresh = vec![0; BYTES];
            getrandom::fill(&mut fresh).map_err(Error::internal)?;
            keep(PAGE_TOKEN, fresh).await
        });
        stored.await.map(Vec::as_slice)
    }
}
