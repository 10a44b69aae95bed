//! A hand-written gRPC service beside the generated ones: `arcana.example.v1.Clock/Now` tells the time of the service.

use std::convert::Infallible;
use std::task::{Context as Poller, Poll};

use arcana_runtime::grpc;
use arcana_runtime::proto::IntoProto;
use http::Request;
use prost_types::Timestamp;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Response, Status};
use tonic_prost::ProstCodec;
use tower::Service;

type Answer<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers `Now`; every other method is unknown.
#[derive(Debug, Clone)]
pub struct ClockServer;

impl NamedService for ClockServer {
    const NAME: &'static str = "arcana.example.v1.Clock";
}

impl Service<Request<Body>> for ClockServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer<Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Poller<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            match request.uri().path() {
                "/arcana.example.v1.Clock/Now" => {
                    Ok(Grpc::new(ProstCodec::<Timestamp, ()>::default()).unary(Now, request).await)
                }
                _ => Ok(Status::unimplemented("the clock knows Now only").into_http()),
            }
        })
    }
}

struct Now;

impl UnaryService<()> for Now {
    type Response = Timestamp;
    type Future = Answer<Result<Response<Timestamp>, Status>>;

    fn call(&mut self, request: tonic::Request<()>) -> Self::Future {
        Box::pin(grpc::call(request, |cx, ()| async move { Ok(cx.now().into_proto()) }))
    }
}
