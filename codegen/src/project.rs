//! The project: what `arcana.toml` at its root says, with defaults for all of it.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::built_in;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Span;

/// Name of the project file.
pub const PROJECT_FILE: &str = "arcana.toml";

/// What the project says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Folder of `arcana.toml`.
    pub root: PathBuf,
    /// Name of the service binary, such as `shop`.
    pub name: String,
    /// First part of its environment variables, such as `SHOP`.
    pub env_prefix: String,
    /// Databases that are rendered for, each once and always in the same order.
    pub dialects: Vec<Dialect>,
    /// Folder of the `.proto` files, seen from the root.
    pub schema: PathBuf,
    /// Folder of the generated crate, seen from the root.
    pub generated: PathBuf,
    /// Name of the generated crate, such as `shop-generated`.
    pub generated_crate: String,
    /// Folder of the migrations, seen from the root.
    pub migrations: PathBuf,
    /// Folder of the hand-written logic, seen from the root.
    pub logic: PathBuf,
    /// How the generated crate depends on the runtime.
    pub runtime: Dependency,
    /// What `openapi.json` says of the whole service.
    pub api: Api,
    /// Scripts of the project that `cargo xtask test` runs before all else, such as one that installs what tests need.
    pub test_setup: Vec<Vec<String>>,
    /// Scripts of the project that `cargo xtask test` runs behind its own steps: a path seen from the root, and its
    /// arguments.
    pub test_scripts: Vec<Vec<String>>,
}

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite, embedded.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

/// What `openapi.json` says of the whole service, beside its name; what is `None` is not said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// Version of the contract, such as `1.4.0`.
    pub version: String,
    /// Licence, as an SPDX expression.
    pub license: Option<String>,
    /// Whom to ask.
    pub contact: Option<Contact>,
}

/// Whom to ask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Contact {
    pub name: Option<String>,
    pub url: Option<String>,
    pub email: Option<String>,
}

impl Default for Api {
    fn default() -> Self {
        Self { version: "0.1.0".to_owned(), license: None, contact: None }
    }
}

/// Where a crate comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Dependency {
    /// Where the workspace of the project says, under `[workspace.dependencies]`.
    #[default]
    #[serde(skip)]
    Workspace,
    /// A folder, seen from the generated crate.
    Path(String),
    /// A version requirement.
    Version(String),
}

/// The file as written.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProjectFile {
    name: Option<String>,
    env_prefix: Option<String>,
    dialects: Vec<Dialect>,
    schema: PathBuf,
    generated: PathBuf,
    generated_crate: Option<String>,
    migrations: PathBuf,
    logic: PathBuf,
    runtime: Dependency,
    api: Api,
    test: TestSection,
}

/// The section `[test]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TestSection {
    setup: Vec<String>,
    scripts: Vec<String>,
}

impl Default for ProjectFile {
    fn default() -> Self {
        Self {
            name: None,
            env_prefix: None,
            dialects: vec![Dialect::Sqlite],
            schema: PathBuf::from("schema"),
            generated: PathBuf::from("generated"),
            generated_crate: None,
            migrations: PathBuf::from("migrations"),
            logic: PathBuf::from("src/logic"),
            runtime: Dependency::default(),
            api: Api::default(),
            test: TestSection::default(),
        }
    }
}

impl Dialect {
    /// All that there are.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];

    /// Its name, as in `arcana.toml` and in the folders of migrations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Dependency {
    /// The value of a line under `[dependencies]`.
    fn line(&self, features: &[&str]) -> String {
        let mut parts = match self {
            Self::Workspace => vec!["workspace = true".to_owned()],
            Self::Path(path) => vec![format!("path = {path:?}")],
            Self::Version(version) if features.is_empty() => return format!("{version:?}"),
            Self::Version(version) => vec![format!("version = {version:?}")],
        };
        if !features.is_empty() {
            parts.push(format!("features = {features:?}"));
        }
        format!("{{ {} }}", parts.join(", "))
    }
}

