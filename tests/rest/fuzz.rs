//! No request can break the service: thousands of wrong ones, made from right ones, the same in every run.

use serde_json::{Value, json};

use crate::support::{Dice, Service, at, order_of, raw};

/// Place of the orders among the shelves.
const ORDERS: usize = 3;

const NOBODY: &str = "0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e";

/// Requests in each of the two runs.
const REQUESTS: usize = 2000;

const METHODS: &[&str] = &["GET", "GET", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"];

const SUFFIXES: &[&str] =
    &["", "", "", ":cancel", ":ship", ":undelete", ":x", ":", "/", "/x", "%3Acancel", "%FF", "%", "%00"];

const QUERIES: &[&str] = &[
    "",
    "",
    "",
    "?",
    "?page=0&size=5",
    "?size=101",
    "?size=-1",
    "?page=99999999999999999999",
    "?page=1000000000&size=100",
    "?sort=created_at,id&order=desc",
    "?sort=price",
    "?order=desc",
    "?filter=stock%20%3E%201",
    "?filter=%28%28%28",
    "?filter=NOT%20NOT%20stock=1",
    "?filter=name:%22%5C",
    "?filter=price%20%3E%20-9999999999.99",
    "?status=ORDER_STATUS_OPEN",
    "?total=99999999999999999.99",
    "?placed_at=2026-01-01T00:00:00Z",
    "?page_token=WyJhIixbIjEiXV0",
    "?page_token=%F0%9F",
    "?show_deleted=true",
    "?a=b&a=c&&&=",
    "?filter=total%3E1%20OR%20NOT%20note:x",
    "?include_total=false&size=100",
    "?%zz=%zz",
    "?filter=customer_id=%00",
    "?filter=placed_at%3E%220001-01-01T00:00:00Z%22",
    "?filter=created_at%3C%229999-12-31T23:59:59.999999Z%22",
];

const HEADERS: &[(&str, &[u8])] = &[
    ("if-match", b"\"1\""),
    ("if-match", b"*"),
    ("if-match", b"\xff\xfe"),
    ("if-match", b"W/\"1\",,"),
    ("if-none-match", b"\"1\""),
    ("if-none-match", b"\"\", *"),
    ("accept", b"text/html"),
    ("accept", b"\xff"),
    ("accept", b"*/*;q=x"),
    ("idempotency-key", b""),
    ("idempotency-key", b"\xe9"),
    ("idempotency-key", b"a"),
    ("x-request-id", b"\xff\x01"),
    ("x-request-id", b"fuzz"),
    ("content-encoding", b"gzip"),
    ("expect", b"100-continue"),
    ("origin", b"null"),
    ("authorization", b"Bearer x"),
    ("grpc-timeout", b"1n"),
    ("range", b"bytes=0-1"),
    ("upgrade", b"h2c"),
    ("content-type", b"application/grpc"),
];

const MEDIA: &[&str] = &[
    "application/json",
    "application/json",
    "application/json",
    "application/json",
    "application/merge-patch+json",
    "text/plain",
    "",
    ";;;",
];

/// Values that stand where others should.
fn strange(dice: &mut Dice) -> Value {
    let deep = (0..40).fold(json!(1), |inner, n| if n % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) });
    let values = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("x".repeat(5000)),
        json!("灯\u{202e}\u{fffe}"),
        json!("'; DROP TABLE orders; --"),
        json!("-9999999999.99"),
        json!("9999999999.99"),
        json!("79228162514264337593543950335"),
        json!("0.0000000000000000000000000001"),
        json!("0001-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:60Z"),
        json!("2026-01-01T00:00:00.0000000000001Z"),
        json!("-262143-01-01T00:00:00Z"),
        json!("0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e"),
        json!("00000000-0000-0000-0000-000000000000"),
        json!([]),
        json!({}),
        json!([null]),
        json!([[], {}]),
        json!({ "id": 1 }),
        json!(vec!["x"; 200]),
        json!(2147483647),
        json!(-2147483648_i64),
        deep,
    ];
    dice.pick(&values).clone()
}

