//! Clients of all services, rows to test with, and what every refusal must hold.

use arcana_generated::pb::arcana::identity::v1::user_service_client::UserServiceClient;
use arcana_generated::pb::shop::v1 as shop;
use arcana_generated::pb::shop::v1::customer_service_client::CustomerServiceClient;
use arcana_generated::pb::shop::v1::order_service_client::OrderServiceClient;
use arcana_generated::pb::shop::v1::product_service_client::ProductServiceClient;
use prost_types::FieldMask;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::support::{Service, unique};

/// A refusal with this code and reason, which names its call.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) -> Status {
    let status = answer.expect_err("the call was answered");
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.reason, reason, "{status:?}");
    assert!(info.domain.contains(".v1."), "{status:?}");
    assert!(!details.request_info().unwrap().request_id.is_empty(), "{status:?}");
    assert!(!status.message().is_empty());
    status
}

/// Fields and rules of an INVALID_ARGUMENT.
#[track_caller]
pub fn broken<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<(String, String)> {
    let status = refused(answer, Code::InvalidArgument, "VALIDATION_FAILED");
    let violations = status.get_error_details().bad_request().unwrap().field_violations.clone();
    assert!(violations.iter().all(|violation| !violation.description.is_empty()), "{violations:?}");
    violations.into_iter().map(|violation| (violation.field, violation.reason)).collect()
}

/// One field and rule.
pub fn pair(field: &str, rule: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), rule.to_owned())]
}

/// A mask.
pub fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}

/// A text that is there.
pub fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A customer that is not there yet.
pub fn new_customer() -> shop::Customer {
    shop::Customer { name: text("Grace"), email: Some(format!("grpc{}@example.com", unique())), ..Default::default() }
}

/// A product that is not there yet, at 10.50.
pub fn new_product(stock: i32) -> shop::Product {
    let sku = Some(format!("GRPC-{}", unique()));
    shop::Product { sku, name: text("Lamp"), price: text("10.50"), stock, ..Default::default() }
}

/// A client of each service.
pub struct Clients {
    pub users: UserServiceClient<Channel>,
    pub customers: CustomerServiceClient<Channel>,
    pub products: ProductServiceClient<Channel>,
    pub orders: OrderServiceClient<Channel>,
}

impl Clients {
    pub async fn of(service: &Service) -> Self {
        let channel = service.channel().await;
        Self {
            users: UserServiceClient::new(channel.clone()),
            customers: CustomerServiceClient::new(channel.clone()),
            products: ProductServiceClient::new(channel.clone()),
            orders: OrderServiceClient::new(channel),
        }
    }

    pub async fn customer(&mut self) -> shop::Customer {
        let request = shop::CreateCustomerRequest { customer: Some(new_customer()) };
        self.customers.create_customer(request).await.unwrap().into_inner()
    }

    pub async fn product(&mut self, stock: i32) -> shop::Product {
        let request = shop::CreateProductRequest { product: Some(new_product(stock)) };
        self.products.create_product(request).await.unwrap().into_inner()
    }

    pub async fn order(&mut self, product: &shop::Product, quantity: i32) -> Result<shop::Order, Status> {
        let customer = self.customer().await;
        let line =
            shop::OrderLine { product_id: Some(product.id.clone()), quantity: Some(quantity), ..Default::default() };
        let order = shop::Order {
            number: Some(format!("SO-{}", unique())),
            customer_id: Some(customer.id),
            lines: vec![line],
            ..Default::default()
        };
        self.orders.create_order(shop::CreateOrderRequest { order: Some(order) }).await.map(Response::into_inner)
    }

    pub async fn stock(&mut self, product: &shop::Product) -> i32 {
        let request = shop::GetProductRequest { id: product.id.clone() };
        self.products.get_product(request).await.unwrap().into_inner().stock
    }
}
