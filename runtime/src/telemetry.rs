//! Logs and metrics of the process: installed once, cheap on the way of a request.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::io::IsTerminal;
use std::sync::{OnceLock, RwLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::db::Occupancy;
use crate::error::{Error, Result};
use crate::settings::{LogFormat, LogSettings};

/// REST calls answered, by `method`, `route` (the template) and `status`.
pub const HTTP_REQUESTS: &str = "http_requests_total";
/// Seconds that REST calls took, by `method` and `route`.
pub const HTTP_SECONDS: &str = "http_request_duration_seconds";
/// REST calls that are being answered.
pub const HTTP_IN_FLIGHT: &str = "http_requests_in_flight";
/// gRPC calls answered, by `service`, `method` and `code`.
pub const GRPC_REQUESTS: &str = "grpc_requests_total";
/// Seconds that gRPC calls took, by `service` and `method`.
pub const GRPC_SECONDS: &str = "grpc_request_duration_seconds";

/// Connections to the database, by `state`: `busy` or `idle`.
pub const DATABASE_CONNECTIONS: &str = "database_connections";
/// Calls that wait for a connection to the database, or commits for the writer of the embedded one.
pub const DATABASE_WAITING: &str = "database_waiting";

/// What stands for routes that do not exist, so that callers cannot make up label values.
pub const UNMATCHED: &str = "unmatched";

const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Installs the log of the process, on standard error. A second call changes nothing.
pub fn install_log(settings: &LogSettings) -> Result<()> {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let filter = EnvFilter::try_new(&settings.level).map_err(Error::internal)?;
    INSTALLED.get_or_init(|| {
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let builder = builder.with_span_events(FmtSpan::NONE).with_ansi(std::io::stderr().is_terminal());
        // A log that was installed by others, as in tests, stays.
        let _ = match settings.format {
            LogFormat::Pretty => builder.try_init(),
            LogFormat::Json => {
                builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
            }
        };
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "panic: {}", panic.payload_as_str().unwrap_or("without words"));
        }));
    });
    Ok(())
}

/// Installs the recorder of metrics. A second call gives the same handle.
pub fn install_metrics() -> Result<PrometheusHandle> {
    static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS);
        let handle = builder.and_then(PrometheusBuilder::install_recorder).map_err(|error| error.to_string())?;
        metrics::describe_counter!(HTTP_REQUESTS, "REST calls answered");
        metrics::describe_histogram!(HTTP_SECONDS, metrics::Unit::Seconds, "Seconds that REST calls took");
        metrics::describe_gauge!(HTTP_IN_FLIGHT, "REST calls that are being answered");
        metrics::describe_counter!(GRPC_REQUESTS, "gRPC calls answered");
        metrics::describe_histogram!(GRPC_SECONDS, metrics::Unit::Seconds, "Seconds that gRPC calls took");
        metrics::describe_gauge!(DATABASE_CONNECTIONS, "Connections to the database");
        metrics::describe_gauge!(DATABASE_WAITING, "Calls that wait for the database");
        Ok(handle)
    });
    handle.clone().map_err(Error::internal)
}

/// Sets the gauges of the database.
pub(crate) fn record_occupancy(Occupancy { busy, idle, waiting }: Occupancy) {
    metrics::gauge!(DATABASE_CONNECTIONS, "state" => "busy").set(busy as f64);
    metrics::gauge!(DATABASE_CONNECTIONS, "state" => "idle").set(idle as f64);
    if let Some(waiting) = waiting {
        metrics::gauge!(DATABASE_WAITING).set(waiting as f64);
    }
}

/// The handles of one protocol's calls, made once for each route, method and outcome.
pub(crate) struct Calls {
    make: fn(&str, &str, u16) -> Handles,
    known: RwLock<BTreeMap<String, Vec<Known>>>,
}

/// The handles of one kind of call.
#[derive(Clone)]
pub(crate) struct Handles {
    count: Counter,
    seconds: Histogram,
}