/// Changes one thing somewhere in a value.
fn mutate(dice: &mut Dice, value: &mut Value) {
    match value {
        Value::Object(members) if !members.is_empty() && !dice.one_in(6) => {
            let names: Vec<String> = members.keys().cloned().collect();
            let name = dice.pick(&names).clone();
            match dice.below(5) {
                0 => drop(members.shift_remove(&name)),
                1 => drop(members.insert(format!("{name}_"), strange(dice))),
                2 => drop(members.insert(name, strange(dice))),
                _ => mutate(dice, &mut members[&name]),
            }
        }
        Value::Array(items) if !items.is_empty() && !dice.one_in(4) => {
            let at = dice.below(items.len());
            match dice.below(4) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                _ => mutate(dice, &mut items[at]),
            }
        }
        other => *other = strange(dice),
    }
}

/// What right requests are made of: a collection, the keys in it, and bodies that it takes.
struct Shelf {
    collection: &'static str,
    keys: Vec<String>,
    bodies: Vec<Value>,
}

async fn shelves(service: &Service) -> Vec<Shelf> {
    let mut shelves = Vec::new();
    for collection in ["users", "customers", "products", "orders"] {
        let page = service.get(&format!("/api/v1/{collection}")).await.ok(200);
        let rows = page["data"].as_array().unwrap();
        let keys = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        shelves.push(Shelf { collection, keys, bodies: rows.clone() });
    }
    let (customer, product) = (service.customer().await, service.product(1000).await);
    shelves[ORDERS].bodies.push(order_of(&customer, &[(&product, 2)]));
    shelves
}

