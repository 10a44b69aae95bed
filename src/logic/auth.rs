//! Signing up, in and out: what the service `AuthService` does.

mod guard;
pub(super) mod sessions;

use std::sync::Arc;

use arcana_generated::Repositories;
use arcana_generated::arcana::identity::v1::account_mail::MailPurpose;
use arcana_generated::arcana::identity::v1::auth::{
    AuthMethods, ChangeEmailRequest, ChangePasswordRequest, ChangePasswordResponse, Credentials, ForgotPasswordRequest,
    ForgotPasswordResponse, GetMeRequest, IssueTicketRequest, LoginRequest, LogoutAllRequest, LogoutAllResponse,
    LogoutRequest, LogoutResponse, RefreshRequest, RegisterRequest, ResetPasswordRequest, ResetPasswordResponse,
    SendVerificationRequest, SendVerificationResponse, SetRolesRequest, SetStatusRequest, Ticket, ValidateTokenRequest,
    ValidateTokenResponse, VerifyEmailRequest, VerifyEmailResponse,
};
use arcana_generated::arcana::identity::v1::user::{NewUser, User, UserId, UserRepository, UserStatus};
use arcana_runtime::access::{self, Scope};
use arcana_runtime::changes::Changes;
use arcana_runtime::context::{Context, Principal};
use arcana_runtime::db::LocalStore;
use arcana_runtime::entity::Entity;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::security::Security;
use arcana_runtime::types::Timestamp;
use async_trait::async_trait;
use tracing::Instrument;

use self::guard::{Guard, Tried};
use self::sessions::Sessions;
use super::user::{Ways, require_reach};
use crate::accounts::{FIRST_ROLE, account, normal, still_granted};
use crate::mails::{self, Mails};

/// The logic of auth.
pub struct AuthLogic {
    users: Arc<dyn UserRepository>,
    ways: Ways,
    security: Security,
    guard: Guard,
    sessions: Sessions,
    mails: Mails,
    store: LocalStore,
}

impl AuthLogic {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self {
            users: repositories.users.clone(),
            ways: Ways::new(repositories),
            security: repositories.security.clone(),
            guard: Guard::new(repositories),
            sessions: Sessions::new(repositories),
            mails: Mails::new(repositories),
            store: repositories.store.clone(),
        }
    }

    /// The account that calls.
    async fn me(&self, cx: &Context) -> Result<User> {
        let id = cx.principal.id.ok_or_else(|| Error::Unauthorized("sign in first".to_owned()))?;
        self.user(cx, &UserId::new(id)).await
    }

    /// The account that calls, for who knows its password.
    async fn me_by_password(&self, cx: &Context, password: &str) -> Result<User> {
        let me = self.me(cx).await?;
        // Whoever found a device unlocked does not guess on for ever either.
        let tried = Tried::Account(&me.id);
        self.guard.admit(cx, &tried).await?;
        if !self.security.verify(password, me.password_hash.as_deref()).await?.right {
            // The request is as it must be; 401 would send clients to refresh their token.
            return Err(Error::Forbidden("current_password is not the password of the account".to_owned()));
        }
        self.guard.forgive(cx, &tried).await?;
        Ok(me)
    }

    /// What the caller may do by the roles that it has now: those that it was recognised by are some seconds old, and who just lost
    /// a role would give it back to himself.
    async fn authority(&self, cx: &Context, target: &UserId, changes: &mut Changes) -> Result<Principal> {
        if cx.principal.id.is_none() {
            // No account: the operator in development mode, or a peer.
            return Ok((*cx.principal).clone());
        }
        let me = self.me(cx).await?;
        let roles = account(&me).map(|account| still_granted(&cx.principal.roles, &account)).unwrap_or_default();
        let now = Principal { roles, ..(*cx.principal).clone() };
        if !access::has_role(&now, "admin") {
            return Err(Error::Forbidden("this needs admin".to_owned()));
        }
        if me.id != *target {
            changes.expect_version(&me);
        }
        Ok(now)
    }

    /// Leaves an entry of the audit, behind the answer: the time of one must not tell whether there is such an account.
    fn note_refusal(&self, cx: &Context, user: UserId) {
        // It takes its own time, whatever the caller has left.
        let (store, mut cx) = (self.store.clone(), cx.clone());
        cx.deadline = None;
        let note = async move {
            let mut changes = Changes::new(&cx);
            changes.refuse::<User>(&user);
            store.commit(&cx, changes).await
        };
        let noted = async move {
            if let Err(error) = note.await {
                tracing::warn!(%error, "a refused sign-in is not in the audit");
            }
        };
        tokio::spawn(noted.instrument(tracing::Span::current()));
    }

    /// Has a mail sent to an address, unless too many were asked for.
    async fn mail(
        &self,
        cx: &Context,
        purpose: MailPurpose,
        email: &str,
        user: Option<UserId>,
        changes: &mut Changes,
    ) -> Result<()> {
        self.mails.require()?;
        self.security.admit(cx)?;
        self.guard.admit(cx, &Tried::Mail(purpose, email)).await?;
        self.mails.ask(cx, purpose, email, user, changes);
        Ok(())
    }

    async fn user(&self, cx: &Context, id: &UserId) -> Result<User> {
        let user = self.users.find_by_id(cx, &Scope::Unrestricted, id).await?;
        user.ok_or_else(|| Error::no_row("User", id))
    }
}

