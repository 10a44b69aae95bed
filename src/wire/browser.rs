//! Signing in from a page: the refresh token stays in a cookie that no script can read, and calls that a page of another site sends
//! along with that cookie are refused.

use std::sync::Arc;

use arcana_generated::arcana::identity::v1::auth::{
    AuthService, Credentials, LoginRequest, LogoutRequest, RefreshRequest, RegisterRequest,
};
use arcana_runtime::app::Kit;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::rest::{self, Call};
use arcana_runtime::security::Security;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;

/// The prefix makes browsers refuse it from whoever has no TLS (RFC 6265bis, 4.1.3.1).
const COOKIE: &str = "__Secure-refresh";
/// Longest refresh token.
const TOKEN_MAX: usize = 200;
/// The cookie goes nowhere else.
const PATH: &str = "/api/v1/auth/browser";

#[derive(Clone)]
struct Browser {
    auth: Arc<dyn AuthService>,
    security: Security,
    /// Other origins whose pages may sign in.
    origins: Arc<[String]>,
}

/// The routes, if `security.browser_sessions` says so.
pub fn routes(auth: Arc<dyn AuthService>, kit: &Kit) -> Router {
    if !kit.settings.security.browser_sessions {
        return Router::new();
    }
    let origins = kit.settings.server.cors.allowed_origins.clone().into();
    Router::new()
        .route("/api/v1/auth/browser/register", post(register))
        .route("/api/v1/auth/browser/login", post(login))
        .route("/api/v1/auth/browser/refresh", post(refresh))
        .route("/api/v1/auth/browser/logout", post(logout))
        .with_state(Browser { auth, security: kit.security.clone(), origins })
}

/// `POST /api/v1/auth/browser/register`
async fn register(State(browser): State<Browser>, call: Call) -> Result<Response> {
    browser.require_own_page(&call.headers)?;
    let request = rest::decode(call.request("*", &[], RegisterRequest::FIELDS)?)?;
    browser.answer(browser.auth.register(&call.cx, request).await?)
}

/// `POST /api/v1/auth/browser/login`
async fn login(State(browser): State<Browser>, call: Call) -> Result<Response> {
    browser.require_own_page(&call.headers)?;
    let request = rest::decode(call.request("*", &[], LoginRequest::FIELDS)?)?;
    browser.answer(browser.auth.login(&call.cx, request).await?)
}

/// `POST /api/v1/auth/browser/refresh`: the cookie says which session goes on.
async fn refresh(State(browser): State<Browser>, call: Call) -> Result<Response> {
    browser.require_own_page(&call.headers)?;
    browser.answer(browser.go_on(&call).await?)
}

/// `POST /api/v1/auth/browser/logout`: ends the session of the cookie, however old the access token is, and takes the cookie back.
async fn logout(State(browser): State<Browser>, call: Call) -> Result<Response> {
    browser.require_own_page(&call.headers)?;
    match browser.go_on(&call).await {
        Ok(credentials) => {
            let mut cx = call.cx.clone();
            cx.principal = browser.security.recognise(&credentials.access_token).await?.principal;
            browser.auth.logout(&cx, LogoutRequest {}).await?;
        }
        // There is nothing to end.
        Err(Error::Unauthorized(_)) => {}
        Err(error) => return Err(error),
    }
    with_cookie(rest::ok(&json!({})), &Cookie::build((COOKIE, "")).max_age(cookie::time::Duration::ZERO))
}

impl Browser {
    /// Refuses what a page of another site sends: browsers say where a page comes from (Fetch Metadata, RFC 6454). Whoever says
    /// nothing is no browser, and has no cookies of others.
    fn require_own_page(&self, headers: &HeaderMap) -> Result<()> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let (site, origin) = (text("sec-fetch-site"), text("origin"));
        let is_allowed = origin.is_some_and(|origin| self.origins.iter().any(|allowed| allowed == origin));
        let is_own = match (site, origin) {
            (Some(site), _) => matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => origin.split_once("://").map(|(_, host)| host) == text("host"),
            (None, None) => true,
        };
        if is_own || is_allowed {
            return Ok(());
        }
        Err(Error::Forbidden("pages of other sites do not sign in here; see server.cors.allowed_origins".to_owned()))
    }

    /// The next credentials of the session of the cookie.
    async fn go_on(&self, call: &Call) -> Result<Credentials> {
        let cookies = call.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = cookies.flat_map(Cookie::split_parse).filter_map(std::result::Result::ok);
        let mut tokens = cookies.filter(|cookie| cookie.name() == COOKIE).map(|cookie| cookie.value().to_owned());
        // Two of them are none: a page of a sibling's may have set one, in which the caller would go on as somebody else.
        let token = tokens.next().filter(|token| tokens.next().is_none() && (1..=TOKEN_MAX).contains(&token.len()));
        let refresh_token = token.ok_or_else(|| Error::Unauthorized("there is no session; sign in".to_owned()))?;
        self.auth.refresh(&call.cx, RefreshRequest { refresh_token }).await
    }

    /// Credentials without the refresh token, which goes into the cookie.
    fn answer(&self, credentials: Credentials) -> Result<Response> {
        let Credentials { access_token, token_type, expires_in, refresh_token, user_id } = credentials;
        let shown = json!({
            "access_token": access_token,
            "token_type": token_type,
            "expires_in": expires_in,
            "user_id": user_id,
        });
        let lasts = i64::try_from(self.security.refresh_ttl()?.as_secs()).unwrap_or(i64::MAX);
        let cookie = Cookie::build((COOKIE, refresh_token)).max_age(cookie::time::Duration::seconds(lasts));
        with_cookie(rest::ok(&shown), &cookie)
    }
}

fn with_cookie(mut response: Response, cookie: &cookie::CookieBuilder<'static>) -> Result<Response> {
    let cookie = cookie.clone().path(PATH).http_only(true).secure(true).same_site(SameSite::Strict).build();
    let value = HeaderValue::from_str(&cookie.to_string()).map_err(Error::internal)?;
    response.headers_mut().insert(header::SET_COOKIE, value);
    // RFC 6749, 5.1
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
