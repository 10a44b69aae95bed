//! Every rpc of the schema, called by everybody who could call it, over both protocols: each answer is what the rule says.
//!
//! The rules are those that `routes --json` prints; what an rpc is asked with stands here, and an rpc that nobody wrote a request
//! for fails the test.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use arcana_runtime::security::secret::digest;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rusqlite::params;
use serde_json::{Value, json};
use tonic::Code;

use crate::people::{NEW_PASSWORD, PASSWORD, Person, closed, database, open_folder};
use crate::support::{Dynamic, Service, command, is_embedded, unique};

const SECRET: &str = "a secret that is known to this test only";

/// What came of a call, as far as access is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Whatever the service makes of it.
    Allowed,
    /// 401
    Nobody,
    /// 403
    Forbidden,
    /// 404
    NotFound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Anonymous,
    /// Has nothing of its own.
    User,
    /// Owns the row that the call is about.
    Owner,
    /// Owns another.
    Other,
    Moderator,
    Admin,
    SuperAdmin,
    Expired,
    Revoked,
}

impl Who {
    const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::User,
        Self::Owner,
        Self::Other,
        Self::Moderator,
        Self::Admin,
        Self::SuperAdmin,
        Self::Expired,
        Self::Revoked,
    ];

    fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Moderator => &["moderator"],
            Self::Admin => &["admin"],
            Self::SuperAdmin => &["super_admin"],
            _ => &["user"],
        }
    }

    /// The roles that it has by inheritance.
    fn has(self) -> &'static [&'static str] {
        match self {
            Self::Moderator => &["moderator", "user"],
            Self::Admin => &["admin", "moderator", "user"],
            Self::SuperAdmin => &["super_admin", "admin", "moderator", "user"],
            _ => &["user"],
        }
    }

    /// What the rule means for it; `row`: the call is about one row that exists.
    fn expected(self, rule: &str, row: bool) -> Outcome {
        let grants: Vec<&str> = rule.split('|').collect();
        match self {
            // A token that is no good is no good where none is needed, either.
            Self::Expired | Self::Revoked => Outcome::Nobody,
            _ if grants.contains(&"public") => Outcome::Allowed,
            Self::Anonymous => Outcome::Nobody,
            _ if self.has().iter().any(|role| grants.contains(role)) => Outcome::Allowed,
            Self::Owner if grants.contains(&"owner") => Outcome::Allowed,
            _ if grants.contains(&"owner") && row => Outcome::NotFound,
            _ if grants.contains(&"owner") => Outcome::Allowed,
            _ => Outcome::Forbidden,
        }
    }
}

/// One way to an rpc.
struct Route {
    rpc: String,
    method: String,
    path: String,
    access: String,
}

impl Route {
    /// The collection that it is about.
    fn collection(&self) -> &str {
        self.path.split(['/', ':']).nth(3).unwrap()
    }
}

/// A call: how REST says it, and how gRPC does.
struct Call {
    path: String,
    body: Option<Value>,
    message: Value,
    /// It is about one row that exists.
    row: bool,
}

fn routes(folder: &Path) -> Vec<Route> {
    let output = command(folder).args(["routes", "--json"]).output().unwrap();
    let routes: Vec<BTreeMap<String, String>> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |route: &BTreeMap<String, String>, member: &str| route[member].clone();
    let route = |route: &BTreeMap<String, String>| Route {
        rpc: text(route, "rpc"),
        method: text(route, "method"),
        path: text(route, "path"),
        access: text(route, "access"),
    };
    routes.iter().map(route).collect()
}

/// The row that a call is about; of each entity at most one.
#[derive(Default)]
struct Rows {
    user: String,
    session: String,
    key: String,
    mail: String,
    /// Of mails to the owner, by what they are good for.
    tokens: BTreeMap<&'static str, String>,
    customer: Value,
    product: Value,
    order: String,
}

struct Stage {
    service: Service,
    folder: tempfile::TempDir,
    admin: Person,
    product: Value,
    grpc: Dynamic,
}

impl Stage {
    async fn new() -> Self {
        let folder = open_folder();
        let service =
            closed().set("mail.url=file:mail").set(&format!("security.secret={SECRET}")).in_folder(folder.path()).run();
        let admin = Person::admin_with(&service, &[&format!("security.secret={SECRET}")]).await;
        let product = json!({ "sku": format!("LAMP-{}", unique()), "name": "Lamp", "price": "10.50", "stock": 100000 });
        let product = admin.post(&service, "/api/v1/products", &product).await.ok(201);
        let grpc = Dynamic::new(service.channel().await);
        Self { service, folder, admin, product, grpc }
    }