/// Told only to who knows the password, or had a token.
fn barred() -> Error {
    Error::Forbidden("the account is barred; ask an administrator".to_owned())
}

#[async_trait]
impl AuthMethods for AuthLogic {
    async fn register(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: RegisterRequest,
        changes: &mut Changes,
    ) -> Result<Credentials> {
        if !self.security.registration()? {
            return Err(Error::Forbidden("accounts are opened by administrators here".to_owned()));
        }
        self.security.admit(cx)?;
        let new = NewUser { name: request.name, email: normal(&request.email) };
        let hash = self.security.hash(&request.password).await?;
        let user = User { password_hash: Some(hash), roles: vec![FIRST_ROLE.to_owned()], ..User::create(new, cx, 0) };
        let user = changes.insert(user);
        if self.mails.are_sent() {
            self.mails.ask(cx, MailPurpose::VerifyEmail, &user.email, Some(user.id), changes);
        }
        let account = account(&user).ok_or_else(barred)?;
        self.sessions.open(cx, &account, changes)
    }

    async fn login(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: LoginRequest,
        changes: &mut Changes,
    ) -> Result<Credentials> {
        self.security.admit(cx)?;
        let email = normal(&request.email);
        let tried = Tried::Address(&email);
        self.guard.admit(cx, &tried).await?;
        let user = self.users.find_by_email(cx, &Scope::Unrestricted, &email).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
        let verdict = self.security.verify(&request.password, hash).await?;
        let Some(user) = user.as_ref().filter(|_| verdict.right).cloned() else {
            if let Some(user) = &user {
                self.note_refusal(cx, user.id);
            }
            // Never what was sent: people write their password where the address belongs.
            let (user, address) = (user.map(|user| user.id.to_string()), cx.address.map(|address| address.to_string()));
            tracing::info!(user, address, "a sign-in was refused");
            return Err(Error::InvalidCredentials);
        };
        let Some(account) = account(&user) else {
            self.note_refusal(cx, user.id);
            return Err(barred());
        };
        self.guard.forgive(cx, &tried).await?;
        if verdict.outdated {
            let password_hash = Some(self.security.hash(&request.password).await?);
            changes.update(&user, User { password_hash, ..user.clone() });
        } else {
            // A password that was changed while this one was looked at opens nothing any more.
            changes.expect_version(&user);
        }
        self.sessions.open(cx, &account, changes)
    }

    async fn refresh(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: RefreshRequest,
        changes: &mut Changes,
    ) -> Result<Credentials> {
        let session = self.sessions.take(cx, &request.refresh_token, changes).await?;
        let user = self.users.find_by_id(cx, &Scope::Unrestricted, &session.user_id).await?;
        let account = user.as_ref().and_then(account).ok_or_else(sessions::refused)?;
        self.sessions.go_on(cx, &account, &session, changes)
    }

    async fn logout(
        &self,
        cx: &Context,
        _scope: &Scope,
        _request: LogoutRequest,
        _changes: &mut Changes,
    ) -> Result<LogoutResponse> {
        self.sessions.end_this(cx).await?;
        Ok(LogoutResponse {})
    }

