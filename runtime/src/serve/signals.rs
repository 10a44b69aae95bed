//! SIGTERM and SIGINT as messages.

use tokio::sync::mpsc;

/// One message for each signal.
#[cfg(unix)]
pub(crate) fn listen() -> std::io::Result<mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// One message for each Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn listen() -> std::io::Result<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).await.is_ok() {} });
    Ok(receiver)
}