struct Known {
    method: String,
    outcome: u16,
    handles: Handles,
}

impl Calls {
    /// Calls of REST: outcomes are HTTP statuses.
    pub(crate) fn http() -> Self {
        Self::new(|route, method, status| Handles {
            count: metrics::counter!(
                HTTP_REQUESTS, "method" => method.to_owned(), "route" => route.to_owned(), "status" => status.to_string()
            ),
            seconds: metrics::histogram!(HTTP_SECONDS, "method" => method.to_owned(), "route" => route.to_owned()),
        })
    }

    /// Calls of gRPC: routes are services, outcomes are codes.
    pub(crate) fn grpc() -> Self {
        Self::new(|service, method, code| Handles {
            count: metrics::counter!(
                GRPC_REQUESTS, "service" => service.to_owned(), "method" => method.to_owned(), "code" => code_name(code)
            ),
            seconds: metrics::histogram!(GRPC_SECONDS, "service" => service.to_owned(), "method" => method.to_owned()),
        })
    }

    fn new(make: fn(&str, &str, u16) -> Handles) -> Self {
        Self { make, known: RwLock::default() }
    }

    /// Counts one call.
    pub(crate) fn record(&self, route: &str, method: &str, outcome: u16, elapsed: Duration) {
        let handles = self.find(route, method, outcome).unwrap_or_else(|| self.add(route, method, outcome));
        handles.count.increment(1);
        handles.seconds.record(elapsed.as_secs_f64());
    }

    fn find(&self, route: &str, method: &str, outcome: u16) -> Option<Handles> {
        let known = self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut kinds = known.get(route)?.iter();
        kinds.find(|kind| kind.outcome == outcome && kind.method == method).map(|kind| kind.handles.clone())
    }

    fn add(&self, route: &str, method: &str, outcome: u16) -> Handles {
        let handles = (self.make)(route, method, outcome);
        let kind = Known { method: method.to_owned(), outcome, handles: handles.clone() };
        let mut known = self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        known.entry(route.to_owned()).or_default().push(kind);
        handles
    }
}

/// One more in flight, until dropped.
pub(crate) struct InFlight(Gauge);

impl InFlight {
    pub(crate) fn enter(gauge: &Gauge) -> Self {
        gauge.increment(1);
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// The name of a gRPC code as the standard writes it.
fn code_name(code: u16) -> &'static str {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    NAMES.get(usize::from(code)).copied().unwrap_or("UNKNOWN")
}

/// Logs what only an operator may see. Other errors are the caller's and leave no line.
pub(crate) fn log_cause(error: &Error, request_id: &str) {
    let (Error::Internal(cause) | Error::Unavailable(cause)) = error else { return };
    let code = error.status().code;
    tracing::error!(request_id, code, cause = chain(cause.as_ref()), "the call failed");
}

/// An error with all that lies behind it.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let words = source.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installs_once_and_gives_the_same_numbers() {
        let calls = Calls::http();
        let first = install_metrics().unwrap();
        let second = install_metrics().unwrap();
        let calls_after = Calls::grpc();
        calls.record("/t/{id}", "GET", 200, Duration::from_millis(3));
        calls.record("/t/{id}", "GET", 200, Duration::from_millis(3));
        calls_after.record("t.T", "Get", 5, Duration::from_millis(3));
        assert!(second.render().contains("http_requests_total{method=\"GET\",route=\"/t/{id}\",status=\"200\"} 2"));
        assert!(first.render().contains("grpc_requests_total{service=\"t.T\",method=\"Get\",code=\"NOT_FOUND\"} 1"));
        assert!(first.render().contains("http_request_duration_seconds_bucket"));
    }

    #[test]
    fn chains_say_each_cause_once() {
        let inner = std::io::Error::other("disk gone");
        let outer = Error::internal(inner);
        assert_eq!(chain(&outer), "something went wrong on our side: disk gone");
    }
}
