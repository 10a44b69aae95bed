//! The life of the process: both protocols bound, served, and shut down without losing a call.

mod accept;
mod routes;
pub(crate) mod signals;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::chores::{self, Chore};
use crate::health::{Check, Health, HealthStatus};
use crate::http::EdgeConfig;
use crate::security::Security;
use crate::settings::{ListenSettings, SecurityMode, Settings};
use crate::telemetry;
use tls::Listeners;
pub use tls::TlsProblems;

/// How often gRPC health follows the dependencies, and metrics are tidied.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// A service, wired and not yet listening.
pub struct Server {
    /// The configuration.
    pub settings: Settings,
    /// What both edges need; [`EdgeConfig::new`] makes it from the settings.
    pub edge: EdgeConfig,
    /// All REST routes.
    pub rest: Router,
    /// All gRPC services.
    pub grpc: Routes,
    /// What is done beside.
    pub chores: Vec<Chore>,
    /// A `FileDescriptorSet` of the services, for reflection and health.
    pub descriptor: &'static [u8],
    /// What `/openapi.json` answers.
    pub openapi: &'static str,
    /// What knows the public keys of access tokens.
    pub security: Security,
    /// The dependencies that readiness hangs on.
    pub checks: Vec<Arc<dyn Check>>,
}

/// Where the process listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// REST.
    pub rest: SocketAddr,
    /// gRPC.
    pub grpc: SocketAddr,
}

/// Why the process cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be bound.
    #[error("cannot listen on {host}:{port}: {source}; change {key}.host or {key}.port, or stop what listens there")]
    Bind {
        /// Section of the configuration.
        key: &'static str,
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// Cause.
        source: std::io::Error,
    },
    /// What TLS needs is not there.
    #[error("{0}")]
    Tls(TlsProblems),
    /// The descriptor set is no descriptor set.
    #[error("the descriptor set cannot be read: {0}; run the generator again")]
    Descriptor(String),
    /// Signals cannot be received.
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
    /// The log or the metrics cannot be installed.
    #[error("telemetry cannot be installed: {0}")]
    Telemetry(String),
}

/// Looks at the files that TLS needs, so that they can be named before anything is begun.
pub fn check_tls(settings: &Settings) -> Result<(), ServeError> {
    Listeners::load(&settings.server).map(drop).map_err(ServeError::Tls)
}

impl Server {
    /// Serves until SIGTERM or SIGINT; a second one ends the waiting for calls in flight.
    pub async fn serve(self, on_bound: impl FnOnce(Bound)) -> Result<(), ServeError> {
        let stop = signals::listen().map_err(ServeError::Signals)?;
        self.serve_until(on_bound, stop).await
    }

    /// Serves until `stop` says so; when it says so again, the waiting for calls in flight ends.
    pub async fn serve_until(
        self,
        on_bound: impl FnOnce(Bound),
        mut stop: mpsc::Receiver<()>,
    ) -> Result<(), ServeError> {
        let settings = &self.settings;
        let tls = Listeners::load(&settings.server).map_err(ServeError::Tls)?;
        let metrics = self.metrics()?;
        let rest_listener = bind("server.rest", &settings.server.rest).await?;
        let grpc_listener = bind("server.grpc", &settings.server.grpc).await?;
        let bound = Bound { rest: address(&rest_listener)?, grpc: address(&grpc_listener)? };
        let health = Health::new(self.checks);
        let (reporter, health_service) = tonic_health::server::health_reporter();
        let names = service_names(self.descriptor)?;
        let grpc = routes::grpc(self.grpc, health_service, self.descriptor, self.edge.clone())?;
        let rest = routes::rest(self.rest, &health, metrics.clone(), settings.docs.enabled.then_some(self.openapi));
        let rest = crate::http::edge(rest.merge(routes::keys(self.security)), self.edge);

        if settings.security.mode == SecurityMode::Development {
            tracing::warn!(
                "security.mode is development: whoever sends no access token may do everything; only loopback is served"
            );
        }
        follow(&health, &reporter, &names).await;
        let (close, closing) = watch::channel(());
        let mut serving = tokio::task::JoinSet::new();
        serving.spawn(accept::accept(rest_listener, tls.rest.clone(), rest, closing.clone()));
        serving.spawn(accept::accept(grpc_listener, tls.grpc.clone(), grpc, closing.clone()));
        for chore in self.chores {
            serving.spawn(chores::run(chore, closing.clone()));
        }
        drop(closing);
        let mut following = tokio::task::JoinSet::new();
        following.spawn(tls.follow());
        tracing::info!(rest = %bound.rest, grpc = %bound.grpc, "listening");
        on_bound(bound);

        watch_until(&mut stop, &health, &reporter, &names, metrics.as_ref()).await;
        let limit = Duration::from_secs(settings.server.shutdown_timeout_seconds);
        tracing::info!(limit_seconds = limit.as_secs(), "shutting down; calls in flight are finished");
        health.drain();
        follow(&health, &reporter, &names).await;
        drop(close);
        let drained = async { while serving.join_next().await.is_some() {} };
        tokio::select! {
            () = drained => tracing::info!("all calls are finished"),
            () = tokio::time::sleep(limit) => tracing::warn!("calls in flight outlasted server.shutdown_timeout_seconds"),
            Some(()) = stop.recv() => tracing::warn!("asked again; calls in flight are cut off"),
        }
        Ok(())
    }

    fn metrics(&self) -> Result<Option<PrometheusHandle>, ServeError> {
        let wanted = self.settings.observability.metrics.enabled;
        let handle = wanted.then(telemetry::install_metrics).transpose();
        handle.map_err(|error| ServeError::Telemetry(telemetry::chain(&error)))
    }
}

async fn bind(key: &'static str, listen: &ListenSettings) -> Result<TcpListener, ServeError> {
    let host = listen.host.trim_start_matches('[').trim_end_matches(']');
    let listener = TcpListener::bind((host, listen.port)).await;
    listener.map_err(|source| ServeError::Bind { key, host: host.to_owned(), port: listen.port, source })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, ServeError> {
    listener.local_addr().map_err(ServeError::Signals)
}

/// Keeps gRPC health true and metrics tidy until the process is asked to stop.
async fn watch_until(
    stop: &mut mpsc::Receiver<()>,
    health: &Health,
    reporter: &HealthReporter,
    names: &[String],
    metrics: Option<&PrometheusHandle>,
) {
    let mut ticks = tokio::time::interval(WATCH_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.recv() => return,
            _ = ticks.tick() => {
                follow(health, reporter, names).await;
                if let Some(metrics) = metrics {
                    metrics.run_upkeep();
                }
            }
        }
    }
}

/// Tells gRPC health what readiness says now: for the whole process (the empty name) and each service.
async fn follow(health: &Health, reporter: &HealthReporter, names: &[String]) {
    let status = match health.report().await.status {
        HealthStatus::Up => ServingStatus::Serving,
        HealthStatus::Down => ServingStatus::NotServing,
    };
    reporter.set_service_status("", status).await;
    for name in names {
        reporter.set_service_status(name, status).await;
    }
}

fn service_names(descriptor: &[u8]) -> Result<Vec<String>, ServeError> {
    let set = prost_types::FileDescriptorSet::decode(descriptor);
    let set = set.map_err(|error| ServeError::Descriptor(error.to_string()))?;
    let full =
        |package: &str, name: &str| if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") };
    let of_file = |file: &prost_types::FileDescriptorProto| {
        file.service.iter().map(|service| full(file.package(), service.name())).collect::<Vec<_>>()
    };
    Ok(set.file.iter().flat_map(of_file).collect())
}
