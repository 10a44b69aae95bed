//! A peer as a program: `PEER DATABASE` serves REST and gRPC on free ports, and says where in the words of the
//! generated service.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::grpc::{Customers, generated::customer_service_server::CustomerServiceServer};
use crate::rest;
use crate::store::Store;

/// Serves until it is killed.
pub fn main<S: Store>() -> ExitCode {
    let Some(database) = std::env::args().nth(1) else {
        eprintln!("name the database");
        return ExitCode::from(2);
    };
    match run::<S>(database) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("{cause}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run<S: Store>(database: String) -> Result<(), Box<dyn Error>> {
    let store = Arc::new(S::open(database).await?);
    let rest_listener = TcpListener::bind("127.0.0.1:0").await?;
    let grpc_listener = TcpListener::bind("127.0.0.1:0").await?;
    let (rest, grpc) = (rest_listener.local_addr()?, grpc_listener.local_addr()?);
    eprintln!("{}", serde_json::json!({"message": "listening", "rest": rest, "grpc": grpc}));

    // Answers are small: waiting to fill a packet only adds delay.
    let rest_listener = rest_listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let grpc_listener = TcpIncoming::from(grpc_listener).with_nodelay(Some(true));
    let customers = CustomerServiceServer::new(Customers(Arc::clone(&store)));
    let grpc = tokio::spawn(Server::builder().add_service(customers).serve_with_incoming(grpc_listener));
    axum::serve(rest_listener, rest::routes(store)).await?;
    Ok(grpc.await??)
}
