//! Access rules: whether someone who could call no longer can.

/// Roles from the mightiest down; each inherits those behind it, as in the runtime.
const HIERARCHY: [&str; 4] = ["super_admin", "admin", "moderator", "user"];

/// Whether a rule leaves out someone whom the rule before let call. Rules are alternatives, joined by `|`.
pub(super) fn is_narrower(before: &str, after: &str) -> bool {
    let grants = |rule: &str| rule.split('|').map(|grant| grant.trim().to_owned()).collect::<Vec<_>>();
    let after = grants(after);
    grants(before).iter().any(|grant| !after.iter().any(|other| covers(other, grant)))
}

/// Whether all who have one grant have the other.
fn covers(wide: &str, narrow: &str) -> bool {
    let rank = |role: &str| HIERARCHY.iter().position(|known| *known == role);
    match (wide, narrow) {
        ("public", _) => true,
        (wide, narrow) if wide == narrow => true,
        // An owner is signed in, and whoever is has this role.
        ("user", "owner") => true,
        // Roles of the project itself stand beside the hierarchy; a super admin has them all.
        (wide, "super_admin") => !matches!(wide, "owner" | "internal"),
        (wide, narrow) => matches!((rank(wide), rank(narrow)), (Some(wide), Some(narrow)) if wide >= narrow),
    }
}

#[cfg(test)]
mod tests {
    use super::is_narrower;

    #[test]
    fn follows_the_roles() {
        assert!(is_narrower("public", "user"));
        assert!(is_narrower("owner|admin", "admin"));
        assert!(is_narrower("user", "admin"));
        assert!(is_narrower("clerk", "admin"), "roles of a project stand beside the hierarchy");
        assert!(!is_narrower("admin", "owner | admin"));
        assert!(!is_narrower("owner|admin", "user"));
        assert!(!is_narrower("super_admin", "clerk"));
        assert!(!is_narrower("internal", "public"));
    }
}
