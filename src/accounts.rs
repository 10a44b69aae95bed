//! Accounts and their sessions, as far as access is concerned.

use std::sync::Arc;
use std::time::Duration;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::session::{Session, SessionId, SessionRepository};
use arcana_generated::arcana::identity::v1::user::{NewUser, User, UserId, UserRepository, UserStatus};
use arcana_runtime::access::Scope;
use arcana_runtime::app::{AccountCommands, Kit, NewAdmin};
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::entity::{Entity, Validate};
use arcana_runtime::error::{Error, Result};
use arcana_runtime::security::{Account, Accounts, Issued};
use arcana_runtime::types::{self, Timestamp};
use arcana_runtime::violations::Violations;
use async_trait::async_trait;
use uuid::Uuid;

/// Whether a session goes on.
pub fn is_open(session: &Session, now: Timestamp) -> bool {
    session.revoked_at.is_none() && session.expires_at > now
}

/// The account of a user, if it may sign in.
pub fn account(user: &User) -> Option<Account> {
    let active = user.status == UserStatus::Active;
    active.then(|| Account { id: user.id.0, roles: user.roles.clone(), tenant: None })
}

/// A session that begins now.
pub fn session(cx: &Context, account: &Account, lasts: Duration) -> Session {
    Session {
        id: SessionId::new(cx.uuid()),
        user_id: UserId::new(account.id),
        user_agent: cx
            .user_agent
            .as_ref()
            .and_then(|name| name.to_str().ok())
            .map(|name| name.chars().take(300).collect()),
        address: cx.address.map(|address| address.to_string()),
        expires_at: until(cx, lasts),
        revoked_at: None,
        version: 1,
        created_at: cx.now(),
    }
}

/// When something that begins now ends.
pub fn until(cx: &Context, lasts: Duration) -> Timestamp {
    cx.now() + types::Duration::seconds(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX))
}

/// The form in which an address is stored and looked for: capitals make no difference.
pub fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Where the runtime finds them.
pub struct StoredAccounts {
    sessions: Arc<dyn SessionRepository>,
    users: Arc<dyn UserRepository>,
}

impl StoredAccounts {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self { sessions: repositories.sessions.clone(), users: repositories.users.clone() }
    }
}

#[async_trait]
impl Accounts for StoredAccounts {
    async fn of_session(&self, session: Uuid) -> Result<Option<Account>> {
        let cx = Context::system();
        let session = self.sessions.find_by_id(&cx, &Scope::Unrestricted, &SessionId::new(session)).await?;
        let Some(session) = session.filter(|session| is_open(session, cx.now())) else { return Ok(None) };
        let user = self.users.find_by_id(&cx, &Scope::Unrestricted, &session.user_id).await?;
        Ok(user.as_ref().and_then(account))
    }
}

/// What operators do with them from the command line.
pub struct Operator;

#[async_trait]
impl AccountCommands for Operator {
    async fn create_admin(&self, kit: &Kit, new: NewAdmin) -> Result<String> {
        let cx = Context::system();
        let named = NewUser { name: new.name, email: normal(&new.email) };
        let roles = vec!["admin".to_owned(), "user".to_owned()];
        let user = User { password_hash: Some(new.password_hash), roles, ..User::create(named, &cx, 0) };
        let mut found = Violations::new();
        user.validate(Validate::Input, &mut found);
        found.finish()?;
        let mut changes = Changes::new(&cx);
        let user = changes.insert(user);
        kit.db.commit(&cx, changes).await?;
        Ok(user.id.to_string())
    }

    async fn sign_in(&self, kit: &Kit, email: &str) -> Result<Issued> {
        let (cx, repositories) = (Context::system(), Repositories::of(kit));
        let user = repositories.users.find_by_email(&cx, &Scope::Unrestricted, &normal(email)).await?;
        let user = user.ok_or_else(|| Error::NotFound(format!("there is no account {email}")))?;
        let account = account(&user).ok_or_else(|| Error::precondition(format!("the account {email} is barred")))?;
        let mut changes = Changes::new(&cx);
        let session = changes.insert(session(&cx, &account, kit.security.refresh_ttl()?));
        kit.db.commit(&cx, changes).await?;
        kit.security.issue(&account, session.id.0)
    }
}
