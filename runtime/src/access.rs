//! Who may do what: rules of the schema, compiled into the scope that every repository call takes.

use uuid::Uuid;

use crate::context::{Context, Principal};
use crate::entity::EntitySpec;
use crate::error::{Error, Result};

/// The rows that a call may see and change. It becomes part of the SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All rows.
    Unrestricted,
    /// Rows whose owner path ends at this account.
    Owner(Uuid),
    /// Rows of this tenant.
    Tenant(String),
}

/// Who may call a method: any one of the grants suffices. Empty: admins only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule(pub &'static [Grant]);

/// One way to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Everyone, signed in or not.
    Public,
    /// The owner of the row.
    Owner,
    /// Peers of the deployment.
    Internal,
    /// Whoever has the role, or one that inherits it.
    Role(&'static str),
}

/// Roles from the mightiest down; each inherits those behind it.
const HIERARCHY: [&str; 4] = ["super_admin", "admin", "moderator", "user"];

/// The rows that the caller may touch under a rule, or why it may not call at all.
pub fn authorise(cx: &Context, rule: Rule, spec: &EntitySpec) -> Result<Scope> {
    match granted(cx, rule)? {
        Scope::Unrestricted => tenant_scope(&cx.principal, spec),
        scope => Ok(scope),
    }
}

/// The same for what is about no entity.
pub fn granted(cx: &Context, rule: Rule) -> Result<Scope> {
    let principal = &*cx.principal;
    let grants = if rule.0.is_empty() { &[Grant::Role("admin")] } else { rule.0 };
    let granted = grants.iter().any(|grant| match grant {
        Grant::Public => true,
        Grant::Internal => principal.internal,
        Grant::Role(role) => has_role(principal, role),
        Grant::Owner => false,
    });
    if granted {
        return Ok(Scope::Unrestricted);
    }
    match principal.id {
        Some(id) if grants.contains(&Grant::Owner) => Ok(Scope::Owner(id)),
        Some(_) => Err(Error::Forbidden(format!("this needs {}", describe(grants)))),
        None => Err(Error::Unauthorized("sign in first".to_owned())),
    }
}

/// Whether the caller has a role, by grant or by inheritance.
pub fn has_role(principal: &Principal, role: &str) -> bool {
    let rank = |role: &str| HIERARCHY.iter().position(|known| *known == role);
    principal.roles.iter().any(|granted| match (rank(granted), rank(role)) {
        (Some(has), Some(needs)) => has <= needs,
        // Roles of the project itself stand beside the hierarchy; a super admin has them all.
        _ => granted == role || granted == "super_admin",
    })
}

/// Whether the caller may give or take a role: of the hierarchy, one that it has itself; of the project, if it is an admin.
pub fn may_grant(principal: &Principal, role: &str) -> bool {
    let needed = if HIERARCHY.contains(&role) { role } else { "admin" };
    has_role(principal, needed)
}

fn tenant_scope(principal: &Principal, spec: &EntitySpec) -> Result<Scope> {
    match (&spec.tenant, &principal.tenant) {
        (None, _) => Ok(Scope::Unrestricted),
        (Some(_), Some(tenant)) => Ok(Scope::Tenant(tenant.clone())),
        (Some(_), None) if has_role(principal, "super_admin") => Ok(Scope::Unrestricted),
        (Some(_), None) => Err(Error::Forbidden("the account belongs to no tenant".to_owned())),
    }
}

fn describe(grants: &[Grant]) -> String {
    let names = grants.iter().map(|grant| match grant {
        Grant::Public => "nothing",
        Grant::Owner => "to be the owner",
        Grant::Internal => "a peer of this deployment",
        Grant::Role(role) => role,
    });
    names.collect::<Vec<_>>().join(" or ")
}
