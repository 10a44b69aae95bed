//! What every service answers beside its own routes: health, metrics, documentation, reflection.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{Redirect, Response};
use axum::routing::get;
use http::{Request, header};
use metrics_exporter_prometheus::PrometheusHandle;
use tonic::service::Routes;
use tonic_health::pb::health_server::{Health as HealthService, HealthServer};
use tonic_web::GrpcWebLayer;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::ServeError;
use crate::health::{self, Health};
use crate::http::EdgeConfig;
use crate::security::Security;

const CORS_REQUEST: &[&str] =
    &["authorization", "content-type", "grpc-timeout", "request_id", "x-grpc-web", "x-request-id", "x-user-agent"];
const CORS_ANSWER: &[&str] = &["grpc-message", "grpc-status", "grpc-status-details-bin", "x-request-id"];

/// The service's own routes with those that every service has.
pub(super) fn rest(
    own: Router,
    health: &Arc<Health>,
    metrics: Option<PrometheusHandle>,
    openapi: Option<&'static str>,
) -> Router {
    let mut router = own.merge(health::routes(Arc::clone(health)));
    if let Some(handle) = metrics {
        let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        let health = Arc::clone(health);
        let render = move || {
            health.measure();
            handle.render()
        };
        router = router.route("/metrics", get(move || async move { (text, render()) }));
    }
    if let Some(openapi) = openapi {
        let json = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
        router = router
            .route("/openapi.json", get(move || async move { (json, openapi) }))
            .route("/", get(|| async { Redirect::temporary("/docs/") }))
            .merge(swagger());
    }
    router
}

/// The public keys of access tokens (RFC 7517), for services that verify them without asking.
pub(super) fn keys(security: Security) -> Router {
    let set = move || {
        let set = axum::Json(security.key_set());
        async move { ([(header::CACHE_CONTROL, "public, max-age=300")], set) }
    };
    Router::new().route("/.well-known/jwks.json", get(set))
}

fn swagger() -> SwaggerUi {
    let config = Config::new(["/openapi.json"])
        .persist_authorization(true)
        .try_it_out_enabled(true)
        .display_request_duration(true)
        // The badge would ask a server of others.
        .validator_url("none");
    SwaggerUi::new("/docs").config(config)
}

/// All gRPC services with health and reflection, behind the edge, for gRPC and gRPC-Web.
pub(super) fn grpc<H: HealthService>(
    own: Routes,
    health: HealthServer<H>,
    descriptor: &'static [u8],
    edge: EdgeConfig,
) -> Result<BoxCloneSyncService<Request<Body>, Response, Infallible>, ServeError> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(descriptor)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let broken = |error: tonic_reflection::server::Error| ServeError::Descriptor(error.to_string());
    let v1 = reflection().build_v1().map_err(broken)?;
    let v1alpha = reflection().build_v1alpha().map_err(broken)?;
    let cors = crate::http::cors(&edge.cors, CORS_REQUEST, CORS_ANSWER);
    let router = crate::grpc::edge(own.add_service(health).add_service(v1).add_service(v1alpha), edge);
    let inner = router.map_request(|request: Request<tonic::body::Body>| request.map(Body::new));
    let web = GrpcWebLayer::new().layer(inner);
    let web = ServiceExt::<Request<Body>>::map_response(web, |response: http::Response<_>| response.map(Body::new));
    Ok(match cors {
        Some(cors) => BoxCloneSyncService::new(cors.layer(web)),
        None => BoxCloneSyncService::new(web),
    })
}