    /// Somebody new with these roles.
    async fn person(&self, roles: &[&str]) -> Person {
        let person = Person::register(&self.service).await;
        let roles = json!(roles).to_string();
        database(self.folder.path())
            .execute("UPDATE users SET roles = ? WHERE email = ?", [&roles, &person.email])
            .unwrap();
        person
    }

    async fn make(&self, path: &str, body: &Value) -> Value {
        self.admin.post(&self.service, path, body).await.ok(201)
    }

    /// The row that a call on this collection is about, new, as far as it has an owner this one's.
    async fn rows(&self, owner: &Person, collection: &str) -> Rows {
        let mut rows = Rows { user: owner.id.clone(), ..Rows::default() };
        if collection == "sessions" {
            let session = "SELECT id FROM sessions WHERE user_id = (SELECT id FROM users WHERE email = ?) ORDER BY id";
            let id: Vec<u8> =
                database(self.folder.path()).query_row(session, [&owner.email], |row| row.get(0)).unwrap();
            rows.session = uuid::Uuid::from_slice(&id).unwrap().to_string();
        }
        if collection == "auth" || collection == "account_mails" {
            for purpose in ["RESET_PASSWORD", "VERIFY_EMAIL"] {
                let (id, token) = (uuid::Uuid::now_v7(), format!("mt_{}", unique()));
                let mail = "INSERT INTO account_mails (id, purpose, email, user_id, token_hash, expires_at, attempts, version, created_at) \
                            SELECT ?, ?, email, id, ?, ?, 1, 1, created_at FROM users WHERE email = ?";
                let values = params![
                    id.as_bytes(),
                    format!("MAIL_PURPOSE_{purpose}"),
                    digest(&token),
                    4_000_000_000_000_000_i64,
                    owner.email
                ];
                assert_eq!(database(self.folder.path()).execute(mail, values).unwrap(), 1);
                rows.mail = id.to_string();
                rows.tokens.insert(purpose, token);
            }
        }
        if collection == "api_keys" {
            let made = owner.post(&self.service, "/api/v1/api_keys:issue", &json!({ "name": "export" })).await.ok(200);
            rows.key = text(&made["api_key"]);
        }
        if ["customers", "orders"].contains(&collection) {
            let customer = json!({ "name": "Ada", "email": format!("c{}@example.com", unique()), "user_id": owner.id });
            rows.customer = self.make("/api/v1/customers", &customer).await;
        }
        if collection == "orders" {
            rows.order = text(&self.make("/api/v1/orders", &self.order(&rows.customer)).await);
        }
        if collection.starts_with("products") {
            let product = json!({ "sku": format!("LAMP-{}", unique()), "name": "Lamp", "price": "10.50", "stock": 1 });
            rows.product = self.make("/api/v1/products", &product).await;
        }
        rows
    }

    fn order(&self, customer: &Value) -> Value {
        let lines = json!([{ "product_id": self.product["id"], "quantity": 1 }]);
        json!({ "number": format!("SO-{}", unique()), "customer_id": customer["id"], "lines": lines })
    }

    /// The token that somebody calls with, and the account that owns the rows.
    async fn cast(&self, who: Who) -> (Option<String>, Person) {
        let person = self.person(who.roles()).await;
        let token = match who {
            Who::Anonymous => None,
            Who::Expired => Some(expired(&person)),
            Who::Revoked => {
                person.post(&self.service, "/api/v1/auth/logout", &json!({})).await.ok(200);
                Some(person.token.clone())
            }
            _ => Some(person.token.clone()),
        };
        match who {
            Who::Owner => (token, person),
            Who::Other => {
                self.rows(&person, "orders").await;
                (token, self.person(&["user"]).await)
            }
            _ => (token, self.person(&["user"]).await),
        }
    }
}

