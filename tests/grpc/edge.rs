//! What stands around the services: reflection, health, gRPC-Web, deadlines, a service written by hand.

use std::time::Duration;

use arcana_generated::pb::shop::v1 as shop;
use prost::Message;
use tonic::{Code, Request};

use crate::clients::{Clients, new_product};
use crate::support::{Service, frame, unframe};

const SERVICES: [&str; 4] =
    ["arcana.identity.v1.UserService", "shop.v1.CustomerService", "shop.v1.OrderService", "shop.v1.ProductService"];

#[tokio::test]
async fn reflection_lists_and_describes_the_services_in_both_versions() {
    use tonic_reflection::pb::{v1, v1alpha};
    let service = Service::start();
    let channel = service.channel().await;
    let ask = |request| v1::ServerReflectionRequest { host: String::new(), message_request: Some(request) };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    use v1::server_reflection_request::MessageRequest;
    let requests = [
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol("shop.v1.OrderService".to_owned())),
        ask(MessageRequest::FileContainingSymbol("shop.v1.Nothing".to_owned())),
    ];
    let mut answers = client.server_reflection_info(tokio_stream::iter(requests)).await.unwrap().into_inner();
    {
        let mut next = async || answers.message().await.unwrap().unwrap().message_response.unwrap();
        use v1::server_reflection_response::MessageResponse;
        let MessageResponse::ListServicesResponse(list) = next().await else { panic!("no list") };
        let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
        assert!(SERVICES.iter().chain(&["grpc.health.v1.Health"]).all(|name| names.contains(name)), "{names:?}");
        let MessageResponse::FileDescriptorResponse(files) = next().await else { panic!("no file") };
        let file = prost_types::FileDescriptorProto::decode(files.file_descriptor_proto[0].as_slice()).unwrap();
        let methods: Vec<_> = file.service[0].method.iter().map(prost_types::MethodDescriptorProto::name).collect();
        assert!(methods.contains(&"CancelOrder") && methods.contains(&"ListOrders"), "{methods:?}");
    }
    let nothing = answers.message().await;
    let refused = match &nothing {
        Err(status) => status.code() == Code::NotFound,
        Ok(answer) => format!("{answer:?}").contains("ErrorResponse"),
    };
    assert!(refused, "{nothing:?}");

    let list = v1alpha::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1alpha::ServerReflectionRequest { host: String::new(), message_request: Some(list) };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    let answer = format!("{:?}", answers.message().await.unwrap().unwrap());
    assert!(SERVICES.iter().all(|name| answer.contains(name)), "{answer}");
}

#[tokio::test]
async fn health_speaks_for_the_process_and_for_each_service() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_client::HealthClient;
    let service = Service::start();
    let mut client = HealthClient::new(service.channel().await);
    for name in SERVICES.iter().chain(&[""]) {
        let request = HealthCheckRequest { service: (*name).to_owned() };
        let answer = client.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{name}");
    }
    let nothing = client.check(HealthCheckRequest { service: "shop.v1.Nothing".to_owned() }).await;
    assert_eq!(nothing.unwrap_err().code(), Code::NotFound);
}

/// One call over gRPC-Web: the message, if there is one, and the trailers.
async fn web(
    service: &Service,
    rpc: &str,
    message: &impl Message,
    headers: &[(&str, &str)],
) -> (Option<Vec<u8>>, String) {
    let client = reqwest::Client::builder().no_proxy().http1_only().build().unwrap();
    let mut request = client.post(format!("http://{}/{rpc}", service.grpc));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("content-type", "application/grpc-web+proto").header("x-grpc-web", "1");
    let answer = request.body(frame(message)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
    let mut trailers: String = answer
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}:{}\r\n", value.to_str().unwrap_or_default()))
        .collect();
    let mut message = None;
    for (flag, content) in unframe(&answer.bytes().await.unwrap()) {
        match flag {
            0x80 => trailers.push_str(&String::from_utf8(content).unwrap()),
            _ => message = Some(content),
        }
    }
    (message, trailers)
}

#[tokio::test]
async fn browsers_call_over_grpc_web() {
    let service = Service::start();
    let product = new_product(5);
    let create = shop::CreateProductRequest { product: Some(product.clone()) };
    let (message, trailers) = web(&service, "shop.v1.ProductService/CreateProduct", &create, &[]).await;
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
    let created = shop::Product::decode(message.unwrap().as_slice()).unwrap();
    assert_eq!((created.sku, created.stock), (product.sku, 5));
    let get = shop::GetProductRequest { id: "x".to_owned() };
    let (message, trailers) = web(&service, "shop.v1.ProductService/GetProduct", &get, &[]).await;
    assert!(trailers.contains("grpc-status:3") && message.is_none(), "{trailers}");
    assert!(trailers.contains("grpc-status-details-bin"), "{trailers}");
}

#[tokio::test]
async fn the_clock_is_a_service_of_its_own_with_the_same_edge() {
    let service = Service::start();
    let mut client = tonic::client::Grpc::new(service.channel().await);
    let mut call = async |path: &'static str| {
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<(), prost_types::Timestamp>::default();
        let mut request = Request::new(());
        request.metadata_mut().insert("x-request-id", "clock-1".parse().unwrap());
        client.unary(request, http::uri::PathAndQuery::from_static(path), codec).await
    };
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let answer = call("/arcana.example.v1.Clock/Now").await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "clock-1");
    assert!(answer.get_ref().seconds >= i64::try_from(before).unwrap());
    assert_eq!(call("/arcana.example.v1.Clock/Stop").await.unwrap_err().code(), Code::Unimplemented);
    assert_eq!(call("/shop.v1.Nothing/Get").await.unwrap_err().code(), Code::Unimplemented);
    assert_eq!(call("/shop.v1.OrderService/Nothing").await.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_said_by_the_service() {
    let service = Service::seeded();
    let list = shop::ListProductsRequest::default();
    for timeout in ["0n", "1n", "0S"] {
        let headers = [("grpc-timeout", timeout)];
        let (_, trailers) = web(&service, "shop.v1.ProductService/ListProducts", &list, &headers).await;
        assert!(trailers.contains("grpc-status:4"), "{timeout}: {trailers}");
    }
    // Shorter than the work takes or not: there is no third answer.
    for micros in (1..600).step_by(7) {
        let headers = [("grpc-timeout", format!("{micros}u"))];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (_, trailers) = web(&service, "shop.v1.ProductService/ListProducts", &list, &headers).await;
        let fine = trailers.contains("grpc-status:4") || trailers.contains("grpc-status:0");
        assert!(fine, "{micros} us: {trailers}");
    }
    for timeout in ["10S", "99999999H"] {
        let headers = [("grpc-timeout", timeout)];
        let (_, trailers) = web(&service, "shop.v1.ProductService/ListProducts", &list, &headers).await;
        assert!(trailers.contains("grpc-status:0"), "{timeout}: {trailers}");
    }
    let mut client = Clients::of(&service).await.products;
    let mut request = Request::new(list);
    request.set_timeout(Duration::from_secs(30));
    assert_eq!(client.list_products(request).await.unwrap().into_inner().data.len(), 8);
}
