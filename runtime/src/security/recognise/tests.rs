//! Who is recognised, and for how long.

use std::path::Path;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::security::keys::tests::settings;

/// The only key, and its id.
const KEY: &str = "ak_of-this-test-only";
const KEY_ID: Uuid = Uuid::from_u128(7);

/// One account with one session, which may be ended, and how often it was asked for.
#[derive(Default)]
struct One {
    account: std::sync::Mutex<Option<Account>>,
    asked: AtomicUsize,
}

#[async_trait]
impl Accounts for One {
    async fn of_session(&self, _session: Uuid) -> Result<Option<Account>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.account.lock().unwrap().clone())
    }

    async fn of_foreigner(&self, _foreigner: &Foreigner) -> Result<Option<Account>> {
        Ok(None)
    }

    async fn of_key(&self, key_hash: &str) -> Result<Option<KeyHolder>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let account = self.account.lock().unwrap().clone().filter(|_| key_hash == digest(KEY));
        Ok(account.map(|account| KeyHolder { key: KEY_ID, account, expires_at: u64::MAX }))
    }
}

struct Service {
    security: Security,
    accounts: Arc<One>,
    token: String,
    session: Uuid,
    account: Account,
}

fn service(dir: &Path) -> Service {
    let security = Security::new(&settings(), dir).unwrap();
    let account = Account { id: Uuid::now_v7(), roles: vec!["user".to_owned()], tenant: None };
    let accounts = Arc::new(One { account: Some(account.clone()).into(), asked: AtomicUsize::new(0) });
    security.know(accounts.clone());
    let session = Uuid::now_v7();
    let token = security.issue(&account, session).unwrap().text;
    Service { security, accounts, token, session, account }
}

fn headers(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(header::AUTHORIZATION, value.parse().unwrap());
    }
    headers
}

#[tokio::test]
async fn a_token_is_looked_at_once_while_it_is_fresh() {
    let dir = tempfile::tempdir().unwrap();
    let service = service(dir.path());
    for _ in 0..10 {
        let recognised = service.security.recognise(&service.token).await.unwrap();
        assert_eq!(recognised.principal.id, Some(service.account.id));
        assert_eq!(recognised.principal.session, Some(service.session));
    }
    assert_eq!(service.accounts.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_key_is_looked_at_once_while_it_is_fresh_and_over_at_once_when_it_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let service = service(dir.path());
    for _ in 0..10 {
        let recognised = service.security.recognise(KEY).await.unwrap();
        assert_eq!((recognised.principal.id, recognised.principal.session), (Some(service.account.id), None));
    }
    assert_eq!(service.accounts.asked.load(Ordering::Relaxed), 1);
    assert!(matches!(service.security.recognise("ak_another").await, Err(Error::Unauthorized(_))));
    *service.accounts.account.lock().unwrap() = None;
    service.security.forget(KEY_ID);
    assert!(matches!(service.security.recognise(KEY).await, Err(Error::Unauthorized(_))));
}

#[tokio::test]
async fn a_session_that_ended_here_is_over_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let service = service(dir.path());
    service.security.recognise(&service.token).await.unwrap();
    *service.accounts.account.lock().unwrap() = None;
    service.security.forget(service.session);
    let refused = service.security.recognise(&service.token).await.unwrap_err();
    assert!(matches!(refused, Error::Unauthorized(_)), "{refused:?}");
}

#[tokio::test]
async fn roles_are_those_of_the_account_and_not_of_the_token() {
    let dir = tempfile::tempdir().unwrap();
    let service = service(dir.path());
    let admin = Account { roles: vec!["admin".to_owned()], ..service.account.clone() };
    *service.accounts.account.lock().unwrap() = Some(admin);
    let recognised = service.security.recognise(&service.token).await.unwrap();
    assert_eq!(recognised.principal.roles, ["admin"]);
}

#[tokio::test]
async fn a_token_of_another_account_than_its_session_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let service = service(dir.path());
    let other = Account { id: Uuid::now_v7(), ..service.account.clone() };
    let token = service.security.issue(&other, service.session).unwrap().text;
    assert!(service.security.recognise(&token).await.is_err());
}

#[tokio::test]
async fn a_caller_is_who_the_header_says_or_else_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let service = service(dir.path());
    let recogniser = Recogniser::new(service.security.clone(), SecurityMode::Enforced);
    let token = &service.token;
    for good in [format!("Bearer {token}"), format!("bearer  {token} ")] {
        let principal = recogniser.principal(&headers(&[&good])).await.unwrap();
        assert_eq!(principal.id, Some(service.account.id), "{good}");
    }
    assert_eq!(*recogniser.principal(&HeaderMap::new()).await.unwrap(), Principal::anonymous());
    let good = format!("Bearer {token}");
    for bad in [&["Basic YTpi"][..], &["Bearer"], &["Bearer "], &[token.as_str()], &[good.as_str(), good.as_str()]] {
        let refused = recogniser.principal(&headers(bad)).await.unwrap_err();
        assert!(matches!(refused, Error::Unauthorized(_)), "{bad:?}");
    }
}

#[tokio::test]
async fn in_development_only_who_sends_no_token_may_do_everything() {
    let dir = tempfile::tempdir().unwrap();
    let service = service(dir.path());
    let recogniser = Recogniser::new(service.security.clone(), SecurityMode::Development);
    assert_eq!(*recogniser.principal(&HeaderMap::new()).await.unwrap(), Principal::development());
    let good = format!("Bearer {}", service.token);
    assert_eq!(recogniser.principal(&headers(&[&good])).await.unwrap().roles, ["user"]);
    assert!(recogniser.principal(&headers(&["Bearer x"])).await.is_err());
}

#[tokio::test]
async fn in_development_a_page_that_rebinds_its_name_and_a_proxy_are_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let recogniser = Recogniser::new(service(dir.path()).security, SecurityMode::Development);
    let from = async |name: &'static str, value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        *recogniser.principal(&headers).await.unwrap() == Principal::development()
    };
    for ours in ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080", "[::1]"] {
        assert!(from("host", ours).await, "{ours}");
    }
    for other in
        ["attacker.example", "attacker.example:8080", "localhost.attacker.example", "203.0.113.7", "", "[::2]:1"]
    {
        assert!(!from("host", other).await, "{other}");
    }
    assert!(!from("x-forwarded-for", "203.0.113.7").await);
    assert!(!from("forwarded", "for=203.0.113.7").await);
}
