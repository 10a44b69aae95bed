//! SIGTERM and SIGINT: calls in flight are finished, new ones are not taken, and the process ends well.

use std::net::SocketAddr;
use std::time::Duration;

use arcana_generated::pb::shop::v1::{CreateProductRequest, Product};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Service, Start, eventually, frame, unique};

/// A call whose body is not sent yet, but which the service is waiting for.
async fn begin(address: SocketAddr, path: &str, media: &str, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\
         expect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The service asks for the body once a handler reads it.
    let mut asked = vec![0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut asked).await.unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&asked));
    stream
}

async fn finish(mut stream: TcpStream, body: &[u8]) -> Vec<u8> {
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

async fn refuses_connections(address: SocketAddr) {
    eventually("the port is closed", async || TcpStream::connect(address).await.is_err().then_some(())).await;
}

async fn finishes_what_it_has_begun(signal: Signal) {
    let mut service = Service::start();
    let rest_body = format!("{{\"sku\": \"REST-{}\", \"name\": \"Cup\", \"price\": \"1.00\"}}", unique());
    let rest = begin(service.rest, "/api/v1/products", "application/json", rest_body.len()).await;
    let text = |text: &str| Some(text.to_owned());
    let product = Product { sku: text("GRPC-1"), name: text("Cup"), price: text("1.00"), ..Default::default() };
    let grpc_body = frame(&CreateProductRequest { product: Some(product) });
    let path = "/shop.v1.ProductService/CreateProduct";
    let web = begin(service.grpc, path, "application/grpc-web+proto", grpc_body.len()).await;

    // A stream of real gRPC, over HTTP/2.
    use tonic_reflection::pb::v1;
    let list = v1::server_reflection_request::MessageRequest::ListServices(String::new());
    let list = v1::ServerReflectionRequest { host: String::new(), message_request: Some(list) };
    let (ask, asked) = tokio::sync::mpsc::channel(1);
    ask.send(list.clone()).await.unwrap();
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(service.channel().await);
    let asked = tokio_stream::wrappers::ReceiverStream::new(asked);
    let mut answers = client.server_reflection_info(asked).await.unwrap().into_inner();
    assert!(answers.message().await.unwrap().is_some());

    service.signal(signal);
    refuses_connections(service.rest).await;
    refuses_connections(service.grpc).await;
    assert!(service.is_alive(), "calls are in flight");

    let answer = String::from_utf8(finish(rest, rest_body.as_bytes()).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let answer = finish(web, &grpc_body).await;
    assert!(answer.windows(13).any(|window| window == b"grpc-status:0"), "{}", String::from_utf8_lossy(&answer));
    ask.send(list).await.unwrap();
    assert!(answers.message().await.unwrap().is_some(), "the stream goes on");
    drop(ask);
    assert!(answers.message().await.unwrap().is_none(), "and ends as its client wants");
    assert_eq!(service.wait().await.code(), Some(0), "{}", service.log());
    assert!(service.log().contains("all calls are finished"), "{}", service.log());
}

#[tokio::test]
async fn sigterm_finishes_calls_of_both_protocols() {
    finishes_what_it_has_begun(Signal::TERM).await;
}

#[tokio::test]
async fn sigint_finishes_calls_of_both_protocols() {
    finishes_what_it_has_begun(Signal::INT).await;
}

#[tokio::test]
async fn an_idle_service_ends_at_once() {
    let mut service = Service::start();
    // Connections that only wait do not hold it up.
    service.get("/api/v1/products").await.ok(200);
    let _channel = service.channel().await;
    let started = std::time::Instant::now();
    service.signal(Signal::TERM);
    assert_eq!(service.wait().await.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn asking_twice_and_waiting_too_long_both_cut_off() {
    for (setting, signals) in [("server.shutdown_timeout_seconds=60", 2), ("server.shutdown_timeout_seconds=0", 1)] {
        let mut service = Start::new().set(setting).run();
        let _held = begin(service.rest, "/api/v1/products", "application/json", 10).await;
        service.signal(Signal::TERM);
        if signals == 2 {
            refuses_connections(service.rest).await;
            service.signal(Signal::TERM);
        }
        assert_eq!(service.wait().await.code(), Some(0), "{}", service.log());
    }
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let mut service = Start::new().set("server.request_timeout_seconds=1").run();
    let mut stream = begin(service.rest, "/api/v1/products", "application/json", 10).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"code\":\"TIMEOUT\""), "{answer}");
    assert!(service.is_alive());
}
