//! Peers of the deployment: what is for them only is served to whoever shows a certificate that is allowed, and to nobody
//! else, over both protocols.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy allows these in test functions, not in their helpers")]

#[path = "../../tests/support/tls.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod tls;

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use arcana_runtime::access::{Grant, Rule, authorise};
use arcana_runtime::context::{Context, Principal};
use arcana_runtime::entity::{AccessSpec, EntitySpec};
use arcana_runtime::error::Result;
use arcana_runtime::grpc::to_status;
use arcana_runtime::http::{Authenticator, EdgeConfig};
use arcana_runtime::peer::PeerIdentity;
use arcana_runtime::security::Security;
use arcana_runtime::serve::{Bound, Server};
use arcana_runtime::settings::{Settings, Source, load};
use axum::Router;
use axum::routing::get;
use http::{HeaderMap, Request};
use tls::{Authority, Client};
use tokio::sync::mpsc;
use tonic::server::NamedService;
use tonic::service::Routes;
use uuid::Uuid;

const REST: &str = "/api/v1/things";
const GRPC: &str = "/shop.v1.ThingService/Get";

static SPEC: EntitySpec = EntitySpec {
    name: "Thing",
    full_name: "shop.v1.Thing",
    member: "thing",
    table: "things",
    columns: &[],
    key: &[],
    key_fields: &[],
    allotted: false,
    hidden: 0,
    version: None,
    updated_at: None,
    soft_delete: false,
    events: false,
    audit: false,
    select: "",
    insert: "",
    update: "",
    delete: "",
    owner: None,
    tenant: None,
    unique: &[],
    references: &[],
    expandable: &[],
    words: None,
    referenced_by: &[],
    access: AccessSpec { list: Rule(&[]), get: Rule(&[]), create: Rule(&[]), update: Rule(&[]), delete: Rule(&[]) },
    limits: &[],
};

/// Takes the caller's word: a name of a role, or nobody.
struct Trusting;

#[async_trait::async_trait]
impl Authenticator for Trusting {
    async fn principal(&self, headers: &HeaderMap) -> Result<Arc<Principal>> {
        let role = headers.get("role").and_then(|value| value.to_str().ok());
        Ok(Arc::new(role.map_or_else(Principal::anonymous, |role| Principal::account(Uuid::nil(), role))))
    }
}

/// What peers only may call: answers who calls.
fn who(cx: &Context, extensions: &http::Extensions) -> Result<String> {
    authorise(cx, Rule(&[Grant::Internal]), &SPEC)?;
    Ok(extensions.get::<PeerIdentity>().map(|peer| peer.names().join(" ")).unwrap_or_default())
}

/// The same over gRPC, with the answer in the message of its status.
#[derive(Clone)]
struct Things;

impl NamedService for Things {
    const NAME: &'static str = "shop.v1.ThingService";
}

impl tower::Service<Request<tonic::body::Body>> for Things {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = std::future::Ready<std::result::Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut std::task::Context<'_>) -> std::task::Poll<std::result::Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let cx = request.extensions().get::<Context>().unwrap();
        let status = match who(cx, request.extensions()) {
            Ok(names) => tonic::Status::ok(names),
            Err(error) => to_status(&error, &cx.request_id, Self::NAME),
        };
        std::future::ready(Ok(status.into_http()))
    }
}

fn settings(folder: &Path, authority: &Authority, peers: &str) -> Settings {
    let pair = authority.server();
    let path = |name: &str| folder.join(name).display().to_string();
    for (name, text) in [("ca.pem", &authority.pem), ("server.pem", &pair.certificate), ("server.key", &pair.key)] {
        std::fs::write(path(name), text).unwrap();
    }
    let mut overrides = vec!["server.rest.port=0".to_owned(), "server.grpc.port=0".to_owned()];
    for listener in ["server.rest.tls", "server.grpc.tls"] {
        overrides.push(format!("{listener}.certificate={}", path("server.pem")));
        overrides.push(format!("{listener}.key={}", path("server.key")));
        if !peers.is_empty() {
            overrides.push(format!("{listener}.client_ca={}", path("ca.pem")));
            overrides.push(format!("{listener}.allowed_identities={peers}"));
        }
    }
    load(&Source { overrides, dir: "/nonexistent".into(), ..Source::bare("shop", "SHOP") }).unwrap().settings
}

/// Serves until its sender is dropped.
async fn start(settings: Settings) -> (Bound, mpsc::Sender<()>) {
    let rest = |cx: Context, request: axum::extract::Request| async move { who(&cx, request.extensions()) };
    let edge = EdgeConfig { authenticator: Arc::new(Trusting), ..EdgeConfig::new(&settings, Security::none()) };
    let server = Server {
        security: Security::none(),
        settings,
        edge,
        rest: Router::new().route(REST, get(rest)),
        grpc: Routes::new(Things),
        chores: Vec::new(),
        descriptor: tonic_health::pb::FILE_DESCRIPTOR_SET,
        openapi: "{}",
        checks: Vec::new(),
    };
    let (stop, stopped) = mpsc::channel(2);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    tokio::spawn(async move { server.serve_until(|bound| sender.send(bound).unwrap(), stopped).await.unwrap() });
    (receiver.await.unwrap(), stop)
}

/// Status and answer of REST, code and message of gRPC.
async fn ask(bound: Bound, client: &Client, role: Option<&str>) -> ((u16, String), (String, String)) {
    let with = |request: http::request::Builder| match role {
        Some(role) => request.header("role", role),
        None => request,
    };
    let mut connection = client.open(bound.rest).await.unwrap();
    let answer = connection.send(with(Request::get(format!("https://localhost{REST}")))).await.unwrap();
    let status = answer.status().as_u16();
    let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
    let mut connection = client.open(bound.grpc).await.unwrap();
    let request = Request::post(format!("https://localhost{GRPC}")).header("content-type", "application/grpc");
    let answer = connection.send(with(request)).await.unwrap();
    let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    ((status, String::from_utf8(body.to_vec()).unwrap()), (header("grpc-status"), header("grpc-message")))
}

#[tokio::test]
async fn what_is_for_peers_is_served_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (bound, _stop) = start(settings(folder.path(), &authority, "*.internal")).await;
    let peer = Client::new(&authority.pem, Some(&authority.client("Orders.internal")));
    let names = "orders.internal".to_owned();
    for role in [None, Some("user")] {
        let (rest, grpc) = ask(bound, &peer, role).await;
        assert_eq!(rest, (200, names.clone()));
        assert_eq!(grpc, ("0".to_owned(), names.clone()));
    }
}

#[tokio::test]
async fn what_is_for_peers_is_refused_to_all_others() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (bound, _stop) = start(settings(folder.path(), &authority, "")).await;
    // A certificate that nobody has asked for makes no peer.
    let pair = authority.client("orders.internal");
    for client in [Client::new(&authority.pem, None), Client::new(&authority.pem, Some(&pair))] {
        for (role, status, code) in
            [(None, 401, tonic::Code::Unauthenticated), (Some("user"), 403, tonic::Code::PermissionDenied)]
        {
            let (rest, grpc) = ask(bound, &client, role).await;
            assert_eq!(rest.0, status, "{rest:?}");
            assert_eq!(grpc.0, (code as i32).to_string(), "{grpc:?}");
        }
    }
}
