//! gRPC without generated types: messages as JSON, by the descriptors of the contract.

use bytes::{Buf, BufMut};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

/// A client of every rpc that the contract describes.
#[derive(Clone)]
pub struct Dynamic {
    pool: DescriptorPool,
    channel: Channel,
    token: Option<String>,
}

impl Dynamic {
    /// Over a connection.
    pub fn new(channel: Channel) -> Self {
        let pool = DescriptorPool::decode(arcana_generated::DESCRIPTOR).unwrap();
        Self { pool, channel, token: None }
    }

    /// The same, whose calls carry an access token.
    pub fn with_token(self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self }
    }

    /// Every rpc, with the type of its request.
    pub fn rpcs(&self) -> Vec<(String, MessageDescriptor)> {
        let ours = self.pool.services().filter(|service| !service.full_name().starts_with("grpc."));
        let methods = ours.flat_map(|service| service.methods().collect::<Vec<_>>());
        methods
            .map(|method| (format!("{}/{}", method.parent_service().full_name(), method.name()), method.input()))
            .collect()
    }

    /// Calls an rpc with the bytes of a request, right or wrong, and gives those of its answer.
    pub async fn call_bytes(&self, rpc: &str, request: Request<Vec<u8>>) -> Result<Vec<u8>, Status> {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.unwrap();
        let path = format!("/{rpc}").parse().unwrap();
        client.unary(request, path, Plain).await.map(Response::into_inner)
    }

    /// Calls an rpc, such as `shop.v1.OrderService/GetOrder`, with a request in ProtoJSON, and gives its answer in
    /// ProtoJSON with the names and the numbers of the schema.
    pub async fn call(&self, rpc: &str, request: &Value) -> Result<Value, Status> {
        let (service, method) = rpc.split_once('/').unwrap();
        let service = self.pool.get_service_by_name(service).unwrap_or_else(|| panic!("no {service}"));
        let method = service.methods().find(|known| known.name() == method).unwrap_or_else(|| panic!("no {rpc}"));
        let message =
            DynamicMessage::deserialize(method.input(), request).unwrap_or_else(|error| panic!("{rpc}: {error}"));
        let mut request = Request::new(message.encode_to_vec());
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let answer = self.call_bytes(rpc, request).await?;
        let answer = DynamicMessage::decode(method.output(), answer.as_slice()).unwrap();
        let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
        let options = options.skip_default_fields(false);
        Ok(answer.serialize_with_options(serde_json::value::Serializer, &options).unwrap())
    }
}

/// Messages that are encoded already.
struct Plain;

impl Codec for Plain {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}

/// A message in the frame of the wire: a flag and the length before it.
pub fn frame(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    framed.extend(bytes);
    framed
}

/// The frames of a body: the flag and the content of each.
pub fn unframe(mut body: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [flag, a, b, c, d, rest @ ..] = body {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        frames.push((*flag, rest[..length].to_vec()));
        body = &rest[length..];
    }
    frames
}