    async fn logout_all(
        &self,
        cx: &Context,
        _scope: &Scope,
        _request: LogoutAllRequest,
        _changes: &mut Changes,
    ) -> Result<LogoutAllResponse> {
        let me = self.me(cx).await?;
        let sessions = self.sessions.end_all(cx, &me.id, None).await?;
        Ok(LogoutAllResponse { sessions })
    }

    async fn get_me(
        &self,
        cx: &Context,
        _scope: &Scope,
        _request: GetMeRequest,
        _changes: &mut Changes,
    ) -> Result<User> {
        self.me(cx).await
    }

    async fn change_password(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: ChangePasswordRequest,
        _changes: &mut Changes,
    ) -> Result<ChangePasswordResponse> {
        let me = self.me_by_password(cx, &request.current_password).await?;
        let password_hash = Some(self.security.hash(&request.new_password).await?);
        let mut changes = Changes::new(cx);
        changes.update(&me, User { password_hash, ..me.clone() });
        self.mails.void(cx, &me, None, &mut changes).await?;
        let sessions = self.sessions.end_with(cx, &me.id, cx.principal.session, changes).await?;
        Ok(ChangePasswordResponse { sessions })
    }

    async fn change_email(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: ChangeEmailRequest,
        changes: &mut Changes,
    ) -> Result<User> {
        let me = self.me_by_password(cx, &request.current_password).await?;
        let email = normal(&request.new_email);
        if email == me.email {
            return Ok(me);
        }
        if self.mails.are_sent() {
            // The account keeps the old one until somebody has read the mail.
            self.mail(cx, MailPurpose::VerifyEmail, &email, Some(me.id), changes).await?;
            changes.expect_version(&me);
            return Ok(me);
        }
        self.security.admit(cx)?;
        Ok(changes.update(&me, User { email, email_verified_at: None, ..me.clone() }))
    }

    async fn forgot_password(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: ForgotPasswordRequest,
        changes: &mut Changes,
    ) -> Result<ForgotPasswordResponse> {
        self.mail(cx, MailPurpose::ResetPassword, &normal(&request.email), None, changes).await?;
        Ok(ForgotPasswordResponse {})
    }

    async fn reset_password(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: ResetPasswordRequest,
        _changes: &mut Changes,
    ) -> Result<ResetPasswordResponse> {
        self.security.admit(cx)?;
        let mut changes = Changes::new(cx);
        let (mail, user) = self.mails.take(cx, MailPurpose::ResetPassword, &request.token, &mut changes).await?;
        // It proves this address and no other.
        if user.email != mail.email {
            return Err(mails::refused());
        }
        let password_hash = Some(self.security.hash(&request.new_password).await?);
        let email_verified_at = user.email_verified_at.or(Some(cx.now()));
        changes.update(&user, User { password_hash, email_verified_at, ..user.clone() });
        self.mails.void(cx, &user, Some(&mail.id), &mut changes).await?;
        // Whoever opened the account never showed that the address is theirs: what else they come in by goes with their password.
        let is_first = user.email_verified_at.is_none();
        if is_first {
            self.ways.close(cx, &user.id, &mut changes).await?;
        }
        let sessions = self.sessions.end_with(cx, &user.id, None, changes).await?;
        self.security.forget_account(user.id.0);
        // It is done, and cannot be done again: what comes behind it does not undo it.
        let behind = async {
            if is_first {
                // Keys that were made meanwhile.
                let mut changes = Changes::new(cx);
                self.ways.close(cx, &user.id, &mut changes).await?;
                self.store.commit(cx, changes).await?;
            }
            // Who reads the mail need not wait for what others guessed.
            self.guard.forgive(cx, &Tried::Address(&user.email)).await
        };
        if let Err(error) = behind.await {
            tracing::warn!(%error, user = %user.id, "a password was reset, but not all was done that comes behind it");
        }
        Ok(ResetPasswordResponse { sessions })
    }

    async fn send_verification(
        &self,
        cx: &Context,
        _scope: &Scope,
        _request: SendVerificationRequest,
        changes: &mut Changes,
    ) -> Result<SendVerificationResponse> {
        let me = self.me(cx).await?;
        if me.email_verified_at.is_none() {
            self.mail(cx, MailPurpose::VerifyEmail, &me.email, Some(me.id), changes).await?;
        }
        Ok(SendVerificationResponse {})
    }

