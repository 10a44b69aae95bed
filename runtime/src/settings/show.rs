//! The configuration as a person may see it: each value with its origin, secrets masked.

use serde_json::Value;

use super::load::Loaded;

const MASK: &str = "***";

impl Loaded {
    /// One line a key: `key = value  # origin`. Secrets, and credentials in URLs, are masked.
    pub fn show(&self) -> String {
        let line = |key: &String, value: &Value| format!("{key} = {}", visible(key, value));
        let lines: Vec<(String, &str)> =
            self.values.iter().map(|(key, origin)| (line(key, &origin.value), origin.place.as_str())).collect();
        let width = lines.iter().map(|(line, _)| line.len()).max().unwrap_or_default();
        let mut text = format!("# environment: {}\n", self.settings.environment);
        for (line, place) in lines {
            text.push_str(&format!("{line:<width$}  # {place}\n"));
        }
        text
    }
}

/// Whether the value of a key must not be shown.
pub(super) fn is_secret(key: &str) -> bool {
    ["secret", "password", "token"].iter().any(|word| key.to_lowercase().contains(word))
}

fn visible(key: &str, value: &Value) -> String {
    match value {
        // That there is none is no secret.
        Value::String(text) if is_secret(key) && text.is_empty() => "\"\"".to_owned(),
        _ if is_secret(key) => MASK.to_owned(),
        Value::String(text) if text.contains("://") => without_credentials(text),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let rest = match rest.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => rest.to_owned(),
    };
    let hide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    };
    let query = query.map(|query| query.split('&').map(hide).collect::<Vec<_>>().join("&"));
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{rest}{query}")
}
