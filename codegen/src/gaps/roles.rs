//! Roles that look like a slip of the pen: a rule that names one is open to nobody but `super_admin`.

use super::Gap;
use crate::model::{Access, Grant, Model, Span};

/// The words of access rules that have a meaning of their own.
const BUILT_IN: [&str; 7] = ["super_admin", "admin", "moderator", "user", "owner", "public", "internal"];
/// As like as `admn` and `admin`, unlike `users_of_shop` and `user`.
const LIKE: f64 = 0.75;

/// One line per role that is nearly another word: one of Arcana's, or a role that more rules name.
pub(super) fn roles(model: &Model, gaps: &mut Vec<Gap>) {
    let standard = model
        .resources
        .iter()
        .flat_map(|resource| resource.methods.iter().map(move |method| (&method.access, &resource.span)));
    let custom = model.services.iter().flat_map(|service| &service.rpcs).map(|rpc| (&rpc.access, &rpc.span));
    let rules: Vec<(&Access, &Span)> = standard.chain(custom).collect();
    let named: Vec<&str> = rules.iter().flat_map(|(rule, _)| own_roles(rule)).collect();
    let uses = |role: &str| named.iter().filter(|other| **other == role).count();
    for (rule, span) in &rules {
        for role in own_roles(rule) {
            let others = named.iter().copied().filter(|other| uses(other) > uses(role));
            let meant = BUILT_IN.into_iter().chain(others).find(|other| *other != role && like(role, other));
            let Some(meant) = meant else { continue };
            let gap = Gap::new(
                span,
                format!("the access rule `{}` names the role {role}", rule.written),
                "a role of the project, beside those of Arcana",
                format!("{meant}, if that is meant"),
            );
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
        }
    }
}

fn own_roles(rule: &Access) -> impl Iterator<Item = &str> {
    rule.any.iter().filter_map(|grant| match grant {
        Grant::Role(role) if !BUILT_IN.contains(&role.as_str()) => Some(role.as_str()),
        _ => None,
    })
}

fn like(one: &str, other: &str) -> bool {
    strsim::normalized_damerau_levenshtein(one, other) >= LIKE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Rpc, Service};

    fn found(rules: &[&str]) -> Vec<String> {
        let rpc = |written: &&str| Rpc {
            access: Access {
                written: (*written).to_owned(),
                any: written.split('|').map(|role| Grant::Role(role.to_owned())).collect(),
            },
            ..Rpc::default()
        };
        let services = vec![Service { rpcs: rules.iter().map(rpc).collect(), ..Service::default() }];
        let mut gaps = Vec::new();
        roles(&Model { services, ..Model::default() }, &mut gaps);
        gaps.into_iter().map(|gap| gap.annotation).collect()
    }

    #[test]
    fn names_what_was_probably_meant() {
        assert_eq!(found(&["admn"]), ["admin, if that is meant"]);
        assert_eq!(found(&["librarian", "librarian|admin", "libarian"]), ["librarian, if that is meant"]);
    }

    #[test]
    fn lets_roles_of_the_project_be() {
        assert!(found(&["librarian", "auditor", "user|admin"]).is_empty());
    }
}
