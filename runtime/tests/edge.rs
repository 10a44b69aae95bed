//! Both edges over real sockets: what every call gets, whatever the service behind it does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy allows these in test functions, not in their helpers")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arcana_runtime::context::Context;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::health::Check;
use arcana_runtime::http::{EdgeConfig, read_body};
use arcana_runtime::security::Security;
use arcana_runtime::serve::{Bound, Server};
use arcana_runtime::settings::{Settings, Source, load};
use axum::Router;
use axum::routing::{get, post};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

struct Database(bool);

#[async_trait::async_trait]
impl Check for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    async fn check(&self) -> Result<()> {
        if self.0 { Ok(()) } else { Err(Error::unavailable("connection to secret-host refused")) }
    }
}

struct Running {
    bound: Bound,
    stop: mpsc::Sender<()>,
    task: JoinHandle<()>,
    client: Client,
}

fn settings(overrides: &[&str]) -> Settings {
    let mut all = vec!["server.rest.port=0", "server.grpc.port=0", "server.max_body_bytes=1000"];
    all.extend(overrides);
    let overrides = all.into_iter().map(str::to_owned).collect();
    load(&Source { overrides, dir: "/nonexistent".into(), ..Source::bare("shop", "ARCANA") }).unwrap().settings
}

fn routes() -> Router {
    Router::new()
        .route("/api/v1/things/{id}", get(|cx: Context| async move { cx.request_id.to_string() }))
        .route(
            "/api/v1/things",
            post(|request: axum::extract::Request| async move {
                read_body(request).await.map(|body| body.len().to_string())
            }),
        )
        .route("/api/v1/extracted", post(|body: bytes::Bytes| async move { body.len().to_string() }))
        .route("/api/v1/events", get(|| async { ([("content-type", "text/event-stream")], "data: 1\n\n") }))
        .route(
            "/api/v1/panic",
            get(|| async {
                if true {
                    panic!("secret words")
                }
            }),
        )
        .route("/api/v1/broken", get(|| async { Err::<(), _>(Error::internal("secret words")) }))
        .route("/api/v1/away", get(|| async { Err::<(), _>(Error::unavailable("secret words")) }))
        .route("/api/v1/wrong", get(|| async { Err::<(), _>(Error::invalid("name", "required", "must be there")) }))
        .route(
            "/api/v1/slow/{ms}",
            get(|axum::extract::Path(ms): axum::extract::Path<u64>| async move {
                STARTED.lock().unwrap().insert(ms);
                tokio::time::sleep(Duration::from_millis(ms)).await;
                "slept"
            }),
        )
}

/// Slow calls that have begun, by their length; each test has a length of its own.
static STARTED: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

async fn until_started(ms: u64) {
    let all = async {
        while !STARTED.lock().unwrap().contains(&ms) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.unwrap();
}

async fn start_with(settings: Settings, healthy: bool) -> Running {
    let (stop, stopped) = mpsc::channel(2);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let edge = EdgeConfig::new(&settings, Security::none());
    let server = Server {
        security: Security::none(),
        settings,
        edge,
        rest: routes(),
        grpc: Routes::default(),
        chores: Vec::new(),
        descriptor: tonic_health::pb::FILE_DESCRIPTOR_SET,
        openapi: r#"{"openapi":"3.1.0"}"#,
        checks: vec![Arc::new(Database(healthy))],
    };
    let task = tokio::spawn(async move {
        server.serve_until(|bound| sender.send(bound).unwrap(), stopped).await.unwrap();
    });
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    Running { bound: receiver.await.unwrap(), stop, task, client }
}

async fn start() -> Running {
    start_with(settings(&[]), true).await
}

impl Running {
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.bound.rest))
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.bound.grpc)).unwrap().connect().await.unwrap()
    }
}

