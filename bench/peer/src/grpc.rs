//! Customers over gRPC.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::problem::Problem;
use crate::store::Store;
use crate::wire::{CustomerMessage, GetCustomerRequest};

/// What is made by the build script.
#[allow(missing_docs)]
pub mod generated {
    include!(concat!(env!("OUT_DIR"), "/shop.v1.CustomerService.rs"));
}

/// Answers gRPC calls.
pub struct Customers<S>(pub Arc<S>);

#[tonic::async_trait]
impl<S: Store> generated::customer_service_server::CustomerService for Customers<S> {
    async fn get_customer(&self, request: Request<GetCustomerRequest>) -> Result<Response<CustomerMessage>, Status> {
        let id = Uuid::parse_str(&request.get_ref().id).map_err(|_| Problem::invalid("id", "must be a UUID"))?;
        let row = self.0.get(id).await?.ok_or(Problem::NotFound)?;
        Ok(Response::new(row.into()))
    }
}
