//! Accounts and their sessions, as far as access is concerned.

use std::sync::Arc;
use std::time::Duration;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::api_key::ApiKeyRepository;
use arcana_generated::arcana::identity::v1::auth::{ChangePasswordRequest, RegisterRequest};
use arcana_generated::arcana::identity::v1::external_identity::{
    ExternalIdentity, ExternalIdentityId, ExternalIdentityRepository,
};
use arcana_generated::arcana::identity::v1::session::{SESSION, Session, SessionId, SessionRepository};
use arcana_generated::arcana::identity::v1::user::{NewUser, User, UserId, UserRepository, UserStatus};
use arcana_runtime::access::{self, Scope};
use arcana_runtime::app::{AccountCommands, Kit, NewAdmin};
use arcana_runtime::changes::{Adjust, Changes};
use arcana_runtime::context::{Context, Principal};
use arcana_runtime::db::LocalStore;
use arcana_runtime::entity::{Entity, Validate};
use arcana_runtime::error::{Error, Result};
use arcana_runtime::query::ListQuery;
use arcana_runtime::repository::Repository;
use arcana_runtime::security::{Account, Accounts, Foreigner, Issued, KeyHolder};
use arcana_runtime::service::Request;
use arcana_runtime::types::{self, Timestamp};
use arcana_runtime::violations::Violations;
use async_trait::async_trait;
use uuid::Uuid;

use crate::mails::Mails;

/// What every account has.
pub const FIRST_ROLE: &str = "user";
/// Most characters of a name.
const NAME_MAX: usize = 120;
/// Rows that are read at once.
const PAGE: i64 = 100;

/// Whether a session goes on.
pub fn is_open(session: &Session, now: Timestamp) -> bool {
    session.revoked_at.is_none() && session.expires_at > now
}

/// The account of a user, if it may sign in.
pub fn account(user: &User) -> Option<Account> {
    let active = user.status == UserStatus::Active;
    active.then(|| Account { id: user.id.0, roles: user.roles.clone(), tenant: None })
}