/// Bytes of one request: most parts as they should be, some of them wrong.
fn request(dice: &mut Dice, shelves: &[Shelf]) -> Vec<u8> {
    let at = dice.below(shelves.len());
    let shelf = &shelves[at];
    let mut path = format!("/api/v1/{}", shelf.collection);
    let mut method = if dice.one_in(2) { "GET" } else { "POST" };
    let mut value = dice.pick(&shelf.bodies).clone();
    if dice.one_in(2) {
        method = dice.pick::<&str>(&["GET", "PUT", "PATCH", "PATCH", "DELETE", "POST"]);
        let key = if dice.one_in(10) { NOBODY } else { dice.pick(&shelf.keys) };
        let verb: &str = match (method, at == ORDERS) {
            ("POST", true) => dice.pick::<&str>(&[":cancel", ":ship"]),
            ("POST", false) => ":undelete",
            _ => "",
        };
        if method == "POST" {
            value = if verb == ":ship" { json!({ "tracking_number": "1Z" }) } else { json!({}) };
        }
        path.push_str(&format!("/{key}{verb}"));
    } else if method == "GET" {
        path.push_str(dice.pick::<&str>(QUERIES));
    } else if let Some(member) = ["email", "sku", "number"].iter().find(|member| value[*member].is_string()) {
        let text = format!("F{}-{}", dice.roll() % 100_000, value[*member].as_str().unwrap());
        value[*member] = text.chars().take(30).collect::<String>().into();
    }
    if dice.one_in(12) {
        method = dice.pick::<&str>(METHODS);
    }
    if dice.one_in(12) {
        path.push_str(dice.pick::<&str>(SUFFIXES));
    }
    if dice.one_in(12) {
        path.push_str(dice.pick::<&str>(QUERIES));
    }
    if dice.one_in(2) {
        for _ in 0..=dice.below(3) {
            mutate(dice, &mut value);
        }
    }
    let mut body = value.to_string().into_bytes();
    match dice.below(20) {
        0 => body.truncate(dice.below(body.len() + 1)),
        1 => {
            for _ in 0..3 {
                let at = dice.below(body.len());
                body[at] = u8::try_from(dice.below(256)).unwrap();
            }
        }
        2 => body.clear(),
        _ => {}
    }
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n").into_bytes();
    let media: &str = if dice.one_in(12) { dice.pick::<&str>(MEDIA) } else { "application/json" };
    if !media.is_empty() {
        bytes.extend_from_slice(format!("content-type: {media}\r\n").as_bytes());
    }
    while dice.one_in(4) {
        let (name, value) = dice.pick(HEADERS);
        bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend(body);
    bytes
}

async fn run(seed: u64) {
    let mut service = Service::seeded();
    let shelves = shelves(&service).await;
    let mut dice = Dice::new(seed);
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for n in 0..REQUESTS {
        let request = request(&mut dice, &shelves);
        let answer = raw(service.rest, &request).await;
        *statuses.entry(answer.status).or_default() += 1;
        let shown =
            || format!("request {n} of seed {seed}:\n{}\n---\n{}", String::from_utf8_lossy(&request), answer.text);
        assert!((100..500).contains(&answer.status), "{}", shown());
        // What is too broken for HTTP is refused by the parser, without a body.
        if answer.status >= 400 && !request.starts_with(b"HEAD") && !answer.body().is_empty() {
            assert!(answer.text.contains("application/problem+json"), "{}", shown());
            let body: Value =
                serde_json::from_str(answer.body()).unwrap_or_else(|error| panic!("{error}\n{}", shown()));
            assert!(body["code"].is_string() && body["request_id"].is_string(), "{}", shown());
        }
    }
    assert!(service.is_alive());
    // The mix holds what is right and what is wrong.
    for status in [200, 201, 204, 400, 404, 405, 409, 412, 415] {
        assert!(statuses.contains_key(&status), "no {status} in {statuses:?}");
    }
    assert!(!service.log().contains("panic"), "{}", service.log());
    // Everything that was kept can be read.
    for shelf in &shelves {
        let mut path = format!("/api/v1/{}?size=100&show_deleted=true", shelf.collection);
        if ["customers", "orders"].contains(&shelf.collection) {
            path.truncate(path.find('&').unwrap());
        }
        let page = service.get(&path).await.ok(200);
        for row in page["data"].as_array().unwrap() {
            assert!(service.get(&at(shelf.collection, row)).await.status < 500);
        }
    }
}

#[tokio::test]
async fn no_mutated_request_breaks_the_service() {
    run(1).await;
}

#[tokio::test]
async fn no_mutated_request_breaks_the_service_with_other_dice() {
    run(20_260_101).await;
}

#[tokio::test]
async fn no_rubbish_on_the_wire_breaks_the_service() {
    let mut service = Service::start();
    let mut dice = Dice::new(3);
    for address in [service.rest, service.grpc] {
        for n in 0..150 {
            let mut bytes: Vec<u8> = (0..dice.below(300)).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
            match n % 4 {
                0 => bytes.splice(0..0, *b"GET /api/v1/products HTTP/1.1\r\n").for_each(drop),
                1 => bytes.splice(0..0, *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").for_each(drop),
                2 => bytes.splice(0..0, *b"POST /shop.v1.OrderService/GetOrder HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/grpc-web+proto\r\nconnection: close\r\ncontent-length: 40\r\n\r\n").for_each(drop),
                _ => {}
            }
            bytes.extend_from_slice(b"\r\n\r\n");
            let exchange = async {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
                // It may be closed at any point.
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer).await;
                answer
            };
            let answer =
                tokio::time::timeout(std::time::Duration::from_secs(60), exchange).await.expect("a connection hangs");
            let text = String::from_utf8_lossy(&answer);
            assert!(!text.starts_with("HTTP/1.1 5"), "{text}");
        }
    }
    assert!(service.is_alive());
    assert!(!service.log().contains("panic"), "{}", service.log());
    service.get("/api/v1/products").await.ok(200);
}