impl Project {
    /// Reads `arcana.toml` in `root`.
    pub fn read(root: &Path) -> Result<Self, Diagnostics> {
        let path = root.join(PROJECT_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(root, &text),
            Err(error) => Err(Diagnostics::one(
                Diagnostic::new("arcana::project_file", format!("{} cannot be read: {error}", path.display())).help(
                    "run the command in the root of a project, or write an arcana.toml there; its one line that must be is name = \
                     \"…\", the name of the service binary",
                ),
            )),
        }
    }

    /// Reads the text of an `arcana.toml`.
    pub fn parse(root: &Path, text: &str) -> Result<Self, Diagnostics> {
        let file: ProjectFile = toml::from_str(text).map_err(|error| {
            let mut diagnostic = Diagnostic::new("arcana::project_file", error.message().trim().to_owned())
                .help("see the comments in arcana.toml; a key that is left out takes its default");
            if let Some(bytes) = error.span() {
                diagnostic.span = Some(Span::in_text(PROJECT_FILE, text, bytes));
            }
            Diagnostics::one(diagnostic)
        })?;
        let mut found = Diagnostics::default();
        check(&file, text, &mut found);
        let name = match &file.name {
            Some(name) if found.is_empty() => name.clone(),
            _ => return Err(found),
        };
        Ok(Self {
            root: root.to_owned(),
            env_prefix: file.env_prefix.unwrap_or_else(|| name.to_uppercase().replace('-', "_")),
            generated_crate: file.generated_crate.unwrap_or_else(|| format!("{name}-generated")),
            name,
            dialects: file.dialects.into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
            schema: file.schema,
            generated: file.generated,
            migrations: file.migrations,
            logic: file.logic,
            runtime: file.runtime,
            api: file.api,
            test_setup: file.test.setup.iter().map(|script| words(script)).collect(),
            test_scripts: file.test.scripts.iter().map(|script| words(script)).collect(),
        })
    }

    /// How the generated crate depends on the runtime, as the value of a line under `[dependencies]`: with a feature for
    /// each database but SQLite, which is always there.
    pub fn runtime_line(&self) -> String {
        let features = self.dialects.iter().filter(|dialect| **dialect != Dialect::Sqlite);
        self.runtime.line(&features.map(|dialect| dialect.name()).collect::<Vec<_>>())
    }

    /// Folder of the `.proto` files.
    pub fn schema_dir(&self) -> PathBuf {
        self.root.join(&self.schema)
    }

