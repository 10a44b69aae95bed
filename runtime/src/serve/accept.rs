//! Connections of one listener: HTTP/1.1 and HTTP/2, over TLS or plain, closed gracefully.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::{Service, ServiceExt};

use super::tls::Tls;
use crate::http::PeerAddress;
use crate::peer::PeerIdentity;

/// A caller that does not finish its headers within this time is cut off.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Rest after the system refused a connection, so as not to spin.
const REFUSED_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `closing` closes, then stops listening, and returns when the last call is answered. Dropping the
/// future cuts all connections off.
pub(super) async fn accept<S>(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    service: S,
    mut closing: watch::Receiver<()>,
) where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(30)));
    let builder = Arc::new(builder);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let (stream, address) = tokio::select! {
            _ = closing.changed() => break,
            // Frees what finished connections leave behind.
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(cause = %error, "a connection cannot be accepted");
                    tokio::time::sleep(REFUSED_PAUSE).await;
                    continue;
                }
            },
        };
        // Answers are small: waiting to fill a packet only adds delay.
        let _ = stream.set_nodelay(true);
        let (builder, service, watcher) = (Arc::clone(&builder), service.clone(), graceful.watcher());
        let address = PeerAddress(address.ip());
        let Some(tls) = tls.clone() else {
            connections.spawn(async move { serve(&builder, stream, (address, None), service, watcher).await });
            continue;
        };
        let mut closing = closing.clone();
        // In a task of its own, so that nobody waits for the handshake of another.
        connections.spawn(async move {
            tokio::select! {
                // No call has begun yet.
                _ = closing.changed() => {}
                shaken = tls.handshake(stream) => match shaken {
                    Ok((stream, peer)) => serve(&builder, stream, (address, peer), service, watcher).await,
                    // Whoever asks for the wrong thing may do so often.
                    Err(error) => tracing::debug!(cause = %error, "a handshake failed"),
                }
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
    while connections.join_next().await.is_some() {}
}

/// Serves one connection to its end.
async fn serve<S, I>(
    builder: &Builder<TokioExecutor>,
    stream: I,
    (address, peer): (PeerAddress, Option<PeerIdentity>),
    service: S,
    watcher: Watcher,
) where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(address);
        if let Some(peer) = &peer {
            request.extensions_mut().insert(peer.clone());
        }
        request
    });
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(cause = %error, "a connection ended early");
    }
}
