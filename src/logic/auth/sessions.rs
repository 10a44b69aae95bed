//! Sessions: opened by signing in, carried on by refresh tokens that are used once, and ended.

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::auth::Credentials;
use arcana_generated::arcana::identity::v1::refresh_token::{RefreshToken, RefreshTokenId, RefreshTokenRepository};
use arcana_generated::arcana::identity::v1::session::{Session, SessionId, SessionRepository};
use arcana_generated::arcana::identity::v1::user::UserId;
use arcana_runtime::access::Scope;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::db::LocalStore;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::security::secret::{digest, secret};
use arcana_runtime::security::{Account, Security};
use arcana_runtime::types::Duration;
use uuid::Uuid;

use crate::accounts::{is_open, open_sessions, revoke, session, until};

/// Word in front of refresh tokens, by which people and scanners of leaked secrets know them.
const REFRESH: &str = "rt_";
/// How long a refresh token may be used again: two tabs that refresh at once, or an answer that got lost.
const GRACE_SECONDS: i64 = 10;
/// Times that ending sessions starts over because one of them went at the same time.
const ATTEMPTS: usize = 3;
/// Sessions that are ended in one transaction.
const AT_ONCE: usize = 100;

/// Opens, carries on and ends sessions.
pub struct Sessions {
    sessions: Arc<dyn SessionRepository>,
    refresh_tokens: Arc<dyn RefreshTokenRepository>,
    store: LocalStore,
    security: Security,
}

/// What is wrong with a refresh token is for nobody to know.
pub fn refused() -> Error {
    Error::Unauthorized("the refresh token is not valid; sign in again".to_owned())
}

impl Sessions {
    pub fn new(repositories: &Repositories) -> Self {
        Self {
            sessions: repositories.sessions.clone(),
            refresh_tokens: repositories.refresh_tokens.clone(),
            store: repositories.store.clone(),
            security: repositories.security.clone(),
        }
    }

    /// A new session with its first tokens.
    pub fn open(&self, cx: &Context, account: &Account, changes: &mut Changes) -> Result<Credentials> {
        let session = changes.insert(session(cx, account, self.security.refresh_ttl()?));
        self.credentials(cx, account, &session, changes)
    }

    /// The session of a refresh token, which is used up by this. One that was used up before ends the session: either its owner
    /// or a thief has a copy, and nobody knows who (RFC 9700, 4.14.2).
    pub async fn take(&self, cx: &Context, token: &str, changes: &mut Changes) -> Result<Session> {
        let scope = Scope::Unrestricted;
        let found = self.refresh_tokens.find_by_token_hash(cx, &scope, &digest(token)).await?;
        let token = found.ok_or_else(refused)?;
        let session = self.sessions.find_by_id(cx, &scope, &token.session_id).await?;
        let session = session.filter(|session| is_open(session, cx.now())).ok_or_else(refused)?;
        match token.used_at {
            None => {
                changes.update(&token, RefreshToken { used_at: Some(cx.now()), ..token.clone() });
            }
            Some(used_at) if cx.now() - used_at <= Duration::seconds(GRACE_SECONDS) => {}
            Some(_) => {
                tracing::warn!(session = %session.id, user = %session.user_id, "a refresh token came twice: its session ends");
                self.end(cx, &[session]).await?;
                return Err(refused());
            }
        }
        Ok(session)
    }

    /// The next tokens of a session.
    pub fn go_on(
        &self,
        cx: &Context,
        account: &Account,
        session: &Session,
        changes: &mut Changes,
    ) -> Result<Credentials> {
        let expires_at = until(cx, self.security.refresh_ttl()?);
        changes.update(session, Session { expires_at, ..session.clone() });
        self.credentials(cx, account, session, changes)
    }

