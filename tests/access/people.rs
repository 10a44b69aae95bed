//! A service that is closed, and people who sign in to it.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{Answer, Service, Start, command, keep_on_sqlite, secrets, unique};

pub use crate::support::secrets::{NEW_PASSWORD, PASSWORD};
/// As cheap as a hash may be.
pub const CHEAP: [&str; 4] = [
    "security.argon2.memory_kib=19456",
    "security.argon2.iterations=2",
    "security.argon2.parallelism=1",
    // All of them call from one address.
    "security.lockout.rate_per_address=100000/s",
];

/// How a closed service starts.
pub fn closed() -> Start {
    CHEAP.iter().fold(Start::new().set("security.mode=enforced"), |start, setting| start.set(setting))
}

/// A folder whose database is a file, for tests that change what no call does.
pub fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    keep_on_sqlite(folder.path());
    folder
}

/// The database of such a folder.
pub fn database(folder: &Path) -> Connection {
    let database = Connection::open(folder.join("var/arcana.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
    database
}

/// Somebody who signed in.
pub struct Person {
    /// Account.
    pub id: String,
    /// Address.
    pub email: String,
    /// Access token.
    pub token: String,
    /// Refresh token.
    pub refresh: String,
}

impl Person {
    fn of(email: &str, answer: &Value) -> Self {
        let text = |member: &str| answer[member].as_str().unwrap().to_owned();
        assert_eq!(answer["token_type"], "Bearer");
        let (id, token, refresh) = (text("user_id"), text("access_token"), text("refresh_token"));
        Self { id, email: email.to_owned(), token, refresh }
    }

    /// Opens an account.
    pub async fn register(service: &Service) -> Self {
        let email = format!("person{}@example.com", unique());
        let body = json!({ "name": "Ada", "email": email, "password": PASSWORD });
        Self::of(&email, &service.post("/api/v1/auth/register", &body).await.ok(200))
    }

    /// Signs the account in.
    pub async fn login(service: &Service, email: &str, password: &str) -> Self {
        let body = json!({ "email": email, "password": password });
        Self::of(email, &service.post("/api/v1/auth/login", &body).await.ok(200))
    }

    /// An administrator, made by the operator.
    pub async fn admin(service: &Service) -> Self {
        Self::admin_with(service, &[]).await
    }

    /// The same, where the service has further settings.
    pub async fn admin_with(service: &Service, settings: &[&str]) -> Self {
        let email = format!("admin{}@example.com", unique());
        let made = create_admin(service.folder(), &email, PASSWORD, settings);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::login(service, &email, PASSWORD).await
    }

    /// A message of gRPC as this person.
    pub fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        request
    }

    /// `GET` as this person.
    pub async fn get(&self, service: &Service, path: &str) -> Answer {
        service.send(service.request("GET", path).bearer_auth(&self.token)).await
    }

    /// `POST` as this person.
    pub async fn post(&self, service: &Service, path: &str, body: &Value) -> Answer {
        service.send(service.request("POST", path).bearer_auth(&self.token).json(body)).await
    }
}

/// Runs `user create-admin` beside the service.
pub fn create_admin(folder: &Path, email: &str, password: &str, settings: &[&str]) -> Output {
    user(folder, &["create-admin", email], password, settings)
}

/// Runs `user` beside the service, with a password on stdin.
pub fn user(folder: &Path, words: &[&str], password: &str, settings: &[&str]) -> Output {
    let mut command = command(folder);
    for setting in CHEAP.iter().chain(settings) {
        command.args(["--set", setting]);
    }
    command.arg("user").args(words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    child.wait_with_output().unwrap()
}

/// A refusal of gRPC with this code and reason.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) -> Status {
    let status = answer.unwrap_err();
    secrets::none_in("a refusal", &format!("{status:?}"));
    assert_eq!(status.code(), code, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, reason, "{status:?}");
    status
}
