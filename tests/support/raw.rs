//! HTTP/1.1 byte by byte, for requests that no client library would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub struct RawAnswer {
    /// Status; 0 if the connection was closed without an answer.
    pub status: u16,
    /// Head and body as they came.
    pub text: String,
}

impl RawAnswer {
    /// The body.
    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// Sends bytes on a connection of their own and reads until the service closes it.
pub async fn raw(address: SocketAddr, request: &[u8]) -> RawAnswer {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The service may answer and close before it has read everything.
        let _ = stream.write_all(request).await;
        let mut bytes = Vec::new();
        let mut chunk = [0; 16 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut chunk).await {
            bytes.extend_from_slice(&chunk[..read]);
        }
        bytes
    };
    let bytes = tokio::time::timeout(Duration::from_secs(60), exchange).await;
    let text = String::from_utf8_lossy(&bytes.expect("the service leaves a request without an answer")).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    RawAnswer { status: status.unwrap_or_default(), text }
}
