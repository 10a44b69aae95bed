//! What a service does of its own accord beside answering calls: turn after turn, until the process is asked to stop.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{Notify, watch};

use crate::error::{Error, Result};
use crate::telemetry::chain;

/// One thing to do again and again. Every process of a service does it, so its turns claim what they work on in the database.
pub struct Chore {
    /// Name, for the log.
    pub name: &'static str,
    /// Time between two turns.
    pub every: Duration,
    /// Whoever has something for the next turn that should not wait wakes it.
    pub woken: Arc<Notify>,
    /// One turn. What it could not do is left for the next one; at shutdown it is waited for as calls are.
    pub turn: Turn,
}

/// One turn of a chore.
pub type Turn = Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// Does it until `closing` says so; a turn that has begun comes to its end.
pub(crate) async fn run(chore: Chore, mut closing: watch::Receiver<()>) {
    loop {
        // A turn that panics must not be the last.
        let turn = AssertUnwindSafe((chore.turn)()).catch_unwind().await;
        if let Err(error) = turn.unwrap_or_else(|_| Err(Error::internal("the turn panicked"))) {
            tracing::warn!(chore = chore.name, error = chain(&error), "a chore failed and is tried again");
        }
        tokio::select! {
            biased;
            _ = closing.changed() => return,
            () = chore.woken.notified() => {}
            () = tokio::time::sleep(chore.every) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn turns_go_on_behind_failures_and_panics_until_the_process_stops() {
        let (turns, woken) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (counted, wake) = (turns.clone(), woken.clone());
        let turn = move || {
            let (turn, wake) = (counted.fetch_add(1, Ordering::SeqCst), wake.clone());
            async move {
                match turn {
                    0 | 1 => wake.notify_one(),
                    _ => return Ok(()),
                }
                if turn == 0 { Err(Error::internal("not now")) } else { panic!("worse") }
            }
            .boxed()
        };
        // Only whoever wakes it brings the next turn.
        let every = Duration::from_secs(86_400);
        let chore = Chore { name: "test", every, woken, turn: Box::new(turn) };
        let (close, closing) = watch::channel(());
        let running = tokio::spawn(run(chore, closing));
        while turns.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
        drop(close);
        running.await.unwrap();
    }
}