    /// Where a file of the schema is found, for the headers of what is made from it. What Arcana brings along stands in
    /// no folder of the project.
    pub fn source(&self, file: &str) -> String {
        if built_in::text(file).is_some() {
            return format!("{file}, which comes with Arcana");
        }
        format!("{}/{file}", self.schema.to_string_lossy().replace('\\', "/"))
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn check(file: &ProjectFile, text: &str, found: &mut Diagnostics) {
    let at = |word: &str| text.find(word).map(|start| Span::in_text(PROJECT_FILE, text, start..start + word.len()));
    let fits = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
    };
    if file.name.is_none() {
        found.push(
            Diagnostic::new("arcana::project_name", "the project has no name".to_owned())
                .help("write name = \"…\" in arcana.toml: the service binary is called so"),
        );
    }
    for name in [&file.name, &file.generated_crate].into_iter().flatten() {
        if !fits(name) {
            let mut diagnostic = Diagnostic::new("arcana::project_name", format!("`{name}` is no name for a crate"))
                .help("use lower-case letters, digits, `-` and `_`, with a letter first");
            diagnostic.span = at(name);
            found.push(diagnostic);
        }
    }
    for (key, scripts) in [("setup", &file.test.setup), ("scripts", &file.test.scripts)] {
        if scripts.iter().all(|script| !script.trim().is_empty()) {
            continue;
        }
        let mut diagnostic = Diagnostic::new("arcana::test_script", "a script of [test] has no path".to_owned())
            .help("write a path and its arguments, such as \"tests/smoke.sh --quick\", or leave the entry out");
        diagnostic.span = at(key);
        found.push(diagnostic);
    }
    if file.dialects.is_empty() {
        found.push(
            Diagnostic::new("arcana::no_dialect", "the project names no database".to_owned())
                .help("write dialects = [\"sqlite\"]"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_all_but_the_name_from_defaults() {
        let project = Project::parse(Path::new("."), "name = \"book-club\"").unwrap();
        assert_eq!(project.name, "book-club");
        assert_eq!(project.env_prefix, "BOOK_CLUB");
        assert_eq!(project.generated_crate, "book-club-generated");
        assert_eq!(project.dialects, [Dialect::Sqlite]);
        assert_eq!(project.runtime_line(), "{ workspace = true }");
    }

    #[test]
    fn asks_for_a_name() {
        assert_eq!(Project::parse(Path::new("."), "").unwrap_err().codes(), ["arcana::project_name"]);
    }

    #[test]
    fn takes_the_runtime_from_elsewhere() {
        let runtime = |value: &str| {
            let text = format!("name = \"shop\"\n[runtime]\n{value}");
            Project::parse(Path::new("."), &text).unwrap().runtime_line()
        };
        assert_eq!(runtime("path = \"../runtime\""), "{ path = \"../runtime\" }");
        assert_eq!(runtime("version = \"0.1\""), "\"0.1\"");
        let text = "name = \"shop\"\ndialects = [\"postgres\"]\n[runtime]\nversion = \"0.1\"";
        let project = Project::parse(Path::new("."), text).unwrap();
        assert_eq!(project.runtime_line(), "{ version = \"0.1\", features = [\"postgres\"] }");
    }

    #[test]
    fn names_the_sources_of_headers() {
        let project = Project::parse(Path::new("."), "name = \"shop\"\nschema = \"api/schema\"").unwrap();
        assert_eq!(project.source("shop/v1/order.proto"), "api/schema/shop/v1/order.proto");
        assert_eq!(
            project.source("arcana/identity/v1/user.proto"),
            "arcana/identity/v1/user.proto, which comes with Arcana"
        );
    }

    #[test]
    fn takes_dialects_in_one_order() {
        let dialects = |value: &str| Project::parse(Path::new("."), &format!("name = \"a\"\ndialects = {value}"));
        let all = dialects("[\"mysql\", \"postgres\", \"sqlite\", \"mysql\"]").unwrap();
        assert_eq!(all.dialects, [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql]);
        assert_eq!(all.runtime_line(), "{ workspace = true, features = [\"postgres\", \"mysql\"] }");
        assert_eq!(dialects("[]").unwrap_err().codes(), ["arcana::no_dialect"]);
        assert_eq!(dialects("[\"oracle\"]").unwrap_err().codes(), ["arcana::project_file"]);
    }

    #[test]
    fn takes_what_the_contract_says_of_the_service() {
        assert_eq!(Project::parse(Path::new("."), "name = \"a\"").unwrap().api, Api::default());
        let text =
            "name = \"a\"\n[api]\nversion = \"2.1.0\"\nlicense = \"MIT\"\ncontact = { email = \"api@example.com\" }";
        let api = Project::parse(Path::new("."), text).unwrap().api;
        let contact = Contact { email: Some("api@example.com".to_owned()), ..Contact::default() };
        assert_eq!(api, Api { version: "2.1.0".to_owned(), license: Some("MIT".to_owned()), contact: Some(contact) });
    }

    #[test]
    fn takes_scripts_with_their_arguments() {
        let text = "name = \"a\"\n[test]\nsetup = [\"d.sh 1\"]\nscripts = [\"a.sh\", \"b/c.sh --made 3\"]";
        let project = Project::parse(Path::new("."), text).unwrap();
        assert_eq!(project.test_setup, [vec!["d.sh", "1"]]);
        assert_eq!(project.test_scripts, [vec!["a.sh"], vec!["b/c.sh", "--made", "3"]]);
    }

    #[test]
    fn refuses_a_script_without_a_path() {
        let found = Project::parse(Path::new("."), "name = \"a\"\n[test]\nscripts = [\" \"]").unwrap_err();
        assert_eq!(found.codes(), ["arcana::test_script"]);
    }

    #[test]
    fn refuses_unknown_keys() {
        assert_eq!(Project::parse(Path::new("."), "nmae = \"x\"").unwrap_err().codes(), ["arcana::project_file"]);
    }
}
