//! The layers of the configuration, laid over each other, with the origin of each value; all problems at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Settings, keys};

const DEFAULTS: &str = include_str!("defaults.yaml");

/// Where the layers come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name of the program, which its database is called after.
    pub name: String,
    /// Prefix of environment variables, such as `SHOP`.
    pub prefix: String,
    /// Folder in which `config/` is looked for.
    pub dir: PathBuf,
    /// File given on the command line.
    pub file: Option<PathBuf>,
    /// Environment variables.
    pub variables: Vec<(String, String)>,
    /// `key=value` given on the command line; the last word.
    pub overrides: Vec<String>,
    /// Callers will be served: what is not safe for that is wrong then.
    pub serving: bool,
}

/// Settings, and where each value came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The result.
    pub settings: Settings,
    pub(super) values: BTreeMap<String, Origin>,
}

/// A value with the place where it was set.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) value: Value,
    pub(super) place: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, or empty when a whole file is unreadable.
    pub key: String,
    /// File, variable or flag.
    pub place: String,
    /// What is wrong and what mends it.
    pub message: String,
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "the configuration has {count} {}:", if count == 1 { "problem" } else { "problems" })?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        write!(f, "{} (from {})", self.message, self.place)
    }
}

impl Source {
    /// From the process: its variables and its working folder.
    pub fn process(name: &str, prefix: &str) -> Self {
        // What is not Unicode cannot be a value of ours.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { variables: variables.collect(), ..Self::bare(name, prefix) }
    }

