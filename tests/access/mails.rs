//! Mails with tokens: a password that was forgotten, an address that is verified or changed, and what neither strangers nor thieves
//! get by them.

use arcana_generated::pb::arcana::identity::v1 as identity;
use identity::auth_service_client::AuthServiceClient;
use rustix::process::Signal;
use serde_json::{Value, json};
use tonic::{Code, Request};

use crate::people::{NEW_PASSWORD, PASSWORD, Person, closed, database, open_folder, refused};
use crate::support::mails::{MailServer, Manners, in_folder};
use crate::support::tls::Authority;
use crate::support::{Answer, Service, Start, eventually, mails::Mail};

const FORGOT: &str = "/api/v1/auth/forgot-password";
const RESET: &str = "/api/v1/auth/reset-password";
const VERIFY: &str = "/api/v1/auth/verify-email";
const SEND: &str = "/api/v1/auth/send-verification";
const CHANGE: &str = "/api/v1/auth/change-email";
const ME: &str = "/api/v1/auth/me";

fn mailing() -> Start {
    closed().set("mail.url=file:mail").set("mail.reset_link=https://shop.example/reset#token={token}")
}

/// A mail to an address about this, once there is one; the newest.
async fn mail(service: &Service, to: &str, subject: &str) -> Mail {
    let folder = service.folder().join("mail");
    let find = async || in_folder(&folder, to).into_iter().rfind(|mail| mail.subject == subject);
    eventually(&format!("{subject} comes to {to}"), find).await
}

async fn reset(service: &Service, token: &str, password: &str) -> Answer {
    service.post(RESET, &json!({ "token": token, "new_password": password })).await
}

async fn verify(service: &Service, person: &Person, token: &str) -> Answer {
    person.post(service, VERIFY, &json!({ "token": token })).await
}

async fn login(service: &Service, email: &str, password: &str) -> Answer {
    service.post("/api/v1/auth/login", &json!({ "email": email, "password": password })).await
}

fn is_verified(account: &Value) -> bool {
    account["email_verified_at"].is_string()
}