    async fn verify_email(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: VerifyEmailRequest,
        changes: &mut Changes,
    ) -> Result<VerifyEmailResponse> {
        self.security.admit(cx)?;
        let (mail, user) = self.mails.take(cx, MailPurpose::VerifyEmail, &request.token, changes).await?;
        // The click of somebody else does not vouch for who has the account.
        if cx.principal.id != Some(user.id.0) {
            return Err(mails::refused());
        }
        let email = mail.email.clone();
        changes.update(&user, User { email, email_verified_at: Some(cx.now()), ..user.clone() });
        if user.email != mail.email {
            self.mails.void(cx, &user, Some(&mail.id), changes).await?;
            self.mails.ask(cx, MailPurpose::EmailChanged, &user.email, Some(user.id), changes);
        }
        Ok(VerifyEmailResponse {})
    }

    async fn set_roles(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: SetRolesRequest,
        changes: &mut Changes,
    ) -> Result<User> {
        let authority = self.authority(cx, &request.user_id, changes).await?;
        let user = self.user(cx, &request.user_id).await?;
        require_reach(&authority, &user)?;
        if let Some(role) = request.roles.iter().find(|role| !access::may_grant(&authority, role)) {
            return Err(Error::Forbidden(format!("nobody grants a role above their own, such as {role}")));
        }
        let taken =
            user.roles.iter().find(|role| !request.roles.contains(role) && !access::may_grant(&authority, role));
        if let Some(role) = taken {
            return Err(Error::Forbidden(format!("nobody takes a role above their own, such as {role}")));
        }
        // Without it, an account could not even sign out.
        let mut roles = [request.roles, vec![FIRST_ROLE.to_owned()]].concat();
        roles.sort();
        roles.dedup();
        Ok(changes.update(&user, User { roles, ..user.clone() }))
    }

    async fn set_status(
        &self,
        cx: &Context,
        _scope: &Scope,
        request: SetStatusRequest,
        _changes: &mut Changes,
    ) -> Result<User> {
        // With what the caller may do in the same commit: one who loses a role meanwhile bars nobody any more.
        let mut changes = Changes::new(cx);
        let authority = self.authority(cx, &request.user_id, &mut changes).await?;
        let user = self.user(cx, &request.user_id).await?;
        require_reach(&authority, &user)?;
        if cx.principal.id == Some(user.id.0) && request.status != UserStatus::Active {
            return Err(Error::precondition("nobody bars the account that they call with"));
        }
        let after = changes.update(&user, User { status: request.status, ..user.clone() });
        if after.status == UserStatus::Active {
            self.store.commit(cx, changes).await?;
        } else {
            self.mails.void(cx, &user, None, &mut changes).await?;
            self.sessions.end_with(cx, &user.id, None, changes).await?;
            self.security.forget_account(user.id.0);
        }
        Ok(after)
    }

    async fn issue_ticket(
        &self,
        cx: &Context,
        _scope: &Scope,
        _request: IssueTicketRequest,
        _changes: &mut Changes,
    ) -> Result<Ticket> {
        let issued = self.security.ticket(&cx.principal)?;
        Ok(Ticket { ticket: issued.text, expires_in: i64::try_from(issued.expires_in).unwrap_or(i64::MAX) })
    }

    async fn validate_token(
        &self,
        _cx: &Context,
        _scope: &Scope,
        request: ValidateTokenRequest,
        _changes: &mut Changes,
    ) -> Result<ValidateTokenResponse> {
        let nothing = ValidateTokenResponse { valid: false, user_id: None, roles: Vec::new(), expires_at: None };
        let recognised = match self.security.recognise(&request.token).await {
            Ok(recognised) => recognised,
            Err(Error::Unauthorized(_) | Error::TokenExpired) => return Ok(nothing),
            Err(error) => return Err(error),
        };
        let expires = i64::try_from(recognised.expires_at).ok();
        Ok(ValidateTokenResponse {
            valid: true,
            user_id: recognised.principal.id.map(UserId::new),
            roles: recognised.principal.roles.clone(),
            expires_at: expires.and_then(|seconds| Timestamp::from_parts(seconds, 0)),
        })
    }
}