/// Those of the roles that an account has by now.
pub fn still_granted(roles: &[String], account: &Account) -> Vec<String> {
    let now = Principal { roles: account.roles.clone(), ..Principal::anonymous() };
    roles.iter().filter(|role| access::has_role(&now, role)).cloned().collect()
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

/// The open sessions of an account but one.
pub async fn open_sessions(
    cx: &Context,
    sessions: &dyn SessionRepository,
    user: &UserId,
    but: Option<Uuid>,
) -> Result<Vec<Session>> {
    let mut open = all(cx, sessions, ListQuery::first(&SESSION).with(&Session::USER_ID, user)).await?;
    open.retain(|session| Some(session.id.0) != but && is_open(session, cx.now()));
    Ok(open)
}

/// All rows of a list that is not long.
pub async fn all<E: Entity>(cx: &Context, rows: &dyn Repository<E>, mut query: ListQuery) -> Result<Vec<E>> {
    query.size = PAGE;
    let mut all = Vec::new();
    loop {
        let page = rows.list(cx, &Scope::Unrestricted, &query).await?;
        all.extend(page.data);
        match page.next_page_token.is_empty() {
            true => return Ok(all),
            false => query.skip += PAGE,
        }
    }
}

/// Declares the end of a session.
pub fn revoke(cx: &Context, session: &Session, changes: &mut Changes) {
    changes.adjust(Adjust::of(&session.id).set(&Session::REVOKED_AT, &cx.now()));
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
    keys: Arc<dyn ApiKeyRepository>,
    strangers: Arc<dyn ExternalIdentityRepository>,
    store: LocalStore,
}

impl StoredAccounts {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self {
            sessions: repositories.sessions.clone(),
            users: repositories.users.clone(),
            keys: repositories.api_keys.clone(),
            strangers: repositories.external_identities.clone(),
            store: repositories.store.clone(),
        }
    }

    async fn stranger(&self, cx: &Context, foreigner: &Foreigner) -> Result<Option<ExternalIdentity>> {
        let Foreigner { issuer, subject, .. } = foreigner;
        self.strangers.find_by_issuer_and_subject(cx, &Scope::Unrestricted, issuer, subject).await
    }

    /// The address has an account: theirs, if another call of theirs was the first, or somebody else's.
    async fn joined_meanwhile(&self, cx: &Context, foreigner: &Foreigner) -> Result<Option<User>> {
        if let Some(known) = self.stranger(cx, foreigner).await? {
            return self.users.find_by_id(cx, &Scope::Unrestricted, &known.user_id).await;
        }
        tracing::warn!(issuer = foreigner.issuer, "somebody's address belongs to another account");
        Ok(None)
    }

    /// Opens an account for somebody who has none. One that has the address already is not theirs because of that: whoever is
    /// asked at the issuer may be another than who opened it here.
    async fn join(&self, cx: &Context, foreigner: &Foreigner) -> Result<Option<User>> {
        let Some(email) = foreigner.email.as_deref().map(normal) else {
            tracing::info!(issuer = foreigner.issuer, "nobody joins without a verified address");
            return Ok(None);
        };
        if self.users.find_by_email(cx, &Scope::Unrestricted, &email).await?.is_some() {
            return self.joined_meanwhile(cx, foreigner).await;
        }
        let name = foreigner.name.clone().filter(|name| !name.is_empty());
        let name = short(&name.unwrap_or_else(|| email.clone()));
        let roles = vec![FIRST_ROLE.to_owned()];
        let verified = Some(cx.now());
        let user = User { roles, email_verified_at: verified, ..User::create(NewUser { name, email }, cx, 0) };
        let mut found = Violations::new();
        user.validate(Validate::Input, &mut found);
        if !found.is_empty() {
            tracing::warn!(issuer = foreigner.issuer, "somebody's name or address is none that an account may have");
            return Ok(None);
        }
        let mut changes = Changes::new(cx);
        let user = changes.insert(user);
        changes.insert(ExternalIdentity {
            id: ExternalIdentityId::new(cx.uuid()),
            user_id: user.id,
            issuer: foreigner.issuer.clone(),
            subject: foreigner.subject.clone(),
            created_at: cx.now(),
        });
        match self.store.commit(cx, changes).await {
            Ok(()) => Ok(Some(user)),
            Err(Error::Conflict { .. }) => self.joined_meanwhile(cx, foreigner).await,
            Err(error) => Err(error),
        }
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

    async fn of_foreigner(&self, foreigner: &Foreigner) -> Result<Option<Account>> {
        let cx = Context::system();
        let user = match self.stranger(&cx, foreigner).await? {
            Some(known) => self.users.find_by_id(&cx, &Scope::Unrestricted, &known.user_id).await?,
            None if foreigner.may_join => self.join(&cx, foreigner).await?,
            None => None,
        };
        let account = user.as_ref().and_then(account);
        Ok(account.map(|account| Account { roles: [account.roles, foreigner.roles.clone()].concat(), ..account }))
    }

    async fn of_key(&self, key_hash: &str) -> Result<Option<KeyHolder>> {
        let cx = Context::system();
        let Some(key) = self.keys.find_by_key_hash(&cx, &Scope::Unrestricted, key_hash).await? else { return Ok(None) };
        let user = self.users.find_by_id(&cx, &Scope::Unrestricted, &key.user_id).await?;
        let Some(account) = user.as_ref().and_then(account) else { return Ok(None) };
        let expires_at = u64::try_from(key.expires_at.micros() / 1_000_000).unwrap_or_default();
        let account = Account { roles: still_granted(&key.roles, &account), ..account };
        Ok(Some(KeyHolder { key: key.id.0, account, expires_at }))
    }
}

/// What operators do with them from the command line.
pub struct Operator;

#[async_trait]
impl AccountCommands for Operator {
    async fn create_admin(&self, kit: &Kit, new: NewAdmin) -> Result<String> {
        let cx = Context::system();
        let NewAdmin { email, name, password, super_admin } = new;
        let name = short(&name);
        check(&RegisterRequest { name: name.clone(), email: email.clone(), password: password.clone() })?;
        let named = NewUser { name, email: normal(&email) };
        let role = if super_admin { "super_admin" } else { "admin" };
        let roles = vec![role.to_owned(), "user".to_owned()];
        let password_hash = Some(kit.security.hash(&password).await?);
        let mut changes = Changes::new(&cx);
        // Who runs the service says that the address is theirs.
        let email_verified_at = Some(cx.now());
        let user = User { password_hash, roles, email_verified_at, ..User::create(named, &cx, 0) };
        let user = changes.insert(user);
        kit.db.commit(&cx, changes).await?;
        Ok(user.id.to_string())
    }

    async fn set_password(&self, kit: &Kit, email: &str, password: &str) -> Result<()> {
        let (cx, repositories) = (Context::system(), Repositories::of(kit));
        // Nobody asks the operator for the old one.
        let current_password = "-".to_owned();
        check(&ChangePasswordRequest { current_password, new_password: password.to_owned() })?;
        let user = user(&cx, &repositories, email).await?;
        let password_hash = Some(kit.security.hash(password).await?);
        let mut changes = Changes::new(&cx);
        changes.update(&user, User { password_hash, ..user.clone() });
        Mails::new(&repositories).void(&cx, &user, None, &mut changes).await?;
        kit.db.commit(&cx, changes).await?;
        // Behind the new password, so that no session that the old one opens is missed.
        let mut changes = Changes::new(&cx);
        let open = open_sessions(&cx, &*repositories.sessions, &user.id, None).await?;
        open.iter().for_each(|session| revoke(&cx, session, &mut changes));
        kit.db.commit(&cx, changes).await
    }

    async fn sign_in(&self, kit: &Kit, email: &str) -> Result<Issued> {
        let (cx, repositories) = (Context::system(), Repositories::of(kit));
        let user = user(&cx, &repositories, email).await?;
        let account = account(&user).ok_or_else(|| Error::precondition(format!("the account {email} is barred")))?;
        let mut changes = Changes::new(&cx);
        let session = changes.insert(session(&cx, &account, kit.security.refresh_ttl()?));
        kit.db.commit(&cx, changes).await?;
        kit.security.issue(&account, session.id.0)
    }
}

/// As much of a name as an account may have.
fn short(name: &str) -> String {
    name.chars().take(NAME_MAX).collect()
}

async fn user(cx: &Context, repositories: &Repositories, email: &str) -> Result<User> {
    let user = repositories.users.find_by_email(cx, &Scope::Unrestricted, &normal(email)).await?;
    user.ok_or_else(|| Error::NotFound(format!("there is no account {email}")))
}

fn check(request: &impl Request) -> Result<()> {
    let mut found = Violations::new();
    request.validate(&mut found);
    found.finish()
}
