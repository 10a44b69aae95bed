//! The lending service from outside: its binary, over REST and gRPC.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use lending_generated::pb::lending::v1::loan_service_client::LoanServiceClient;
use lending_generated::pb::lending::v1::{EndLoanRequest, GetLoanRequest, ListLoansRequest};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

/// A running service on free ports, in a folder of its own. It ends with the test.
struct Lending {
    child: Child,
    rest: String,
    grpc: String,
    http: reqwest::Client,
    _folder: TempDir,
}

impl Lending {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lending"));
        command.args([
            "serve",
            "--set",
            "server.rest.port=0",
            "--set",
            "server.grpc.port=0",
        ]);
        command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (rest, grpc) = (address(&mut lines, "REST "), address(&mut lines, "gRPC "));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            child,
            rest,
            grpc: format!("http://{grpc}"),
            http,
            _folder: folder,
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self
            .http
            .get(format!("{}{path}", self.rest))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.rest)).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Id of a new row.
    async fn made(&self, path: &str, body: Value) -> String {
        let (status, row) = self.post(path, body).await;
        assert_eq!(status, 201, "{row}");
        row["id"].as_str().unwrap().to_owned()
    }

    async fn channel(&self) -> Channel {
        Endpoint::from_shared(self.grpc.clone())
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    async fn on_shelf(&self, book: &str) -> i64 {
        self.get(&format!("/api/v1/books/{book}")).await["on_shelf"]
            .as_i64()
            .unwrap()
    }
}

impl Drop for Lending {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program says where it answers, a line each; it says nothing if it ends.
fn address(lines: &mut Lines<BufReader<ChildStdout>>, name: &str) -> String {
    let line = lines.next().expect("the service starts").unwrap();
    line.strip_prefix(name)
        .expect("the order of the lines")
        .to_owned()
}

/// A book of one copy, and two readers.
async fn library(lending: &Lending) -> (String, [String; 2]) {
    let book = json!({ "title": "Dhalgren", "isbn": "9780375706684", "on_shelf": 1 });
    let reader = |name: &str| json!({ "name": name, "email": format!("{name}@example.com") });
    let book = lending.made("/api/v1/books", book).await;
    let ada = lending.made("/api/v1/users", reader("ada")).await;
    let lin = lending.made("/api/v1/users", reader("lin")).await;
    (book, [ada, lin])
}

#[tokio::test]
async fn lends_the_last_copy_once() {
    let lending = Lending::start();
    let (book, [ada, lin]) = library(&lending).await;
    let loan = |reader: &str| json!({ "book_id": book, "reader_id": reader });
    lending.made("/api/v1/loans", loan(&ada)).await;
    let (status, refused) = lending.post("/api/v1/loans", loan(&lin)).await;
    assert_eq!(
        (status, &refused["code"]),
        (409, &json!("FAILED_PRECONDITION")),
        "{refused}"
    );
    assert_eq!(lending.on_shelf(&book).await, 0);
    let lent = lending.get(&format!("/api/v1/loans?book_id={book}")).await;
    assert_eq!(
        (&lent["total"], &lent["data"][0]["reader_id"]),
        (&json!(1), &json!(ada))
    );
}

#[tokio::test]
async fn ends_a_loan_over_grpc_as_over_rest() {
    let lending = Lending::start();
    let (book, [ada, _]) = library(&lending).await;
    let loan = json!({ "book_id": book, "reader_id": ada });
    let first = lending.made("/api/v1/loans", loan.clone()).await;
    let mut client = LoanServiceClient::new(lending.channel().await);

    let ended = client
        .end_loan(EndLoanRequest {
            id: Some(first.clone()),
        })
        .await
        .unwrap()
        .into_inner();
    assert!(ended.returned_at.is_some());
    assert_eq!(lending.on_shelf(&book).await, 1);
    let again = client
        .end_loan(EndLoanRequest {
            id: Some(first.clone()),
        })
        .await
        .unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition, "{again:?}");
    let read = client
        .get_loan(GetLoanRequest { id: first.clone() })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(read.returned_at, ended.returned_at);

    let second = lending.made("/api/v1/loans", loan).await;
    let (status, _) = lending
        .post(&format!("/api/v1/loans/{second}:end"), json!({}))
        .await;
    assert_eq!(status, 200);
    let (status, refused) = lending
        .post(&format!("/api/v1/loans/{first}:end"), json!({}))
        .await;
    assert_eq!(
        (status, &refused["code"]),
        (409, &json!("FAILED_PRECONDITION"))
    );
    let all = client
        .list_loans(ListLoansRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(all.data.len(), 2);
}

#[tokio::test]
async fn keeps_a_book_that_was_lent() {
    let lending = Lending::start();
    let (book, [ada, _]) = library(&lending).await;
    let path = format!("{}/api/v1/books/{book}", lending.rest);
    let loan = json!({ "book_id": book, "reader_id": ada });
    lending.made("/api/v1/loans", loan).await;
    let refused = lending.http.delete(&path).send().await.unwrap();
    assert_eq!(refused.status(), 409);
}

#[test]
fn is_called_by_its_own_names() {
    let folder = tempfile::tempdir().unwrap();
    let said = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lending"));
        command
            .args(words)
            .current_dir(folder.path())
            .env("LENDING_SERVER__REST__PORT", "4711");
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(
        said(&["--version"]).trim(),
        concat!("lending ", env!("CARGO_PKG_VERSION"))
    );
    let config = said(&["config", "show"]);
    assert!(
        config.contains("4711") && config.contains("sqlite://var/lending.db"),
        "{config}"
    );
    let openapi: Value = serde_json::from_str(&said(&["openapi"])).unwrap();
    assert_eq!(openapi["info"]["title"], "lending");
    let everything = [
        config,
        said(&["--help"]),
        said(&["routes"]),
        openapi.to_string(),
    ]
    .concat();
    let everything = everything.to_lowercase();
    let others = ["shop", "customer", "product", "arcana.toml"];
    let found: Vec<_> = others
        .iter()
        .filter(|word| everything.contains(*word))
        .collect();
    assert!(found.is_empty(), "words of another project: {found:?}");
}
