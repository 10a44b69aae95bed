//! Whether the process lives and whether it is ready, asked of its dependencies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde::Serialize;

use crate::error::Result;
use crate::telemetry::chain;

/// A dependency that does not answer within this time is down.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Asks one dependency.
#[async_trait::async_trait]
pub trait Check: Send + Sync {
    /// Name, such as `database`.
    fn name(&self) -> &'static str;
    /// Whether it answers.
    async fn check(&self) -> Result<()>;
    /// Sets the gauges that tell how busy it is, before metrics are read.
    fn measure(&self) {}
}

/// The health of the process.
pub struct Health {
    checks: Vec<Arc<dyn Check>>,
    draining: AtomicBool,
}

/// What `/health/ready` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// All needed dependencies are up, and the process is not shutting down.
    pub status: HealthStatus,
    /// Each dependency.
    pub checks: BTreeMap<&'static str, Finding>,
}

/// The state of one dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Up or down.
    pub status: HealthStatus,
    /// What can be said to anyone; the cause is in the log.
    pub detail: &'static str,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It answers.
    Up,
    /// It does not.
    Down,
}

impl Health {
    /// Health that hangs on these dependencies; all are needed.
    pub fn new(checks: Vec<Arc<dyn Check>>) -> Arc<Self> {
        Arc::new(Self { checks, draining: AtomicBool::new(false) })
    }

    /// From now on the process is not ready, because it is shutting down.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Sets the gauges of all dependencies.
    pub fn measure(&self) {
        self.checks.iter().for_each(|check| check.measure());
    }

    /// Asks all dependencies at once.
    pub async fn report(&self) -> Report {
        let findings = futures::future::join_all(self.checks.iter().map(|check| find(check.as_ref()))).await;
        let mut checks: BTreeMap<_, _> = findings.into_iter().collect();
        if self.draining.load(Ordering::Acquire) {
            checks.insert("process", Finding { status: HealthStatus::Down, detail: "shutting down" });
        }
        let down = checks.values().any(|finding| finding.status == HealthStatus::Down);
        Report { status: if down { HealthStatus::Down } else { HealthStatus::Up }, checks }
    }
}

/// `/health/live` and `/health/ready`.
pub fn routes(health: Arc<Health>) -> Router {
    Router::new()
        .route("/health/live", get(|| async { uncached(StatusCode::OK, Json(serde_json::json!({ "status": "up" }))) }))
        .route("/health/ready", get(ready))
        .with_state(health)
}

async fn ready(State(health): State<Arc<Health>>) -> Response {
    let report = health.report().await;
    let status = match report.status {
        HealthStatus::Up => StatusCode::OK,
        HealthStatus::Down => StatusCode::SERVICE_UNAVAILABLE,
    };
    uncached(status, Json(report))
}

fn uncached(status: StatusCode, body: impl IntoResponse) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}

async fn find(check: &dyn Check) -> (&'static str, Finding) {
    let name = check.name();
    let finding = match tokio::time::timeout(CHECK_TIMEOUT, check.check()).await {
        Ok(Ok(())) => Finding { status: HealthStatus::Up, detail: "answers" },
        Ok(Err(error)) => {
            tracing::warn!(dependency = name, cause = chain(&error), "a dependency is down");
            Finding { status: HealthStatus::Down, detail: "answers with an error" }
        }
        Err(_) => {
            tracing::warn!(dependency = name, "a dependency does not answer");
            Finding { status: HealthStatus::Down, detail: "does not answer in time" }
        }
    };
    (name, finding)
}
