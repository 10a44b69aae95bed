//! What a service does of its own accord beside answering calls: turn after turn, until the process is asked to stop.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::telemetry::chain;

/// One thing to do again and again. Every process of a service does it, so its turns claim what they work on in the database.
pub struct Chore {
    /// Name, for the log.
    pub name: &'static str,
    /// Time between two turns.
    pub every: Duration,
    /// One turn. What it could not do is left for the next one; at shutdown it is waited for as calls are.
    pub turn: Turn,
}

/// One turn of a chore.
pub type Turn = Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// Does it until `closing` says so; a turn that has begun comes to its end.
pub(crate) async fn run(chore: Chore, mut closing: watch::Receiver<()>) {
    loop {
        // A turn that panics must not be the last.
        let turn = AssertUnwindSafe(async { (chore.turn)().await }).catch_unwind().await;
        if let Err(error) = turn.unwrap_or_else(|_| Err(Error::internal("the turn panicked"))) {
            tracing::warn!(chore = chore.name, error = chain(&error), "a chore failed and is tried again");
        }
        tokio::select! {
            biased;
            _ = closing.changed() => return,
            () = tokio::time::sleep(chore.every) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn turns_go_on_behind_failures_and_panics_until_the_process_stops() {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = turns.clone();
        let turn: Turn = Box::new(move || match counted.fetch_add(1, Ordering::SeqCst) {
            0 => panic!("before the turn"),
            1 => async { Err(Error::internal("not now")) }.boxed(),
            2 => async { panic!("in the turn") }.boxed(),
            _ => async { Ok(()) }.boxed(),
        });
        let (close, closing) = watch::channel(());
        let running = tokio::spawn(run(Chore { name: "test", every: Duration::from_millis(1), turn }, closing));
        while turns.load(Ordering::SeqCst) < 5 {
            tokio::task::yield_now().await;
        }
        drop(close);
        running.await.unwrap();
    }
}