#[tokio::test]
async fn whoever_forgot_the_password_sets_another_by_a_mail_once() {
    let service = mailing().run();
    let ada = Person::register(&service).await;
    for _ in 0..2 {
        service.post(FORGOT, &json!({ "email": ada.email.to_uppercase() })).await.ok(200);
    }
    let both = async || {
        let mails = in_folder(&service.folder().join("mail"), &ada.email);
        let mails: Vec<_> = mails.into_iter().filter(|mail| mail.subject == "Reset your password").collect();
        <[Mail; 2]>::try_from(mails).ok()
    };
    let [other, mail] = eventually("two mails come", both).await;
    let token = mail.token();
    assert!(mail.text.contains(&format!("\r\nhttps://shop.example/reset#token={token}\r\n")), "{}", mail.text);

    reset(&service, &token, "short").await.breaks("new_password", "string.min_len");
    assert_eq!(reset(&service, &token, NEW_PASSWORD).await.ok(200)["sessions"], 1);
    for token in [token, other.token()] {
        reset(&service, &token, PASSWORD).await.refused(409, "FAILED_PRECONDITION");
    }
    ada.get(&service, ME).await.refused(401, "UNAUTHORIZED");
    login(&service, &ada.email, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    let again = Person::login(&service, &ada.email, NEW_PASSWORD).await;
    // Who read the mail has the address.
    assert!(is_verified(&again.get(&service, ME).await.ok(200)));
}

#[tokio::test]
async fn the_same_goes_over_grpc() {
    let service = mailing().run();
    let ada = Person::register(&service).await;
    let mut client = AuthServiceClient::new(service.channel().await);
    let email = Some(ada.email.clone());
    client.forgot_password(Request::new(identity::ForgotPasswordRequest { email })).await.unwrap();
    let token = mail(&service, &ada.email, "Reset your password").await.token();
    let mut ask = async |token: &str| {
        let (token, new_password) = (Some(token.to_owned()), Some(NEW_PASSWORD.to_owned()));
        client.reset_password(Request::new(identity::ResetPasswordRequest { token, new_password })).await
    };
    assert_eq!(ask(&token).await.unwrap().into_inner().sessions, 1);
    refused(ask(&token).await, Code::FailedPrecondition, "FAILED_PRECONDITION");
    refused(ask("mt_none").await, Code::FailedPrecondition, "FAILED_PRECONDITION");
}

#[tokio::test]
async fn nobody_learns_who_has_an_account_and_nobody_barred_gets_a_mail() {
    let service = mailing().run();
    let (admin, ada, eve) =
        (Person::admin(&service).await, Person::register(&service).await, Person::register(&service).await);
    let bar = json!({ "user_id": eve.id, "status": "USER_STATUS_DISABLED" });
    admin.post(&service, "/api/v1/auth/set-status", &bar).await.ok(200);
    let ask = async |email: &str| service.post(FORGOT, &json!({ "email": email })).await.ok(200);
    let known = ask(&ada.email).await;
    for email in ["nobody@example.com", &eve.email] {
        assert_eq!(ask(email).await, known);
    }
    mail(&service, &ada.email, "Reset your password").await;
    // All that was asked for is looked at: nothing is left to be tried.
    let mails = async || {
        let page = admin.get(&service, "/api/v1/account_mails?purpose=MAIL_PURPOSE_RESET_PASSWORD").await.ok(200);
        let rows = page["data"].as_array().unwrap().clone();
        rows.iter().all(|row| row["next_attempt_at"].is_null()).then_some(rows)
    };
    let rows = eventually("all are looked at", mails).await;
    let told = |row: &Value| (row["email"].clone(), row["attempts"].clone(), row["sent_at"].is_string());
    let mut told: Vec<_> = rows.iter().map(told).collect();
    told.sort_by_key(|(email, ..)| email.to_string());
    let mut wanted = [(&ada.email, 1), (&eve.email, 0), (&"nobody@example.com".to_owned(), 0)];
    wanted.sort();
    assert_eq!(told, wanted.map(|(email, attempts)| (json!(email), json!(attempts), attempts == 1)));
    assert!(rows.iter().all(|row| row.get("token_hash").is_none()), "{rows:?}");
    ada.get(&service, "/api/v1/account_mails").await.refused(403, "FORBIDDEN");
    service.post(FORGOT, &json!({ "email": "no address" })).await.breaks("email", "string.email");
}

#[tokio::test]
async fn who_asks_again_and_again_waits_whether_there_is_an_account_or_not() {
    let service = mailing().set("security.lockout.free_failures=2").run();
    let ada = Person::register(&service).await;
    for email in [ada.email.as_str(), "nobody@example.com"] {
        for _ in 0..3 {
            service.post(FORGOT, &json!({ "email": email })).await.ok(200);
        }
        let answer = service.post(FORGOT, &json!({ "email": email })).await;
        answer.refused(429, "RATE_LIMITED");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    // Signing in has a count of its own, and so has each address that an account asks for.
    login(&service, &ada.email, PASSWORD).await.ok(200);
    let change = json!({ "current_password": PASSWORD, "new_email": "victim@example.com" });
    for _ in 0..3 {
        ada.post(&service, CHANGE, &change).await.ok(200);
    }
    ada.post(&service, CHANGE, &change).await.refused(429, "RATE_LIMITED");
}

#[tokio::test]
async fn an_address_is_verified_by_the_mail_that_registering_sends() {
    let service = mailing().run();
    let ada = Person::register(&service).await;
    assert!(!is_verified(&ada.get(&service, ME).await.ok(200)));
    let token = mail(&service, &ada.email, "Verify your address").await.token();
    // A token is good for what it was sent for.
    reset(&service, &token, NEW_PASSWORD).await.refused(409, "FAILED_PRECONDITION");
    // The click of another does not vouch for who has the account.
    let admin = Person::admin(&service).await;
    verify(&service, &admin, &token).await.refused(409, "FAILED_PRECONDITION");
    service.post(VERIFY, &json!({ "token": token })).await.refused(401, "UNAUTHORIZED");
    verify(&service, &ada, &token).await.ok(200);
    assert!(is_verified(&ada.get(&service, ME).await.ok(200)));
    verify(&service, &ada, &token).await.refused(409, "FAILED_PRECONDITION");
    ada.post(&service, SEND, &json!({})).await.ok(200);
    let page = admin.get(&service, &format!("/api/v1/account_mails?email={}", ada.email)).await.ok(200);
    assert_eq!(page["total"], 1, "there is nothing to verify");
    service.post(SEND, &json!({})).await.refused(401, "UNAUTHORIZED");

    let bob = Person::register(&service).await;
    let first = mail(&service, &bob.email, "Verify your address").await.token();
    bob.post(&service, SEND, &json!({})).await.ok(200);
    let two = async || (in_folder(&service.folder().join("mail"), &bob.email).len() == 2).then_some(());
    eventually("a second mail comes", two).await;
    verify(&service, &bob, &first).await.ok(200);
}

#[tokio::test]
async fn an_address_is_changed_for_the_password_and_verified_anew() {
    let service = mailing().run();
    let (ada, admin) = (Person::register(&service).await, Person::admin(&service).await);
    let old = mail(&service, &ada.email, "Verify your address").await.token();
    let new = format!("new-{}", ada.email);
    let change = async |password: &str, email: &str| {
        ada.post(&service, CHANGE, &json!({ "current_password": password, "new_email": email })).await
    };
    change(NEW_PASSWORD, &new).await.refused(403, "FORBIDDEN");
    // Nothing changes before somebody has read the mail, and nobody learns who has an account.
    for email in [&new.to_uppercase(), &admin.email] {
        assert_eq!(change(PASSWORD, email).await.ok(200)["email"], ada.email);
    }
    let taken = mail(&service, &admin.email, "Verify your address").await.token();
    verify(&service, &ada, &taken).await.refused(409, "CONFLICT");
    let token = mail(&service, &new, "Verify your address").await.token();
    verify(&service, &ada, &token).await.ok(200);
    let me = ada.get(&service, ME).await.ok(200);
    assert_eq!((is_verified(&me), &me["email"]), (true, &json!(new)));
    // The old address hears of it, and its mail proves nothing any more.
    mail(&service, &ada.email, "Your address was changed").await;
    verify(&service, &ada, &old).await.refused(409, "FAILED_PRECONDITION");
    Person::login(&service, &new, PASSWORD).await;

    // A stolen access token alone does not take the account over.
    let path = format!("/api/v1/users/{}", ada.id);
    let patch = |person: &Person, email: &str| {
        let request = service.request("PATCH", &path).header("content-type", "application/merge-patch+json");
        service.send(request.bearer_auth(&person.token).body(json!({ "email": email }).to_string()))
    };
    patch(&ada, "eve@example.com").await.refused(403, "FORBIDDEN").says("ChangeEmail");
    ada.post(&service, CHANGE, &json!({ "current_password": PASSWORD, "new_email": "third@example.com" }))
        .await
        .ok(200);
    let token = mail(&service, "third@example.com", "Verify your address").await.token();
    assert!(!is_verified(&patch(&admin, "other@example.com").await.ok(200)));
    verify(&service, &ada, &token).await.refused(409, "FAILED_PRECONDITION");
}

#[tokio::test]
async fn where_no_mails_are_sent_an_address_is_changed_at_once() {
    let service = closed().run();
    let (ada, bob) = (Person::register(&service).await, Person::register(&service).await);
    let change = async |email: &str| {
        ada.post(&service, CHANGE, &json!({ "current_password": PASSWORD, "new_email": email })).await
    };
    change(&bob.email).await.refused(409, "CONFLICT");
    let me = change("new-address@example.com").await.ok(200);
    assert_eq!((is_verified(&me), &me["email"]), (false, &json!("new-address@example.com")));
}

#[tokio::test]
async fn whoever_opened_an_account_with_the_address_of_another_loses_it_to_who_reads_it() {
    let folder = open_folder();
    let service = mailing().in_folder(folder.path()).run();
    let thief = Person::register(&service).await;
    let link = "INSERT INTO external_identities (id, user_id, issuer, subject, created_at) SELECT randomblob(16), id, 'i', 's', 0 FROM users";
    assert_eq!(database(folder.path()).execute(link, []).unwrap(), 1);
    let links = || database(folder.path()).query_row("SELECT COUNT(*) FROM external_identities", [], |row| row.get(0));
    let key = thief.post(&service, "/api/v1/api_keys:issue", &json!({ "name": "x" })).await.ok(200);
    let by_key = async || service.send(service.request("GET", ME).bearer_auth(key["key"].as_str().unwrap())).await;
    by_key().await.ok(200);
    let forget = async || {
        service.post(FORGOT, &json!({ "email": thief.email })).await.ok(200);
    };
    forget().await;
    let token = mail(&service, &thief.email, "Reset your password").await.token();
    reset(&service, &token, NEW_PASSWORD).await.ok(200);
    thief.get(&service, ME).await.refused(401, "UNAUTHORIZED");
    by_key().await.refused(401, "UNAUTHORIZED");
    assert_eq!(links().map(|count: i64| count).unwrap(), 0);

    // Keys of who had shown that the address is theirs go on.
    let owner = Person::login(&service, &thief.email, NEW_PASSWORD).await;
    let key = owner.post(&service, "/api/v1/api_keys:issue", &json!({ "name": "x" })).await.ok(200);
    forget().await;
    let other = async || {
        let newest = mail(&service, &owner.email, "Reset your password").await.token();
        (newest != token).then_some(newest)
    };
    let token = eventually("another token comes", other).await;
    reset(&service, &token, PASSWORD).await.ok(200);
    service.send(service.request("GET", ME).bearer_auth(key["key"].as_str().unwrap())).await.ok(200);
}

#[tokio::test]
async fn a_password_that_was_changed_makes_older_tokens_useless() {
    let service = mailing().run();
    let ada = Person::register(&service).await;
    service.post(FORGOT, &json!({ "email": ada.email })).await.ok(200);
    let token = mail(&service, &ada.email, "Reset your password").await.token();
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    ada.post(&service, "/api/v1/auth/change-password", &change).await.ok(200);
    reset(&service, &token, PASSWORD).await.refused(409, "FAILED_PRECONDITION");
    Person::login(&service, &ada.email, NEW_PASSWORD).await;
}

#[tokio::test]
async fn where_no_mails_are_sent_that_is_said() {
    let service = closed().run();
    let ada = Person::register(&service).await;
    for email in [ada.email.as_str(), "nobody@example.com"] {
        let answer = service.post(FORGOT, &json!({ "email": email })).await;
        answer.refused(409, "FAILED_PRECONDITION").says("no mails are sent here");
    }
    ada.post(&service, SEND, &json!({})).await.refused(409, "FAILED_PRECONDITION");
}

#[tokio::test]
async fn a_token_ends_after_an_hour_and_with_the_account() {
    let folder = open_folder();
    let service = mailing().in_folder(folder.path()).run();
    let (ada, admin) = (Person::register(&service).await, Person::admin(&service).await);
    service.post(FORGOT, &json!({ "email": ada.email })).await.ok(200);
    let token = mail(&service, &ada.email, "Reset your password").await.token();
    eventually("nothing is left to be noted", async || waiting(folder.path()).is_empty().then_some(())).await;
    let lasts =
        "SELECT (expires_at - created_at) / 60000000 FROM account_mails WHERE purpose = 'MAIL_PURPOSE_RESET_PASSWORD'";
    let minutes: i64 = database(folder.path()).query_row(lasts, [], |row| row.get(0)).unwrap();
    assert!((60..62).contains(&minutes), "{minutes}");
    let shift = |by: &str| {
        let shift = format!("UPDATE account_mails SET expires_at = expires_at {by} 3600000000");
        database(folder.path()).execute(&shift, []).unwrap();
    };
    shift("-");
    reset(&service, &token, NEW_PASSWORD).await.refused(409, "FAILED_PRECONDITION");
    shift("+");
    // Who was barred meanwhile has no token that is good when the account comes back.
    for status in ["USER_STATUS_DISABLED", "USER_STATUS_ACTIVE"] {
        let set = json!({ "user_id": ada.id, "status": status });
        admin.post(&service, "/api/v1/auth/set-status", &set).await.ok(200);
    }
    reset(&service, &token, NEW_PASSWORD).await.refused(409, "FAILED_PRECONDITION");
}

#[tokio::test]
async fn a_call_under_a_key_sends_one_mail() {
    let service = mailing().run();
    let (ada, admin) = (Person::register(&service).await, Person::admin(&service).await);
    for _ in 0..2 {
        let request = service.request("POST", FORGOT).header("idempotency-key", "once");
        service.send(request.json(&json!({ "email": ada.email }))).await.ok(200);
    }
    let page = admin.get(&service, "/api/v1/account_mails?purpose=MAIL_PURPOSE_RESET_PASSWORD").await.ok(200);
    assert_eq!(page["total"], 1);
}

/// Makes the mails that wait due now.
fn hurry(folder: &std::path::Path) {
    let due = "UPDATE account_mails SET next_attempt_at = created_at WHERE next_attempt_at IS NOT NULL";
    database(folder).execute(due, []).unwrap();
}

/// What is left to be tried: how often it was, and whether the last try has ended.
fn waiting(folder: &std::path::Path) -> Vec<(i64, bool)> {
    let database = database(folder);
    let left = "SELECT attempts, token_hash IS NULL FROM account_mails WHERE next_attempt_at IS NOT NULL";
    let mut rows = database.prepare(left).unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_server_that_defers_gets_the_mail_again_and_one_that_refuses_does_not() {
    let (server, folder) = (MailServer::start(None).await, open_folder());
    server.behave(Manners::Defers);
    let url = format!("mail.url=smtp://shop:secret@127.0.0.1:{}", server.address.port());
    let service = closed().in_folder(folder.path()).set(&url).run();
    let ada = Person::register(&service).await;
    let seen = async |count: usize| {
        eventually("the server has the mail", async || (server.seen().len() == count).then(|| server.seen())).await
    };
    let first = seen(1).await[0].token();
    // One that was not taken is tried again, with another token, and the first is good for nothing.
    eventually("it waits", async || (waiting(folder.path()) == [(1, true)]).then_some(())).await;
    server.behave(Manners::Takes);
    hurry(folder.path());
    let second = seen(2).await[1].token();
    eventually("it is done", async || waiting(folder.path()).is_empty().then_some(())).await;
    verify(&service, &ada, &first).await.refused(409, "FAILED_PRECONDITION");
    verify(&service, &ada, &second).await.ok(200);
    assert!(is_verified(&ada.get(&service, ME).await.ok(200)));

    // That it does not know us any more is our mistake, and mended some time.
    server.behave(Manners::TurnsAway);
    service.post(FORGOT, &json!({ "email": ada.email })).await.ok(200);
    eventually("it waits", async || (waiting(folder.path()) == [(1, true)]).then_some(())).await;
    server.behave(Manners::Refuses);
    hurry(folder.path());
    seen(3).await;
    eventually("it is given up", async || waiting(folder.path()).is_empty().then_some(())).await;
    let metrics = service.get("/metrics").await;
    for told in ["failed\"} 2", "refused\"} 1", "sent\"} 1"] {
        assert!(metrics.text.contains(&format!("arcana_mails_total{{outcome=\"{told}")), "{told}");
    }
    let token = server.seen()[2].token();
    reset(&service, &token, NEW_PASSWORD).await.refused(409, "FAILED_PRECONDITION");
}

#[tokio::test]
async fn a_mail_is_sent_by_another_when_a_service_dies_over_it() {
    let (server, folder) = (MailServer::start(None).await, open_folder());
    server.behave(Manners::FallsSilent);
    let url = format!("mail.url=smtp://127.0.0.1:{}", server.address.port());
    let start = || closed().in_folder(folder.path()).set(&url);
    let mut service = start().run();
    let ada = Person::register(&service).await;
    eventually("the server has the mail", async || (!server.seen().is_empty()).then_some(())).await;
    service.signal(Signal::KILL);
    service.wait().await;
    server.behave(Manners::Takes);
    hurry(folder.path());
    let service = start().run();
    eventually("the mail comes again", async || (server.seen().len() == 2).then_some(())).await;
    verify(&service, &ada, &server.seen()[1].token()).await.ok(200);
    assert!(is_verified(&ada.get(&service, ME).await.ok(200)));
}

#[tokio::test]
async fn mails_go_over_tls_to_a_server_that_is_known_and_to_no_other() {
    let (known, stranger) = (Authority::new(), Authority::called("nobody knows"));
    for (authority, is_known) in [(&known, true), (&stranger, false)] {
        let (server, folder) = (MailServer::start(Some(&authority.server())).await, open_folder());
        let roots = folder.path().join("roots.pem");
        std::fs::write(&roots, &known.pem).unwrap();
        let url = format!("mail.url=smtps://shop:{}@localhost:{}", PASSWORD.replace(' ', "%20"), server.address.port());
        let start = closed().in_folder(folder.path()).env("SSL_CERT_FILE", roots.to_str().unwrap());
        let service = start.set(&url).run();
        let ada = Person::register(&service).await;
        match is_known {
            true => eventually("it is sent", async || waiting(folder.path()).is_empty().then_some(())).await,
            false => eventually("it failed", async || (waiting(folder.path()) == [(1, true)]).then_some(())).await,
        }
        assert_eq!(
            server.seen().iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(),
            match is_known {
                true => vec![ada.email.as_str()],
                false => Vec::new(),
            }
        );
        assert_eq!(server.logins().len(), usize::from(is_known), "a stranger does not see the password");
    }
}
