//! No call can break the service: thousands of messages with strange values and broken bytes, the same in every run.

use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::support::{Dice, Dynamic, Service};

const CALLS: usize = 3000;

const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "a\0b",
    "0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e",
    "00000000-0000-0000-0000-000000000000",
    "1.00",
    "-9999999999.99",
    "79228162514264337593543950335",
    "1e9",
    "SKU-1",
    "灯\u{202e}\u{10ffff}",
    "'; DROP TABLE orders; --",
    "stock > 1 AND NOT (name:x)",
    "((((((((((",
    "created_at desc, id",
    "price desc",
    "\"1\"",
    "*",
    "WyJhIixbIjEiXV0",
    "x@example.com",
];

/// A value of a field: one that may be right, or a strange one.
fn value(dice: &mut Dice, field: &FieldDescriptor, ids: &[String], depth: usize) -> Value {
    match field.kind() {
        Kind::String if dice.one_in(2) => Value::String(dice.pick(ids).clone()),
        Kind::String if dice.one_in(20) => Value::String("x".repeat(5000)),
        Kind::String => Value::String((*dice.pick(TEXTS)).to_owned()),
        Kind::Int32 => Value::I32(*dice.pick(&[0, 1, 2, 7, -1, 1000, 1001, i32::MAX, i32::MIN])),
        Kind::Int64 => Value::I64(*dice.pick(&[0, 1, -1, i64::MAX, i64::MIN, 253_402_300_799, -62_135_596_800])),
        Kind::Bool => Value::Bool(dice.one_in(2)),
        Kind::Enum(_) => Value::EnumNumber(*dice.pick(&[0, 1, 2, 3, 99, -1, i32::MAX])),
        Kind::Message(message) => Value::Message(fill(dice, &message, ids, depth + 1)),
        other => panic!("the contract has grown a {other:?}; give it values here"),
    }
}

fn fill(dice: &mut Dice, descriptor: &MessageDescriptor, ids: &[String], depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        if dice.one_in(4) {
            continue;
        }
        let value = if field.is_list() {
            let length = *dice.pick(&[0, 1, 1, 2, 3, 120]);
            Value::List((0..length).map(|_| value(dice, &field, ids, depth)).collect())
        } else {
            value(dice, &field, ids, depth)
        };
        message.set_field(&field, value);
    }
    message
}

#[tokio::test]
async fn no_strange_message_breaks_the_service() {
    let mut service = Service::seeded();
    let mut ids = Vec::new();
    for collection in ["users", "customers", "products", "orders"] {
        let page = service.get(&format!("/api/v1/{collection}")).await.ok(200);
        ids.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
    }
    let client = Dynamic::new(service.channel().await);
    let rpcs = client.rpcs();
    let mut dice = Dice::new(7);
    let mut codes = std::collections::BTreeMap::<i32, usize>::new();
    for n in 0..CALLS {
        let (rpc, input) = dice.pick(&rpcs);
        let message = fill(&mut dice, input, &ids, 0);
        let mut bytes = message.encode_to_vec();
        let broken = dice.one_in(10) && !bytes.is_empty();
        if broken {
            let at = dice.below(bytes.len());
            bytes[at] = u8::try_from(dice.below(256)).unwrap();
        }
        let mut request = Request::new(bytes);
        if dice.one_in(20) {
            request.metadata_mut().insert("idempotency-key", MetadataValue::from_static(""));
        }
        let code = match client.call_bytes(rpc, request).await {
            Ok(_) => Code::Ok,
            Err(status) => {
                // What is no protobuf is INTERNAL by the standard of gRPC; nothing else is.
                let unread = broken && status.message().starts_with("failed to decode Protobuf message");
                let bad = [Code::Internal, Code::Unknown, Code::DataLoss, Code::Unavailable];
                assert!(unread || !bad.contains(&status.code()), "call {n}, {rpc}: {status:?}\n{message:?}");
                status.code()
            }
        };
        *codes.entry(code as i32).or_default() += 1;
    }
    assert!(service.is_alive());
    assert!(!service.log().contains("panic"), "{}", service.log());
    for code in [Code::Ok, Code::InvalidArgument, Code::NotFound, Code::FailedPrecondition, Code::Aborted] {
        assert!(codes.contains_key(&(code as i32)), "no {code:?} in {codes:?}");
    }
    for collection in ["users", "customers", "products", "orders"] {
        service.get(&format!("/api/v1/{collection}?size=100")).await.ok(200);
    }
}
