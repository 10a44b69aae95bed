//! Services in the model: derived methods, custom rpcs, and who may call them.

use serde::Serialize;

use super::{Model, Span, Type};

/// A service.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Service {
    /// Full name, such as `shop.v1.OrderService`.
    pub full_name: String,
    /// Package.
    pub package: String,
    /// Name, such as `OrderService`.
    pub name: String,
    /// Comment, without markers.
    pub comment: String,
    /// Full name of the resource whose derived methods it has.
    pub resource: Option<String>,
    /// Custom rpcs in schema order (rpcs under a derived name are in [`Standard::options`] instead).
    pub rpcs: Vec<Rpc>,
    /// File it stands in (that of the resource, if derived).
    pub file: String,
    /// Where it stands.
    pub span: Span,
}

/// A custom rpc.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rpc {
    /// Name, such as `CancelOrder`.
    pub name: String,
    /// Name of the method in Rust, such as `cancel`: in snake_case, without the name of the resource if that leaves a
    /// name that nothing else has.
    pub method: String,
    /// Comment, without markers.
    pub comment: String,
    /// Full name of the request message.
    pub request: String,
    /// What it answers.
    pub response: Type,
    /// Routes: the first is the main one, the rest `additional_bindings`.
    pub bindings: Vec<Binding>,
    /// Who may call it.
    pub access: Access,
    /// Further options.
    pub options: MethodOptions,
    /// Where it stands.
    pub span: Span,
}

/// One HTTP route of an rpc.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Binding {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Template as written, such as `/api/v1/orders/{id}:cancel`.
    pub path: String,
    /// Fields of the request that the path names.
    pub variables: Vec<String>,
    /// Custom verb after the last `:`, such as `cancel`.
    pub verb: Option<String>,
    /// `*`, a field name, or empty: the rest comes from the query.
    pub body: String,
}

/// A derived method of a resource.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Standard {
    /// Which one.
    pub kind: StandardKind,
    /// Who may call it.
    pub access: Access,
    /// Options of an rpc that replaces the derived one under its name.
    pub options: MethodOptions,
}

/// The derived methods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[allow(missing_docs)]
pub enum StandardKind {
    #[default]
    List,
    Get,
    Create,
    Update,
    Delete,
}

/// Who may call a method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Rule as written; empty if the schema says none, which means admin only.
    pub written: String,
    /// Alternatives; any one of them suffices.
    pub any: Vec<Grant>,
}

/// One alternative of an access rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Grant {
    /// Everyone, signed in or not.
    Public,
    /// The owner of the row.
    Owner,
    /// Peers of the deployment.
    Internal,
    /// A role (or one that inherits it): `user`, `moderator`, `admin`, `super_admin`, or the project's own.
    Role(String),
}

/// Options of a method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MethodOptions {
    /// `N/s`, `N/min` or `N/h`.
    pub rate_limit: Option<String>,
    /// Seconds until TIMEOUT.
    pub timeout_seconds: Option<u32>,
    /// May be repeated without a further effect.
    pub idempotent: bool,
    /// Body is hand-written.
    pub manual: bool,
}

impl MethodOptions {
    /// The rate limit as calls and seconds, if it is one: a number that is not zero, `/` and `s`, `min` or `h`.
    pub fn rate(&self) -> Option<(u32, u32)> {
        let (calls, window) = self.rate_limit.as_ref()?.split_once('/')?;
        let seconds = match window {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            _ => return None,
        };
        calls.parse().ok().filter(|calls| *calls > 0).map(|calls| (calls, seconds))
    }
}

impl Rpc {
    /// Whether `Idempotency-Key` means something for it: not where a call reads, or does no harm when it is repeated, and not where a
    /// request holds a secret, of which nothing that can be guessed at is kept.
    pub fn takes_key(&self, model: &Model) -> bool {
        let reads = !self.bindings.is_empty() && self.bindings.iter().all(|binding| binding.method == "GET");
        let is_secret =
            model.message(&self.request).is_some_and(|request| model.holds(request, |field| field.redacted));
        !reads && !is_secret && !self.options.idempotent
    }
}

impl Service {
    /// Its name without `Service`, such as `Auth`.
    pub fn stem(&self) -> &str {
        self.name.strip_suffix("Service").unwrap_or(&self.name)
    }

    /// Full name of the service that carries the methods of a resource.
    pub fn name_for(resource: &str) -> String {
        format!("{resource}Service")
    }
}

impl StandardKind {
    /// All of them, in the order of [`super::Resource::methods`].
    pub const ALL: [Self; 5] = [Self::List, Self::Get, Self::Create, Self::Update, Self::Delete];

    /// Name in lower case, such as `list`.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Get => "get",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}
