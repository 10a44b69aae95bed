//! `check FOLDER REST,GRPC…`: asks each service the same and compares the answers with those of the first, before any
//! of them is measured. Leaves the keys of all rows and the frame of a gRPC call in the folder, for the load.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use peer::grpc::generated::customer_service_client::CustomerServiceClient;
use peer::wire::{CustomerMessage, GetCustomerRequest};
use prost::Message;
use reqwest::{Client, RequestBuilder, header};
use serde_json::{Value, json};
use tonic::Code;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Members that no two services can share.
const OWN: &[&str] = &["id", "created_at", "updated_at", "next_page_token"];

/// What a service answered, as far as others must answer the same.
struct Answer {
    question: String,
    status: u16,
    kind: String,
    etag: String,
    body: Value,
    bytes: usize,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, kind, etag, body, bytes, .. } = self;
        write!(f, "{status} {kind} {etag} {bytes} bytes {body}")
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("{cause}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result<()> {
    let (folder, services) = arguments.split_first().ok_or("name a folder, and the addresses of the services")?;
    let mut first: Option<Vec<Answer>> = None;
    for service in services {
        let (rest, grpc) = service.split_once(',').ok_or("an address is REST,GRPC")?;
        let ids = ids(rest).await?;
        let id = ids.first().ok_or("there are no rows")?;
        let mut answers = ask(rest, id).await?;
        answers.extend(ask_grpc(grpc, id).await?);
        match &first {
            None => {
                std::fs::write(Path::new(folder).join("ids.txt"), ids.join("\n"))?;
                std::fs::write(Path::new(folder).join("get.grpc"), frame(id))?;
                first = Some(answers);
            }
            Some(expected) => compare(service, expected, &answers)?,
        }
    }
    Ok(())
}

fn compare(service: &str, expected: &[Answer], answers: &[Answer]) -> Result<()> {
    let essence = |answer: &Answer| (answer.status, answer.kind.clone(), answer.etag.clone(), answer.body.clone());
    for (expected, answer) in expected.iter().zip(answers) {
        // Tokens of pages may differ a little in length, and problems tell more or less.
        let near = expected.bytes.abs_diff(answer.bytes) * 20 <= expected.bytes || expected.status >= 400;
        if !near || essence(expected) != essence(answer) {
            let question = &answer.question;
            return Err(format!("{service} differs at {question}:\n{answer}\nexpected:\n{expected}").into());
        }
    }
    Ok(())
}

/// The keys of all rows, a page after the other.
async fn ids(rest: &str) -> Result<Vec<String>> {
    let (client, mut ids, mut token) = (Client::new(), Vec::new(), String::new());
    loop {
        let behind = if token.is_empty() { String::new() } else { format!("&page_token={token}") };
        let url = format!("http://{rest}/api/v1/customers?size=100{behind}");
        let page: Value = client.get(url).send().await?.error_for_status()?.json().await?;
        let rows = page["data"].as_array().ok_or("a page has no data")?;
        ids.extend(rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned));
        token = page["next_page_token"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            return Ok(ids);
        }
    }
}

/// Every kind of request that is measured, and how each is refused.
async fn ask(rest: &str, id: &str) -> Result<Vec<Answer>> {
    let client = Client::new();
    let all = format!("http://{rest}/api/v1/customers");
    let one = format!("{all}/{id}");
    let new = json!({"name": "Ada Check", "email": "check@example.com", "phone": "+44 20 7946 0018"});
    let bad = json!({"name": "", "email": "nowhere", "country": "gb"});
    let missing = format!("{all}/00000000-0000-7000-8000-000000000000");
    let unmade = json!({"name": "Eve Check", "email": "eve@example.com",
        "user_id": "00000000-0000-7000-8000-000000000000"});
    let questions = vec![
        client.get(&one),
        client.get(&one).header(header::IF_NONE_MATCH, "\"1\""),
        client.get(&missing),
        client.get(format!("{all}?size=20")),
        client.get(format!("{all}?size=20&include_total=false")),
        client.get(format!("{all}?size=0")),
        client.post(&all).json(&new),
        client.post(&all).json(&new),
        client.post(&all).json(&bad),
        client.post(&all).json(&unmade),
        client.patch(&one).json(&json!({"name": "Ada Changed"})),
        client.patch(&one).json(&json!({"phone": null})).header(header::IF_MATCH, "\"2\""),
        client.patch(&one).json(&json!({"phone": null})).header(header::IF_MATCH, "\"2\""),
        client.patch(&one).json(&json!({"email": "check@example.com"})),
        client.patch(&missing).json(&json!({"name": "Nobody"})),
    ];
    let mut answers = Vec::new();
    for question in questions {
        answers.push(send(question).await?);
    }
    Ok(answers)
}

async fn send(question: RequestBuilder) -> Result<Answer> {
    let (client, request) = question.build_split();
    let request = request?;
    let question = format!("{} {}", request.method(), request.url());
    let response = client.execute(request).await?;
    let header = |name: header::HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let (kind, etag, status) = (header(header::CONTENT_TYPE), header(header::ETAG), response.status().as_u16());
    let bytes = response.bytes().await?;
    let mut body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
    // Of a refusal, the status counts: the words are each service's own.
    if status >= 400 {
        body = Value::Null;
    }
    mask(&mut body);
    Ok(Answer { question, status, kind, etag, body, bytes: bytes.len() })
}

fn mask(body: &mut Value) {
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if OWN.contains(&name.as_str()) => *value = json!(text.is_empty()),
                    _ => mask(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        _ => {}
    }
}

/// A call that succeeds and one that does not; the load generator does not look at grpc-status.
async fn ask_grpc(grpc: &str, id: &str) -> Result<Vec<Answer>> {
    let mut client = CustomerServiceClient::connect(format!("http://{grpc}")).await?;
    let row = client.get_customer(GetCustomerRequest { id: id.to_owned() }).await?.into_inner();
    let bytes = row.encoded_len();
    // The row was changed before, at a time of its own.
    let row = CustomerMessage { updated_at: None, ..row };
    let answer = |question: &str, status: Code, body: String, bytes| Answer {
        question: question.to_owned(),
        status: u16::try_from(status as i32).unwrap_or_default(),
        kind: String::new(),
        etag: String::new(),
        body: Value::String(body),
        bytes,
    };
    let missing = GetCustomerRequest { id: "00000000-0000-7000-8000-000000000000".to_owned() };
    let status = client.get_customer(missing).await.err().ok_or("a row that is not there was found")?;
    Ok(vec![
        answer("GetCustomer", Code::Ok, format!("{row:?}"), bytes),
        answer("GetCustomer of a missing row", status.code(), String::new(), 0),
    ])
}

/// A gRPC message as HTTP/2 carries it: not compressed, its length, its bytes.
fn frame(id: &str) -> Vec<u8> {
    let message = GetCustomerRequest { id: id.to_owned() }.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap_or_default();
    [&[0], &length.to_be_bytes()[..], &message].concat()
}