    /// Nothing but the built-in defaults and what stands in the working folder.
    pub fn bare(name: &str, prefix: &str) -> Self {
        let (name, prefix, dir) = (name.to_owned(), prefix.to_owned(), PathBuf::from("."));
        Self { name, prefix, dir, file: None, variables: Vec::new(), overrides: Vec::new(), serving: true }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads all layers: built-in defaults, `config/default.yaml`, `config/<environment>.yaml`, the given file, variables,
/// flags; each over the one before.
pub fn load(source: &Source) -> Result<Loaded, SettingsError> {
    let mut layers = Layers::default();
    let variable = format!("{}_ENV", source.prefix);
    let environment = source.variable(&variable).unwrap_or("development").to_owned();
    layers.yaml(&DEFAULTS.replace("{name}", &source.name), "built-in defaults");
    files(&mut layers, source, &environment);
    variables(&mut layers, source);
    for text in &source.overrides {
        match text.split_once('=') {
            Some((key, value)) => layers.text(key.trim(), value, "the command line"),
            None => layers.problem("", "the command line", format!("{text:?} is no setting; write key=value")),
        }
    }
    layers.finish(environment, source.serving)
}

fn files(layers: &mut Layers, source: &Source, environment: &str) {
    let folder = source.dir.join("config");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if environment.is_empty() || !environment.bytes().all(plain) {
        let message = format!("{environment:?} is no environment; use letters, digits, - and _");
        layers.problem("", &format!("{}_ENV", source.prefix), message);
        return;
    }
    layers.file(&folder.join("default.yaml"), Absence::Allowed);
    // A chosen environment that has no file, beside others that have, is most likely a slip of the pen.
    let chosen = environment != "development" && folder.is_dir();
    let absence = if chosen { Absence::Refused } else { Absence::Allowed };
    layers.file(&folder.join(format!("{environment}.yaml")), absence);
    if let Some(file) = &source.file {
        layers.file(file, Absence::Refused);
    }
}

/// Variables without `__` are left alone: Kubernetes makes some (`ARCANA_SERVICE_HOST`) for a service of that name.
fn variables(layers: &mut Layers, source: &Source) {
    let prefix = format!("{}_", source.prefix);
    let mut sorted: Vec<_> = source.variables.iter().filter(|(name, _)| name.starts_with(&prefix)).collect();
    sorted.sort();
    for (name, value) in sorted {
        let rest = &name[prefix.len()..];
        if !rest.contains("__") {
            continue;
        }
        let key = rest.to_lowercase().replace("__", ".");
        let base = key.strip_suffix("_file").filter(|base| keys::kind(base).is_some());
        let Some(base) = base else {
            layers.text(&key, value, name);
            continue;
        };
        let direct = name.trim_end_matches("_FILE");
        if matches!(keys::kind(base), Some(keys::Kind::Path)) {
            layers.problem(base, name, format!("is the path of a file itself; set {direct} to it"));
            continue;
        }
        if source.variable(direct).is_some() {
            layers.problem(base, name, format!("is set twice, here and by {direct}; keep one"));
            continue;
        }
        match std::fs::read_to_string(value) {
            Ok(text) => layers.text(base, text.trim_end_matches(['\r', '\n']), &format!("{name} ({value})")),
            Err(error) => layers.problem(base, name, format!("cannot be read from {value}: {error}")),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Absence {
    Allowed,
    Refused,
}

#[derive(Default)]
struct Layers {
    values: BTreeMap<String, Origin>,
    problems: Vec<Problem>,
}

impl Layers {
    fn problem(&mut self, key: &str, place: &str, message: String) {
        self.problems.push(Problem { key: key.to_owned(), place: place.to_owned(), message });
    }

    fn file(&mut self, path: &Path, absence: Absence) {
        let place = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => self.yaml(&text, &place),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && absence == Absence::Allowed => {}
            Err(error) => self.problem("", &place, format!("the file cannot be read: {error}")),
        }
    }

    fn yaml(&mut self, text: &str, place: &str) {
        let file = config::File::from_str(text, config::FileFormat::Yaml);
        let parsed = config::Config::builder().add_source(file).build();
        match parsed.and_then(config::Config::try_deserialize::<Value>) {
            Ok(Value::Object(members)) => self.section("", &members, place),
            Ok(_) => {}
            Err(error) => self.problem("", place, format!("the file is no readable YAML: {error}")),
        }
    }

    fn section(&mut self, path: &str, members: &Map<String, Value>, place: &str) {
        // Sorted, because the parser's own order differs from run to run.
        let sorted: BTreeMap<&String, &Value> = members.iter().collect();
        for (name, value) in sorted {
            let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match (keys::kind(&key), value) {
                (Some(kind), _) => self.set(&key, keys::from_yaml(kind, value), place),
                (None, Value::Object(members)) if keys::is_section(&key) => self.section(&key, members, place),
                // A section whose keys are all commented out.
                (None, Value::Null) if keys::is_section(&key) => {}
                (None, _) => self.unknown(&key, place),
            }
        }
    }

    fn text(&mut self, key: &str, text: &str, place: &str) {
        match keys::kind(key) {
            Some(kind) => self.set(key, keys::from_text(kind, text), place),
            None => self.unknown(key, place),
        }
    }

    fn set(&mut self, key: &str, value: Result<Value, String>, place: &str) {
        match value {
            Ok(value) => {
                self.values.insert(key.to_owned(), Origin { value, place: place.to_owned() });
            }
            // The wrong value may be a secret in the wrong place.
            Err(_) if super::show::is_secret(key) => self.problem(key, place, "has the wrong type".to_owned()),
            Err(message) => self.problem(key, place, message),
        }
    }

    fn unknown(&mut self, key: &str, place: &str) {
        let hint = keys::nearest(key).map(|name| format!("; did you mean {name}?"));
        let hint = hint.unwrap_or_else(|| "; `config show` lists all keys".to_owned());
        self.problem(key, place, format!("is no setting{hint}"));
    }

    fn finish(mut self, environment: String, serving: bool) -> Result<Loaded, SettingsError> {
        let mut tree = Value::Object(Map::new());
        for (key, origin) in &self.values {
            let mut node = &mut tree;
            for part in key.split('.') {
                if !node.is_object() {
                    *node = Value::Object(Map::new());
                }
                node = &mut node[part];
            }
            *node = origin.value.clone();
        }
        match Settings::deserialize(tree) {
            Ok(mut settings) => {
                settings.environment = environment;
                let exposures = if serving { settings.exposures() } else { Vec::new() };
                for (key, message) in exposures.into_iter().chain(settings.conflicts()) {
                    let place = self.values.get(key).map(|origin| origin.place.clone()).unwrap_or_default();
                    self.problem(key, &place, message);
                }
                if self.problems.is_empty() {
                    return Ok(Loaded { settings, values: self.values });
                }
            }
            Err(error) => self.problem("", "all layers", error.to_string()),
        }
        Err(SettingsError { problems: self.problems })
    }
}

#[cfg(test)]
mod tests;
