//! Numbers for keys that the service allots: a block at a time, so that few calls ask the database.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use crate::error::Result;

/// Numbers that are taken from a sequence at once.
const BLOCK: i64 = 100;

/// What is left of the blocks, by sequence: next and end.
#[derive(Default)]
pub(super) struct Sequences(Mutex<HashMap<&'static str, (i64, i64)>>);

impl Sequences {
    /// A number that nobody had; `reserve` takes so many from the database and answers the first.
    pub(super) async fn next<F: Future<Output = Result<i64>>>(
        &self,
        sequence: &'static str,
        reserve: impl FnOnce(i64) -> F,
    ) -> Result<i64> {
        if let Some(number) = self.take(sequence) {
            return Ok(number);
        }
        let first = reserve(BLOCK).await?;
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Another caller may have reserved a block meanwhile; the numbers it left are lost, which a sequence allows.
        blocks.insert(sequence, (first + 1, first + BLOCK));
        Ok(first)
    }

    fn take(&self, sequence: &'static str) -> Option<i64> {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, end) = blocks.get_mut(sequence)?;
        (*next < *end).then(|| {
            *next += 1;
            *next - 1
        })
    }
}
