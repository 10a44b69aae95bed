//! The keys of sample rows: the same in fixtures, seeds and examples, so that an example of the documentation works
//! on a seeded database.

use sha2::{Digest, Sha256};

/// Key of row `n`, from 0, of the entity of that full name: the shape of a UUID of version 7, the same in every run.
#[must_use]
pub fn fixture_uuid(entity: &str, n: usize) -> String {
    let digest = Sha256::digest(entity.as_bytes());
    let h = (u16::from(digest[0]) << 8) | u16::from(digest[1]);
    format!("0190{n:04x}-{h:04x}-7000-8000-{n:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shaped_like_a_uuid_of_version_7() {
        let id = fixture_uuid("shop.v1.Order", 10);
        assert_eq!(id.len(), 36);
        assert!(id.starts_with("0190000a-") && id.ends_with("-7000-8000-00000000000a"), "{id}");
        assert_ne!(id, fixture_uuid("shop.v1.Customer", 10));
    }
}
