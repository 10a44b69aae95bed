//! Cargo as a child of cargo.

use std::process::Command;

/// Cargo, as if it were called from a shell. What `cargo run` tells its program about itself (`CARGO_PKG_NAME` and its kin) is
/// not passed on: build scripts that look at it would run again, and all that stands on them be compiled again, whenever
/// somebody turns from `cargo xtask` to `cargo` or back.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let told =
            name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if told {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    #[test]
    fn says_nothing_of_the_package_that_calls_it() {
        // Cargo sets these for tests as well as for `cargo run`.
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
        let removed: Vec<_> =
            super::cargo().get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name.to_owned()).collect();
        assert!(removed.iter().any(|name| name == "CARGO_PKG_NAME"));
        assert!(removed.iter().any(|name| name == "CARGO_MANIFEST_DIR"));
    }
}
