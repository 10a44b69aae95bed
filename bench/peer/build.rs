//! The gRPC service of customers, as far as it is measured, from its description below: no protoc, no contract.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let get = Method::builder()
        .name("get_customer")
        .route_name("GetCustomer")
        .input_type("crate::wire::GetCustomerRequest")
        .output_type("crate::wire::CustomerMessage")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    let customers = Service::builder().package("shop.v1").name("CustomerService").method(get).build();
    Builder::new().compile(&[customers]);
}
