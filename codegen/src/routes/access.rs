//! What the rules mean for everybody who could call: the matrix of access.

use super::Route;

/// Who could call: nobody, accounts without and with rows, roles from the least to the mightiest, and tokens that are no good.
pub const CALLERS: [&str; 9] =
    ["anonymous", "user", "owner", "other", "moderator", "admin", "super_admin", "expired", "revoked"];

/// Roles from the mightiest down; each has those behind it.
const HIERARCHY: [&str; 4] = ["super_admin", "admin", "moderator", "user"];

/// What becomes of a call: `yes`, `own` (its own rows only), or the status of its refusal.
#[must_use]
pub fn outcome(route: &Route, caller: &str) -> &'static str {
    let grants: Vec<&str> = route.access.split('|').collect();
    let is_granted = |role: &str| {
        let rank = |name: &str| HIERARCHY.iter().position(|known| *known == name);
        grants.iter().any(|grant| match (rank(role), rank(grant)) {
            (Some(has), Some(needs)) => has <= needs,
            _ => role == "super_admin" && !["public", "owner", "internal"].contains(grant),
        })
    };
    let about_a_row = route.path.contains('{');
    let role = if HIERARCHY.contains(&caller) { caller } else { "user" };
    match caller {
        // A token that is no good is refused where none is needed, too.
        "expired" | "revoked" => "401",
        _ if grants.contains(&"public") => "yes",
        "anonymous" => "401",
        _ if is_granted(role) => "yes",
        "owner" if grants.contains(&"owner") && about_a_row => "yes",
        _ if grants.contains(&"owner") && about_a_row => "404",
        _ if grants.contains(&"owner") => "own",
        _ => "403",
    }
}

/// The matrix: a line for each rpc, with its rule and what becomes of each caller. A header stands first.
#[must_use]
pub fn matrix(routes: &[Route]) -> Vec<Vec<String>> {
    let header = ["rpc", "access"].into_iter().chain(CALLERS).map(str::to_owned).collect();
    let mut lines: Vec<Vec<String>> = vec![header];
    for route in routes {
        let outcomes = CALLERS.iter().map(|caller| outcome(route, caller).to_owned());
        let line: Vec<String> = [route.rpc.clone(), route.access.clone()].into_iter().chain(outcomes).collect();
        // Two routes of one rpc say the same.
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, access: &str) -> String {
        let (rpc, method) = ("t.v1.ThingService.Do".to_owned(), "GET".to_owned());
        let route = Route { rpc, method, path: path.to_owned(), access: access.to_owned() };
        matrix(&[route])[1][2..].join(" ")
    }

    #[test]
    fn each_rule_means_something_for_everybody() {
        let (all, one) = ("/api/v1/things", "/api/v1/things/{id}");
        assert_eq!(line(one, "public"), "yes yes yes yes yes yes yes 401 401");
        assert_eq!(line(one, "user"), "401 yes yes yes yes yes yes 401 401");
        assert_eq!(line(one, "admin"), "401 403 403 403 403 yes yes 401 401");
        assert_eq!(line(one, "owner|admin"), "401 404 yes 404 404 yes yes 401 401");
        assert_eq!(line(all, "owner|admin"), "401 own own own own yes yes 401 401");
        assert_eq!(line(one, "courier"), "401 403 403 403 403 403 yes 401 401");
        assert_eq!(line(one, "internal"), "401 403 403 403 403 403 403 401 401");
    }
}