async fn problem(response: reqwest::Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let path = response.url().path().to_owned();
    let text = response.text().await.unwrap();
    assert!(!text.contains("secret"), "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["code"], code);
    assert_eq!(body["request_id"], id);
    assert_eq!(body["instance"], path);
    assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
    body
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let running = start_with(settings(&["server.request_timeout_seconds=1"]), true).await;
    problem(running.get("/api/v1/nothing").await, 404, "NOT_FOUND").await;
    let wrong_method = running.request(Method::DELETE, "/api/v1/things/1").send().await.unwrap();
    let allow = wrong_method.headers()["allow"].to_str().unwrap().to_owned();
    assert!(allow.contains("GET") && !allow.contains("DELETE"), "{allow}");
    let body = problem(wrong_method, 405, "METHOD_NOT_ALLOWED").await;
    assert!(body["detail"].as_str().unwrap().contains("GET"), "{body}");
    let events = running.request(Method::GET, "/api/v1/events").header("accept", "text/event-stream");
    assert_eq!(events.send().await.unwrap().text().await.unwrap(), "data: 1\n\n");
    let picky = running.request(Method::GET, "/api/v1/things/1").header("accept", "text/html").send().await.unwrap();
    problem(picky, 406, "NOT_ACCEPTABLE").await;
    problem(running.get("/api/v1/slow/5000").await, 408, "TIMEOUT").await;
    problem(running.get("/api/v1/slow/never").await, 400, "VALIDATION_FAILED").await;
    problem(running.get("/api/v1/slow/%ff").await, 400, "VALIDATION_FAILED").await;
    let wrong = problem(running.get("/api/v1/wrong").await, 400, "VALIDATION_FAILED").await;
    assert_eq!(wrong["errors"][0]["field"], "name");
}

#[tokio::test]
async fn bodies_are_bounded_with_and_without_length() {
    let running = start().await;
    let post = |path: &str| running.request(Method::POST, path);
    let fits = post("/api/v1/things").body(vec![b'x'; 1000]).send().await.unwrap();
    assert_eq!(fits.text().await.unwrap(), "1000");
    problem(post("/api/v1/things").body(vec![b'x'; 1001]).send().await.unwrap(), 413, "PAYLOAD_TOO_LARGE").await;
    for path in ["/api/v1/things", "/api/v1/extracted"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        );
        let answer = raw(&running, &format!("{head}3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001))).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(answer.contains("larger than 1000 bytes"), "{answer}");
    }
}

async fn raw(running: &Running, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(running.bound.rest).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn sane_request_ids_are_kept_and_others_replaced() {
    let running = start().await;
    let with = |id: &str| running.request(Method::GET, "/api/v1/things/1").header("x-request-id", id).send();
    let kept = with("abc-1.2_3").await.unwrap();
    assert_eq!(kept.headers()["x-request-id"], "abc-1.2_3");
    assert_eq!(kept.text().await.unwrap(), "abc-1.2_3");
    let replaced = with("two words").await.unwrap();
    assert_eq!(replaced.headers()["x-request-id"].len(), 36);
    let head = running.request(Method::HEAD, "/api/v1/things/1").send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn causes_and_panics_stay_inside() {
    let running = start().await;
    problem(running.get("/api/v1/panic").await, 500, "INTERNAL_ERROR").await;
    problem(running.get("/api/v1/broken").await, 500, "INTERNAL_ERROR").await;
    let away = running.get("/api/v1/away").await;
    assert_eq!(away.headers()["retry-after"], "1");
    problem(away, 503, "SERVICE_UNAVAILABLE").await;
}

#[tokio::test]
async fn metrics_know_templates_and_never_paths() {
    let running = start().await;
    running.get("/api/v1/things/raw-id-77").await;
    running.get("/made/up").await;
    let made_up = Method::from_bytes(b"BREW").unwrap();
    running.request(made_up, "/api/v1/things/1").send().await.unwrap();
    HealthClient::new(running.channel().await).check(HealthCheckRequest::default()).await.unwrap();
    let text = running.get("/metrics").await.text().await.unwrap();
    assert!(text.contains(r#"http_requests_total{method="GET",route="/api/v1/things/{id}",status="200"}"#), "{text}");
    assert!(text.contains(r#"method="GET",route="unmatched",status="404""#), "{text}");
    assert!(text.contains(r#"method="OTHER""#) && !text.contains("BREW"), "{text}");
    assert!(!text.contains("raw-id-77") && !text.contains("made/up"), "{text}");
    assert!(text.contains("http_request_duration_seconds_bucket"), "{text}");
    assert!(text.contains("\nhttp_requests_in_flight "), "{text}");
    let grpc = r#"grpc_requests_total{service="grpc.health.v1.Health",method="Check",code="OK"}"#;
    assert!(text.contains(grpc), "{text}");
}

#[tokio::test]
async fn cors_is_closed_until_opened() {
    let preflight = |running: &Running, address: std::net::SocketAddr| {
        let request = running.client.request(Method::OPTIONS, format!("http://{address}/api/v1/things"));
        request.header("origin", "https://app.test").header("access-control-request-method", "POST").send()
    };
    let closed = start().await;
    let answer = preflight(&closed, closed.bound.rest).await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    let open = start_with(settings(&["server.cors.allowed_origins=https://app.test"]), true).await;
    for address in [open.bound.rest, open.bound.grpc] {
        let answer = preflight(&open, address).await.unwrap();
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.test");
    }
}

#[tokio::test]
async fn readiness_follows_the_dependencies_on_both_protocols() {
    let up = start().await;
    assert_eq!(up.get("/health/live").await.status(), 200);
    let ready: Value = up.get("/health/ready").await.json().await.unwrap();
    assert_eq!(ready["checks"]["database"]["status"], "up");
    let down = start_with(settings(&[]), false).await;
    let ready = down.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    let text = ready.text().await.unwrap();
    assert!(text.contains(r#""status":"down""#) && !text.contains("secret"), "{text}");
    let serving = |channel| async move {
        HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap().into_inner().status()
    };
    assert_eq!(serving(up.channel().await).await, ServingStatus::Serving);
    assert_eq!(serving(down.channel().await).await, ServingStatus::NotServing);
}

#[tokio::test]
async fn documentation_is_served_from_here() {
    let running = start().await;
    assert_eq!(running.get("/").await.headers()["location"], "/docs/");
    let page = running.get("/docs/").await;
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    assert!(page.text().await.unwrap().contains("swagger-ui"));
    let start_up = running.get("/docs/swagger-initializer.js").await.text().await.unwrap();
    assert!(start_up.contains("/openapi.json") && start_up.contains("none"), "{start_up}");
    let document: Value = running.get("/openapi.json").await.json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let off = start_with(settings(&["docs.enabled=false"]), true).await;
    problem(off.get("/openapi.json").await, 404, "NOT_FOUND").await;
    problem(off.get("/docs/").await, 404, "NOT_FOUND").await;
}

#[tokio::test]
async fn grpc_echoes_request_ids_and_bounds_messages() {
    let running = start().await;
    let mut client = HealthClient::new(running.channel().await);
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    request.metadata_mut().insert("x-request-id", "abc-1".parse().unwrap());
    let answer = client.check(request).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "abc-1");
    let large = HealthCheckRequest { service: "x".repeat(1001) };
    let refused = client.check(large).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert!(refused.message().contains("larger than 1000 bytes"), "{refused:?}");
}

#[tokio::test]
async fn reflection_answers_in_both_versions() {
    use tonic_reflection::pb::{v1, v1alpha};
    let running = start().await;
    let list = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(running.channel().await);
    let mut answers = client.server_reflection_info(tokio_stream::once(list)).await.unwrap().into_inner();
    let answer = format!("{:?}", answers.next().await.unwrap().unwrap());
    assert!(answer.contains("grpc.health.v1.Health"), "{answer}");
    let list = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(running.channel().await);
    let mut answers = client.server_reflection_info(tokio_stream::once(list)).await.unwrap().into_inner();
    let answer = format!("{:?}", answers.next().await.unwrap().unwrap());
    assert!(answer.contains("grpc.health.v1.Health"), "{answer}");
}

#[tokio::test]
async fn grpc_web_works_over_http_1() {
    let running = start().await;
    let url = format!("http://{}/grpc.health.v1.Health/Check", running.bound.grpc);
    let request = running.client.post(url).header("content-type", "application/grpc-web+proto");
    let answer = request.body(vec![0; 5]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/grpc-web+proto");
    let body = answer.bytes().await.unwrap();
    assert!(body.windows(13).any(|window| window == b"grpc-status:0"), "{body:?}");
}

#[tokio::test]
async fn shutdown_finishes_calls_in_flight() {
    let running = start().await;
    let slow = running.request(Method::GET, "/api/v1/slow/600").send();
    let slow = tokio::spawn(slow);
    until_started(600).await;
    running.stop.send(()).await.unwrap();
    assert_eq!(slow.await.unwrap().unwrap().text().await.unwrap(), "slept");
    tokio::time::timeout(Duration::from_secs(5), running.task).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(running.bound.rest).await.is_err());
    assert!(tokio::net::TcpStream::connect(running.bound.grpc).await.is_err());
}

#[tokio::test]
async fn asking_twice_cuts_calls_off() {
    let running = start().await;
    let slow = tokio::spawn(running.request(Method::GET, "/api/v1/slow/20000").send());
    until_started(20_000).await;
    running.stop.send(()).await.unwrap();
    running.stop.send(()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), running.task).await.unwrap().unwrap();
    assert!(slow.await.unwrap().is_err());
}

#[tokio::test]
async fn a_taken_port_names_the_key() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("server.grpc.port={}", taken.local_addr().unwrap().port());
    let settings = settings(&[&port]);
    let edge = EdgeConfig::new(&settings, Security::none());
    let (_stop, stopped) = mpsc::channel(1);
    let server = Server {
        security: Security::none(),
        settings,
        edge,
        rest: Router::new(),
        grpc: Routes::default(),
        chores: Vec::new(),
        descriptor: tonic_health::pb::FILE_DESCRIPTOR_SET,
        openapi: "{}",
        checks: Vec::new(),
    };
    let error = server.serve_until(|_| {}, stopped).await.unwrap_err().to_string();
    assert!(error.contains("change server.grpc.host or server.grpc.port"), "{error}");
}
