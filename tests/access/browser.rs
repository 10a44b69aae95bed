//! Sessions of pages: the refresh token in a cookie, and what other sites cannot do with it.

use serde_json::{Value, json};

use crate::people::{PASSWORD, Person, closed};
use crate::support::{Answer, Service};

const LOGIN: &str = "/api/v1/auth/browser/login";
const REFRESH: &str = "/api/v1/auth/browser/refresh";
const LOGOUT: &str = "/api/v1/auth/browser/logout";

fn service() -> Service {
    closed().set("security.browser_sessions=true").set("server.cors.allowed_origins=https://app.example.com").run()
}

/// The cookie that an answer sets, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    for part in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/api/v1/auth/browser"] {
        assert!(set.split("; ").any(|found| found == part), "{part} of {set}");
    }
    assert_eq!(answer.header("cache-control"), "no-store");
    set.split(';').next().unwrap().to_owned()
}

async fn post(service: &Service, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let request = service.request("POST", path).json(body);
    service.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn sign_in(service: &Service) -> (Person, String) {
    let ada = Person::register(service).await;
    let answer = post(service, LOGIN, &[], &json!({ "email": ada.email, "password": PASSWORD })).await;
    let cookie = cookie(&answer);
    let body = answer.ok(200);
    assert!(body.get("refresh_token").is_none(), "{body}");
    let token = body["access_token"].as_str().unwrap().to_owned();
    (Person { token, ..ada }, cookie)
}

#[tokio::test]
async fn a_page_signs_in_goes_on_and_signs_out_by_its_cookie() {
    let service = service();
    let (ada, first) = sign_in(&service).await;
    ada.get(&service, "/api/v1/auth/me").await.ok(200);
    let answer = post(&service, REFRESH, &[("cookie", &first), ("sec-fetch-site", "same-origin")], &json!({})).await;
    let second = cookie(&answer);
    assert_ne!(first, second);
    let next = Person { token: answer.ok(200)["access_token"].as_str().unwrap().to_owned(), ..ada };
    next.get(&service, "/api/v1/auth/me").await.ok(200);
    let answer = post(&service, LOGOUT, &[("cookie", &second)], &json!({})).await;
    assert!(answer.header("set-cookie").starts_with("__Secure-refresh=;"), "{}", answer.header("set-cookie"));
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    answer.ok(200);
    next.get(&service, "/api/v1/auth/me").await.refused(401, "UNAUTHORIZED");
    post(&service, REFRESH, &[("cookie", &second)], &json!({})).await.refused(401, "UNAUTHORIZED");
    post(&service, REFRESH, &[], &json!({})).await.refused(401, "UNAUTHORIZED");
    // Who is signed out already, stays so.
    post(&service, LOGOUT, &[], &json!({})).await.ok(200);
}

#[tokio::test]
async fn pages_of_other_sites_do_nothing_with_the_cookie() {
    let service = service();
    let (ada, cookie) = sign_in(&service).await;
    let host = service.rest.to_string();
    let own = format!("http://{host}");
    for other in [
        vec![("sec-fetch-site", "cross-site"), ("origin", "https://attacker.example")],
        vec![("sec-fetch-site", "same-site"), ("origin", "https://sibling.example.com")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("origin", "https://attacker.example")],
        vec![("origin", "null")],
        vec![("origin", "https://app.example.com.attacker.example")],
    ] {
        for path in [REFRESH, LOGOUT, LOGIN] {
            let headers = [&[("cookie", cookie.as_str())], other.as_slice()].concat();
            post(&service, path, &headers, &json!({})).await.refused(403, "FORBIDDEN");
        }
    }
    ada.get(&service, "/api/v1/auth/me").await.ok(200);
    // Those that the configuration names may, and so may its own.
    let allowed = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-site"), ("origin", "https://app.example.com")];
    post(&service, REFRESH, &allowed, &json!({})).await.ok(200);
    post(&service, REFRESH, &[("cookie", &cookie), ("origin", &own)], &json!({})).await.ok(200);
}

#[tokio::test]
async fn there_are_no_cookies_unless_the_configuration_says_so() {
    let service = closed().run();
    post(&service, LOGIN, &[], &json!({ "email": "x", "password": "y" })).await.refused(404, "NOT_FOUND");
    let answer = service.post("/api/v1/auth/login", &json!({ "email": "x@example.com", "password": "y" })).await;
    assert_eq!(answer.header("set-cookie"), "");
}

#[tokio::test]
async fn pages_of_allowed_origins_send_cookies_only_where_that_is_set() {
    let allowed = "https://app.example.com";
    for (credentials, told) in [("true", "true"), ("false", "")] {
        let start =
            closed().set("security.browser_sessions=true").set(&format!("server.cors.allowed_origins={allowed}"));
        let service = start.set(&format!("server.cors.allow_credentials={credentials}")).run();
        for (origin, is_allowed) in [(allowed, true), ("https://other.example.com", false)] {
            let preflight = service.request("OPTIONS", REFRESH).header("origin", origin);
            let preflight = preflight.header("access-control-request-method", "POST");
            let answer = service.send(preflight).await;
            assert_eq!(answer.header("access-control-allow-origin"), if is_allowed { origin } else { "" });
            assert_eq!(answer.header("access-control-allow-credentials"), told);
        }
    }
}