    /// Ends the session of the call.
    pub async fn end_this(&self, cx: &Context) -> Result<()> {
        let none = || Error::Unauthorized("the call has no session that could end".to_owned());
        let id = SessionId::new(cx.principal.session.ok_or_else(none)?);
        let session = self.sessions.find_by_id(cx, &Scope::Unrestricted, &id).await?;
        self.end(cx, session.as_slice()).await
    }

    /// Ends the open sessions of an account but one, and says how many.
    pub async fn end_all(&self, cx: &Context, user: &UserId, but: Option<Uuid>) -> Result<i32> {
        let open = self.open_of(cx, user, but).await?;
        let ended = i32::try_from(open.len()).unwrap_or(i32::MAX);
        for some in open.chunks(AT_ONCE) {
            self.end(cx, some).await?;
        }
        Ok(ended)
    }

    /// Commits what gives an account other credentials, or none, together with the end of its sessions but one, and says how many
    /// ended.
    pub async fn end_with(&self, cx: &Context, user: &UserId, but: Option<Uuid>, mut changes: Changes) -> Result<i32> {
        let mut open = self.open_of(cx, user, but).await?;
        // As many as a commit takes; the others end behind it.
        open.truncate(AT_ONCE);
        open.iter().for_each(|session| revoke(cx, session, &mut changes));
        match self.store.commit(cx, changes).await {
            // One of them was removed meanwhile: the call starts over.
            Err(Error::FailedPrecondition { .. }) => return Err(Error::ConcurrentUpdate("Session".to_owned())),
            outcome => outcome?,
        }
        open.iter().for_each(|session| self.security.forget(session.id.0));
        // The others, and those that the old credentials opened between the look and the commit.
        let late = self.end_rest(cx, user, but).await.unwrap_or_else(|error| {
            tracing::warn!(%error, %user, "sessions that were opened while others ended may go on");
            0
        });
        Ok(i32::try_from(open.len()).unwrap_or(i32::MAX).saturating_add(late))
    }

    /// The same for those that are still open, anew where one of them went meanwhile.
    async fn end_rest(&self, cx: &Context, user: &UserId, but: Option<Uuid>) -> Result<i32> {
        let mut attempt = 1;
        loop {
            match self.end_all(cx, user, but).await {
                Err(Error::FailedPrecondition { .. } | Error::ConcurrentUpdate(_)) if attempt < ATTEMPTS => {
                    attempt += 1
                }
                outcome => return outcome,
            }
        }
    }

    /// The open sessions of an account but one.
    pub async fn open_of(&self, cx: &Context, user: &UserId, but: Option<Uuid>) -> Result<Vec<Session>> {
        open_sessions(cx, &*self.sessions, user, but).await
    }

    /// In a commit of its own, so that nobody finds them open again behind it. It expects no version: whoever refreshes all the
    /// time does not get in its way.
    async fn end(&self, cx: &Context, sessions: &[Session]) -> Result<()> {
        let mut changes = Changes::new(cx);
        sessions.iter().for_each(|session| revoke(cx, session, &mut changes));
        if !changes.is_empty() {
            self.store.commit(cx, changes).await?;
        }
        sessions.iter().for_each(|session| self.security.forget(session.id.0));
        Ok(())
    }

    fn credentials(
        &self,
        cx: &Context,
        account: &Account,
        session: &Session,
        changes: &mut Changes,
    ) -> Result<Credentials> {
        let refresh_token = secret(REFRESH)?;
        changes.insert(RefreshToken {
            id: RefreshTokenId::new(cx.uuid()),
            session_id: session.id,
            token_hash: digest(&refresh_token),
            used_at: None,
            version: 1,
            created_at: cx.now(),
        });
        let issued = self.security.issue(account, session.id.0)?;
        Ok(Credentials {
            access_token: issued.text,
            token_type: "Bearer".to_owned(),
            expires_in: i64::try_from(issued.expires_in).unwrap_or(i64::MAX),
            refresh_token,
            user_id: UserId::new(account.id),
        })
    }
}