/// The token of a person as it would be, had it been issued an hour ago.
fn expired(person: &Person) -> String {
    let payload = person.token.split('.').nth(1).unwrap();
    use base64::Engine as _;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    let mut claims: Value = serde_json::from_slice(&payload).unwrap();
    for member in ["iat", "exp"] {
        claims[member] = json!(claims[member].as_u64().unwrap() - 3600);
    }
    let header =
        Header { typ: Some("at+jwt".to_owned()), kid: Some("configured".to_owned()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// What an rpc is asked with: right in all but who asks.
fn call(stage: &Stage, rows: &Rows, owner: &Person, route: &Route) -> Call {
    let number = unique();
    let customer = json!({ "name": "Ada", "email": format!("n{number}@example.com") });
    let product = json!({ "sku": format!("NEW-{number}"), "name": "Lamp", "price": "10.50", "stock": 1 });
    let user = json!({ "name": "Ada", "email": format!("u{number}@example.com") });
    let order = stage.order(&rows.customer);
    let name = route.rpc.rsplit('.').next().unwrap();
    let (member, id, new) = match route.collection() {
        "sessions" => ("session", rows.session.clone(), Value::Null),
        "api_keys" => ("api_key", rows.key.clone(), Value::Null),
        "account_mails" => ("account_mail", rows.mail.clone(), Value::Null),
        "users" => ("user", rows.user.clone(), user),
        "customers" => ("customer", text(&rows.customer), customer),
        "orders" => ("order", rows.order.clone(), order),
        "products" => ("product", text(&rows.product), product),
        // What is about no row.
        _ => ("", String::new(), Value::Null),
    };
    let path = route.path.replace("{id}", &id);
    let row = route.path.contains("{id}") || (name.starts_with("Batch") && !name.starts_with("BatchCreate"));
    let one = json!({ "id": id });
    // A change of one member, which all of them have or that only they have.
    let change = if member == "order" { json!({ "note": "ring twice" }) } else { json!({ "name": "Grace" }) };
    let with_id = |value: &Value| {
        let mut value = value.clone();
        value["id"] = json!(id);
        value
    };
    let mask = change.as_object().unwrap().keys().next().unwrap().clone();
    let (body, message) = match (route.method.as_str(), name) {
        (_, name) if name.starts_with("BatchGet") => {
            return Call { path: format!("{path}?ids={id}"), body: None, message: json!({ "ids": [id] }), row };
        }
        (_, "BatchCreateProducts") => plain(json!({ "requests": [{ "product": new }] })),
        (_, name) if name.starts_with("BatchUpdate") => {
            let rest = json!({ "requests": [{ member: with_id(&change) }] });
            let grpc = json!({ "requests": [{ member: with_id(&change), "update_mask": mask }] });
            (Some(rest), grpc)
        }
        (_, "BatchDeleteProducts") => plain(json!({ "requests": [{ "id": id }] })),
        (_, "CancelOrder") => (Some(json!({})), one),
        (_, "ShipOrder") => (Some(json!({ "tracking_number": "1Z" })), json!({ "id": id, "tracking_number": "1Z" })),
        (_, "RankCustomers" | "GetMe" | "FindPendingSync") => (None, json!({})),
        (_, "Logout" | "LogoutAll" | "IssueTicket") => plain(json!({})),
        (_, "IssueApiKey") => plain(json!({ "name": "export" })),
        (_, "Register") => {
            plain(json!({ "name": "Ada", "email": format!("r{number}@example.com"), "password": PASSWORD }))
        }
        (_, "Login") => plain(json!({ "email": owner.email, "password": PASSWORD })),
        (_, "Refresh") => plain(json!({ "refresh_token": owner.refresh })),
        (_, "ChangePassword") => plain(json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD })),
        (_, "ChangeEmail") => {
            plain(json!({ "current_password": PASSWORD, "new_email": format!("c{number}@example.com") }))
        }
        (_, "ForgotPassword") => plain(json!({ "email": owner.email })),
        (_, "ResetPassword") => plain(json!({ "token": rows.tokens["RESET_PASSWORD"], "new_password": NEW_PASSWORD })),
        (_, "SendVerification") => plain(json!({})),
        (_, "VerifyEmail") => plain(json!({ "token": rows.tokens["VERIFY_EMAIL"] })),
        (_, "SetRoles") => plain(json!({ "user_id": owner.id, "roles": ["user"] })),
        (_, "SetStatus") => plain(json!({ "user_id": owner.id, "status": "USER_STATUS_ACTIVE" })),
        (_, "ValidateToken") => plain(json!({ "token": owner.token })),
        ("GET", _) if name.starts_with("List") => (None, json!({})),
        ("GET", _) if name.starts_with("Get") => (None, one),
        ("DELETE", _) => (None, one),
        ("POST", _) if name.starts_with("Undelete") => (None, one),
        ("POST", _) if name.starts_with("Create") => (Some(new.clone()), json!({ member: new })),
        ("PATCH", _) => (Some(change.clone()), json!({ member: with_id(&change), "update_mask": mask })),
        ("PUT", _) => {
            // What never changes may be left out.
            let mut all = new.clone();
            if member == "user" {
                // One's own address is changed by another rpc.
                all["email"] = json!(owner.email);
            }
            all.as_object_mut().unwrap().retain(|name, _| !["number", "customer_id", "sku"].contains(&name.as_str()));
            (Some(all.clone()), json!({ member: with_id(&all) }))
        }
        _ => panic!("{} has no request in the matrix; write one", route.rpc),
    };
    Call { path, body, message, row }
}

fn plain(body: Value) -> (Option<Value>, Value) {
    (Some(body.clone()), body)
}

fn text(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

async fn over_rest(stage: &Stage, token: Option<&str>, route: &Route, call: &Call) -> (Outcome, String) {
    let mut request = stage.service.request(&route.method, &call.path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = &call.body {
        let media = if route.method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        request = request.header("content-type", media).body(body.to_string());
    }
    let answer = stage.service.send(request).await;
    let outcome = match answer.status {
        401 => Outcome::Nobody,
        403 => Outcome::Forbidden,
        404 => Outcome::NotFound,
        400 | 405 | 415 | 429 | 500.. => panic!("{} {}: {}", route.method, call.path, answer.text),
        _ => Outcome::Allowed,
    };
    (outcome, answer.text)
}

async fn over_grpc(stage: &Stage, token: Option<&str>, route: &Route, call: &Call) -> (Outcome, String) {
    let (service, method) = route.rpc.rsplit_once('.').unwrap();
    let client = stage.grpc.clone().with_token(token);
    match client.call(&format!("{service}/{method}"), &call.message).await {
        Ok(answer) => (Outcome::Allowed, answer.to_string()),
        Err(status) => {
            let outcome = match status.code() {
                Code::Unauthenticated => Outcome::Nobody,
                Code::PermissionDenied => Outcome::Forbidden,
                Code::NotFound => Outcome::NotFound,
                Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => Outcome::Allowed,
                _ => panic!("{}: {status:?}", route.rpc),
            };
            (outcome, status.message().to_owned())
        }
    }
}

/// One cell that is not what the rule says.
struct Wrong(String, Who, &'static str, Outcome, Outcome, String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rpc, who, protocol, expected, found, answer) = self;
        write!(f, "{rpc} by {who:?} over {protocol}: {found:?}, but the rule says {expected:?}: {answer}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_answers_everybody_as_its_rule_says_over_both_protocols() {
    if !is_embedded() {
        // Its accounts are made in the file of SQLite: it has run once already.
        return;
    }
    let stage = Stage::new().await;
    let routes = routes(stage.folder.path());
    assert!(routes.len() > 40, "{} routes", routes.len());
    let (mut wrong, mut cells, mut shared) = (Vec::new(), 0, BTreeMap::new());
    for who in Who::ALL {
        shared.insert(who, stage.cast(who).await);
    }
    for route in &routes {
        let undeletes = route.rpc.contains(".Undelete");
        for who in Who::ALL {
            for protocol in ["REST", "gRPC"] {
                // What is about accounts uses them up; the others share theirs.
                let fresh = if route.rpc.starts_with("arcana.identity") { Some(stage.cast(who).await) } else { None };
                let (token, owner) = fresh.as_ref().unwrap_or(&shared[&who]);
                let rows = stage.rows(owner, route.collection()).await;
                let call = call(&stage, &rows, owner, route);
                if undeletes {
                    let path = call.path.replace(":undelete", "");
                    stage.service.send(stage.service.request("DELETE", &path).bearer_auth(&stage.admin.token)).await;
                }
                let (found, answer) = match protocol {
                    "REST" => over_rest(&stage, token.as_deref(), route, &call).await,
                    _ => over_grpc(&stage, token.as_deref(), route, &call).await,
                };
                // Whose account is marked as deleted is nobody.
                let gone = who == Who::Owner && route.rpc.ends_with(".UndeleteUser");
                let expected = if gone { Outcome::Nobody } else { who.expected(&route.access, call.row) };
                cells += 1;
                if found != expected {
                    wrong.push(Wrong(route.rpc.clone(), who, protocol, expected, found, answer).to_string());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(cells, routes.len() * Who::ALL.len() * 2);
}

#[tokio::test]
async fn lists_show_an_owner_its_own_rows_and_nobody_elses() {
    let stage = Stage::new().await;
    let (owner, other) = (stage.person(&["user"]).await, stage.person(&["user"]).await);
    let (own, others) = (stage.rows(&owner, "orders").await, stage.rows(&other, "orders").await);
    for path in ["/api/v1/orders", "/api/v1/orders?expand=customer"] {
        let page = owner.get(&stage.service, path).await.ok(200);
        let ids: Vec<&str> = page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert!(ids.contains(&own.order.as_str()) && !ids.contains(&others.order.as_str()), "{path}: {ids:?}");
        assert_eq!(page["total"], ids.len(), "{path}");
    }
    let filter = format!("/api/v1/orders?filter=customer_id%3D%22{}%22", text(&others.customer));
    assert_eq!(owner.get(&stage.service, &filter).await.ok(200)["data"], json!([]));
    let export = stage.service.request("GET", "/api/v1/orders").bearer_auth(&owner.token);
    let export = stage.service.send(export.header("accept", "application/x-ndjson")).await;
    assert!(export.text.contains(&own.order) && !export.text.contains(&others.order), "{}", export.text);
}
