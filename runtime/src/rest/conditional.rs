//! Conditional requests (RFC 9110, section 13): `If-Match` and `If-None-Match`.

use http::{HeaderMap, HeaderName, header};

use crate::error::{Error, Result};
use crate::service::Etag;

/// What `If-Match` expects. Weak tags never match here, as the RFC wants it.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Etag> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(Etag::Any);
    }
    let tags = tags(headers, &header::IF_MATCH);
    if tags.iter().any(|tag| tag == "*") {
        return Ok(Etag::Any);
    }
    let well_formed = |tag: &str| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"')
    };
    // A list may be empty; then nothing matches.
    if !tags.iter().all(|tag| well_formed(tag)) {
        return Err(Error::invalid("If-Match", "header", "must be an ETag in quotes, such as \"3\", or *"));
    }
    Ok(Etag::OneOf(tags))
}

/// Whether `If-None-Match` names the row as it is. Weak comparison, as the RFC wants it.
pub(super) fn unchanged(headers: &HeaderMap, now: &str) -> bool {
    let tags = tags(headers, &header::IF_NONE_MATCH);
    tags.iter().any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == now)
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(members).map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()
}

/// The members of a list; a comma in quotes belongs to its member.
fn members(list: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    list.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, http::HeaderValue::from_static(value))])
    }

    #[test]
    fn if_match_takes_lists_and_stars() {
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), Etag::Any);
        assert_eq!(if_match(&headers(header::IF_MATCH, "*")).unwrap(), Etag::Any);
        let list = if_match(&headers(header::IF_MATCH, "\"1\", \"2\"")).unwrap();
        assert_eq!(list, Etag::OneOf(vec!["\"1\"".into(), "\"2\"".into()]));
        let commas = if_match(&headers(header::IF_MATCH, "\"a,b\",W/\",\"")).unwrap();
        assert_eq!(commas, Etag::OneOf(vec!["\"a,b\"".into(), "W/\",\"".into()]));
        assert_eq!(if_match(&headers(header::IF_MATCH, "")).unwrap(), Etag::OneOf(Vec::new()));
        for malformed in ["1", "\"1", "\"1\", 2"] {
            assert!(if_match(&headers(header::IF_MATCH, malformed)).is_err(), "{malformed}");
        }
    }

    #[test]
    fn if_none_match_compares_weakly() {
        assert!(unchanged(&headers(header::IF_NONE_MATCH, "W/\"3\""), "\"3\""));
        assert!(!unchanged(&headers(header::IF_NONE_MATCH, "\"2\""), "\"3\""));
    }
}
